"""The live tables are what a real Asterisk says: under SIP traffic, killed and restarted thrice."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.session import Session
from tests.truth import tables_are_the_truth

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
def traffic(real_asterisk, tmp_path) -> Iterator[Traffic]:
    real_asterisk.own()
    traffic = Traffic(real_asterisk.sip_port, tmp_path)
    yield traffic
    traffic.end()


@pytest.fixture
def ari(real_asterisk) -> Iterator[Session]:
    with ari_notebook.connect(real_asterisk.url, subscribe_all=True) as session:
        yield session


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)


def serve(ari: Session) -> None:
    """A program that takes the calls: music and words to some, others are put together."""
    waiting: list[str] = []

    @ari.on("StasisStart")
    def take(channel):
        with contextlib.suppress(ari_notebook.AriError):
            channel.play("sound:hello-world")

    @ari.on("PlaybackFinished")
    def pair(event):
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
    def tidy(event):
        for id, row in dict(ari.tables.bridges).items():
            if not row["channels"]:
                with contextlib.suppress(ari_notebook.AriError):
                    ari.bridges.destroy(id)


@pytest.mark.slow
def test_under_traffic_killed_and_restarted_three_times(ari, real_asterisk, traffic):
    serve(ari)
    for crash in range(3):
        taken = ari.log.count
        traffic.begin()
        until(lambda: len(ari.tables.channels) >= 4)
        until(lambda taken=taken: ari.log.count > taken + 150)
        tables_are_the_truth(ari, seconds=10)
        alive = set(ari.tables.channels)
        real_asterisk.kill()
        until(lambda: ari.status.state == "reconnecting")
        real_asterisk.start()
        until(lambda crash=crash: ari.status.gap_count == crash + 1)
        traffic.end()
        gap = ari.gaps[-1]
        assert alive & set(gap.vanished["channels"])
        marked = ari.events.df.query("origin == 'resync' and type == 'Vanished'")
        assert set(gap.vanished["channels"]) <= set(marked["channel"].dropna())
        tables_are_the_truth(ari, seconds=20)
    assert ari.status.reconnects == 3
    assert ari.status.malformed == 0
    # What sipp left behind hangs up by itself, when its callers' patience is over.
    tables_are_the_truth(ari, seconds=20)
