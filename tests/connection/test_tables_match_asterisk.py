"""The live tables equal a real Asterisk under SIP traffic and after three restarts."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import Channel
from ari_notebook.sessions.session import Session
from tests.conftest import RealAsterisk
from tests.connection.server_tables import assert_tables_match_server
from tests.helpers.servers import Event
from tests.helpers.waiting import until

SCENARIO = Path(__file__).with_name("call.xml")
PATIENCE = 8_000  # milliseconds that a caller listens


class Traffic:
    """sipp, calling again and again."""

    def __init__(self, sip_port: int, folder: Path) -> None:
        if shutil.which("sipp") is None:
            reason = "no sipp here: apt-get install sip-tester"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._sip_port = sip_port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        text = SCENARIO.read_text().replace("[patience]", str(PATIENCE))
        (self._folder / "call.xml").write_text(text.replace("[listen]", "9"))  # discard
        command = ["sipp", f"127.0.0.1:{self._sip_port}", "-sf", str(self._folder / "call.xml")]
        command += ["-s", "1000", "-r", "4", "-l", "12", "-i", "127.0.0.1", "-nostdin"]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
        )

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def traffic(real_asterisk: RealAsterisk, tmp_path: Path) -> Iterator[Traffic]:
    real_asterisk.own()
    traffic = Traffic(real_asterisk.sip_port, tmp_path)
    yield traffic
    traffic.end()


@pytest.fixture
def ari(real_asterisk: RealAsterisk) -> Iterator[Session]:
    with ari_notebook.connect(real_asterisk.url, subscribe_all=True) as session:
        yield session


def serve(ari: Session) -> None:
    """Handle the calls: music or sounds for some, a bridge for others."""
    waiting: list[str] = []

    @ari.on("StasisStart")
    def take(channel: Channel) -> None:
        with contextlib.suppress(ari_notebook.AriError):
            channel.play("sound:hello-world")

    @ari.on("PlaybackFinished")
    def pair(event: Event) -> None:
        scheme, _, id = event["playback"]["target_uri"].partition(":")
        if scheme != "channel" or id not in ari.tables.channels:
            return
        waiting.append(id)
        if len(waiting) == 2:
            with contextlib.suppress(ari_notebook.AriError):
                bridge = ari.bridges.create(type="mixing")
                for each in waiting:
                    bridge.add_channel(each)
            waiting.clear()

    @ari.on("StasisEnd")
    def tidy(event: Event) -> None:
        for id, row in ari.tables.bridges.copy().items():
            if not row["channels"]:
                with contextlib.suppress(ari_notebook.AriError):
                    ari.bridges.destroy(id)


@pytest.mark.slow
def test_tables_match_after_traffic_and_three_restarts(
    ari: Session, real_asterisk: RealAsterisk, traffic: Traffic
) -> None:
    serve(ari)
    for crash in range(3):
        taken = ari.log.count
        traffic.begin()
        until(lambda: len(ari.tables.channels) >= 4)
        until(lambda: ari.log.count > taken + 150)  # noqa: B023  the wait is over before the next round
        assert_tables_match_server(ari, seconds=10)
        alive = set(ari.tables.channels)
        real_asterisk.kill()
        until(lambda: ari.status.state == "reconnecting")
        real_asterisk.start()
        until(lambda: ari.status.gap_count == crash + 1)  # noqa: B023  over before the next round
        traffic.end()
        gap = ari.gaps[-1]
        assert alive & set(gap.vanished["channels"])
        marked = ari.events.df.query("origin == 'resync' and type == 'Vanished'")
        assert set(gap.vanished["channels"]) <= set(marked["channel"].dropna())
        assert_tables_match_server(ari, seconds=20)
    assert ari.status.reconnects == 3
    assert ari.status.malformed == 0
    # What sipp left behind hangs up by itself, when its callers' patience is over.
    assert_tables_match_server(ari, seconds=20)
