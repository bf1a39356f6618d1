"""Media programs of other projects, unmodified, serve calls of the simulator and of Asterisk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.audio.conftest import Exchange
from tests.audio.sounds import speech

PEERS = Path(__file__).parent / "peers"
WAIT = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the peers, without the models and services that their media do not need."""
    folder = tmp_path_factory.mktemp("media-peers")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--target", folder),
            *("galcymedia==0.1.1", "asterisk-ai-voice-agent==0.1.6", "websockets>=14.1"),
        ],
        capture_output=True,
        text=True,
        timeout=110,
    )
    if done.returncode:
        pytest.skip(f"the peers cannot be installed: {done.stderr.splitlines()[-1]}")
    return folder


@pytest.mark.parametrize(
    ("program", "exten"),
    [("echo_galcymedia.py", "ulaw"), ("echo_voice_agent.py", "application")],
)
def test_echo_of_another_project_sends_speech_back(
    exchange: Exchange, packages: Path, program: str, exten: str
) -> None:
    peer = subprocess.Popen(
        [sys.executable, PEERS / program, str(exchange.port)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(packages)},
    )
    try:
        assert peer.stdout is not None
        assert peer.stdout.readline() == b"listening\n"
        channel = exchange.ari.channels.originate(
            endpoint=f"Local/{exten}@media/n", app=exchange.ari.apps[0], formats="slin"
        )
        exchange.ari.wait_for("StasisStart", channel=channel.id, timeout=WAIT)
        said = speech()
        with channel.audio(8000) as audio:
            end = time.monotonic() + WAIT
            while True:
                audio.play(said)
                received = audio.record(2.5)
                begin, alike = received.find(said)
                if alike > 0.9 and begin < 1.4:
                    break
                assert time.monotonic() < end, (begin, alike)
            level = received[begin : begin + 1].level
            assert level == pytest.approx(said.level, abs=0.5)
        channel.hangup()
        assert peer.poll() is None
    finally:
        peer.kill()
        peer.communicate()
