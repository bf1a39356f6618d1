"""A panel on a page, for tests that read it and press its buttons."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from tests.views.lab import Kernel

# A call of the simulator's traffic may begin while the others are hung up.
_END_CALLS = """
import contextlib, time, ari_notebook
if ari.simulator is not None:
    ari.simulator.traffic(0)
_end = time.monotonic() + 30
while (_left := list(ari.channels)) and time.monotonic() < _end:
    for _channel in _left:
        with contextlib.suppress(ari_notebook.NotFound):  # it has hung up by itself
            ari.channels.hangup(_channel.id)
    time.sleep(0.05)
for _bridge in list(ari.bridges):
    with contextlib.suppress(ari_notebook.NotFound):
        ari.bridges.destroy(_bridge.id)
"""
REQUESTS = "[[r.method, r.path, r.params, r.status] for r in ari.requests]"


@dataclass
class Shown:
    """A panel on a page and the kernel behind it, in which `phone` is the latest caller."""

    page: Any
    kernel: Kernel

    @property
    def panel(self) -> Any:
        return self.page.locator(".ari-panel").first

    @property
    def rows(self) -> Any:
        return self.panel.locator("li.channel:not(.over)")

    def button(self, name: str, within: str = "") -> Any:
        place = self.panel.locator(within) if within else self.panel
        return place.get_by_role("button", name=name, exact=True)

    def inspect(self, name: str) -> None:
        """Press a button of the chosen channel."""
        self.button(name, ".inspector").click()

    def call(self, extension: str = "1000", caller: str = "Alice <5551>") -> str:
        """Call an extension and choose the call; returns the id of the channel."""
        id = self.kernel.ask(f"(phone := ari.call({extension!r}, caller={caller!r})).id")
        self.choose(str(id))
        return str(id)

    def choose(self, id: str) -> None:
        """Choose a call or a bridge that is not chosen yet."""
        row = self.panel.locator(f'.cards li[data-id="{id}"]')
        row.locator("button[aria-pressed=false]").click()
        row.locator("button[aria-pressed=true]").wait_for()

    def confirm(self, name: str, within: str = "") -> None:
        """Press a button that destroys something twice, to confirm it."""
        self.button(name, within).click()
        self.button(f"Sure? {name}", within).click()

    def sent(
        self, method: str, path: str, parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Wait for the latest such request, which must succeed, and return its parameters.

        Args:
            method: its method.
            path: its path.
            parameters: those that it must have, where an earlier one had others; None: any.
        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for other, at, params, status in reversed(self.kernel.ask(REQUESTS)):
                if (other, at) == (method, path) and status is not None:
                    if parameters not in (None, params):
                        break  # an earlier one
                    assert 200 <= status < 300, f"{method} {path}: {status}"
                    return dict(params)
            time.sleep(0.05)
        asked = f"{method} {path} {parameters or ''}"
        raise AssertionError(f"{asked} was not sent: {self.kernel.ask(REQUESTS)}")

    def end_calls(self) -> None:
        """End all traffic, calls and bridges, and wait until none is shown."""
        self.page.mouse.move(0, 0)  # under a pointer what ended keeps its row
        self.kernel.run(_END_CALLS)
        every = self.panel.locator(".cards li[data-id]")
        every.first.wait_for(state="detached")

    def says(self, text: str | re.Pattern[str], within: str) -> None:
        self.panel.locator(within).filter(has_text=text).first.wait_for()
