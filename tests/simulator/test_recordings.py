"""What a real Asterisk 22.10 did, second by second, when it was asked the same."""

import wave

import pytest

from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.recordings import Options, Recording
from ari_notebook.simulator.voices import NOTHING, SILENCE, SPEECH, Voice
from tests.simulator.virtual_clock import VirtualClock


class Recorder:
    def __init__(self, directory):
        self.clock, self.voice, self.directory = VirtualClock(), Voice(SPEECH), directory
        self.events = []

    def make(self, format="wav", **options):
        path = self.directory / f"r.{format}"
        return Recording(
            Options("r", format, **options),
            path,
            "channel:c",
            self.voice,
            self.clock,
            self._hear,
        )

    def record(self, **options):
        recording = self.make(**options)
        recording.begin()
        return recording

    def _hear(self, event):
        self.events.append((round(self.clock.now - 1e6, 3), event["type"], event["recording"]))

    def finished(self):
        return [(at, what) for at, type, what in self.events if type == "RecordingFinished"][-1]

    def read(self):
        with wave.open(str(self.directory / "r.wav")) as file:
            frames = file.readframes(file.getnframes())
        return memoryview(frames).cast("h").tolist()


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path)


def test_what_is_said_is_what_the_file_holds(recorder):
    recording = recorder.record()
    recorder.clock.advance(1)
    recorder.voice.say(SILENCE)
    recorder.clock.advance(0.5)
    recorder.voice.press("5")
    recorder.clock.advance(0.1)
    recording.stop()
    samples = recorder.read()
    assert len(samples) == 12800
    assert max(samples[:8000]) > 7000
    assert not any(samples[8000:12000])
    assert max(samples[12000:]) > 5000


def test_the_events_and_their_members(recorder):
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


def test_paused_is_left_out_and_muted_is_silence(recorder):
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


def test_the_longest_duration_counts_whole_seconds_of_the_clock(recorder):
    recorder.clock.advance(0.844)
    recorder.record(max_duration=1)
    recorder.clock.advance(5)
    assert recorder.finished()[0] == 2.0


def test_silence_ends_it_and_is_cut(recorder):
    recorder.record(max_silence=2)
    recorder.clock.advance(3)
    recorder.voice.say(SILENCE)
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert at == 5.02
    assert (last["duration"], last["talking_duration"], last["silence_duration"]) == (4, 4, 0)
    assert len(recorder.read()) == 3.2 * 8000


def test_talking_again_starts_the_silence_anew(recorder):
    recorder.record(max_silence=2)
    for sound in (SILENCE, SPEECH, SILENCE):
        recorder.clock.advance(1.5)
        recorder.voice.say(sound)
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert at == 6.52
    assert (last["talking_duration"], last["silence_duration"]) == (4, 1)


def test_where_nothing_comes_it_ends_by_itself(recorder):
    recorder.voice.say(NOTHING)
    recorder.record()
    recorder.clock.advance(10)
    at, last = recorder.finished()
    assert (at, last["duration"], recorder.read()) == (4.0, 0, [])


def test_a_beep_comes_first_and_is_not_recorded(recorder):
    recording = recorder.record(beep=True)
    recorder.clock.advance(1.44)
    recording.stop()
    assert len(recorder.read()) == 8000


def test_while_it_beeps_it_hears_nothing(recorder):
    recording = recorder.record(beep=True, terminators="#")
    recorder.clock.advance(0.2)
    recording.press("#")
    recording.pause(paused=True)
    assert recording.state == "paused"
    recorder.clock.advance(1.24)
    recording.stop()
    assert len(recorder.read()) == 8000


def test_stopped_while_it_beeps_it_goes_on_and_says_it_does_not(recorder):
    recording = recorder.record(beep=True)
    recording.stop()
    assert recording.state == "done"
    recorder.clock.advance(1.44)
    with pytest.raises(Refused, match="Recording not in session"):
        recording.stop()
    recording.hang_up()
    assert recorder.finished()[1]["duration"] == 1


def test_what_is_not_yet_there_cannot_be_thrown_away(recorder):
    recording = recorder.record(beep=True)
    with pytest.raises(Refused, match="Recording operation failed") as refused:
        recording.cancel()
    assert (refused.value.status, recording.state) == (500, "canceled")


def test_where_no_file_can_be_nothing_is_recorded(recorder):
    (recorder.directory / "r.wav").mkdir()
    recorder.record()
    assert recorder.finished()[1]["duration"] == 0


def test_a_key_ends_it(recorder):
    recording = recorder.record(terminators="#")
    recorder.clock.advance(1)
    recording.press("1")
    assert recording.active
    recording.press("#")
    assert recording.state == "done"


def test_cancelling_leaves_no_file(recorder):
    recording = recorder.record()
    recorder.clock.advance(0.3)
    recording.cancel()
    assert recorder.finished()[1]["state"] == "done"
    assert list(recorder.directory.iterdir()) == []


def test_appending_goes_on_where_the_file_ended(recorder):
    for _ in range(2):
        recording = recorder.record(append=True)
        recorder.clock.advance(1.5)
        recording.stop()
    assert recorder.finished()[1]["duration"] == 3
    assert len(recorder.read()) == 24000


def test_overwriting_begins_anew(recorder):
    for _ in range(2):
        recording = recorder.record()
        recorder.clock.advance(1)
        recording.stop()
    assert len(recorder.read()) == 8000


def test_a_format_without_a_codec_ends_at_once_and_is_empty(recorder):
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
def test_what_is_queued_is_not_in_session(recorder, act):
    with pytest.raises(Refused, match="Recording not in session") as refused:
        act(recorder.make())
    assert refused.value.status == 409


def test_stopped_while_queued_it_records_all_the_same(recorder):
    recording = recorder.make()
    recording.stop()
    assert recording.state == "canceled"
    with pytest.raises(Refused, match="Recording not in session"):
        recording.stop()
    recording.begin()
    assert recording.state == "recording"


def test_a_hangup_keeps_what_there_is(recorder):
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


def test_one_that_cannot_record_says_why(recorder):
    recorder.make().fail("Cannot record channel while in bridge")
    _, type, what = recorder.events[-1]
    assert type == "RecordingFailed"
    assert (what["state"], what["cause"]) == ("failed", "Cannot record channel while in bridge")
