from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
import websocket

from ari_notebook.simulator import RunningSimulator


class OpenEvents(Protocol):
    """Opens an event socket, which the end of the test closes."""

    def __call__(
        self, server: RunningSimulator, app: str = "shell", **options: Any
    ) -> websocket.WebSocket: ...


@pytest.fixture
def events() -> Iterator[OpenEvents]:
    with ExitStack() as opened:

        def connect(
            server: RunningSimulator, app: str = "shell", **options: Any
        ) -> websocket.WebSocket:
            place = urlsplit(server.url)
            url = f"ws://{place.netloc}/ari/events?app={app}"
            key = f"&api_key={server.user}:{server.password}"
            connection = websocket.create_connection(url + key, **{"timeout": 5, **options})
            opened.callback(connection.shutdown)  # without the closing handshake
            return connection

        yield connect
