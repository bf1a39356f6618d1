"""A real SIP call to a real Asterisk, handled by a program."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from tests.conftest import RealAsterisk
from tests.helpers.waiting import until

SCENARIO = Path(__file__).with_name("call.xml")
SILENCE = {0x7F, 0xFF}  # μ-law's two zeroes


class Ear:
    """An RTP receiver that stores the caller's audio."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self.heard = bytearray()
        self._open = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while self._open:
            with contextlib.suppress(TimeoutError):
                packet = self._socket.recv(2048)
                if packet[1] & 0x7F == 0:  # payload type 0: PCMU
                    self.heard += packet[12:]

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._socket.close()

    @property
    def seconds_of_sound(self) -> float:
        return sum(octet not in SILENCE for octet in self.heard) / 8000


class Phone:
    """sipp, placing one call."""

    def __init__(self, sip_port: int, folder: Path) -> None:
        if shutil.which("sipp") is None:
            reason = "no sipp here: apt-get install sip-tester"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._sip_port = sip_port
        self._folder = folder
        self._call: subprocess.Popen[bytes] | None = None
        self.ear = Ear()

    def dial(self, extension: str, patience: float = 30) -> None:
        # sipp takes no variable for a timeout.
        text = SCENARIO.read_text().replace("[patience]", str(round(patience * 1000)))
        scenario = self._folder / "call.xml"
        scenario.write_text(text.replace("[listen]", str(self.ear.port)))
        command = ["sipp", f"127.0.0.1:{self._sip_port}", "-sf", str(scenario), "-s", extension]
        command += ["-m", "1", "-i", "127.0.0.1", "-nostdin", "-timeout", "60s"]
        command += ["-trace_err", "-error_file", "sipp.errors"]
        self._call = subprocess.Popen(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
        )

    def ended_well(self) -> bool:
        """Wait for the end of the call; return whether it followed the scenario."""
        assert self._call is not None
        return self._call.wait(timeout=60) == 0

    def close(self) -> None:
        if self._call is not None:
            self._call.kill()
            self._call.wait()
        self.ear.close()


@pytest.fixture
def ari(real_asterisk: RealAsterisk) -> Iterator[Session]:
    real_asterisk.own()
    with ari_notebook.connect(real_asterisk.url, app="hello-world") as session:
        yield session


@pytest.fixture
def phone(real_asterisk: RealAsterisk, tmp_path: Path) -> Iterator[Phone]:
    phone = Phone(real_asterisk.sip_port, tmp_path)
    yield phone
    phone.close()


def test_sip_call_is_handled_from_start_to_end(ari: Session, phone: Phone) -> None:
    phone.dial("1000")

    start = ari.wait_for("StasisStart")
    channel = ari.channels[start.channel.id]
    assert channel.name.startswith("PJSIP/loopback-")
    assert start.args == []
    row = ari.channels.df.loc[channel.id]
    assert row["state"] == "Up"
    assert (row["caller_name"], row["caller_number"]) == ("Alice", "5551")
    assert (row["context"], row["exten"], row["app_name"]) == ("default", "1000", "hello-world")
    assert row["in_stasis"]

    playback = channel.play("sound:hello-world")
    assert (
        ari.wait_for("PlaybackStarted", playback=playback).playback.media_uri == "sound:hello-world"
    )
    assert list(ari.playbacks.df.index) == [playback.id]
    assert ari.wait_for("PlaybackFinished", playback=playback).playback.state == "done"
    assert 0.5 < phone.ear.seconds_of_sound < 3  # "Hello, world!"

    channel.hangup()
    ari.wait_for("StasisEnd", channel=channel)
    assert phone.ended_well()
    until(lambda: channel.id not in ari.channels)
    assert channel.id not in ari.channels.df.index

    events = ari.events.df
    mine = events[events["channel"] == channel.id]
    in_order = [
        name
        for name in events["type"]
        if name in ("StasisStart", "PlaybackStarted", "PlaybackFinished", "StasisEnd")
    ]
    assert in_order == ["StasisStart", "PlaybackStarted", "PlaybackFinished", "StasisEnd"]
    assert set(mine["channel_name"].dropna()) == {channel.name}
    assert set(events["application"]) == {"hello-world"}
    assert events["timestamp"].is_monotonic_increasing
    assert (events["received"] >= events["timestamp"]).all()


def test_sip_hangup_during_playback_ends_the_call(ari: Session, phone: Phone) -> None:
    # Answer() gives a silent caller half a second to say something before Stasis begins.
    phone.dial("1000", patience=6)
    channel = ari.wait_for("StasisStart").channel
    playback = ari.channels[channel.id].play(["sound:hello-world"] * 20)
    assert ari.wait_for("PlaybackFinished", playback=playback).playback.state == "failed"
    ari.wait_for("StasisEnd", channel=channel.id)
    assert phone.ended_well()
    until(lambda: channel.id not in ari.channels)
    # It has left Stasis; Asterisk takes a moment more to forget it.
    end = time.monotonic() + 60
    said = ""
    while "It has hung up" not in said and time.monotonic() < end:
        with pytest.raises((ari_notebook.NotFound, ari_notebook.Conflict)) as caught:
            ari.channels.play(channel.id, "sound:hello-world")
        said = str(caught.value)
    assert "It has hung up" in said


def test_three_sip_callers_receive_their_own_sound(
    ari: Session, real_asterisk: RealAsterisk, tmp_path: Path
) -> None:
    phones = []
    try:
        for number in range(3):
            (tmp_path / str(number)).mkdir()
            phones.append(Phone(real_asterisk.sip_port, tmp_path / str(number)))
            phones[-1].dial("1000")
        channels = [ari.wait_for("StasisStart").channel.id for _ in phones]
        assert len(set(channels)) == len(ari.channels) == 3
        ari.channels[channels[1]].play("sound:hello-world")
        ari.wait_for("PlaybackFinished")
        assert sorted(phone.ear.seconds_of_sound > 0.5 for phone in phones) == [False, False, True]
        for channel in channels:
            ari.channels[channel].hangup()
            ari.wait_for("StasisEnd", channel=channel)
        assert all(phone.ended_well() for phone in phones)
    finally:
        for phone in phones:
            phone.close()
