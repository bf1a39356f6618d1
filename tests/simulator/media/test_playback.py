"""Playbacks in virtual time; the times are those of a real Asterisk 22.10."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.simulator.media.playback import MediaItem, Playback, media_item
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.topics import Topic
from tests.simulator.virtual_clock import VirtualClock

CHANNEL = Topic("channel", "c")
INTRO = 5.66  # seconds that sound:vm-intro lasts


class Player:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.events: list[tuple[float, str, str, str]] = []
        self.over: list[Any] = []

    def make(self, media: str, **options: Any) -> Playback:
        playback = Playback(
            "p", media.split(","), CHANNEL, "en", self.clock, self._hear, self._find, **options
        )
        playback.on_end.append(lambda: self.over.append(self.clock.now))
        return playback

    def play(self, media: str, **options: Any) -> Playback:
        playback = self.make(media, **options)
        playback.begin()
        return playback

    def _hear(self, type: str, fields: dict[str, Any]) -> None:
        playback = fields["playback"]
        name = type.removeprefix("Playback")
        self.events.append(
            (round(self.clock.now - 1e6, 3), name, playback["media_uri"], playback["state"])
        )

    def _find(self, uri: str) -> MediaItem:
        return media_item(uri, {"mine": 3000}.get)

    def ends(self) -> list[tuple[Any, str]]:
        return [(at, state) for at, name, _, state in self.events if name == "Finished"]


@pytest.fixture
def player() -> Player:
    return Player()


def test_list_is_played_one_after_another(player: Player) -> None:
    playback = player.play("sound:beep,digits:12,recording:mine")
    assert playback.json() == {
        "id": "p",
        "media_uri": "sound:beep",
        "next_media_uri": "digits:12",
        "target_uri": "channel:c",
        "language": "en",
        "state": "playing",
    }
    player.clock.advance(60)
    assert player.events == [
        (0, "Started", "sound:beep", "playing"),
        (0.44, "Continuing", "sound:beep", "continuing"),
        (0.44, "Started", "digits:12", "playing"),
        (2.12, "Continuing", "digits:12", "continuing"),
        (2.12, "Started", "recording:mine", "playing"),
        (5.12, "Finished", "recording:mine", "done"),
    ]
    assert "next_media_uri" not in playback.json()
    assert len(player.over) == 1


@pytest.mark.parametrize("media", ["sound:nosuch", "sound:", "tone:nosuch", "sound:beep.gsm"])
def test_missing_media_fail(player: Player, media: str) -> None:
    player.play(media)
    assert player.ends() == [(0, "failed")]


def test_missing_recording_starts_without_an_end_event(player: Player) -> None:
    player.play("recording:nosuch")
    player.clock.advance(60)
    assert player.ends() == []


def test_missing_sound_does_not_fail_a_list(player: Player) -> None:
    player.play("sound:nosuch,sound:beep")
    player.clock.advance(1)
    assert player.ends() == [(0.44, "done")]


@pytest.mark.parametrize("media", ["bogus:x", "hello", "number:abc", "number:", "tone:ring,!0/200"])
def test_unknown_scheme_starts_without_an_end_event(player: Player, media: str) -> None:
    playback = player.play(media)
    if media.startswith("tone"):
        playback.stop()
    player.clock.advance(60)
    assert playback.ended
    assert player.ends() == []
    assert len(player.over) == 1


@pytest.mark.parametrize("media", ["digits:", "digits:xyz", "characters:"])
def test_empty_media_finish_at_once(player: Player, media: str) -> None:
    player.play(media)
    player.clock.advance(0)
    assert player.ends() == [(0, "done")]


def test_pause_stops_the_time_and_unpause_starts_again(player: Player) -> None:
    playback = player.play("sound:vm-intro")
    player.clock.advance(1)
    playback.control("pause")
    playback.control("pause")
    assert playback.state == "paused"
    player.clock.advance(2)
    playback.control("unpause")
    playback.control("unpause")
    player.clock.advance(10)
    assert [name for _, name, _, _ in player.events] == ["Started", "Started", "Finished"]
    assert player.ends() == [(pytest.approx(INTRO + 2), "done")]


@pytest.mark.parametrize(
    ("at", "skip", "operation", "left"),
    [
        (1, 1000, "forward", INTRO - 2),
        (3, 1000, "reverse", INTRO - 2),
        (1, 3000, "reverse", INTRO),
        (1, 3000, "restart", INTRO),
        (1, 10000, "forward", INTRO),
        (4.5, 3000, "forward", 3),
    ],
)
def test_forward_and_reverse_move_the_position(
    player: Player, at: float, skip: int, operation: str, left: float
) -> None:
    playback = player.play("sound:vm-intro", skip=skip)
    player.clock.advance(at)
    playback.control(operation)
    player.clock.advance(20)
    assert player.ends() == [(pytest.approx(at + left), "done")]


def test_forward_beyond_the_end_restarts(player: Player) -> None:
    playback = player.play("sound:vm-intro", skip=3000)
    player.clock.advance(4.5)
    playback.control("forward")
    player.clock.advance(2.9)
    assert player.ends() == []
    player.clock.advance(0.2)
    assert player.ends() == [(7.5, "done")]


def test_offset_skips_the_beginning_of_first_medium(player: Player) -> None:
    player.play("sound:vm-intro", offset=4000)
    player.clock.advance(10)
    assert player.ends() == [(pytest.approx(1.66), "done")]


def test_stopping_a_list_skips_the_rest(player: Player) -> None:
    playback = player.play("sound:vm-intro,sound:beep")
    player.clock.advance(0.3)
    playback.stop()
    assert player.events[-1] == (0.3, "Finished", "sound:vm-intro", "done")
    assert playback.json()["next_media_uri"] == "sound:beep"


def test_stopping_a_tone_continues_the_list(player: Player) -> None:
    playback = player.play("tone:dial,sound:beep")
    player.clock.advance(60)
    playback.stop()
    player.clock.advance(1)
    assert [name for _, name, _, _ in player.events] == [
        "Started",
        "Continuing",
        "Started",
        "Finished",
    ]


@pytest.mark.parametrize("operation", ["pause", "restart", "forward", "reverse"])
def test_digits_cannot_be_controlled(player: Player, operation: str) -> None:
    playback = player.play("digits:1234")
    with pytest.raises(AriRefusal, match=f"Could not {operation} playback") as refused:
        playback.control(operation)
    assert refused.value.status == 500
    playback.control("unpause")
    with pytest.raises(AriRefusal, match="Could not stop playback"):
        playback.stop()
    player.clock.advance(5)
    assert player.ends() == [(3.34, "done")]


@pytest.mark.parametrize("operation", ["pause", "unpause", "forward", "reverse"])
def test_queued_playback_cannot_be_controlled(player: Player, operation: str) -> None:
    playback = player.make("sound:beep")
    with pytest.raises(AriRefusal, match=f"Can only {operation} while media is playing") as refused:
        playback.control(operation)
    assert refused.value.status == 409
    playback.control("restart")


@pytest.mark.parametrize("operation", ["restart", "forward", "reverse"])
def test_paused_playback_refuses_forward_and_reverse(player: Player, operation: str) -> None:
    playback = player.play("sound:vm-intro")
    playback.control("pause")
    with pytest.raises(AriRefusal, match=f"Can only {operation} while media is playing"):
        playback.control(operation)


def test_stopped_while_queued_it_only_finishes(player: Player) -> None:
    playback = player.make("sound:beep")
    playback.stop()
    playback.begin()
    assert player.events == [(0, "Finished", "sound:beep", "done")]


def test_hangup_fails_current_and_queued_playbacks(player: Player) -> None:
    player.play("sound:vm-intro,sound:beep").hang_up()
    player.make("sound:beep").hang_up()
    player.clock.advance(10)
    assert [event[1:] for event in player.events] == [
        ("Started", "sound:vm-intro", "playing"),
        ("Finished", "sound:vm-intro", "failed"),
        ("Started", "sound:beep", "playing"),
        ("Finished", "sound:beep", "failed"),
    ]
