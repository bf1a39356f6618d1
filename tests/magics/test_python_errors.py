"""An error of a Python call is shown as the caller's line and the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.magics.prompt import Prompt


@pytest.fixture
def channel(on_exchange: Callable[[str], Prompt]) -> Iterator[Prompt]:
    prompt = on_exchange("hello-world")
    prompt("phone = %ari call 1000")
    prompt("%ari wait StasisStart")
    prompt("channel = ari.current_channel")
    yield prompt
    prompt("phone.hangup()")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ari.channels.hangup('nosuch')", "NotFound: 404 Channel not found"),
        ("channel.play('x')", "InvalidParameter: Asterisk cannot play 'x'"),
        ("ari.wait_for('StasisStrat')", "UsageProblem: unknown event: 'StasisStrat'"),
        ("ari.play('x')", "Did you mean ari.channels.play or ari.bridges.play?"),
        ("ari.channels.pley('x')", "ari.channels has no 'pley'. Did you mean play?"),
        ("ari.call('1000').hangupp", "a phone has no 'hangupp'. Did you mean hangup?"),
        ("ari.stauts", "Did you mean ari.status?"),
        ("channel.hangupp()", "a Channel has no 'hangupp'. Did you mean hangup()?"),
        ("channel.nosuch", "Methods: alive, answer,"),
        ("channel.state = 'Down'", "state cannot be assigned"),
        ("channel.caller = {'name': 'Bob'}", 'Use channel.set_channel_var("CALLERID(name)"'),
        ("channel.caller.name = 'Bob'", "name cannot be assigned"),
    ],
)
def test_error_is_callers_line_and_message(channel: Prompt, line: str, says: str) -> None:
    shown = channel.fail(line).splitlines()
    assert len(shown) == 2
    assert shown[0] == f"cell, line 1: {line}"
    assert says in shown[1]


def test_dialplan_application_not_simulated_is_referred_to_asterisk(channel: Prompt) -> None:
    assert "core show application SLATrunk" in channel.fail("%ari docs SLATrunk")


def test_assignment_refused_leaves_value_of_server(channel: Prompt) -> None:
    channel.fail("channel.state = 'Down'")
    channel("found = channel.state")
    assert channel.names["found"] == "Up"


def test_function_of_user_is_shown_as_well(channel: Prompt) -> None:
    channel("def end(name):\n    ari.channels.hangup(name)")
    shown = channel.fail("end('nosuch')").splitlines()
    assert shown[:2] == [
        "cell, line 1: end('nosuch')",
        "cell, line 2: ari.channels.hangup(name)",
    ]


def test_whole_traceback_on_request(channel: Prompt) -> None:
    channel.fail("ari.channels.hangup('nosuch')")
    shown = str(channel("%ari traceback"))
    assert "request_sender.py" in shown
    assert "NotFound: 404 Channel not found" in shown
