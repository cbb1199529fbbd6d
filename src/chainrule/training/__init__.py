"""Training: the step, the engines that run it, the loops around it."""
