"""What a real Asterisk 22.10 did, second by second, when it was asked the same."""

import pytest

from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.playbacks import Playback, medium
from tests.simulator.virtual_clock import VirtualClock

INTRO = 5.66  # seconds that sound:vm-intro lasts


class Player:
    def __init__(self):
        self.clock, self.events, self.over = VirtualClock(), [], []

    def make(self, media, **options):
        playback = Playback(
            "p", media.split(","), "channel:c", "en", self.clock, self._hear, self._find, **options
        )
        playback.on_end.append(lambda: self.over.append(self.clock.now))
        return playback

    def play(self, media, **options):
        playback = self.make(media, **options)
        playback.begin()
        return playback

    def _hear(self, event):
        playback = event["playback"]
        name = event["type"].removeprefix("Playback")
        self.events.append(
            (round(self.clock.now - 1e6, 3), name, playback["media_uri"], playback["state"])
        )

    def _find(self, uri):
        return medium(uri, {"mine": 3000}.get)

    def ends(self):
        return [(at, state) for at, name, _, state in self.events if name == "Finished"]


@pytest.fixture
def player():
    return Player()


def test_a_list_is_played_one_after_another(player):
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
def test_what_is_missing_fails(player, media):
    player.play(media)
    assert player.ends() == [(0, "failed")]


def test_a_recording_that_is_missing_begins_and_is_never_heard_of_again(player):
    player.play("recording:nosuch")
    player.clock.advance(60)
    assert player.ends() == []


def test_a_missing_sound_does_not_fail_a_list(player):
    player.play("sound:nosuch,sound:beep")
    player.clock.advance(1)
    assert player.ends() == [(0.44, "done")]


@pytest.mark.parametrize("media", ["bogus:x", "hello", "number:abc", "number:", "tone:ring,!0/200"])
def test_an_unknown_scheme_starts_and_is_never_heard_of_again(player, media):
    playback = player.play(media)
    if media.startswith("tone"):
        playback.stop()
    player.clock.advance(60)
    assert playback.ended
    assert player.ends() == []
    assert len(player.over) == 1


@pytest.mark.parametrize("media", ["digits:", "digits:xyz", "characters:"])
def test_nothing_to_say_is_said_at_once(player, media):
    player.play(media)
    player.clock.advance(0)
    assert player.ends() == [(0, "done")]


def test_pause_stops_the_time_and_unpause_starts_again(player):
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
def test_moves(player, at, skip, operation, left):
    playback = player.play("sound:vm-intro", skip=skip)
    player.clock.advance(at)
    playback.control(operation)
    player.clock.advance(20)
    assert player.ends() == [(pytest.approx(at + left), "done")]


def test_forward_beyond_the_end_goes_back_from_it(player):
    playback = player.play("sound:vm-intro", skip=3000)
    player.clock.advance(4.5)
    playback.control("forward")
    player.clock.advance(2.9)
    assert player.ends() == []
    player.clock.advance(0.2)
    assert player.ends() == [(7.5, "done")]


def test_the_first_medium_can_begin_later(player):
    player.play("sound:vm-intro", offset=4000)
    player.clock.advance(10)
    assert player.ends() == [(pytest.approx(1.66), "done")]


def test_stopping_a_list_skips_the_rest(player):
    playback = player.play("sound:vm-intro,sound:beep")
    player.clock.advance(0.3)
    playback.stop()
    assert player.events[-1] == (0.3, "Finished", "sound:vm-intro", "done")
    assert playback.json()["next_media_uri"] == "sound:beep"


def test_stopping_a_tone_goes_on_with_the_list(player):
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
def test_digits_cannot_be_controlled(player, operation):
    playback = player.play("digits:1234")
    with pytest.raises(Refused, match=f"Could not {operation} playback") as refused:
        playback.control(operation)
    assert refused.value.status == 500
    playback.control("unpause")
    with pytest.raises(Refused, match="Could not stop playback"):
        playback.stop()
    player.clock.advance(5)
    assert player.ends() == [(3.34, "done")]


@pytest.mark.parametrize("operation", ["pause", "unpause", "forward", "reverse"])
def test_what_is_queued_cannot_be_controlled(player, operation):
    playback = player.make("sound:beep")
    with pytest.raises(Refused, match=f"Can only {operation} while media is playing") as refused:
        playback.control(operation)
    assert refused.value.status == 409
    playback.control("restart")


@pytest.mark.parametrize("operation", ["restart", "forward", "reverse"])
def test_what_is_paused_cannot_be_moved_in(player, operation):
    playback = player.play("sound:vm-intro")
    playback.control("pause")
    with pytest.raises(Refused, match=f"Can only {operation} while media is playing"):
        playback.control(operation)


def test_stopped_while_queued_it_only_finishes(player):
    playback = player.make("sound:beep")
    playback.stop()
    playback.begin()
    assert player.events == [(0, "Finished", "sound:beep", "done")]


def test_a_hangup_fails_what_plays_and_what_waits(player):
    player.play("sound:vm-intro,sound:beep").hang_up()
    player.make("sound:beep").hang_up()
    player.clock.advance(10)
    assert [event[1:] for event in player.events] == [
        ("Started", "sound:vm-intro", "playing"),
        ("Finished", "sound:vm-intro", "failed"),
        ("Started", "sound:beep", "playing"),
        ("Finished", "sound:beep", "failed"),
    ]
