"""Somebody who knows neither ARI nor this toolkit: only Tab, `%ari help` and `%ari docs`.

Every word that is typed was offered by Tab or stands in a page read before.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.magics.prompt import Prompt


class Newcomer:
    """Types only what it has read or what Tab offers."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.read = ""

    def look(self, line: str) -> str:
        shown = self.prompt.type(line)
        assert shown.error is None, shown.out
        self.read += shown.out
        return shown.out

    def type(self, line: str) -> object:
        """Type a line of which every word is known."""
        typed = line.partition("%ari ")[0] + "%ari "
        for word in line.partition("%ari ")[2].split(" "):
            known = word in self.read or word in self.prompt.tab(typed) or word[1:].isalnum()
            assert known or word in self.prompt.tab(typed + word[:3]), f"{typed}{word}?"
            typed += word + " "
        return self.prompt(line)


def test_take_a_call_play_bridge_record_and_read_it_back(
    on_exchange: Callable[..., Prompt],
) -> None:
    prompt = on_exchange()
    me = Newcomer(prompt)

    overview = me.look("%ari")
    assert "%ari call 1000" in overview
    assert "%ari wait StasisStart" in overview
    me.type("caller = %ari call 1000")
    me.type("event = %ari wait StasisStart")
    assert "In Stasis" in me.look("%ari")

    assert "hello-world means sound:hello-world" in me.look("%ari help play")
    playback = me.type("playback = %ari play hello-world --wait")
    assert playback is None or prompt.names["playback"]
    assert prompt("ari.events.last('PlaybackFinished')")["playback"]["state"] == "done"

    me.look("%ari help bridge")
    prompt("alice = %ari select")
    me.type("%ari call 1000")
    me.type("%ari wait StasisStart")
    prompt("bob = ari.channels[ari.events.last('StasisStart').channel.id]")
    me.type("bridge = %ari bridge create")
    me.type("%ari bridge add $alice $bob")
    me.type("%ari wait ChannelEnteredBridge")
    me.type("%ari wait ChannelEnteredBridge")
    assert len(prompt("bridge.channels")) == 2

    assert "recordingName" not in me.look("%ari help record")
    assert "format" in me.look("%ari docs bridges.record")
    me.type("%ari bridge record meeting")
    me.type("%ari wait RecordingStarted")
    me.type("%ari recording stop")
    me.type("%ari wait RecordingFinished")
    table = me.type("%ari recordings")
    assert list(table.index) == ["meeting"]  # type: ignore[attr-defined]
    me.look("%ari help recording")
    audio = me.type("%ari recording listen meeting")
    assert audio.data[:4] == b"RIFF"  # type: ignore[attr-defined]
    prompt("ari.recordings.delete_stored('meeting')")

    me.type("%ari bridge destroy")
    for name in ("$alice", "$bob"):
        me.type(f"%ari hangup {name}")
        me.type("%ari wait StasisEnd")
    assert len(me.type("%ari channels")) == 0  # type: ignore[arg-type]
    assert len(me.type("%ari calls")) == 1  # type: ignore[arg-type]  # the bridge made them one
