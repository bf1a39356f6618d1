from __future__ import annotations

from tests.magics.conftest import prompt

__all__ = ["prompt"]
