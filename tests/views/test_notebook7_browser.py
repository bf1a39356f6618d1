"""The same notebook in Jupyter Notebook 7."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.views.conftest import needs, watched_page
from tests.views.lab import Kernel, open_notebook, run_done, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_panel_and_the_ladder(browser: Any, tmp_path: Path) -> None:
    needs("notebook")
    with (
        running_lab(tmp_path, {}, program="notebook") as lab,
        watched_page(browser) as (page, notes),
    ):
        cells = ["%load_ext ari_notebook\n%ari connect;", "%ari panel", "%ari ladder"]
        open_notebook(page, lab, lab.write("panel.ipynb", *cells))
        notes.errors.clear()  # Notebook 7.6 misses a setting of its own as it starts
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run("phone = ari.call('1003', caller='Alice <5551>')")
        row = page.locator(".ari-panel li.channel", has_text="Alice")
        row.get_by_role("button", name="Answer").click()
        row.locator(".state", has_text="Up").wait_for()
        assert kernel.ask("ari.requests.last.path.endswith('/answer')")
        run_done(page, 2)
        answered = page.locator(".ari-viewer .row.sent", has_text="/channels/{id}/answer")
        answered.first.wait_for()
        kernel.close()
        notes.check()
