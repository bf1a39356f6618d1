"""The exercise of notebook 12, done right and wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import pytest
import websocket

from tests.lessons.conftest import Student

pytestmark = pytest.mark.threads  # its server is a program of its own, with a socket

LESSON = "one-socket"

Ask = Callable[[str, str], None]


@pytest.fixture
def ask(student: Student) -> Iterator[Ask]:
    """Sends a request over a separate socket, and waits for the answer."""
    exchange = student.ari.simulator
    address = exchange.url.replace("http", "ws", 1) + "/ari/events?app=by-hand"
    socket = websocket.create_connection(
        f"{address}&api_key={exchange.user}:{exchange.password}", timeout=10
    )
    numbers = itertools.count()

    def send(method: str, uri: str) -> None:
        request = {"type": "RESTRequest", "method": method, "uri": uri}
        socket.send(json.dumps(request | {"request_id": str(next(numbers))}))
        while json.loads(answer := socket.recv())["type"] != "RESTResponse":
            pass
        assert json.loads(answer)["status_code"] < 300

    yield send
    socket.close()


def play(student: Student, ask: Ask, id: str, playback: str) -> None:
    ask("POST", f"channels/{id}/play?media=sound:hello-world&playbackId={playback}")
    student.ari.wait_for("PlaybackStarted")


def hang_up(student: Student, ask: Ask, id: str) -> None:
    ask("DELETE", f"channels/{id}")
    student.ari.wait_for("StasisEnd")


def test_exercise_done_right_misses_no_step(student: Student, ask: Ask) -> None:
    assert student.missing() == 1
    id = student.call().id
    assert student.missing() == 2
    ask("POST", f"channels/{id}/variable?variable=VIA&value=socket")
    student.ari.wait_for("ChannelVarset", variable="VIA")
    assert student.missing() == 3
    play(student, ask, id, "by-hand-1")
    assert student.missing() == 4
    student.ari.wait_for("PlaybackFinished")
    hang_up(student, ask, id)
    assert student.missing() == 0


def test_variable_set_by_the_session_is_reported(student: Student) -> None:
    channel = student.call()
    channel.set_channel_var("VIA", "socket")
    student.ari.wait_for("ChannelVarset", variable="VIA")
    assert student.missing() == 2
    assert "The session did that" in student.hint()


def test_other_value_is_reported(student: Student, ask: Ask) -> None:
    ask("POST", f"channels/{student.call().id}/variable?variable=VIA&value=http")
    student.ari.wait_for("ChannelVarset", variable="VIA")
    assert student.missing() == 2
    assert "http" in student.hint()


@pytest.fixture
def on_the_way(student: Student, ask: Ask) -> str:
    """The id of a call whose variable is set."""
    id: str = student.call().id
    ask("POST", f"channels/{id}/variable?variable=VIA&value=socket")
    student.ari.wait_for("ChannelVarset", variable="VIA")
    return id


def test_playback_of_other_id_is_reported(student: Student, ask: Ask, on_the_way: str) -> None:
    play(student, ask, on_the_way, "something")
    assert student.missing() == 3
    assert "another id" in student.hint()


def test_playback_by_the_session_is_reported(student: Student, on_the_way: str) -> None:
    student.ari.channels[on_the_way].play(media="sound:hello-world", playback_id="by-hand-1")
    student.ari.wait_for("PlaybackStarted")
    assert student.missing() == 3
    assert "The session did that" in student.hint()


def test_hangup_during_playback_is_reported(student: Student, ask: Ask, on_the_way: str) -> None:
    play(student, ask, on_the_way, "by-hand-1")
    hang_up(student, ask, on_the_way)
    assert student.missing() == 4
    assert "before all of it" in student.hint()


def test_hangup_by_the_session_is_reported(student: Student, ask: Ask, on_the_way: str) -> None:
    play(student, ask, on_the_way, "by-hand-1")
    student.ari.wait_for("PlaybackFinished")
    student.ari.channels[on_the_way].hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 4
    assert "The session hung up" in student.hint()


def test_playback_by_the_socket_after_the_session_counts(student: Student, ask: Ask) -> None:
    """The playback has the same id in both calls."""
    student.call().play("sound:hello-world", playback_id="by-hand-1")
    student.ari.wait_for("PlaybackFinished")
    id = student.call().id
    ask("POST", f"channels/{id}/variable?variable=VIA&value=socket")
    play(student, ask, id, "by-hand-1")
    student.ari.wait_for("PlaybackFinished")
    hang_up(student, ask, id)
    assert student.missing() == 0
