"""A simulated Asterisk for the tests of any ARI application."""
