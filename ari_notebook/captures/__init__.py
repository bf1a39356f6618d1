"""Captures of sessions: recording, opening, replay and analysis."""
