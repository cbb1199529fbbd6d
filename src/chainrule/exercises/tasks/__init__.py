"""What is asked in each exercise: inputs to draw, points, and the mistakes that are known."""
