"""A session on the simulator and on a real Asterisk."""

from __future__ import annotations

import io
import threading
import time
import wave
from array import array
from typing import Literal

import pytest

import ari_notebook
from ari_notebook import Channel
from ari_notebook.events import StasisStart
from ari_notebook.sessions.session import Session
from tests.helpers.servers import Server
from tests.helpers.waiting import until


def test_hello_world(ari: Session) -> None:
    ari.call("1000", caller="Alice <5551>")
    start = ari.wait_for("StasisStart")
    assert start.channel.caller == {"name": "Alice", "number": "5551"}
    channel = ari.current_channel
    assert channel == start.channel.id
    assert channel in ari.channels
    row = ari.channels.df.loc[channel.id]
    assert (row["state"], row["caller_number"], row["in_stasis"]) == ("Up", "5551", True)
    playback = channel.play("sound:hello-world")
    assert ari.wait_for("PlaybackStarted", playback=playback).playback.state == "playing"
    assert ari.wait_for("PlaybackFinished", playback=playback).playback.state == "done"
    assert playback.state == "done"
    channel.hangup()
    ari.wait_for("StasisEnd", channel=channel)
    until(lambda: channel not in ari.channels)
    types = list(ari.events.df["type"])
    order = ["StasisStart", "PlaybackStarted", "PlaybackFinished", "StasisEnd"]
    assert [name for name in types if name in order] == order
    assert str(ari.events.df["timestamp"].dtype) == "datetime64[us, UTC]"


def test_channel_that_is_on_its_way_into_stasis_is_waited_for(ari: Session) -> None:
    ari.call("1000")  # Asterisk takes up to half a second to answer
    ari.current_channel.play("sound:beep")


def test_call_of_the_embedded_simulator() -> None:
    with ari_notebook.connect(url=None) as ari:
        ari.call("1000")
        ari.current_channel.play("sound:beep")


def test_requests_are_logged_without_the_password(ari: Session) -> None:
    ari.channels.list()
    request = ari.requests.last
    assert request is not None
    assert (request.method, request.path, request.status) == ("GET", "/channels", 200)
    assert request.curl().startswith(f"curl -v -u asterisk -X GET {ari.url}/ari/")
    assert "asterisk:asterisk" not in ari.requests.df.to_string()


def test_table_has_its_columns_where_it_has_no_rows(ari: Session) -> None:
    for empty in (ari.recordings.df, ari.device_states.df, ari.playbacks.df):
        assert len(empty) == 0
        assert "state" in empty
        assert empty.index.name == "id"


def test_caller_presses_keys_and_hangs_up(ari: Session) -> None:
    caller = ari.call("1000")
    channel = ari.wait_for("StasisStart").channel.id
    caller.press("5#")
    digits = [ari.wait_for("ChannelDtmfReceived", channel=channel).digit for _ in range(2)]
    assert digits == ["5", "#"]
    caller.hangup()
    ari.wait_for("StasisEnd", channel=channel)


def test_caller_talks_until_quiet(ari: Session) -> None:
    caller = ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.record("speech", format="wav", ifExists="overwrite")
    ari.wait_for("RecordingStarted")
    for _ in range(2):  # idempotent
        caller.talk()
    time.sleep(0.7)
    for _ in range(2):
        caller.quiet()
    ari.recordings.stop("speech")
    ari.wait_for("RecordingFinished")
    with wave.open(io.BytesIO(ari.recordings.get_stored_file("speech"))) as file:
        samples = array("h", file.readframes(file.getnframes()))
    assert max(samples) > 1000
    ari.recordings.delete_stored("speech")


def test_event_before_the_wait_is_found_and_returned_once(ari: Session) -> None:
    ari.call("1000")
    until(lambda: ari.events.last("StasisStart"))
    ari.wait_for("StasisStart", timeout=0)
    with pytest.raises(ari_notebook.EventTimeout, match="after those already returned"):
        ari.wait_for("StasisStart", timeout=0.2)


def test_handlers_get_what_they_ask_for_and_failures_are_reported(ari: Session) -> None:
    published: list[str] = []
    seen: list[object] = []
    ari.notices.add_listener(published.append)

    @ari.on("StasisStart")
    def begins(event: StasisStart, channel: Channel, ari: Session) -> None:
        seen.append((event.type, channel.state, ari))
        raise RuntimeError("oops")

    ari.call("1000")
    until(lambda: ari.handlers["begins"].failures)
    assert seen == [("StasisStart", "Up", ari)]
    until(lambda: published)
    assert published == ["handler begins failed on StasisStart: RuntimeError: oops"]
    assert "RuntimeError: oops" in ari.events.df.query("origin == 'handler'")["detail"].iloc[0]


def test_async_handler_waits_for_the_next_event(ari: Session) -> None:
    done = threading.Event()

    @ari.on("StasisStart")
    async def greet(channel: Channel, ari: Session) -> None:
        playback = channel.play("sound:beep")
        await ari.next_event("PlaybackFinished", playback=playback)
        done.set()

    ari.call("1000")
    until(done.is_set)


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_errors_mean_what_asterisk_says(
    exchange_server: Server, transport: Literal["http", "websocket"]
) -> None:
    with ari_notebook.connect(exchange_server.url, transport=transport) as ari:
        with pytest.raises(ari_notebook.NotFound, match="Channel not found") as caught:
            ari.channels.get("nosuch")
        assert caught.value.status == 404
        with pytest.raises(ari_notebook.InvalidParameter, match="media is missing"):
            ari.channels.play("nosuch")  # type: ignore[call-arg]  # what a program gets that is not checked
        with pytest.raises(ari_notebook.ServerError, match="Allocation failed"):
            ari.channels.originate("Nope/1", app="hello-world")
        ari.call("1003")
        channel = ari.wait_for("StasisStart").channel
        ari.channels.play(channel.id, "sound:no-such-sound")
        assert ari.wait_for("PlaybackFinished").playback.state == "failed"


def test_read_only_sessions_send_nothing_that_changes(exchange_server: Server) -> None:
    with ari_notebook.connect(exchange_server.url, read_only=True) as ari:
        for change in (lambda: ari.call("1000"), lambda: ari.bridges.create()):
            with pytest.raises(ari_notebook.ReadOnly):
                change()
        assert len(ari.requests) == 0
        ari.bridges.list()


def test_user_who_may_only_look(exchange_server: Server) -> None:
    with (
        ari_notebook.connect(
            exchange_server.url, user="observer", password=exchange_server.password_of("observer")
        ) as ari,
        pytest.raises(ari_notebook.ReadOnly, match="Write access denied"),
    ):
        ari.bridges.create()


def test_wrong_password(exchange_server: Server) -> None:
    with pytest.raises(ari_notebook.AuthenticationFailed, match=r"ari\.conf"):
        ari_notebook.connect(exchange_server.url, password="wrong")


def test_closed_session_leaves_nothing_running(exchange_server: Server) -> None:
    before = set(threading.enumerate())
    with ari_notebook.connect(exchange_server.url) as ari:
        ari.on("StasisStart")(lambda event: None)
        ari.call("1000")
        ari.wait_for("StasisStart")
    until(lambda: set(threading.enumerate()) <= before)
    with pytest.raises(ari_notebook.SessionClosed):
        ari.bridges.list()


def test_application_taken_over_is_not_fought_for(exchange_server: Server) -> None:
    url = exchange_server.url
    names = ["hello-world", "another"]
    with ari_notebook.connect(url, app=names) as first, ari_notebook.connect(url) as second:
        until(lambda: first.status.state == "replaced")
        assert second.status.state == "connected"
        with pytest.raises(ari_notebook.ApplicationTaken, match="as hello-world and receives"):
            first.wait_for("StasisStart", timeout=1)
        second.call("1000")
        second.wait_for("StasisStart")


def test_answer_knows_better_than_the_events_before_it(ari: Session) -> None:
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.continue_in_dialplan(context="default", extension="1001", priority=1)
    ari.wait_for("StasisEnd")
    until(lambda: channel.get().dialplan["app_name"] == "Echo")
    assert channel.get().dialplan["exten"] == "1001"
