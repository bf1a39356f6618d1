"""Answers about calls and servers: why a call failed, and what is stuck."""
