"""extensions.conf as a real Asterisk reads it."""

import pytest

from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.dialplan.parse import Dialplan
from ari_notebook.simulator.pbx.ports import DialplanStep

DIALPLAN = Dialplan.parse(
    """
[globals]
GREETING = hello world
[default]
exten => 100,1,NoOp(first) ; a comment
 same => n(here),Answer
 same => n,Playback(a&b,noanswer)
 same => n+10(far),Hangup()
exten => 101,hint,PJSIP/alice
exten => _2XX,1,NoOp(2XX)
exten => _2.,1,NoOp(2.)
exten => _21[0-4],1,NoOp(21[])
exten => 215,1,NoOp(215)
exten => _2!,1,NoOp(2!)
exten => _3ZN,1,NoOp(ZN)
exten => _3.,1,NoOp(3.)
 same => n,NoOp(second)
include => more
[more]
exten => _XXXX,1,NoOp(included)
include => default
"""
)


def step_at(plan: Dialplan, context: str, exten: str, priority: int) -> DialplanStep:
    step = plan.find(context, exten, priority)
    assert step is not None
    return step


def data(exten: str, priority: int = 1, context: str = "default") -> str | None:
    step = DIALPLAN.find(context, exten, priority)
    return None if step is None else step.data


def test_n_follows_the_priority_of_the_previous_line() -> None:
    """Also if that line belongs to another extension, as in pbx_config.c."""
    plan = Dialplan.parse(
        "[default]\nexten => a,1,NoOp(1)\nexten => b,1,NoOp(1)\nexten => b,n,NoOp(2)\n"
        "exten => a,n,NoOp(3)"
    )
    assert plan.find("default", "a", 2) is None
    assert step_at(plan, "default", "a", 3).data == "3"


def test_priorities_labels_and_data() -> None:
    assert data("100") == "first"
    assert step_at(DIALPLAN, "default", "100", 2).app == "Answer"
    assert data("100", 3) == "a&b,noanswer"
    assert step_at(DIALPLAN, "default", "100", 14).app == "Hangup"
    assert DIALPLAN.find("default", "100", 4) is None
    assert DIALPLAN.label("default", "100", "here") == 2
    assert DIALPLAN.label("default", "100", "far") == 14
    assert DIALPLAN.label("default", "100", "nowhere") is None
    assert DIALPLAN.globals == {"GREETING": "hello world"}


def test_hint_is_no_extension_to_call() -> None:
    assert DIALPLAN.hint("default", "101") == "PJSIP/alice"
    assert not DIALPLAN.exists("default", "101")


# Which priority a real Asterisk ran for each of these, asked with this very dialplan.
@pytest.mark.parametrize(
    ("dialled", "ran"),
    [
        ("200", "2XX"),
        ("215", "215"),
        ("212", "21[]"),
        ("219", "2XX"),
        ("2", "2!"),
        ("2999", "2."),
        ("3123", "3."),
        ("312", "ZN"),
        ("322", "ZN"),
        ("4555", "included"),
    ],
)
def test_most_specific_extension_matches_first(dialled: str, ran: str) -> None:
    assert data(dialled) == ran


def test_unmatched_extension_is_not_found() -> None:
    assert data("nope") is None
    assert data("45555") is None
    assert data("100", context="nowhere") is None


def test_later_priority_comes_from_the_next_match() -> None:
    assert data("312", 2) == "second"


def test_contexts_may_include_each_other() -> None:
    assert data("100", context="more") == "first"
    assert data("77777", context="more") is None


def test_digits_may_match_longer_extensions() -> None:
    assert DIALPLAN.could_grow("default", "10")
    assert DIALPLAN.could_grow("default", "2")
    assert not DIALPLAN.could_grow("default", "100*")


def test_every_stasis_application_has_a_context() -> None:
    step = step_at(DIALPLAN, "stasis-hello-world", "anything", 1)
    assert (step.app, step.data) == ("Stasis", "hello-world")
    assert step_at(DIALPLAN, "stasis-hello-world", "h", 1).app == "NoOp"
    assert DIALPLAN.find("stasis-hello-world", "anything", 2) is None


def test_unknown_directive_is_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plan = Dialplan.parse("[default]\nexten => 1,1,Answer()\n# same => n,NoOp()\nsame => n,Wait(1)")
    assert step_at(plan, "default", "1", 2).app == "Wait"
    assert "extensions.conf:3: unknown directive ignored: # same" in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[default]\nexten => 1", "extensions.conf:2"),
        ("[default]\n\nexten => 1,x,NoOp()", "extensions.conf:3"),
        ("[default]\nsame => n,NoOp()", "'same' has no 'exten' before it"),
        ("[default]\nexten => 1,n,NoOp()", "1 as an extension's first priority"),
        ("[default]\nexten => _[1,1,NoOp()", "'[' without ']'"),
        ("[default]\nextend => 1,1,NoOp()", "not 'extend'"),
        ("[default]\nexten => 1,1,No Op()", "APPLICATION(DATA)"),
        ("exten => 1,1,NoOp()", "before the first [section]"),
    ],
)
def test_unreadable_line_is_named(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Dialplan.parse(text)
    assert why in str(refused.value)
    assert str(refused.value).startswith("extensions.conf:")


def test_global_variables_are_replaced_when_the_file_is_read() -> None:
    plan = Dialplan.parse(
        "[default]\nexten => ${N},1,NoOp(${N})\ninclude => ${C}\n"
        "[more]\nexten => 5,1,NoOp()\n[globals]\nA=1\nN=${A}2\nC=more\nS=$[1+2]"
    )
    assert plan.globals == {"A": "1", "N": "12", "C": "more", "S": "3"}
    assert step_at(plan, "default", "12", 1).data == "${N}"
    assert plan.exists("default", "5")


@pytest.mark.parametrize("dialled", ["5551234", "555-1234"])
def test_dashes_in_patterns_are_ignored(dialled: str) -> None:
    plan = Dialplan.parse("[default]\nexten => 555-1234,1,NoOp()\nexten => _9X-X,1,NoOp()")
    assert plan.exists("default", dialled)
    assert plan.exists("default", "9-87")


def test_longer_patterns_precede_shorter_ones() -> None:
    plan = Dialplan.parse("[default]\nexten => _12,1,NoOp(ends)\nexten => _12!,1,NoOp(more)")
    assert step_at(plan, "default", "12", 1).data == "more"
