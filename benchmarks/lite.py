"""Size and speed of the site that `make lite` builds, in Chromium.

    python -m benchmarks.lite SITE [--rounds N]

SITE is the folder of a site with a Pyodide of its own (`scripts/lite SITE --pyodide FOLDER`).
Prints the size of the site's own files, the size of those that the page loads, both uncompressed
and without Pyodide's, and the seconds from the start of the kernel's worker to the first event of
the first notebook: Pyodide starts, the package is installed and imported, a telephone rings.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NOTEBOOK = "00-start-here.ipynb"
_WAIT = 600_000.0  # milliseconds, for a loaded machine
# Two parts: the cell that loads the package, and the first of the course.
RINGING = "Your telephone rings"


@dataclass
class Site:
    """A site that is served on loopback.

    Attributes:
        url: its address.
        sizes: path → octets, of the files that were sent.
    """

    url: str
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def loaded(self) -> int:
        """The octets of the files that were sent, without Pyodide's."""
        return sum(size for path, size in self.sizes.items() if "/static/pyodide/" not in path)


def own_size(folder: Path) -> int:
    """Return the octets of a site's files without Pyodide's."""
    return sum(
        file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).parts[:2] != ("static", "pyodide")
    )


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """Serve a folder."""
    sizes: dict[str, int] = {}

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            """Send a file, and note its size."""
            file = Path(self.translate_path(self.path))
            if file.is_file():
                sizes[self.path.partition("?")[0]] = file.stat().st_size
            with suppress(ConnectionError):  # the page was closed or loaded again
                super().do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_port}", sizes)
    finally:
        server.shutdown()
        server.server_close()


def open_first(page: Any, site: Site) -> None:
    """Open the first notebook."""
    page.set_default_timeout(_WAIT)
    page.goto(f"{site.url}/notebooks/index.html?path={NOTEBOOK}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()


def ring(page: Any) -> None:
    """Run the cell that loads the package and the first of the course, up to its first event."""
    page.locator(".jp-Notebook .jp-CodeCell").first.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")  # selects the next cell, which is text
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
    page.get_by_role("heading", name=RINGING).wait_for()


def measure(browser: Any, site: Site) -> float:
    """Return the seconds from the kernel's start to the first event, in a browser without cache."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    began: list[float] = []
    page.on("worker", lambda _: began.append(time.perf_counter()))
    open_first(page, site)
    ring(page)
    seconds = time.perf_counter() - began[0]
    context.close()
    return seconds


def main() -> None:
    """Measure and print."""
    from tests.views.lab import chromium

    parser = argparse.ArgumentParser(description="Size and speed of the site of `make lite`.")
    parser.add_argument("site", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with served(given.site) as site, chromium() as browser:
        rounds = [measure(browser, site) for _ in range(given.rounds)]
    print(f"own files of the site: {own_size(given.site) / 1e6:.1f} MB")
    print(f"own files that the page loads: {site.loaded / 1e6:.1f} MB")
    print(f"from the kernel's start to the first event: {statistics.median(rounds):.1f} s")


if __name__ == "__main__":
    main()
