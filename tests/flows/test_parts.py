"""Parts built on flows: queue, conference, voice mail, dialer."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook import UsageProblem
from ari_notebook.flows.call import Call
from ari_notebook.parts import Conference, Queue, VoiceMail, dial_out
from tests.flows.conftest import Stage
from tests.helpers.waiting import until


def _in_bridges(stage: Stage) -> int:
    return sum(len(each.get("channels", ())) for each in stage.ari.tables.bridges.values())


def test_queue_connects_the_longest_waiting_and_counts(stage: Stage) -> None:
    queue = Queue(ring=10, announce=0)

    @stage.ari.flow
    def waiting(call: Call) -> None:
        queue.serve(call)

    first = stage.call()
    until(lambda: len(queue.waiting) == 1)
    second = stage.call()
    until(lambda: len(queue.waiting) == 2)
    second.hangup()
    until(lambda: len(queue.waiting) == 1)
    queue.login("PJSIP/anna")
    until(lambda: _in_bridges(stage) == 2)
    assert queue.agents["state"].tolist() == ["talking"]
    first.hangup()
    until(lambda: stage.ari.flows.running == 0)
    calls = queue.calls
    assert calls["disposition"].tolist() == ["ANSWERED", "NO ANSWER"]
    assert calls["abandoned"].tolist() == [False, True]
    assert calls["agent"].dropna().tolist() == ["PJSIP/anna"]
    assert queue.agents["state"].tolist() == ["idle"]


def test_queue_and_table_of_calls_agree(stage: Stage) -> None:
    """One caller gives up, one talks to an agent, one waits until the timeout."""
    queue = Queue(announce=0, ring=10, most=4)

    @stage.ari.flow
    def waiting(call: Call) -> None:
        queue.serve(call)
        call.hangup()

    gives_up = stage.call()
    until(lambda: len(queue.waiting) == 1 and stage.ari.calls.live["state"].tolist() == ["waiting"])
    gives_up.hangup()
    stage.ended()
    queue.login("PJSIP/anna")
    talks = stage.call()
    until(lambda: stage.ari.calls.live["state"].tolist() == ["talking"])
    talks.hangup()
    stage.ended()
    queue.logout("PJSIP/anna")
    stage.call()
    stage.ended()
    until(lambda: len(queue.calls) == 3 and stage.ari.calls.df["end"].notna().all())
    of_queue = queue.calls.set_index("channel")
    table = stage.ari.calls.df.loc[of_queue.index]
    assert table["agent"].astype(str).tolist() == ["", "PJSIP/anna", ""]
    assert of_queue["agent"].fillna("").tolist() == ["", "PJSIP/anna", ""]
    assert table["abandoned"].tolist() == of_queue["abandoned"].tolist() == [True, False, False]
    assert table["connected"].notna().tolist() == of_queue["answered"].notna().tolist()
    assert table["queue_wait"].notna().all()
    # The simulator's clock runs ten times as fast as the queue's.
    waited = (table["queue_wait"] / 10 - of_queue["wait"]).abs()
    assert waited.max() < 2


def test_queue_gives_up_after_the_longest_wait(stage: Stage) -> None:
    queue = Queue("PJSIP/busy", announce=0, most=0.5)
    results: list[str] = []

    @stage.ari.flow
    def waiting(call: Call) -> None:
        results.append(queue.serve(call))

    stage.call()
    stage.ended()
    assert results == ["NO ANSWER"]


@pytest.mark.parametrize(
    "options",
    [{"strategy": "random"}, {"ring": 0}, {"wrap_up": -1}, {"announce": -1}, {"most": -1}],
)
def test_queue_with_unusable_options_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        Queue(**options)


def test_agent_logs_in_and_out_by_calling(stage: Stage) -> None:
    queue = Queue()

    @stage.ari.flow
    def agent(call: Call) -> None:
        queue.switch(call, "PJSIP/anna")

    for expected in (1, 0):
        stage.call()
        until(lambda expected=expected: len(queue.agents) == expected)  # type: ignore[misc]
        until(lambda: stage.ari.flows.running == 0)


def test_conference_waits_for_its_moderator_and_ends_with_it(stage: Stage) -> None:
    conference = Conference("board", moderated=True)
    left: list[str] = []

    @stage.ari.flow(args=["one", "two"])
    def guest(call: Call) -> None:
        left.append(conference.join(call))

    @stage.ari.flow
    def chair(call: Call) -> None:
        conference.join(call, moderator=True)

    stage.call("1")
    until(lambda: stage.ari.flows.running == 1)
    assert len(conference) == 0
    moderator = stage.call("2")
    until(lambda: _in_bridges(stage) == 2)
    conference.mute_all()
    assert conference.people.set_index("moderator")["muted"].to_dict() == {True: False, False: True}
    moderator.press("#")
    until(lambda: left == [""])
    until(lambda: stage.ari.flows.running == 0)


@pytest.mark.slow
def test_voice_mail_is_left_heard_forwarded_and_deleted(stage: Stage) -> None:
    mail = VoiceMail({"100": "4711"}, greeting="beep")
    heard: list[int] = []

    @stage.ari.flow(args=["one", "two"])
    def leave(call: Call) -> None:
        mail.leave(call, "100", review=False)

    @stage.ari.flow
    def listen(call: Call) -> None:
        heard.append(mail.listen(call, "100"))

    caller = stage.call("1")
    until(lambda: stage.ari.tables.recordings)
    caller.talk()
    caller.press("#")
    stage.ended()
    until(lambda: len(mail.messages(stage.ari)) == 1)
    name = mail.messages(stage.ari).iloc[0]["name"]
    assert mail.read(stage.ari, name).startswith(b"RIFF")

    owner = stage.call("2")
    owner.press("4711")
    until(lambda: any(run.step == "ask" for run in stage.ari.flows.runs))
    owner.press("3")
    until(lambda: stage.ari.flows.runs[-1].step == "digits")
    owner.press("200#")
    until(lambda: heard == [1])
    assert sorted(mail.messages(stage.ari)["box"]) == ["100", "200"]
    for each in mail.messages(stage.ari)["name"]:
        stage.ari.recordings.delete_stored(each)


def test_dialer_tries_again_and_returns_a_row_a_number(stage: Stage) -> None:
    answered: list[str] = []

    def greet(call: Call) -> None:
        answered.append(call.id)
        call.say("beep")

    results = dial_out(
        stage.ari,
        ["anna", "busy", "silent", "unknown"],
        rate=50,
        ring=1,
        tries=2,
        pause=0.1,
        on_answer=greet,
        progress=False,
    )
    rows: dict[Any, Any] = results.set_index("number")["disposition"].to_dict()
    assert rows == {
        "anna": "ANSWERED",
        "busy": "BUSY",
        "silent": "NO ANSWER",
        "unknown": "FAILED",
    }
    assert results.set_index("number")["tries"].to_dict() == {
        "anna": 1,
        "busy": 2,
        "silent": 2,
        "unknown": 1,
    }
    assert len(answered) == 1
    assert results.set_index("number").loc["busy", "cause"] == 17
