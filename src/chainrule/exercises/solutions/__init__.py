"""The references of the exercises: plain programs on NumPy, from which the templates are cut."""
