"""Order and loss between the event stream and a program's handlers and waits."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook import Channel, Playback
from ari_notebook.connection import event_order
from ari_notebook.connection.event_order import Copies, EventOrder, subject
from ari_notebook.sessions.session import Session
from tests.helpers.servers import Server
from tests.helpers.waiting import until

APPS = ["hello-world", "second"]


@pytest.fixture
def connect(exchange_server: Server) -> Iterator[Callable[..., Session]]:
    """Connects to either server; removes what it created."""
    opened: list[Session] = []

    def open_session(**options: Any) -> Session:
        opened.append(ari_notebook.connect(exchange_server.url, tidy=True, **options))
        return opened[-1]

    yield open_session
    for session in opened:
        session.close()


def arrive(ari: Session) -> tuple[Any, Any]:
    """Make a call; return the caller and the channel in Stasis."""
    phone = ari.call("1000")
    channel = ari.wait_for("StasisStart", timeout=30)["channel"]["id"]
    ari.channels.answer(channel)
    until(lambda: ari.tables.channels[channel]["state"] == "Up")
    return phone, ari.channels[channel]


def press(phone: Any, key: str) -> None:
    """Press a key, as soon as the caller can."""
    for _ in range(100):
        try:
            phone.press(key)
            return
        except ari_notebook.Conflict:  # its own half is not in Stasis yet
            time.sleep(0.05)


def pressed(ari: Session) -> str:
    """Return the latest key that the log has."""
    event = ari.events.last("ChannelDtmfReceived")
    return "" if event is None else str(event["digit"])


class TestHandlers:
    def test_key_is_handled_after_slow_start_of_its_channel(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        known: dict[str, Channel] = {}
        missed: list[str] = []
        found: list[str] = []

        @ari.on("StasisStart")
        def arrives(channel: Channel) -> None:
            time.sleep(0.15)
            known[channel.id] = channel

        @ari.on("ChannelDtmfReceived")
        def key(channel: Channel) -> None:
            (found if channel.id in known else missed).append(channel.id)

        @ari.on("ChannelStateChange", state="Up")
        def up(channel: Channel) -> None:
            pass

        phones = [ari.call("1000") for _ in range(6)]
        until(lambda: len(ari.tables.channels) >= 6)
        for channel in list(ari.channels):
            channel.answer()
        for phone in phones:
            press(phone, "1")
        until(lambda: len(found) + len(missed) == 6)
        assert missed == []
        for phone in phones:
            phone.hangup()

    def test_handler_that_waits_lets_later_events_pass(
        self, connect: Callable[..., Session]
    ) -> None:
        ari, keys, ended = connect(), [], threading.Event()

        @ari.on("StasisStart")
        def arrives(channel: Channel) -> None:
            channel.answer()
            ari.wait_for("ChannelDtmfReceived", channel=channel, digit="5", timeout=30)
            ended.set()

        @ari.on("ChannelDtmfReceived")
        def key(event: Any) -> None:
            keys.append(event["digit"])

        phone = ari.call("1000")
        until(lambda: ari.handlers["arrives"].runs)
        press(phone, "4")
        until(lambda: keys == ["4"])
        assert not ended.is_set()
        press(phone, "5")
        until(ended.is_set)
        phone.hangup()

    def test_event_of_two_applications_runs_handler_once(
        self, connect: Callable[..., Session]
    ) -> None:
        ari, keys = connect(app=APPS), []
        phone, channel = arrive(ari)
        channel.move("second")
        ari.wait_for("StasisStart", application="second")
        ari.on("ChannelDtmfReceived")(lambda event: keys.append(event["digit"]))
        for digit in "123":
            press(phone, digit)
            time.sleep(0.2)
        until(lambda: len(keys) >= 3)
        time.sleep(0.3)
        assert keys == ["1", "2", "3"]
        found = [ari.wait_for("ChannelDtmfReceived", timeout=30)["digit"] for _ in range(3)]
        assert found == ["1", "2", "3"]
        phone.hangup()

    def test_channel_that_moves_stays_in_table(self, connect: Callable[..., Session]) -> None:
        ari = connect(app=APPS)
        for _ in range(5):
            phone, channel = arrive(ari)
            channel.move("second")
            ari.wait_for("StasisStart", application="second", channel=channel)
            ari.wait_for("StasisEnd", application="hello-world", channel=channel)
            assert ari.channels[channel.id].app_name == "second"
            assert channel.id in ari.tables.channels
            phone.hangup()
            ari.wait_for("StasisEnd", application="second", channel=channel)
            until(lambda: channel.id not in ari.tables.channels)  # noqa: B023

    def test_playback_event_has_its_channel(self, connect: Callable[..., Session]) -> None:
        ari, seen = connect(), []
        phone, channel = arrive(ari)

        @ari.on("PlaybackFinished", channel=channel)
        def over(channel: Channel | None, playback: Playback) -> None:
            assert channel is not None
            seen.append((channel.id, playback.media_uri))

        channel.play("sound:beep")
        finished = ari.wait_for(
            ["ChannelDtmfReceived", "PlaybackFinished", "StasisEnd"], channel=channel
        )
        assert finished["type"] == "PlaybackFinished"
        until(lambda: seen)
        assert seen == [(channel.id, "sound:beep")]
        phone.hangup()

    def test_recording_event_has_its_channel(self, connect: Callable[..., Session]) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        name = f"order-{time.time_ns()}"
        channel.record(name, format="wav", maxDurationSeconds=1)
        assert ari.wait_for("RecordingFinished", channel=channel)["recording"]["name"] == name
        ari.recordings.delete_stored(name)
        phone.hangup()


class TestHandlerFailed:
    def test_failure_is_event_and_log_record(
        self, connect: Callable[..., Session], caplog: pytest.LogCaptureFixture
    ) -> None:
        ari, seen = connect(), []

        @ari.on("ChannelUserevent")
        def broken() -> None:
            raise RuntimeError("bug")

        ari.on("HandlerFailed")(lambda event: seen.append(event.handler))
        ari.events.user_event("x", application=ari.apps[0])
        failed = ari.wait_for("HandlerFailed", handler="broken", timeout=30)
        assert failed["event"] == "ChannelUserevent"
        assert failed["error"] == "RuntimeError: bug"
        assert "raise RuntimeError" in failed["traceback"]
        until(lambda: seen == ["broken"])
        until(lambda: caplog.records)
        (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert record.name == "ari_notebook.connection"
        assert "handler broken failed on ChannelUserevent: RuntimeError: bug" in record.message
        assert "raise RuntimeError" in record.message
        assert "1 handler" not in str(ari.status)
        assert "2 handlers, failed once" in str(ari.status)

    def test_failing_handler_of_failures_does_not_run_for_itself(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()

        @ari.on("*")
        def broken() -> None:
            raise RuntimeError("bug")

        ari.events.user_event("x", application=ari.apps[0])
        until(lambda: ari.handlers["broken"].failures == 2)
        time.sleep(0.2)
        assert ari.handlers["broken"].failures == 2  # the event, and its failure

    def test_failure_in_script_reaches_stderr(self) -> None:
        script = """
import ari_notebook
with ari_notebook.connect() as ari:
    @ari.on("ChannelUserevent")
    def broken():
        raise RuntimeError("bug")
    ari.events.user_event("x", application=ari.apps[0])
    ari.wait_for("HandlerFailed")
"""
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0
        assert "handler broken failed on ChannelUserevent: RuntimeError: bug" in done.stderr


class TestWaits:
    def test_key_typed_before_own_request_is_found(self, connect: Callable[..., Session]) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        press(phone, "6")
        until(lambda: ari.events.last("ChannelDtmfReceived"))
        channel.set_channel_var("COLOUR", value="red")
        assert ari.wait_for("ChannelDtmfReceived", timeout=30)["digit"] == "6"
        press(phone, "7")
        until(lambda: pressed(ari) == "7")
        channel.play("sound:beep")
        assert ari.wait_for("ChannelDtmfReceived", channel=channel, timeout=30)["digit"] == "7"
        phone.hangup()

    def test_key_of_call_that_is_over_is_not_returned(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        press(phone, "6")
        until(lambda: ari.events.last("ChannelDtmfReceived"))
        phone.hangup()
        ari.wait_for("StasisEnd", channel=channel)
        ari.bridges.create()
        with pytest.raises(ari_notebook.EventTimeout):
            ari.wait_for("ChannelDtmfReceived", timeout=0.2)

    def test_older_key_is_not_returned_after_newer(self, connect: Callable[..., Session]) -> None:
        ari = connect()
        phone, _ = arrive(ari)
        for digit in "12":
            press(phone, digit)
            until(lambda: pressed(ari) == digit)  # noqa: B023
        assert ari.wait_for("ChannelDtmfReceived", digit="2", timeout=30)
        with pytest.raises(ari_notebook.EventTimeout, match="before this program's last"):
            ari.wait_for("ChannelDtmfReceived", digit="1", timeout=0.2)
        phone.hangup()

    def test_starts_of_two_originated_channels_are_found_in_any_order(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        first, second = (
            ari.channels.originate("Local/1001@default", app=ari.apps[0]) for _ in range(2)
        )
        until(
            lambda: {first.id, second.id} <= {e["channel"]["id"] for e in ari.events if _starts(e)}
        )
        for channel in (first, second):
            assert ari.wait_for("StasisStart", channel=channel, timeout=30)

    def test_request_about_other_object_does_not_hide_event(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        playback = channel.play("sound:beep")
        until(lambda: ari.events.last("PlaybackFinished"))
        ari.bridges.create()
        assert ari.wait_for("PlaybackFinished", playback=playback, timeout=30)
        phone.hangup()

    def test_later_playback_of_channel_is_not_mixed_up_with_earlier(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        channel.play("sound:beep")
        until(lambda: ari.events.last("PlaybackFinished"))
        second = channel.play("sound:beep")
        assert ari.wait_for("PlaybackFinished", channel=channel)["playback"]["id"] == second.id
        phone.hangup()

    @pytest.mark.threads
    def test_waits_in_to_thread_miss_nothing(self, connect: Callable[..., Session]) -> None:
        ari = connect()

        async def program() -> list[str]:
            phone, channel = arrive(ari)
            found = []
            for digit in "123":
                waiting = asyncio.create_task(
                    asyncio.to_thread(ari.wait_for, "ChannelDtmfReceived", 5, channel=channel)
                )
                press(phone, digit)
                until(lambda: pressed(ari) == digit)  # noqa: B023
                ari.bridges.create()
                found.append((await waiting)["digit"])
            phone.hangup()
            return found

        assert asyncio.run(program()) == ["1", "2", "3"]

    def test_time_out_says_that_a_fitting_event_came_before(
        self, connect: Callable[..., Session]
    ) -> None:
        ari = connect()
        ari.events.user_event("x", application=ari.apps[0])
        until(lambda: ari.events.last("ChannelUserevent"))
        ari.bridges.create()
        with pytest.raises(ari_notebook.EventTimeout, match=r"The last one came at .* before this"):
            ari.wait_for("ChannelUserevent", timeout=0.2)

    @pytest.mark.parametrize("timeout", [float("nan"), -1, "soon", None])
    def test_timeout_that_is_not_a_number_is_refused(
        self, connect: Callable[..., Session], timeout: Any
    ) -> None:
        with pytest.raises(ari_notebook.UsageProblem, match="a number of seconds from 0"):
            connect().wait_for("StasisStart", timeout=timeout)


class TestWhatNoEventPublishes:
    def test_bridge_that_another_program_deletes_leaves_table(
        self, connect: Callable[..., Session]
    ) -> None:
        ari, other = connect(), connect(app="other", name="other")
        bridge = ari.bridges.create()
        other.request("DELETE", f"/bridges/{bridge.id}")
        assert bridge.id not in ari.bridges.df.index
        assert bridge.id not in ari.tables.bridges

    def test_empty_bridge_that_is_deleted_leaves_table_unread(
        self, connect: Callable[..., Session]
    ) -> None:
        ari, other = connect(), connect(app="other", name="other")
        bridge = ari.bridges.create()
        other.request("DELETE", f"/bridges/{bridge.id}")
        until(lambda: bridge.id not in ari.tables.bridges)

    def test_bridge_of_raw_request_is_in_table(self, connect: Callable[..., Session]) -> None:
        ari = connect()
        made = ari.request("POST", "/bridges", {"type": "mixing"}).json()
        assert made["id"] in ari.bridges.df.index
        ari.request("DELETE", f"/bridges/{made['id']}")
        assert made["id"] not in ari.bridges.df.index

    def test_object_unknown_to_server_leaves_table(self, connect: Callable[..., Session]) -> None:
        ari = connect()
        bridge = ari.bridges.create()
        ari.tables.bridges["ghost"] = dict(ari.tables.bridges[bridge.id], id="ghost")
        with pytest.raises(ari_notebook.NotFound):
            ari.bridges["ghost"].destroy()
        assert list(ari.tables.bridges) == [bridge.id]

    def test_abandoned_playback_ends_with_added_event(
        self, connect: Callable[..., Session], caplog: pytest.LogCaptureFixture
    ) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        answer = ari.request(
            "POST", f"/channels/{channel.id}/play", {"media": "recording:no-such-recording"}
        )
        finished = ari.wait_for("PlaybackFinished", playback=answer.json()["id"], timeout=30)
        assert finished["playback"]["state"] == "failed"
        assert answer.json()["id"] not in ari.tables.playbacks
        assert ari.events.df.iloc[-1]["origin"] or "resync" in set(ari.events.df["origin"])
        until(lambda: "no stored recording" in caplog.text)
        phone.hangup()

    def test_sound_that_bridge_left_is_not_called_missing(
        self, connect: Callable[..., Session], caplog: pytest.LogCaptureFixture
    ) -> None:
        ari = connect()
        phone, channel = arrive(ari)
        bridge = ari.bridges.create()
        bridge.add_channel(channel)
        ari.wait_for("ChannelEnteredBridge")
        playback = bridge.play("sound:tt-monkeys")
        ari.wait_for("PlaybackStarted", playback=playback)
        time.sleep(0.5)
        bridge.remove_channel(channel)
        # A real Asterisk publishes no end event once the application has left the bridge.
        time.sleep(1)
        assert "installed" not in caplog.text
        phone.hangup()


def _starts(event: Any) -> bool:
    return event["type"] == "StasisStart" and "origin" not in event


class _Slow:
    """A handler that takes events and never finishes them by itself."""

    name = "slow"

    def __init__(self) -> None:
        self.taken: list[tuple[Any, Callable[[], None]]] = []

    def offer(self, event: Any, finished: Callable[[], None]) -> bool:
        self.taken.append((event, finished))
        return True


class _Stopped(_Slow):
    def offer(self, event: Any, finished: Callable[[], None]) -> bool:
        return False


class TestEventOrder:
    def test_next_event_of_channel_waits_for_all_handlers(self) -> None:
        order, one, other = EventOrder(), _Slow(), _Slow()
        order.submit("a", 1, [one, other])
        order.submit("a", 2, [other])
        order.submit("b", 3, [other])
        assert [event for event, _ in other.taken] == [1, 3]
        one.taken[0][1]()
        one.taken[0][1]()  # a second time counts for nothing
        assert [event for event, _ in other.taken] == [1, 3]
        other.taken[0][1]()
        assert [event for event, _ in other.taken] == [1, 3, 2]

    def test_events_of_stopped_handlers_pass_without_recursion(self) -> None:
        order, slow, stopped = EventOrder(), _Slow(), _Stopped()
        order.submit("a", 0, [slow])
        for number in range(5000):
            order.submit("a", number, [stopped])
        order.submit("a", "last", [slow])
        slow.taken[0][1]()
        assert [event for event, _ in slow.taken] == [0, "last"]

    def test_long_turn_releases_later_events(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_order, "LONGEST_SECONDS", 0.2)
        order, slow = EventOrder(), _Slow()
        order.submit("a", 1, [slow])
        order.submit("a", 2, [slow])
        until(lambda: len(slow.taken) == 2)


class TestCopies:
    def test_same_event_for_other_application_is_copy(self) -> None:
        event = {"type": "ChannelDtmfReceived", "timestamp": "t", "digit": "1"}
        channel = {"channel": {"id": "a"}}
        copies, x = Copies(), {**event, **channel, "application": "x"}
        copies.note([x, {**x, "application": "y"}, {**x, "digit": "2"}, dict(x)], 10)
        assert [copies.original(place) for place in range(10, 14)] == [None, x, None, None]

    @pytest.mark.parametrize("type", ["CallBroadcast", "CallClaimed", "StasisStart"])
    def test_event_addressed_to_other_application_is_no_copy(self, type: str) -> None:
        copies, x = Copies(), {"type": type, "timestamp": "t", "channel": {"id": "a"}}
        copies.note([{**x, "application": "x"}, {**x, "application": "y"}], 0)
        assert [copies.original(place) for place in (0, 1)] == [None, None]

    def test_event_of_unhashable_type_is_no_copy(self) -> None:
        copies, x = Copies(), {"type": ["strange"], "timestamp": "t"}
        copies.note([{**x, "application": "x"}, {**x, "application": "y"}], 0)
        assert [copies.original(place) for place in (0, 1)] == [None, None]

    @pytest.mark.parametrize(
        ("event", "about"),
        [
            ({"channel": {"id": "a"}}, "a"),
            ({"peer": {"id": "b"}}, "b"),
            ({"playback": {"target_uri": "channel:c"}}, "c"),
            ({"recording": {"target_uri": "bridge:d"}}, "d"),
            ({"bridge": {"id": "e"}}, "e"),
            ({"bridge": 7, "channel": None, "playback": []}, ""),
        ],
    )
    def test_subject_of_event_is_its_object(self, event: dict[str, Any], about: str) -> None:
        assert subject(event) == about


def test_offered_call_reaches_handlers_of_every_application(
    connect: Callable[..., Session],
) -> None:
    ari = connect(app=["sales", "support"])
    offered: list[str] = []

    @ari.on("CallBroadcast")
    def note(event: Any) -> None:
        offered.append(event.application)

    ari.call("1007")
    until(lambda: sorted(offered) == ["sales", "support"])


def test_time_out_of_request_names_tone_that_plays(connect: Any) -> None:
    ari = connect(timeout=0.5)
    phone, channel = arrive(ari)
    playback = channel.play("tone:ring")
    ari.wait_for("PlaybackStarted", playback=playback)
    until(lambda: playback.id in ari.tables.playbacks)
    with pytest.raises(ari_notebook.OutcomeUnknown) as raised:
        channel.set_channel_var("COLOUR", value="red")
    assert "no response" in raised.value.message
    assert (
        "after tone:ring, which is playing, has ended: use `%ari playback stop`"
        in raised.value.hint
    )
    playback.stop()
    phone.hangup()
