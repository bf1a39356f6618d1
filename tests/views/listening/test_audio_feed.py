"""`AudioFeed`: what a page that listens is sent, on the simulator and a real Asterisk."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from ari_notebook import Channel, Session, Sound
from ari_notebook.audio.g711 import ulaw_decode
from ari_notebook.connection.call_audio import AudioOptions
from ari_notebook.views.listening import audio_feed
from ari_notebook.views.listening.audio_feed import AudioFeed
from tests.audio.sounds import speech
from tests.helpers.waiting import until


class Page:
    """The messages that a page gets."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []
        self.octets = b""

    def take(self, message: Mapping[str, Any], buffers: list[bytes]) -> None:
        self.messages.append(message)
        self.octets += b"".join(buffers)

    @property
    def sound(self) -> Sound:
        return Sound(ulaw_decode(self.octets), 8000)

    @property
    def end(self) -> str | None:
        return next((m["reason"] for m in self.messages if m["kind"] == "audio-end"), None)


@pytest.fixture
def page() -> Iterator[Page]:
    yield Page()
    until(lambda: not any(t.name == "ari-listen" for t in threading.enumerate()))


@pytest.fixture
def channel(ari: Session) -> Channel:
    """A channel whose far end is an echo."""
    made = ari.channels.originate(endpoint="Local/1001@default/n", app=ari.apps[0], formats="slin")
    ari.wait_for("StasisStart", channel=made.id)
    return made


def test_page_gets_what_is_said_in_both_directions(
    ari: Session, channel: Channel, page: Page
) -> None:
    said = speech()
    feed = AudioFeed(channel.audio(8000, hear="both", speak=False), page.take)
    with channel.audio(8000) as audio:
        until(lambda: bool(page.messages))

        def heard() -> bool:
            audio.play(said).wait()
            return page.sound.find(said)[1] > 0.6  # it and its echo are mixed

        until(heard)
    assert feed.live
    numbers = [m["number"] for m in page.messages if m["kind"] == "audio"]
    assert numbers == list(range(len(numbers)))
    assert len(page.octets) == 1600 * len(numbers)
    feed.stop()
    assert not feed.live
    assert page.end == ""
    until(lambda: len(ari.request("GET", "/bridges").json()) == 0)


def test_hangup_ends_listening_with_a_reason(channel: Channel, page: Page) -> None:
    AudioFeed(channel.audio(8000, hear="both", speak=False), page.take)
    until(lambda: bool(page.messages))
    channel.hangup()
    until(lambda: page.end is not None)
    assert page.end == "the call has ended"


def test_page_that_has_gone_ends_its_feed(
    channel: Channel, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_feed, "_SILENT_SECONDS", 0.5)
    AudioFeed(channel.audio(8000, hear="both", speak=False), page.take)
    until(lambda: page.end is not None)
    assert page.end == "the page has gone"


def test_unknown_channel_is_a_reason_without_traceback(ari: Session, page: Page) -> None:
    AudioFeed(ari.audio_of("none", AudioOptions(8000, hear="both", speak=False)), page.take)
    until(lambda: page.end is not None)
    assert "Channel not found" in str(page.end)
    assert not np.any(page.sound)
