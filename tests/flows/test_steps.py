"""The steps of flows on the simulator, in threads and as tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ari_notebook import AriError, HungUp
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.flows.state import Party
from tests.flows.conftest import Stage
from tests.helpers.waiting import until

Script = Callable[[Any], Coroutine[Any, Any, Any]]


class Awaited:
    """A `Call` whose steps are awaited, so that one script tests both kinds of flows."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._call, name)
        if not callable(found) or name in ("typed_ahead", "forget_keys"):
            return found

        async def method(*args: Any, **kwargs: Any) -> Any:
            given = [each._call if isinstance(each, Awaited) else each for each in args]
            result = found(*given, **kwargs)
            return Awaited(result) if name == "dial" else result

        return method

    def __bool__(self) -> bool:
        return bool(self._call)


@pytest.fixture(params=["thread", "task"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def start(stage: Stage, kind: str, script: Script) -> list[Any]:
    """Add a flow that runs a script; return the list that receives its result."""
    results: list[Any] = []
    if kind == "task":

        @stage.ari.flow(name="script")
        async def task(call: AsyncCall) -> None:
            results.append(await script(call))
    else:

        @stage.ari.flow(name="script")
        def thread(call: Call) -> None:
            results.append(asyncio.run(script(Awaited(call))))

    return results


def test_flow_says_and_hangs_up(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return await call.say("hello", 42)

    results = start(stage, kind, script)
    stage.call()
    run = stage.ended()
    assert (results, run.state, run.error) == ([""], "done", "")
    until(stage.is_clean)


def test_ask_takes_a_key_typed_ahead_without_a_prompt(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        until(lambda: len(call.ari.events.df.query("type == 'ChannelDtmfReceived'")) == 2)
        return await call.ask("hello", keys="12"), await call.ask("hello", keys="12")

    results = start(stage, kind, script)
    stage.call().press("21")
    stage.ended()
    assert results == [("2", "1")]
    assert not len(stage.ari.events.df.query("type == 'PlaybackStarted'"))


def test_key_interrupts_a_prompt(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return await call.ask("tone:ring", keys="5"), await call.say("tone:ring", interrupt="*#")

    results = start(stage, kind, script)
    call = stage.call()
    until(lambda: _playbacks(stage) == 1)
    call.press("5")
    until(lambda: _playbacks(stage) == 2)
    call.press("1#")
    stage.ended()
    assert results == [("5", "#")]


def _count(stage: Stage, type: str) -> int:
    return sum(each["type"] == type for each in stage.ari.events)


def _playbacks(stage: Stage) -> int:
    return _count(stage, "PlaybackStarted")


def test_ask_plays_invalid_and_gives_up_after_tries(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return await call.ask("beep", keys="1", tries=2, timeout=0.2, invalid="pbx-invalid")

    results = start(stage, kind, script)
    stage.call().press("9")
    stage.ended()
    assert results == [""]
    assert "sound:pbx-invalid" in list(stage.ari.events.df["detail"].str.split(" ").str[0])


def test_digits_end_by_count_by_key_and_by_pause(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return [
            await call.digits(4, prompt="tone:ring"),
            await call.digits(prompt="tone:ring", end="#"),
            await call.digits(timeout=5, between=0.3, tries=1),
        ]

    results = start(stage, kind, script)
    stage.call().press("1234#56#7")
    stage.ended()
    assert results == [["1234", "56", "7"]]


@pytest.mark.parametrize(("second", "keys"), [("02", ""), ("09", "#")])
def test_end_key_after_complete_digits_is_ignored_for_seconds(second: str, keys: str) -> None:
    party = Party("channel")

    def press(key: str, at: str) -> None:
        party.note(
            {
                "type": "ChannelDtmfReceived",
                "timestamp": f"2026-11-29T12:00:{at}.000+0000",
                "digit": key,
                "channel": {"id": "channel"},
            }
        )

    press("1", "00")
    party.keys.clear()
    party.ignore_key("#", 3)
    press("#", second)
    assert "".join(party.keys) == keys
    press("#", "10")
    assert "".join(party.keys) == f"{keys}#"


def test_end_key_that_was_typed_ahead_is_dropped(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        until(lambda: _count(stage, "ChannelDtmfReceived") == 6)
        return await call.digits(4, prompt="tone:ring"), call.typed_ahead

    results = start(stage, kind, script)
    stage.call().press("4711#2")
    stage.ended()
    assert results == [("4711", "2")]


def test_digits_refuses_what_is_not_accepted(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return await call.digits(2, accept=["42"], timeout=0.5, tries=2, invalid="tone:busy")

    results = start(stage, kind, script)
    call = stage.call()
    call.press("13")
    until(lambda: _playbacks(stage) == 1)
    call.press("42")
    stage.ended()
    assert results == ["42"]


def test_record_ends_by_key(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        made = await call.record("ended", beep=False)
        return made.name, call.typed_ahead

    results = start(stage, kind, script)
    call = stage.call()
    until(lambda: stage.ari.tables.recordings)
    call.talk()
    call.press("#")
    stage.ended()
    assert results == [("ended", "")]
    assert "ended" in [each.name for each in stage.ari.recordings.list_stored()]


def test_record_keeps_what_was_said_before_hanging_up(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        made = await call.record("cut", beep=False)
        return made.name

    results = start(stage, kind, script)
    call = stage.call()
    until(lambda: stage.ari.tables.recordings)
    call.hangup()
    stage.ended()
    assert results == ["cut"]


def test_record_review_lets_the_caller_record_again(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        return (await call.record("again", beep=False, review=True, menu="tone:ring")).name

    results = start(stage, kind, script)
    call = stage.call()
    for keys, event, times in (
        ("#", "RecordingStarted", 1),
        ("3", "PlaybackStarted", 1),
        ("#", "RecordingStarted", 2),
        ("1", "PlaybackStarted", 2),
    ):
        until(lambda event=event, times=times: _count(stage, event) == times)  # type: ignore[misc]
        call.press(keys)
    stage.ended()
    assert results == ["again"]


def test_dial_and_connect_until_the_leg_leaves(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        leg = await call.dial("PJSIP/anna", timeout=20)
        return leg.status, await call.connect(leg), await call.say("beep")

    results = start(stage, kind, script)
    stage.call()
    until(
        lambda: any(
            len(each.get("channels", ())) == 2 for each in stage.ari.tables.bridges.values()
        )
    )
    stage.simulator.phones["anna"].hangup()
    stage.ended()
    assert results == [("ANSWER", "leg", "")]


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [("PJSIP/busy", "BUSY"), ("PJSIP/silent", "NOANSWER"), ("PJSIP/unknown", "CHANUNAVAIL")],
)
def test_dial_returns_why_there_was_no_answer(
    stage: Stage, kind: str, endpoint: str, status: str
) -> None:
    async def script(call: Any) -> Any:
        leg = await call.dial(endpoint, timeout=1)
        return bool(leg), leg.status

    results = start(stage, kind, script)
    stage.call()
    stage.ended()
    assert results == [(False, status)]


def test_dial_all_keeps_the_first_and_ends_the_others(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        leg = await call.dial("PJSIP/silent", "PJSIP/anna", timeout=20)
        return leg.endpoint

    results = start(stage, kind, script)
    stage.call()
    stage.ended()
    assert results == ["PJSIP/anna"]


def test_dial_in_turn_tries_the_next(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        leg = await call.dial("PJSIP/busy", "PJSIP/anna", timeout=20, ring="in turn")
        return leg.endpoint, leg.status

    results = start(stage, kind, script)
    stage.call()
    stage.ended()
    assert results == [("PJSIP/anna", "ANSWER")]


def test_blind_transfer_leaves_the_call_up(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        done = await call.transfer("5001")
        with pytest.raises(HungUp, match="elsewhere"):
            await call.say("beep")
        return done

    results = start(stage, kind, script)
    stage.call()
    assert stage.ended().state == "done"
    assert results == [True]
    deleted = stage.ari.requests.df.query("method == 'DELETE'")
    assert deleted.empty


def test_warm_transfer_asks_for_acceptance(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        return await call.transfer("PJSIP/anna", announce="tone:ring", accept="1")

    results = start(stage, kind, script)
    caller = stage.call()
    until(lambda: _playbacks(stage) == 1)
    stage.simulator.phones["anna"].current.press("1")
    until(
        lambda: any(
            len(each.get("channels", ())) == 2 for each in stage.ari.tables.bridges.values()
        )
    )
    caller.hangup()
    assert stage.ended().state == "hung up"
    assert results == []


def test_menu_calls_the_function_of_a_key(stage: Stage) -> None:
    chosen: list[str] = []

    @stage.ari.flow
    def threads(call: Call) -> None:
        call.answer()
        call.menu({"1": lambda _: chosen.append("one"), "2": lambda _: chosen.append("two")})

    stage.call().press("2")
    stage.ended()
    assert chosen == ["two"]


def test_conference_is_left_by_key_and_removed_when_empty(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        return await call.conference("talk", until="*")

    results = start(stage, kind, script)
    first, second = stage.call(), stage.call()
    until(
        lambda: any(
            len(each.get("channels", ())) == 2 for each in stage.ari.tables.bridges.values()
        )
    )
    first.press("*")
    until(lambda: results == ["*"])
    second.press("*")
    until(lambda: results == ["*", "*"])
    until(stage.is_clean)


def test_parked_call_is_retrieved(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        if call.args:
            return "parked", await call.park("7")
        return "retrieved", await call.retrieve("7", until="#")

    results = start(stage, kind, script)
    stage.call("1")
    until(
        lambda: (
            stage.ari.tables.bridges
            and any(each.get("channels") for each in stage.ari.tables.bridges.values())
        )
    )
    second = stage.call("2")
    until(
        lambda: any(
            len(each.get("channels", ())) == 2 for each in stage.ari.tables.bridges.values()
        )
    )
    second.press("#")
    until(lambda: len(results) == 2)
    assert sorted(results) == [("parked", True), ("retrieved", "#")]


def test_parked_call_comes_back_in_time(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        return await call.park("8", timeout=0.3)

    results = start(stage, kind, script)
    stage.call()
    stage.ended()
    assert results == [False]


def test_unplayable_sound_names_the_line_of_the_flow(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    @stage.ari.flow
    def broken(call: Call) -> None:
        call.answer()
        call.say("no-such-sound")

    stage.call()
    run = stage.ended()
    assert run.state == "failed"
    row = stage.ari.flows.df.iloc[-1]
    assert (row["code"], row["step"]) == ('call.say("no-such-sound")', "say")
    assert "AriError" in row["error"]
    assert any("flow broken failed on line" in each.message for each in caplog.records)


STEPS: dict[str, Script] = {
    "say": lambda call: call.say("tone:ring"),
    "say-interrupted": lambda call: call.say("tone:ring", interrupt="#"),
    "ask": lambda call: call.ask("tone:ring"),
    "ask-silence": lambda call: call.ask(timeout=60),
    "digits": lambda call: call.digits(4, prompt="tone:ring"),
    "digits-silence": lambda call: call.digits(4, timeout=60),
    "dial": lambda call: call.dial("PJSIP/silent", timeout=60),
    "dial-two": lambda call: call.dial("PJSIP/silent", "PJSIP/busy", timeout=60),
    "dial-music": lambda call: call.dial("PJSIP/silent", timeout=60, music="default"),
    "conference": lambda call: call.conference("empty"),
    "park": lambda call: call.park("9", timeout=60),
    "transfer": lambda call: call.transfer("PJSIP/silent", timeout=60),
    "sleep": lambda call: call.sleep(60),
}


@pytest.mark.parametrize("step", STEPS)
def test_caller_hangs_up_in_step(stage: Stage, kind: str, step: str) -> None:
    cleaned: list[str] = []

    async def script(call: Any) -> Any:
        await call.answer()
        try:
            await STEPS[step](call)
        except HungUp:
            cleaned.append(step)
            raise

    start(stage, kind, script)
    call = stage.call()
    asked = {"dial", "dial-two", "dial-music", "conference", "park", "transfer", "say"}
    until(lambda: any(run.step == step.split("-")[0] for run in stage.ari.flows.runs))
    if step in asked:  # also what is under way then
        until(lambda: len(stage.ari.requests.df) >= 2)
    call.hangup()
    run = stage.ended()
    assert (run.state, cleaned) == ("hung up", [step])
    until(stage.is_clean, state=lambda: (stage.channels(), stage.bridges()))


@pytest.mark.parametrize("step", ["say", "ask", "digits", "dial", "hold", "record", "answer"])
def test_step_after_hanging_up_raises_hung_up(stage: Stage, kind: str, step: str) -> None:
    async def script(call: Any) -> Any:
        until(lambda: call.id not in call.ari.tables.channels)
        steps: dict[str, Script] = {
            **STEPS,
            "hold": lambda call: call.hold(),
            "record": lambda call: call.record("late"),
            "answer": lambda call: call.answer(),
        }
        await steps[step](call)

    start(stage, kind, script)
    call = stage.call()
    until(lambda: stage.ari.flows.running)
    call.hangup()
    assert stage.ended().state == "hung up"


def test_caller_hangs_up_while_connected(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.connect(await call.dial("PJSIP/anna"))

    start(stage, kind, script)
    call = stage.call()
    until(
        lambda: any(
            len(each.get("channels", ())) == 2 for each in stage.ari.tables.bridges.values()
        )
    )
    call.hangup()
    assert stage.ended().state == "hung up"
    until(stage.is_clean)


def test_hundred_keys_at_once(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        until(lambda: len(call.ari.events.df.query("type == 'ChannelDtmfReceived'")) == 100)
        first = await call.digits(10, prompt="tone:ring")
        return first, len(call.typed_ahead)

    results = start(stage, kind, script)
    stage.call().press("1234567890" * 10)
    stage.ended()
    # The last 64 are kept.
    assert results == [("7890123456", 54)]


def test_leg_is_no_flow_of_its_own(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        leg = await call.dial("PJSIP/anna")
        await call.sleep(0.2)
        return bool(leg)

    start(stage, kind, script)
    stage.call()
    stage.ended()
    assert len(stage.ari.flows.runs) == 1


def test_step_with_nothing_is_refused(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        with pytest.raises(ValueError, match="extension"):
            await call.transfer("")
        with pytest.raises(ValueError, match="name the conference"):
            await call.conference("")
        with pytest.raises(TypeError, match="leg that dial"):
            await call.connect(None)

    start(stage, kind, script)
    stage.call()
    assert stage.ended().state == "done"


def test_error_of_the_program_hangs_up(stage: Stage, kind: str) -> None:
    async def script(call: Any) -> Any:
        await call.answer()
        raise AriError("on purpose")

    start(stage, kind, script)
    stage.call()
    assert stage.ended().state == "failed"
    until(stage.is_clean)
