"""A panel on a page, as a test looks at it and presses its buttons."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from tests.views.lab import Kernel

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
        return self.panel.locator("tr.channel")

    def button(self, name: str, within: str = "") -> Any:
        place = self.panel.locator(within) if within else self.panel
        return place.get_by_role("button", name=name, exact=True)

    def inspect(self, name: str) -> None:
        """Press a button of the chosen channel."""
        self.button(name, ".inspector").click()

    def call(self, extension: str = "1000", caller: str = "Alice <5551>") -> str:
        """Let somebody call; gives the id of the channel, once its row shows."""
        id = self.kernel.ask(f"(phone := ari.call({extension!r}, caller={caller!r})).id")
        self.panel.locator(f'tr.channel[data-id="{id}"]').wait_for(timeout=5000)
        return str(id)

    def sent(self, method: str, path: str) -> dict[str, Any]:
        """The parameters of the latest such request, which was answered well."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for other, at, params, status in reversed(self.kernel.ask(REQUESTS)):
                if (other, at) == (method, path) and status is not None:
                    assert 200 <= status < 300, f"{method} {path}: {status}"
                    return dict(params)
            time.sleep(0.05)
        raise AssertionError(f"{method} {path} was not sent: {self.kernel.ask(REQUESTS)}")

    def says(self, text: str | re.Pattern[str], within: str) -> None:
        self.panel.locator(within).filter(has_text=text).first.wait_for(timeout=5000)
