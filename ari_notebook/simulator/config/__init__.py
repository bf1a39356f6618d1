"""Asterisk's configuration files: their syntax, and the settings that the simulator reads."""
