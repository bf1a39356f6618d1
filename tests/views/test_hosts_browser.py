"""Panel and ladder in marimo and voila, if installed: `pip install marimo voila`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.lab import new_context

pytestmark = [pytest.mark.browser, pytest.mark.nightly, pytest.mark.slow]

PICTURES = Path(__file__).parents[2] / "build" / "pictures"
CONNECT = "import ari_notebook\nari = ari_notebook.connect(name='simulator')"
CALLS = "ari.call('1003', caller='Alice <5551>')\nari.wait_for('StasisStart')"
CELLS = (CONNECT, CALLS, "ari.panel()", "ari.ladder()", "ari.timeline()")
MARIMO = "import marimo\napp = marimo.App(width='full')\n"
# Where ours do not have their own size or border because the host's style sheet has such a class.
STRANGE = """it => [...it.querySelectorAll("*")].filter(n => n.offsetParent
    && (n.scrollWidth > n.clientWidth + 1 && getComputedStyle(n).overflowX === "visible"
        && getComputedStyle(n).display !== "inline"
        || n.classList.contains("border") && parseFloat(getComputedStyle(n).borderTopWidth) > 0))
    .map(n => `${n.className} ${n.textContent.slice(0, 30)}`)"""


@contextmanager
def served(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / "host.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, stdout=log, stderr=log, env=os.environ
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:  # voila waits for a kernel that is slow to go
                process.kill()
                process.wait()


def marimo_app() -> str:
    """Return the cells as a marimo app: each is a function of the names it uses."""
    first, *others = CELLS
    made = [
        f"@app.cell\ndef _():\n    {first.replace(chr(10), chr(10) + '    ')}\n    return (ari,)"
    ]
    for cell in others:
        body = cell.replace("\n", "\n    ")
        made.append(f"@app.cell\ndef _(ari):\n    {body}\n    return")
    return MARIMO + "\n\n".join(made)


def serve_require(context: Any) -> None:
    """Serve voila's own copy of RequireJS, which its pages load from a CDN."""
    own = Path(sys.prefix) / "share/jupyter/voila/templates/base/static/require.min.js"
    context.route("https://cdnjs.cloudflare.com/**/require.min.js", lambda it: it.fulfill(path=own))


def opened(page: Any, port: int) -> Any:
    def loads() -> bool:
        try:
            return bool(page.goto(f"http://127.0.0.1:{port}/"))
        except Exception as error:  # noqa: BLE001 - it does not listen yet
            return "ERR_CONNECTION_REFUSED" not in str(error)

    until(loads, 90)
    row = page.locator(".ari-panel li.channel", has_text="Alice")
    row.wait_for()
    return row


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("host", ["marimo", "voila"])
def test_panel_and_ladder_work_in_other_hosts(
    host: str, scheme: str, browser: Any, tmp_path: Path
) -> None:
    if find_spec(host) is None:
        pytest.skip(f"pip install {host}")
    port = free_port()
    if host == "marimo":
        (tmp_path / "app.py").write_text(marimo_app())
        command = ["marimo", "run", "--headless", "--no-token", "-p", str(port), "app.py"]
        (tmp_path / "pyproject.toml").write_text(f'[tool.marimo.display]\ntheme = "{scheme}"\n')
    else:
        import nbformat
        from nbformat.v4 import new_code_cell, new_notebook

        cells = [new_code_cell(cell) for cell in ("%load_ext ari_notebook", *CELLS)]
        nbformat.write(new_notebook(cells=cells), tmp_path / "app.ipynb")
        command = ["voila", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
        command += [f"--theme={scheme}", "app.ipynb"]
    context = new_context(browser, viewport={"width": 1300, "height": 1000}, color_scheme=scheme)
    serve_require(context)
    page = context.new_page()
    with served(command, tmp_path):
        row = opened(page, port)
        row.get_by_role("button", name="Answer").click()
        row.locator(".state", has_text="Up").wait_for()
        panel = page.locator(".ari-panel").first
        assert panel.evaluate(STRANGE) == []
        panel.get_by_role("button", name="curl").wait_for()
        assert panel.get_by_role("button", name="new cell").count() == 0  # there are no cells
        viewer = page.locator(".ari-viewer:visible").first
        viewer.locator(".row.sent", has_text="answer").click()
        viewer.locator(".detail .json", has_text="request").wait_for()
        PICTURES.mkdir(parents=True, exist_ok=True)
        panel.screenshot(path=PICTURES / f"{host}-panel-{scheme}.png")
        viewer.screenshot(path=PICTURES / f"{host}-ladder-{scheme}.png")
        if host == "voila":  # axe does not look into marimo's shadow roots by a selector
            assert findings(page, ".ari-panel") == []
    context.close()
