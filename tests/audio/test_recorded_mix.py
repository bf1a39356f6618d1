"""What a recording of a snoop channel or of a bridge contains, on both servers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce

import pytest

import ari_notebook
from ari_notebook import Channel, Session, Sound
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.events import Event
from tests.audio.lines import FRAME, WAIT, Comparison, Line, compare, line_of
from tests.audio.sounds import speech
from tests.helpers.servers import Server
from tests.helpers.waiting import until

RATE = 8000
VOICES = [speech(seconds=1.5, seed=seed) for seed in (1, 2, 3)]
MASKED = 0.45  # likeness of a voice in a mix of three
ABSENT = 0.3
TONE = 440
SILENT = -60.0
LATE = 0.15  # from sending to the recording: jitter buffers, and what a busy machine adds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # speech in real time


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url) as session:
        yield session


class Conference:
    """Lines in a bridge: a stream at the far end of each says its own voice.

    Args:
        ari: the session.
        members: number of lines.
    """

    def __init__(self, ari: Session, members: int) -> None:
        self.ari = ari
        self.lines: list[Line] = [line_of(ari, RATE) for _ in range(members)]
        self.bridge = ari.bridges.create(type="mixing")
        self.bridge.add_channel([line.near.id for line in self.lines])
        self._opened = ExitStack()
        self.streams: list[AudioStream] = [
            self._opened.enter_context(line.far.audio(RATE)) for line in self.lines
        ]

    def __enter__(self) -> Conference:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        for line in self.lines:
            line.near.hangup()
        self.bridge.destroy()

    def snoop(self, **directions: str) -> Channel:
        """Return a snoop channel on the first member."""
        id = f"snoop-{uuid.uuid4()}"
        self.ari.request(
            "POST",
            f"/channels/{self.lines[0].near.id}/snoop",
            {"app": self.ari.apps[0], "snoopId": id, **directions},
        )
        self.ari.wait_for("StasisStart", channel=id, timeout=WAIT)
        return self.ari.channels[id]

    def record(
        self, record: Callable[[str], object], say: Callable[[], object] | None = None
    ) -> Recorded:
        """Record while all say their voices.

        Args:
            record: begins the recording of a name.
            say: what happens instead.
        """
        name = f"mix-{uuid.uuid4()}"
        record(name)
        started = self.ari.wait_for("RecordingStarted", recording__name=name, timeout=WAIT)
        self.streams[0].record(0.3)
        said = time.time()
        if say is None:
            for stream, voice in zip(self.streams, VOICES, strict=False):
                stream.play(voice)
        else:
            say()
        received = self.streams[0].record(2.2)
        self.ari.recordings.stop(name)
        ended = self.ari.wait_for("RecordingFinished", recording__name=name, timeout=WAIT)
        sound = self.ari.recordings[name].sound
        self.ari.recordings.delete_stored(name)
        for stream in self.streams:
            until(partial(_is_silent, stream))
        begun = _seconds(started)
        return Recorded(sound, received, said - begun, _seconds(ended) - begun)


@dataclass
class Recorded:
    """A recording.

    Attributes:
        sound: what it contains.
        received: what the first line's far end received meanwhile.
        said: seconds after its begin at which the voices were sent, by the server's clock.
        took: seconds that it took, likewise.
    """

    sound: Sound
    received: Sound
    said: float
    took: float

    def alike(self) -> list[float]:
        """Return how alike each voice's middle and the recording are."""
        return _alike(self.sound)

    def compare(self, voices: Sequence[int]) -> Comparison:
        """Compare with the mix of some voices, each where the recording has it."""
        begins = [self.sound.find(VOICES[each][0.3:1.2])[0] - 0.3 for each in voices]
        first = max(begins)
        parts = [
            VOICES[each][first - begin : first - begin + 1.0]
            for each, begin in zip(voices, begins, strict=True)
        ]
        return compare(reduce(Sound.mix, parts), self.sound)

    def has(self, voices: Sequence[int]) -> bool:
        """Return whether it is the mix of these voices alone, whole, as loud and as long."""
        others = [same for each, same in enumerate(self.alike()) if each not in voices]
        late = [self.sound.find(VOICES[each])[0] - self.said for each in voices]
        return (
            self.compare(voices).good
            and max(others, default=0.0) < ABSENT
            and -FRAME <= min(late) <= max(late) <= LATE
            and self.sound[:0.2].level < SILENT
            and abs(self.sound.duration - self.took) <= 3 * FRAME
        )


def _alike(sound: Sound) -> list[float]:
    return [sound.find(voice[0.4:1.1])[1] for voice in VOICES]


def _seconds(event: Event) -> float:
    return datetime.fromisoformat(event.timestamp).timestamp()


def _is_silent(stream: AudioStream) -> bool:
    return stream.level < SILENT


def _repeat(record: Callable[[], Recorded], good: Callable[[Recorded], bool]) -> None:
    """Record until it is good: a busy machine leaves gaps in real time."""
    end = time.monotonic() + WAIT
    while not good(recorded := record()):
        assert time.monotonic() < end, recorded


@pytest.mark.parametrize("members", [2, 3])
@pytest.mark.parametrize("spy", ["in", "out", "both"])
def test_recorded_snoop_has_the_voices_of_its_direction(
    pbx: Session, spy: str, members: int
) -> None:
    voices = {"in": [0], "out": [*range(1, members)], "both": [*range(members)]}[spy]
    with Conference(pbx, members) as conference:
        snoop = conference.snoop(spy=spy)

        def record() -> Recorded:
            return conference.record(lambda name: snoop.record(name=name, format="wav"))

        _repeat(record, lambda recorded: recorded.has(voices))
        snoop.hangup()


@pytest.mark.parametrize("members", [2, 3])
def test_recorded_bridge_has_the_voices_of_all_members(pbx: Session, members: int) -> None:
    with Conference(pbx, members) as conference:
        bridge = conference.bridge

        def record() -> Recorded:
            return conference.record(lambda name: bridge.record(name=name, format="wav"))

        _repeat(record, lambda recorded: recorded.has(range(members)))


@pytest.mark.parametrize("whisper", ["in", "out", "both"])
def test_whisper_reaches_the_parties_of_its_direction(pbx: Session, whisper: str) -> None:
    with Conference(pbx, 2) as conference:
        snoop = conference.snoop(whisper=whisper)
        with snoop.audio(RATE) as whispering:

            def say() -> None:
                conference.streams[0].play(VOICES[0])  # whispers are mixed into frames
                whispering.play(VOICES[2])

            def record() -> Recorded:
                return conference.record(
                    lambda name: conference.bridge.record(name=name, format="wav"), say
                )

            def good(recorded: Recorded) -> bool:
                in_bridge, far = recorded.alike()[2], _alike(recorded.received)[2]
                return (in_bridge > MASKED) == (whisper != "out") and (far > 0.95) == (
                    whisper != "in"
                )

            _repeat(record, good)
        snoop.hangup()


def test_recorded_snoop_lacks_what_another_whispers(pbx: Session) -> None:
    with Conference(pbx, 2) as conference:
        snoop, spy = conference.snoop(whisper="both"), conference.snoop(spy="both")
        with snoop.audio(RATE) as whispering:

            def say() -> None:
                whispering.play(VOICES[2])
                for stream, voice in zip(conference.streams, VOICES, strict=False):
                    stream.play(voice)

            def record() -> Recorded:
                return conference.record(lambda name: spy.record(name=name, format="wav"), say)

            _repeat(
                record,
                lambda recorded: recorded.has([0, 1]) and _alike(recorded.received)[2] > MASKED,
            )
        spy.hangup()
        snoop.hangup()


def test_stream_that_spies_on_a_member_receives_both_sides(pbx: Session) -> None:
    with Conference(pbx, 2) as conference:
        channel = conference.lines[0].near
        with channel.audio(RATE, hear="both", snoop=True) as stream:
            end = time.monotonic() + WAIT
            while True:
                for each, voice in zip(conference.streams, VOICES, strict=False):
                    each.play(voice)
                one, other, absent = _alike(received := stream.record(2.2))
                if min(one, other) > 0.6 and absent < ABSENT:
                    break
                assert time.monotonic() < end, received


def test_recorded_bridge_has_the_playback_to_it(pbx: Session) -> None:
    with Conference(pbx, 2) as conference:
        bridge = conference.bridge

        def record() -> Recorded:
            return conference.record(
                lambda name: bridge.record(name=name, format="wav"),
                lambda: bridge.play(media=f"tone:{TONE}/1000,0/5000"),
            )

        _repeat(record, lambda recorded: recorded.sound.find(Sound.tone(TONE, 0.5))[1] > 0.95)


@pytest.mark.parametrize("members", [1, 2])
def test_recorded_bridge_of_silent_halves_needs_two_members(pbx: Session, members: int) -> None:
    lines = [line_of(pbx, RATE) for _ in range(members)]
    bridge = pbx.bridges.create(type="mixing")
    bridge.add_channel([line.near.id for line in lines])
    name = f"silent-{uuid.uuid4()}"
    bridge.record(name=name, format="wav")
    pbx.wait_for("RecordingStarted", recording__name=name, timeout=WAIT)
    if members == 1:  # without a frame for 4 seconds it ends
        pbx.wait_for("RecordingFinished", recording__name=name, timeout=WAIT)
        assert not pbx.recordings[name].sound
    else:
        time.sleep(5)
        pbx.recordings.stop(name)
        pbx.wait_for("RecordingFinished", recording__name=name, timeout=WAIT)
        assert pbx.recordings[name].sound.duration > 4
    pbx.recordings.delete_stored(name)
    for line in lines:
        line.near.hangup()
    bridge.destroy()
