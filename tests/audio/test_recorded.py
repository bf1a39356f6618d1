"""Recordings of a server as `Sound`, on the simulator and on a real Asterisk."""

from __future__ import annotations

import numpy as np
import pytest

from ari_notebook import AudioError, NotFound, Session


@pytest.mark.parametrize("format", ["wav", "ulaw", "sln16"])
def test_recording_is_a_sound_of_what_was_said(ari: Session, format: str) -> None:
    caller = ari.call("1000")
    ari.wait_for("StasisStart", timeout=30)
    caller.talk()
    recording = ari.current_channel.record(
        name=f"said-{format}", format=format, maxDurationSeconds=2
    )
    ari.wait_for("RecordingFinished", timeout=30)
    with pytest.raises(NotFound):
        ari.recordings["none"]
    sound = recording.sound
    assert sound == ari.recordings[f"said-{format}"].sound
    assert sound.rate == {"sln16": 16000}.get(format, 8000)
    assert sound.level > -40
    assert 1.9 < sound.duration < 3.1
    assert np.asarray(sound).dtype == np.int16
    caller.hangup()
    ari.recordings.delete_stored(recording)
    with pytest.raises(NotFound):
        _ = recording.sound


def test_recording_in_another_codec_says_how_to_convert_it(ari: Session) -> None:
    caller = ari.call("1000")
    ari.wait_for("StasisStart", timeout=30)
    recording = ari.current_channel.record(name="coded", format="gsm")
    caller.talk()
    ari.wait_for("RecordingStarted", timeout=30)
    caller.hangup()
    ari.wait_for("RecordingFinished", timeout=30)
    with pytest.raises(AudioError, match="file convert"):
        _ = recording.sound
    ari.recordings.delete_stored(recording)
