"""A real JupyterLab in Chromium, for tests of pages."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import free_port

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What Chromium or JupyterLab say of themselves, not of a page of ours.
NOT_OURS = re.compile(r"favicon|service-worker|Deprecat|jupyter-collaboration|ERR_ABORTED")
_PATIENCE_MS = 90_000  # a kernel's start, with the imports of its first cell
# Where the page says that the kernel is there.
_IDLE = {
    "jupyterlab": "#jp-main-statusbar :text('| Idle')",
    "notebook": ".jp-Notebook-ExecutionIndicator[data-status='idle']",
}


@dataclass
class Lab:
    """A running JupyterLab or Notebook: its notebooks' folder, that of its kernels' addresses."""

    port: int
    folder: Path
    token: str
    runtime: Path
    program: str = "jupyterlab"

    def url(self, notebook: str) -> str:
        if self.program == "notebook":
            return f"http://127.0.0.1:{self.port}/notebooks/{notebook}?token={self.token}"
        return (
            f"http://127.0.0.1:{self.port}/lab/workspaces/{secrets.token_hex(4)}"
            f"/tree/{notebook}?token={self.token}"
        )

    def write(self, name: str, *cells: str) -> str:
        """Return a notebook of code cells."""
        made: list[dict[str, object]] = [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {
            "cells": made,
            "metadata": {"kernelspec": spec},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.folder / name).write_text(json.dumps(notebook))
        return name


@contextmanager
def running_lab(
    folder: Path,
    environment: dict[str, str],
    *,
    dark: bool = False,
    program: str = "jupyterlab",
) -> Iterator[Lab]:
    """Provide JupyterLab on loopback with settings of its own; the kernel is this Python."""
    port, token = free_port(), secrets.token_hex(8)
    home = folder / "home"
    home.mkdir()
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
    (settings / "themes.jupyterlab-settings").write_text(json.dumps(theme))
    command = [sys.executable, "-m", program, "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={notebooks}", "--LabApp.news_url=None"]
    isolated = {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log = (folder / "lab.log").open("wb")
    # Without a server named for them kernels use the simulator.
    here = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    process = subprocess.Popen(
        command, env={**here, **isolated, **environment}, stdout=log, stderr=log
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", process, folder / "lab.log")
        yield Lab(port, notebooks, token, home / "runtime", program)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:  # it waits for a kernel that is slow to go
            process.kill()
            process.wait()
        log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 110
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=10).read()
            return
        except OSError:
            time.sleep(0.2)
    state = "does not answer" if process.poll() is None else f"ended with {process.returncode}"
    raise AssertionError(f"JupyterLab {state}; its log ends with:\n{log.read_text()[-2000:]}")


@contextmanager
def chromium() -> Iterator[Any]:
    """Provide Chromium: the one of this machine, else the one that Playwright installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


def new_context(browser: Any, **options: Any) -> Any:
    """Return a context of pages, whose waits are long enough for a busy machine."""
    context = browser.new_context(**options)
    context.set_default_timeout(_PATIENCE_MS)
    return context


class Kernel:
    """Access to a notebook's kernel outside of its page, to query it and to run code."""

    def __init__(self, lab: Lab) -> None:
        from jupyter_client.blocking.client import BlockingKernelClient

        files = lab.runtime.glob("kernel-*.json")
        newest = max(files, key=lambda file: file.stat().st_mtime)
        self._client = BlockingKernelClient(connection_file=str(newest))
        self._client.load_connection_file()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=100)

    def run(self, code: str, timeout: float = 60) -> str:
        """Run code and give what it printed."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        reply = self._client.execute_interactive(code, timeout=timeout, output_hook=hear)
        content = reply["content"]
        assert content["status"] == "ok", content.get("evalue")
        return "".join(said)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, as JSON has it."""
        return json.loads(self.run(f"import json as _j; print(_j.dumps({expression}))"))

    def close(self) -> None:
        self._client.stop_channels()


@dataclass
class Notes:
    """Failures of a page: errors, and requests that left this machine."""

    errors: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)
        page.on("dialog", self._dialog)

    def check(self) -> None:
        """Assert that no error occurred and no request left this machine."""
        assert self.errors == []
        assert self.left == []
        assert self.dialogs == []

    def _console(self, message: Any) -> None:
        if message.type == "error" and not NOT_OURS.search(message.text):
            self.errors.append(f"{message.text} {message.location.get('url', '')}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.left.append(request.url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def open_notebook(page: Any, lab: Lab, name: str) -> None:
    """Open a notebook and wait until its kernel is there."""
    page.goto(lab.url(name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector(_IDLE[lab.program])


def run_cell(page: Any, number: int) -> None:
    """Run a cell, by its place in the notebook; returns at once."""
    page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


def run_done(page: Any, number: int, timeout: float = 100_000) -> str:
    """Run a cell, wait for its end, and give its output as text."""
    run_cell(page, number)
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for(timeout=timeout)
    return str(cell.locator(".jp-OutputArea").inner_text())
