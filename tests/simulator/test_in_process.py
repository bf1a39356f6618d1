"""The simulator in the caller's thread: no sockets, no threads, real or virtual time."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.connection.generated.objects import Channel
from ari_notebook.flows.call import Call
from ari_notebook.parts import Queue
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import InProcessSimulator
from tests.conftest import IN_PROCESS
from tests.helpers.waiting import until

pytestmark = [
    pytest.mark.usefixtures("mode"),
    pytest.mark.parametrize("mode", [IN_PROCESS], indirect=True, ids=[""]),
]


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect("simulator:?clock=virtual&seed=1") as session:
        yield session


def server_of(ari: Session) -> InProcessSimulator:
    assert isinstance(ari.simulator, InProcessSimulator)
    return ari.simulator


def test_hour_of_virtual_time_passes_in_a_wait(ari: Session) -> None:
    before = server_of(ari).clock.now
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("StasisStart", timeout=3600)
    assert (server_of(ari).clock.now - before).total_seconds() == pytest.approx(3600)


def test_virtual_time_is_paused_without_a_wait(ari: Session) -> None:
    before = server_of(ari).clock.now
    ari.call("1000")
    time.sleep(0.05)
    assert server_of(ari).clock.now == before


def test_same_seed_gives_the_same_events() -> None:
    def run() -> tuple[list[str], list[float]]:
        with ari_notebook.connect("simulator:?clock=virtual&seed=5", subscribe_all=True) as ari:
            start = server_of(ari).clock.now.timestamp()
            server_of(ari).traffic(60)
            with pytest.raises(ari_notebook.EventTimeout):
                ari.wait_for("ContactStatusChange", timeout=300)
            frame = ari.events.df
            return list(frame["type"]), [each.timestamp() - start for each in frame["received"]]

    first, again = run(), run()
    assert len(first[0]) > 100
    assert first[0] == again[0]
    assert first[1] == pytest.approx(again[1], abs=0.01)


def test_program_goes_on_while_a_handler_waits(ari: Session) -> None:
    """A handler waits, and the program that presses the keys goes on meanwhile."""
    digits: dict[str, str] = {}

    @ari.on("StasisStart")
    def ask(channel: Channel) -> None:
        channel.answer()
        for _ in range(2):
            event = ari.wait_for("ChannelDtmfReceived", channel=channel, timeout=60)
            digits[channel.id] = digits.get(channel.id, "") + event.digit

    caller = ari.call("1000")
    caller.press("1")
    caller.press("2")
    ari.background.sleep(5)
    assert list(digits.values()) == ["12"]


def test_flows_of_several_callers_wait_at_once(ari: Session) -> None:
    asked: list[str] = []

    @ari.flow
    def hotline(call: Any) -> None:
        call.answer()
        asked.append(call.digits(2, timeout=30))

    callers = [ari.call("1000") for _ in range(3)]
    for place, caller in enumerate(callers):
        caller.press(f"{place}7")
    ari.background.sleep(30)
    assert sorted(asked) == ["07", "17", "27"]


def test_coroutine_handler_sleeps_in_virtual_time(ari: Session) -> None:
    ended: list[float] = []

    @ari.on("StasisStart")
    async def patient() -> None:
        await asyncio.sleep(600)
        ended.append(ari.background.time())

    began = ari.background.time()
    ari.call("1003")
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("ChannelHold", timeout=1200)
    assert ended == [pytest.approx(began + 600, abs=1)]


def test_computation_is_caught_up_at_its_own_times() -> None:
    """What would have happened meanwhile, with its handlers, happens at the next use."""
    with ari_notebook.connect("simulator:") as ari:

        @ari.on("StasisStart")
        def greet(channel: Channel) -> None:
            channel.answer()
            channel.play("sound:beep")

        ari.call("1000")
        time.sleep(1.5)
        types = list(ari.events.df["type"])
        assert types.index("StasisStart") < types.index("PlaybackFinished")


def test_kernel_loop_moves_the_exchange() -> None:
    async def cell() -> int:
        with ari_notebook.connect("simulator:") as ari:
            seen: list[str] = []
            ari.on("StasisStart")(lambda event: seen.append(event["type"]))
            ari.call("1000")
            for _ in range(1000):
                await asyncio.sleep(0.01)  # nothing of the session is used
                if seen:
                    break
            return len(seen)

    assert asyncio.run(cell()) == 1


def test_click_on_answer_answers_between_cells() -> None:
    async def cells() -> tuple[list[str], list[str]]:
        with ari_notebook.connect("simulator:") as ari:
            ari.call("1000")
            ari.wait_for("StasisStart")
            [channel] = ari.channels
            panel, sent = ari.panel(), []
            panel.send = lambda message, *_: sent.append(message["kind"])
            click = {"kind": "do", "on": "channels", "action": "answer", "id": channel.id}
            panel._on_message(None, {"kind": "all"}, None)
            panel._on_message(None, {**click, "ticket": 1}, None)
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if ari.tables.channels[channel.id]["state"] == "Up" and sent:
                    break
            return sent, [row["state"] for row in ari.tables.channels.values()]

    sent, states = asyncio.run(cells())
    assert sent[0] == "all"
    assert states == ["Up"]


def test_lost_connection_is_a_gap_and_comes_back(ari: Session) -> None:
    server_of(ari).faults.drop()
    ari.wait_for("Gap", timeout=60)
    assert ari.connected
    assert ari.status.reconnects == 1


def test_restarted_exchange_has_no_calls(ari: Session) -> None:
    ari.call("1000")
    ari.wait_for("StasisStart")
    server_of(ari).restart(downtime=2)
    ari.wait_for("Gap", timeout=60)
    assert list(ari.channels) == []


def test_two_sessions_of_one_simulator() -> None:
    with simulator.in_process(clock="virtual") as server:
        options = {"user": server.user, "password": server.password}
        one = ari_notebook.connect(server.url, app="one", **options)  # type: ignore[arg-type]
        two = ari_notebook.connect(server.url, app="two", **options)  # type: ignore[arg-type]
        channel = one.channels.originate(endpoint="Local/1002@default", app="two")
        assert two.wait_for("StasisStart", timeout=60)["channel"]["id"] == channel.id
        one.close()
        two.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("simulator:?speed=fast", "speed=fast is no number"),
        ("simulator:?colour=red", "no option 'colour'"),
        ("simulator:?clock=broken", "invalid clock: 'broken'"),
        ("simulator://999", "no simulator with the address simulator://999"),
    ],
)
def test_wrong_address_says_what_to_change(url: str, says: str) -> None:
    with pytest.raises(ari_notebook.AriError, match=says.replace("?", r"\?")):
        ari_notebook.connect(url, password="none")


def test_request_during_restart_has_unknown_outcome() -> None:
    with simulator.in_process(clock="virtual") as exchange:
        ari = ari_notebook.connect(exchange.url, password=exchange.password)
        exchange.faults.delay(0.8)
        ari.after(0.4, exchange.faults.restart, 2.0)
        with pytest.raises(ari_notebook.OutcomeUnknown):
            ari.bridges.create()
        with pytest.raises(ari_notebook.NotSent):
            ari.bridges.create()
        ari.wait_for("Gap", timeout=60)
        ari.close()


def test_start_in_a_browser_is_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    with simulator.start(password="secret", speed=2) as exchange:
        assert isinstance(exchange, simulator.InProcessSimulator)
        assert exchange.password == "secret"
    for refused in ({"port": 8088}, {"token": "12345678"}, {"clock": "paused"}):
        with pytest.raises(ValueError, match="in a browser"):
            simulator.start(**refused)


def test_polling_calls_sees_the_end_of_a_call() -> None:
    with ari_notebook.connect("simulator:") as ari:
        ari.call("1000").hangup()
        until(lambda: not ari.calls.df["end"].isna().any() and len(ari.calls.df) == 1)


def test_paused_replay_leaves_other_work_going(tmp_path: Path) -> None:
    with ari_notebook.connect("simulator:") as ari:
        with ari.capture(tmp_path / "call.jsonl"):
            ari.call("1000")
            ari.wait_for("StasisStart")
        again = ari_notebook.replay(tmp_path / "call.jsonl", speed=float("inf"), paused=True)
        heard: list[str] = []
        again.on("StasisStart")(lambda event: heard.append(event.type))
        again.play()
        assert again.wait(30)
        assert heard == ["StasisStart"]
        again.close()


def test_handlers_and_flows_work_a_described_day() -> None:
    """A session's handler, its flow with a queue, and phones, in one virtual time."""
    day = """
        arrivals = { 0 = 300 }
        to = "1000"
        patience = "exponential 30"
        talk = "exponential 40"
        [agents]
        anna = "0-24"
        """

    def some_minutes(seed: int) -> list[float]:
        with (
            simulator.in_process(clock="virtual", seed=seed) as exchange,
            ari_notebook.connect(
                exchange.url, password=exchange.password, app="flows", subscribe_all=True
            ) as ari,
        ):
            exchange.set_dialplan("[default]\nexten => 1000,1,Stasis(flows)\n")
            queue = Queue(announce=0, ring=20, clock=lambda: exchange.clock.now.timestamp())
            arrived: list[str] = []

            @ari.on("StasisStart", args=[])
            def note(channel: Channel) -> None:
                arrived.append(channel.id)

            @ari.flow
            def serve(call: Call) -> None:
                queue.serve(call)

            def on_shift(agent: str, present: bool) -> None:
                (queue.login if present else queue.logout)(f"PJSIP/{agent}")

            # Arrivals are drawn hour by hour, so both runs begin with one.
            exchange.clock.advance(3600 - exchange.clock.now.timestamp() % 3600)
            exchange.phones.follow_day(day, on_shift)
            exchange.clock.advance(300)
            calls = ari.calls.df
            calls = calls[calls["called"] == "1000"]
            assert set(calls.index) <= {*arrived}
            assert {"PJSIP/anna", ""} == {*calls["agent"].astype(str)}
            assert calls["abandoned"].sum() > 0
            waits: list[float] = calls["queue_wait"].fillna(-1.0).tolist()
            return waits

    waits = some_minutes(3)
    assert len(waits) > 15
    assert some_minutes(3) == pytest.approx(waits, abs=0.01)  # times have milliseconds
