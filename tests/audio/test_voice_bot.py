"""A voice bot under test: the audio that the caller receives, and interruption by the caller."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import NotFound, Session, Sound
from ari_notebook.simulator import RunningSimulator
from tests.audio import voice_bot


@pytest.fixture
def ari(simulated_asterisk: RunningSimulator) -> Iterator[Session]:
    user, password = simulated_asterisk.credentials
    url = simulated_asterisk.url
    with ari_notebook.connect(url, user=user, password=password) as session:
        voice_bot.serve(session)
        yield session
        for channel in session.channels:
            with contextlib.suppress(NotFound):  # one hangup ends the others of its call
                channel.hangup()
        _until(lambda: not any(t.name == "ari-audio" for t in threading.enumerate()))


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_page_shows_this_bot() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "voice-bots.md"
    source = Path(voice_bot.__file__).read_text(encoding="utf-8")
    assert source.partition('"""\n\n')[2] in page.read_text(encoding="utf-8")


def test_caller_receives_the_greeting(ari: Session, simulated_asterisk: RunningSimulator) -> None:
    call = simulated_asterisk.call("1000")
    hearing = call.listen()
    _until(lambda: hearing.sound.find(Sound.tone(400, 1.2))[1] > 0.95)


@pytest.mark.simulated_asterisk(speed=10)
def test_caller_interrupts_and_is_answered(
    ari: Session, simulated_asterisk: RunningSimulator
) -> None:
    call = simulated_asterisk.call("1000")
    hearing = call.listen()
    _until(lambda: hearing.sound.find(Sound.tone(400, 0.2))[1] > 0.95)
    call.say(Sound.tone((300, 900), 0.8))
    _until(lambda: hearing.sound.find(Sound.tone(800, 0.5))[1] > 0.95)
    greeting = hearing.sound.speech_segments(threshold=-40)[0]
    assert greeting[1] - greeting[0] < 4.5  # it was cut off
