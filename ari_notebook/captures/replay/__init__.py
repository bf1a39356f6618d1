"""Replay of a capture: in a session, or as a server."""
