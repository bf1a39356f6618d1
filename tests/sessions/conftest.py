"""An Asterisk that connects to the program of a test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.connection.outbound_config import OutboundConfig
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.helpers.outbound import DIALPLAN, Exchange


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.asterisk)])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exchange]:
    with contextlib.ExitStack() as leaving:
        if request.param == "simulator":
            running: list[RunningSimulator] = []

            def make(config: OutboundConfig) -> Any:
                files = {
                    "http.conf": "[general]\nenabled = yes\n",
                    "ari.conf": "[general]\nenabled = yes\n[asterisk]\ntype = user\n"
                    f"password = asterisk\n{config.ari}",
                    "websocket_client.conf": config.websocket_client,
                    "extensions.conf": DIALPLAN,
                }
                for name, text in files.items():
                    (tmp_path / name).write_text(text)
                running.append(leaving.enter_context(simulator.start(tmp_path)))
                return running[0]

            exchange = Exchange(make, lambda: running[0].restart())
        else:
            real: RealAsterisk = request.getfixturevalue("real_asterisk")

            def make_real(config: OutboundConfig) -> Any:
                ari = (real.own() / "etc/asterisk/ari.conf").read_text()
                real.write_config("ari.conf", f"{ari}\n{config.ari}")
                real.write_config("websocket_client.conf", config.websocket_client)
                real.write_config("extensions.conf", DIALPLAN)
                real.console("module reload res_websocket_client.so")
                real.reload()
                return real

            def restart() -> None:
                real.restart()  # its start script writes the repository's configuration
                make_real(exchange.config)

            def restore() -> None:
                real.restore_files()
                real.console("module reload res_websocket_client.so")

            leaving.callback(restore)
            exchange = Exchange(make_real, restart)
        yield exchange
        exchange.callers.close()
