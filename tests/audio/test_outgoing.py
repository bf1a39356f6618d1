"""`Outgoing`: what is sent when, and what a flush sends again."""

from __future__ import annotations

from ari_notebook import Sound
from ari_notebook.audio.codecs import slin_of
from ari_notebook.audio.outgoing_audio import Outgoing, Playing


def _outgoing(*seconds: float) -> tuple[Outgoing, list[Playing], list[str]]:
    ended: list[str] = []
    made = Outgoing(slin_of(8000), lead=0.4)
    tones = [Sound.tone(400 + 100 * n, each) for n, each in enumerate(seconds)]
    playing = [made.add(tone, lambda _: None, lambda it: ended.append(repr(it))) for tone in tones]
    return made, playing, ended


def test_flush_sends_the_rest_of_later_sounds_again() -> None:
    outgoing, (first, second), _ = _outgoing(0.2, 0.6)
    sent = [frame for frame, _ in outgoing.take(0.0)]
    assert len(sent) == 21
    assert (round(first.sent, 2), round(second.sent, 2)) == (0.2, 0.22)
    outgoing.drop(first)
    assert outgoing.flushed(0.1, first) == {second}  # the first 0.1 s were played
    assert second.sent < 0.001
    again = [frame for frame, _ in outgoing.take(0.1)]
    assert again[:11] == sent[10:]
    assert outgoing.queue == (second,)


def test_flush_in_the_middle_of_a_sound_sends_nothing_of_it_again() -> None:
    outgoing, (first,), ended = _outgoing(5)
    outgoing.take(0.0)
    outgoing.drop(first)
    assert outgoing.flushed(0.0, first) == set()
    assert outgoing.take(0.5) == []
    first.end(0.1, stopped=True)
    first.end(5)
    assert len(ended) == 1
    assert first.heard == 0.1


def test_sound_that_was_sent_whole_is_queued_again() -> None:
    outgoing, (first, second), _ = _outgoing(0.1, 0.1)
    assert len(outgoing.take(0.0)) == 10
    assert not outgoing.queue
    outgoing.drop(first)
    assert outgoing.flushed(0.02, first) == {second}
    assert outgoing.queue == (second,)
    assert len(outgoing.take(0.02)) == 5
