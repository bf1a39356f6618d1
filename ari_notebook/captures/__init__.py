"""Recordings of sessions: written, opened, played again, analysed."""
