"""Errors of audio: invalid samples, unknown formats, missing programs."""

from __future__ import annotations

__all__ = ["AudioError"]


class AudioError(ValueError):
    """Audio cannot be read, written or made; the message says what to do."""
