"""A newcomer's walk with only Tab, `%ari help` and `%ari docs`.

Every word that is typed was offered by Tab at its place, is on a page read before, or is a name
that the newcomer chose.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.magics.prompt import Prompt


class Newcomer:
    """Types only words that it has read, that Tab offers, and names that it chose."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.read: set[str] = set()

    def look(self, line: str) -> str:
        """Read a page: its words are known from now on."""
        shown = self.prompt.type(line)
        assert shown.error is None, shown.out
        self.read.update(re.findall(r"[\w$*#-]+", shown.out))
        return shown.out

    def type(self, line: str, *own: str) -> object:
        """Type a line of known words; ``own`` are the names that it chooses."""
        assigned, _, words = line.rpartition("%ari ")
        typed = f"{assigned}%ari "
        for word in words.split(" "):
            known = word in self.read or word in own or self._is_offered(typed, word)
            assert known, f"who says that {word!r} can be typed behind {typed!r}?"
            typed += f"{word} "
        return self.prompt(line)

    def _is_offered(self, typed: str, word: str) -> bool:
        """Return whether Tab offers a word after none or some of its letters."""
        return any(word in self.prompt.tab(typed + word[:length]) for length in (0, 1, 3))


def test_newcomer_types_only_what_help_mentions(prompt: Prompt) -> None:
    prompt("%ari connect")
    me = Newcomer(prompt)
    for line in ("%ari paly hello-world", "%ari play hello-wrold", "%ari hangup $nosuch"):
        with pytest.raises(AssertionError, match="who says"):
            me.type(line)
    assert "%ari connect" in me.look("%ari disconnect\n%ari")
    me.type("%ari connect")


def test_take_a_call_play_bridge_record_and_read_it_back(
    on_exchange: Callable[..., Prompt],
) -> None:
    prompt = on_exchange()
    me = Newcomer(prompt)

    overview = me.look("%ari")
    assert "%ari call 1000" in overview
    assert "%ari wait StasisStart" in overview
    me.look("%ari help")
    me.type("%ari call 1000")
    me.type("%ari wait StasisStart")
    assert "In Stasis" in me.look("%ari")
    assert "the newest in Stasis" in me.look("%ari help select")
    me.type("alice = %ari select")

    assert "hello-world means sound:hello-world" in me.look("%ari help play")
    me.type("%ari play hello-world --wait")
    assert prompt("ari.events.last('PlaybackFinished')")["playback"]["state"] == "done"

    me.look("%ari help bridge")
    me.type("%ari call 1000")
    me.type("%ari wait StasisStart")
    me.type("bob = %ari select")
    me.type("bridge = %ari bridge create")
    me.type("%ari bridge add $alice $bob")
    assert "2" in me.look("%ari status")
    assert {*prompt("bridge.channels")} == {prompt.names["alice"].id, prompt.names["bob"].id}

    assert "RecordingStarted" in me.look("%ari docs bridges.record")
    me.type("%ari bridge record meeting", "meeting")
    me.type("%ari wait RecordingStarted")
    me.look("%ari help recording")
    me.type("%ari recording stop")
    me.type("%ari wait RecordingFinished")
    assert "meeting" in me.type("%ari recordings").index  # type: ignore[attr-defined]
    audio = me.type("%ari recording listen meeting")
    assert audio.data[:4] == b"RIFF"  # type: ignore[attr-defined]
    prompt("ari.recordings.delete_stored('meeting')")

    me.type("%ari bridge destroy")
    for name in ("$alice", "$bob"):
        me.type(f"%ari hangup {name}")
        me.type("%ari wait StasisEnd")
    assert len(me.type("%ari channels")) == 0  # type: ignore[arg-type]
    assert len(me.type("%ari calls")) == 1  # type: ignore[arg-type]  # the bridge made them one
