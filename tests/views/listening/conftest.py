from __future__ import annotations

from tests.views.pages.conftest import either_lab, notebook

__all__ = ["either_lab", "notebook"]  # fixtures
