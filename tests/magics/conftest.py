from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.servers import Server
from tests.magics.prompt import Prompt


@pytest.fixture
def prompt(mode: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Prompt]:
    """A shell with the extension, without the user's configuration."""
    for name in ("ARI_URL", "ARI_USER", "ARI_APP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    opened = Prompt()
    yield opened
    opened.close()


@pytest.fixture
def on_exchange(exchange_server: Server, prompt: Prompt) -> Callable[[str], Prompt]:
    """Connects the prompt to either server, with applications."""

    def connect(app: str = "hello-world") -> Prompt:
        url, user = exchange_server.url, exchange_server.user
        prompt(f"%ari connect {url} --user {user} --app {app}")
        return prompt

    return connect
