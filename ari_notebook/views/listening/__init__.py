"""Listening to a call live, in a notebook's page."""
