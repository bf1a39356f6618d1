"""Flows whose server is lost or restarted in a step."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook import ConnectionLost, HungUp
from ari_notebook.flows.call import Call
from tests.flows.conftest import Stage
from tests.flows.test_steps import Script, start
from tests.helpers.waiting import until


async def connected(call: Any) -> None:
    await call.connect(await call.dial("PJSIP/anna"))


STEPS: dict[str, Script] = {
    "say": lambda call: call.say("tone:ring"),
    "ask": lambda call: call.ask("tone:ring"),
    "digits": lambda call: call.digits(4, timeout=600),
    "record": lambda call: call.record("lost-server", beep=False),
    "dial": lambda call: call.dial("PJSIP/silent", timeout=600),
    "connect": connected,
    "conference": lambda call: call.conference("lost"),
    "park": lambda call: call.park("lost", timeout=600),
    "sleep": lambda call: call.sleep(600),
    "transfer": lambda call: call.transfer("PJSIP/silent", timeout=600),
}


@pytest.mark.parametrize("kind", ["thread", "task"])
@pytest.mark.parametrize("step", STEPS)
def test_restarted_server_ends_the_flow_in_step(stage: Stage, step: str, kind: str) -> None:
    seen: list[str] = []
    phones: dict[str, dict[str, Any]] = {
        "anna": {"answer_after": 0.2},
        "silent": {"answer_after": None},
    }
    for name, behaviour in phones.items():
        if name not in stage.simulator.phones:  # a restart before has removed it
            stage.simulator.phones.add(name, **behaviour)

    async def script(call: Any) -> None:
        await call.answer()
        try:
            await STEPS[step](call)
            await call.say("beep")
        except (HungUp, ConnectionLost) as error:
            seen.append(type(error).__name__)
            raise

    start(stage, kind, script)
    stage.call()
    until(lambda: any(run.step == step for run in stage.ari.flows.runs))
    if step in ("connect", "conference"):
        until(lambda: any(b.get("channels") for b in stage.ari.tables.bridges.values()))
    stage.simulator.restart()
    run = stage.ended()
    assert run.state in ("hung up", "failed"), run.error
    assert seen
    until(stage.is_clean, state=lambda: (stage.channels(), stage.bridges()))


def test_lost_connection_in_a_prompt_is_survived(stage: Stage) -> None:
    results: list[str] = []

    @stage.ari.flow
    def flow(call: Call) -> None:
        call.answer()
        call.say("tt-weasels")
        results.append(call.digits(2))

    caller = stage.call()
    until(lambda: stage.ari.tables.playbacks)
    stage.ari.synchronizer.stream.drop()
    until(lambda: stage.ari.gaps and stage.ari.connected)
    until(lambda: stage.ari.flows.runs[-1].step == "digits")
    caller.press("42")
    stage.ended()
    assert results == ["42"]
