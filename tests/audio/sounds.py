"""Sounds that tests send and look for."""

from __future__ import annotations

import numpy as np

from ari_notebook import Sound


def speech(rate: int = 8000, seconds: float = 1.0, seed: int = 7) -> Sound:
    """Return a sound whose like is found at one place only, with the band of a telephone."""
    noise = np.random.default_rng(seed).normal(0, 0.1, round(rate * seconds))
    return Sound(noise, rate).resample(8000).resample(rate)
