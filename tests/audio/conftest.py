"""A simulated or real Asterisk whose dialplan leads calls to a port of a program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import Session, simulator
from tests.conftest import RealAsterisk, free_port
from tests.demonstration import FOLDER, ari_conf

UUID = "40325ec2-5efd-4bd3-805f-53576e581d13"
DIALPLAN = """
[media]
exten => application,1,Answer()
 same => n,AudioSocket({uuid},127.0.0.1:{port})
 same => n,Wait(60)
exten => ulaw,1,Answer()
 same => n,Dial(WebSocket/media/c(ulaw)f(json))
exten => invalid,1,Answer()
 same => n,AudioSocket(none,127.0.0.1:{port})
 same => n,Wait(60)
exten => channel,1,Answer()
 same => n,Dial(AudioSocket/127.0.0.1:{port}/{uuid}/c(slin16))
exten => json,1,Answer()
 same => n,Dial(WebSocket/media/c(slin16)f(json))
exten => plain,1,Answer()
 same => n,Dial(WebSocket/media/c(ulaw))
exten => denied,1,Answer()
 same => n,Dial(WebSocket/denied/c(slin16)f(json))
"""
CLIENT = """
[{name}]
type = websocket_client
connection_type = per_call_config
uri = ws://127.0.0.1:{port}/
protocols = media
username = bot
password = {password}
reconnect_attempts = 1
"""


class Exchange:
    """A server whose dialplan leads to a port, and a session of it."""

    def __init__(self, ari: Session, port: int) -> None:
        self.ari = ari
        self.port = port

    def call(self, exten: str, format: str = "slin") -> None:
        """Lead an echo to an extension."""
        self.ari.channels.originate(
            endpoint="Local/1001@default/n",
            context="media",
            extension=exten,
            priority=1,
            formats=format,
        )

    def running(self) -> list[str]:
        """Return the dialplan applications that run."""
        channels = self.ari.request("GET", "/channels").json()
        return [each["dialplan"]["app_name"] for each in channels]


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.asterisk)])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exchange]:
    port = free_port()
    dialplan = (FOLDER / "extensions.conf").read_text() + DIALPLAN.format(port=port, uuid=UUID)
    clients = "".join(
        CLIENT.format(name=name, port=port, password=password)
        for name, password in (("media", "secret"), ("denied", "wrong"))
    )
    if request.param == "real":
        real: RealAsterisk = request.getfixturevalue("real_asterisk")
        real.write_config("extensions.conf", dialplan)
        real.write_config("websocket_client.conf", clients)
        real.reload()
        real.console("module reload res_websocket_client.so")
        with ari_notebook.connect(real.url) as session:
            yield Exchange(session, port)
        return
    folder = tmp_path / "config"
    shutil.copytree(FOLDER, folder)
    (folder / "extensions.conf").write_text(dialplan)
    (folder / "websocket_client.conf").write_text(clients)
    (folder / "ari.conf").write_text(ari_conf())
    with (
        simulator.start(folder) as running,
        ari_notebook.connect(running.url, user="asterisk", password="asterisk") as session,
    ):
        yield Exchange(session, port)
