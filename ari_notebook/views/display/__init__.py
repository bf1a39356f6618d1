"""Cards, HTML and text forms of objects, and their registration with IPython."""
