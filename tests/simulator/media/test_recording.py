"""Recordings in virtual time; the times are those of a real Asterisk 22.10."""

from __future__ import annotations

import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ari_notebook.simulator.media.audio_source import NOTHING, SILENCE, SPEECH, AudioSource
from ari_notebook.simulator.media.recording import OnSamples, RecordingOptions, RunningRecording
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.mixer import Mixer
from ari_notebook.simulator.topics import Topic
from tests.simulator.virtual_clock import VirtualClock


class SourceInput(AudioSource):
    """A source as the audio to record."""

    def __init__(self, mixer: Mixer) -> None:
        super().__init__(SPEECH)
        self._mixer = mixer

    @property
    def has_frames(self) -> bool:
        return self.signal.has_frames

    def listen(
        self, rate: int, on_frame: OnSamples, *, endless: bool = False
    ) -> Callable[[], None]:
        mixer = self._mixer
        return partial(mixer.leave, mixer.listen(partial(mixer.render, self), rate, on_frame))


class Recorder:
    def __init__(self, directory: Path) -> None:
        self.clock, self.directory = VirtualClock(), directory
        self.source = SourceInput(Mixer(self.clock))
        self.events: list[tuple[float, str, dict[str, Any]]] = []

    def make(self, format: str = "wav", **options: Any) -> RunningRecording:
        path = self.directory / f"r.{format}"
        return RunningRecording(
            RecordingOptions("r", format, **options),
            path,
            Topic("channel", "c"),
            self.source,
            self.clock,
            self._hear,
        )

    def record(self, **options: Any) -> RunningRecording:
        recording = self.make(**options)
        recording.begin()
        return recording

    def _hear(self, type: str, fields: dict[str, Any]) -> None:
        self.events.append((round(self.clock.now - 1e6, 3), type, fields["recording"]))

    def finished(self) -> tuple[float, dict[str, Any]]:
        return [(at, what) for at, type, what in self.events if type == "RecordingFinished"][-1]

    def read(self) -> list[int]:
        with wave.open(str(self.directory / "r.wav")) as file:
            frames = file.readframes(file.getnframes())
        return memoryview(frames).cast("h").tolist()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def test_file_has_the_recorded_audio(recorder: Recorder) -> None:
    recording = recorder.record()
    recorder.clock.advance(1)
    recorder.source.set(SILENCE)
    recorder.clock.advance(0.5)
    recorder.source.set_key("5")
    recorder.clock.advance(0.1)
    recording.stop()
    samples = recorder.read()
    assert len(samples) == 12800
    assert max(samples[:8000]) > 7000
    assert not any(samples[8000:12000])
    assert max(samples[12000:]) > 5000


def test_recording_events_have_their_fields(recorder: Recorder) -> None:
    recording = recorder.record()
    assert recorder.events == [
        (
            0,
            "RecordingStarted",
            {"name": "r", "format": "wav", "state": "recording", "target_uri": "channel:c"},
        )
    ]
    recorder.clock.advance(2.9)
    recording.stop()
    at, last = recorder.finished()
    assert (at, list(last)) == (2.9, ["name", "format", "state", "target_uri", "duration"])
    assert (last["state"], last["duration"]) == ("done", 2)


def test_pause_is_omitted_and_mute_is_silence(recorder: Recorder) -> None:
    recording = recorder.record()
    recorder.clock.advance(1)
    recording.pause(paused=True)
    recording.pause(paused=True)
    assert recording.state == "paused"
    recorder.clock.advance(5)
    recording.pause(paused=False)
    recording.mute(muted=True)
    recorder.clock.advance(1)
    recording.mute(muted=False)
    recorder.clock.advance(1)
    recording.stop()
    samples = recorder.read()
    assert len(samples) == 24000
    assert not any(samples[8000:16000])
    assert any(samples[:8000])
    assert any(samples[16000:])


def test_longest_duration_counts_whole_seconds_of_the_clock(recorder: Recorder) -> None:
    recorder.clock.advance(0.844)
    recorder.record(max_duration=1)
    recorder.clock.advance(5)
    assert recorder.finished()[0] == 2.0


def test_silence_ends_it_and_is_cut(recorder: Recorder) -> None:
    recorder.record(max_silence=2)
    recorder.clock.advance(3)
    recorder.source.set(SILENCE)
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert at == 5.02
    assert (last["duration"], last["talking_duration"], last["silence_duration"]) == (4, 4, 0)
    assert len(recorder.read()) == 3.2 * 8000


def test_talking_again_restarts_silence(recorder: Recorder) -> None:
    recorder.record(max_silence=2)
    for sound in (SILENCE, SPEECH, SILENCE):
        recorder.clock.advance(1.5)
        recorder.source.set(sound)
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert at == 6.52
    assert (last["talking_duration"], last["silence_duration"]) == (3, 2)


def test_recording_without_frames_ends_by_itself(recorder: Recorder) -> None:
    recorder.source.set(NOTHING)
    recorder.record()
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert (at, last["duration"], recorder.read()) == (4.0, 0, [])


def test_beep_comes_first_and_is_not_recorded(recorder: Recorder) -> None:
    recording = recorder.record(beep=True)
    recorder.clock.advance(1.44)
    recording.stop()
    assert len(recorder.read()) == 8000


def test_recording_ignores_input_during_beep(recorder: Recorder) -> None:
    recording = recorder.record(beep=True, terminators="#")
    recorder.clock.advance(0.2)
    recording.press("#")
    recording.pause(paused=True)
    assert recording.state == "paused"
    recorder.clock.advance(1.24)
    recording.stop()
    assert len(recorder.read()) == 8000


def test_stop_during_beep_changes_only_the_state(recorder: Recorder) -> None:
    recording = recorder.record(beep=True)
    recording.stop()
    assert recording.state == "done"
    recorder.clock.advance(1.44)
    with pytest.raises(AriRefusal, match="Recording not in session"):
        recording.stop()
    recording.hang_up()
    assert recorder.finished()[1]["duration"] == 1


def test_recording_without_audio_cannot_be_cancelled(recorder: Recorder) -> None:
    recording = recorder.record(beep=True)
    with pytest.raises(AriRefusal, match="Recording operation failed") as refused:
        recording.cancel()
    assert (refused.value.status, recording.state) == (500, "canceled")


def test_recording_without_writable_file_fails(recorder: Recorder) -> None:
    (recorder.directory / "r.wav").mkdir()
    recorder.record()
    assert recorder.finished()[1]["duration"] == 0


def test_terminate_on_key_ends_recording(recorder: Recorder) -> None:
    recording = recorder.record(terminators="#")
    recorder.clock.advance(1)
    recording.press("1")
    assert recording.active
    recording.press("#")
    assert recording.state == "done"


def test_cancelling_leaves_no_file(recorder: Recorder) -> None:
    recording = recorder.record()
    recorder.clock.advance(0.3)
    recording.cancel()
    assert recorder.finished()[1]["state"] == "done"
    assert list(recorder.directory.iterdir()) == []


def test_append_continues_the_file(recorder: Recorder) -> None:
    for _ in range(2):
        recording = recorder.record(append=True)
        recorder.clock.advance(1.5)
        recording.stop()
    assert recorder.finished()[1]["duration"] == 3
    assert len(recorder.read()) == 24000


def test_overwrite_starts_an_empty_file(recorder: Recorder) -> None:
    for _ in range(2):
        recording = recorder.record()
        recorder.clock.advance(1)
        recording.stop()
    assert len(recorder.read()) == 8000


def test_format_without_a_codec_ends_at_once_and_is_empty(recorder: Recorder) -> None:
    recorder.record(format="g729")
    recorder.clock.advance(1)
    at, last = recorder.finished()
    assert (at, last["state"], last["duration"]) == (0.02, "done", 0)
    assert (recorder.directory / "r.g729").read_bytes() == b""


@pytest.mark.parametrize(
    "act",
    [
        lambda recording: recording.pause(paused=True),
        lambda recording: recording.pause(paused=False),
        lambda recording: recording.mute(muted=True),
    ],
)
def test_queued_recording_is_not_in_session(
    recorder: Recorder, act: Callable[[RunningRecording], object]
) -> None:
    with pytest.raises(AriRefusal, match="Recording not in session") as refused:
        act(recorder.make())
    assert refused.value.status == 409


def test_stop_while_queued_does_not_prevent_recording(recorder: Recorder) -> None:
    recording = recorder.make()
    recording.stop()
    assert recording.state == "canceled"
    with pytest.raises(AriRefusal, match="Recording not in session"):
        recording.stop()
    recording.begin()
    assert recording.state == "recording"


def test_hangup_keeps_the_recorded_audio(recorder: Recorder) -> None:
    recording = recorder.record()
    recorder.clock.advance(1.5)
    recording.hang_up()
    assert recorder.finished() == (1.5, recording.json(duration=1))
    waiting = recorder.make()
    waiting.hang_up()
    assert [type for _, type, _ in recorder.events[-2:]] == [
        "RecordingStarted",
        "RecordingFinished",
    ]


def test_impossible_recording_publishes_the_cause(recorder: Recorder) -> None:
    recorder.make().fail("Cannot record channel while in bridge")
    _, type, what = recorder.events[-1]
    assert type == "RecordingFailed"
    assert (what["state"], what["cause"]) == ("failed", "Cannot record channel while in bridge")
