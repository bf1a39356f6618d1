"""Playbacks, recordings, sounds and tones."""
