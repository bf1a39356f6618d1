"""extensions.conf as a real Asterisk reads it."""

import pytest

from ari_notebook.simulator.configfile import ConfigError
from ari_notebook.simulator.dialplan import Dialplan

DIALPLAN = Dialplan.parse(
    """
[globals]
GREETING = hello world
[default]
exten => 100,1,NoOp(first) ; said by nobody
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


def data(exten, priority=1, context="default"):
    step = DIALPLAN.find(context, exten, priority)
    return step and step.data


def test_n_is_the_priority_behind_that_of_the_line_before():
    """Even where that is another extension's, as pbx_config.c counts."""
    plan = Dialplan.parse(
        "[default]\nexten => a,1,NoOp(1)\nexten => b,1,NoOp(1)\nexten => b,n,NoOp(2)\n"
        "exten => a,n,NoOp(3)"
    )
    assert plan.find("default", "a", 2) is None
    assert plan.find("default", "a", 3).data == "3"


def test_priorities_labels_and_data():
    assert data("100") == "first"
    assert DIALPLAN.find("default", "100", 2).app == "Answer"
    assert data("100", 3) == "a&b,noanswer"
    assert DIALPLAN.find("default", "100", 14).app == "Hangup"
    assert DIALPLAN.find("default", "100", 4) is None
    assert DIALPLAN.label("default", "100", "here") == 2
    assert DIALPLAN.label("default", "100", "far") == 14
    assert DIALPLAN.label("default", "100", "nowhere") is None
    assert DIALPLAN.globals == {"GREETING": "hello world"}


def test_a_hint_is_no_extension_to_call():
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
def test_the_extension_that_says_most_goes_first(dialled, ran):
    assert data(dialled) == ran


def test_an_extension_that_nothing_matches():
    assert data("nope") is None
    assert data("45555") is None
    assert data("100", context="nowhere") is None


def test_a_later_priority_comes_from_the_next_match():
    assert data("312", 2) == "second"


def test_contexts_may_include_each_other():
    assert data("100", context="more") == "first"
    assert data("77777", context="more") is None


def test_keys_that_may_become_more():
    assert DIALPLAN.could_grow("default", "10")
    assert DIALPLAN.could_grow("default", "2")
    assert not DIALPLAN.could_grow("default", "100*")


def test_every_stasis_application_has_a_context():
    step = DIALPLAN.find("stasis-hello-world", "anything", 1)
    assert (step.app, step.data) == ("Stasis", "hello-world")
    assert DIALPLAN.find("stasis-hello-world", "h", 1).app == "NoOp"
    assert DIALPLAN.find("stasis-hello-world", "anything", 2) is None


def test_a_directive_that_asterisk_does_not_know_is_left_out(caplog):
    plan = Dialplan.parse("[default]\nexten => 1,1,Answer()\n# same => n,NoOp()\nsame => n,Wait(1)")
    assert plan.find("default", "1", 2).app == "Wait"
    assert "extensions.conf:3: an unknown directive is left out: # same" in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[default]\nexten => 1", "extensions.conf:2"),
        ("[default]\n\nexten => 1,x,NoOp()", "extensions.conf:3"),
        ("[default]\nsame => n,NoOp()", "'same' has no 'exten' before it"),
        ("[default]\nexten => 1,n,NoOp()", "1 as an extension's first priority"),
        ("[default]\nexten => _[1,1,NoOp()", "'[' without its ']'"),
        ("[default]\nextend => 1,1,NoOp()", "not 'extend'"),
        ("[default]\nexten => 1,1,No Op()", "APPLICATION(DATA)"),
        ("exten => 1,1,NoOp()", "before the first [section]"),
    ],
)
def test_what_cannot_be_read_is_named(text, why):
    with pytest.raises(ConfigError) as refused:
        Dialplan.parse(text)
    assert why in str(refused.value)
    assert str(refused.value).startswith("extensions.conf:")


def test_global_variables_are_replaced_when_the_file_is_read():
    plan = Dialplan.parse(
        "[default]\nexten => ${N},1,NoOp(${N})\ninclude => ${C}\n"
        "[more]\nexten => 5,1,NoOp()\n[globals]\nA=1\nN=${A}2\nC=more\nS=$[1+2]"
    )
    assert plan.globals == {"A": "1", "N": "12", "C": "more", "S": "3"}
    assert plan.find("default", "12", 1).data == "${N}"
    assert plan.exists("default", "5")


@pytest.mark.parametrize("dialled", ["5551234", "555-1234"])
def test_a_dash_is_only_to_be_read(dialled):
    plan = Dialplan.parse("[default]\nexten => 555-1234,1,NoOp()\nexten => _9X-X,1,NoOp()")
    assert plan.exists("default", dialled)
    assert plan.exists("default", "9-87")


def test_what_takes_more_goes_before_what_ends():
    plan = Dialplan.parse("[default]\nexten => _12,1,NoOp(ends)\nexten => _12!,1,NoOp(more)")
    assert plan.find("default", "12", 1).data == "more"
