"""An error's advice fits the refused request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from tests.helpers.servers import Server


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Any]:
    with ari_notebook.connect(exchange_server.url) as session:
        phone = session.call("1000")
        session.wait_for("StasisStart")
        yield session
        phone.hangup()


def test_stop_of_spoken_digits_has_advice(ari: Any) -> None:
    playback = ari.current_channel.play("digits:12345")
    ari.wait_for("PlaybackStarted")
    with pytest.raises(ari_notebook.ServerError) as refused:
        playback.stop()
    assert "Only sounds and recordings" in refused.value.hint


def test_existing_recording_name_has_advice(ari: Any) -> None:
    name = f"advice-{time.time_ns()}"
    channel = ari.current_channel
    channel.record(name, format="wav")
    ari.wait_for("RecordingStarted")
    ari.recordings.stop(name)
    ari.wait_for("RecordingFinished")
    with pytest.raises(ari_notebook.Conflict) as refused:
        channel.record(name, format="wav")
    assert "--overwrite" in refused.value.hint
    ari.recordings.delete_stored(name)


def test_unknown_event_source_has_advice(ari: Any) -> None:
    with pytest.raises(ari_notebook.InvalidParameter) as refused:
        ari.applications.subscribe("hello-world", ari.current_channel.id)
    assert "channel:ID" in refused.value.hint
