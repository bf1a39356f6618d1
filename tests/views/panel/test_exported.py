"""The exported program and flow of a panel's actions: both do again what was done."""

from __future__ import annotations

import ast
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.views.panel.commands import Commands
from ari_notebook.views.panel.exported import Action, Arrival
from ari_notebook.views.panel.flow_text import FlowText
from ari_notebook.views.panel.program import ActionLog, _Program
from ari_notebook.views.panel.state import media_length


class Buttons:
    """The buttons of a panel without its page."""

    def __init__(self, ari: Session) -> None:
        self.ari, self.log = ari, ActionLog(ari)
        self._does = Commands(ari)

    def press(self, kind: str, action: str, id: str = "", /, **arguments: Any) -> str:
        first = self.ari.requests.count
        self.log.see((id, str(arguments.get("channel") or "")))
        value = self._does.do(kind, action, id, arguments)
        many = self.ari.requests.count - first
        sent = [each for each in list(self.ari.requests)[-many:] if many and kind != "phone"]
        self.log.add(Action(kind, action, id, arguments, value, tuple(sent)))
        return value

    def dial(self) -> str:
        """Call 1003, where calls wait for their answer; return the id of the channel."""
        self.press("phone", "call", extension="1003", caller="Alice <5551>")
        return str(self.ari.wait_for("StasisStart").channel.id)

    def flow(self) -> str:
        return self.log.flow(media_length(self.ari))


@pytest.fixture
def buttons(ari: Session) -> Buttons:
    return Buttons(ari)


def repeated(program: str) -> list[tuple[str, str, dict[str, str]]]:
    """Run a program and return the requests that it sent, with words instead of ids."""
    names: dict[str, Any] = {}
    exec(compile(program, "panel.py", "exec"), names)
    return outline(list(names["ari"].requests))


def outline(requests: list[Any]) -> list[tuple[str, str, dict[str, str]]]:
    made: dict[str, str] = {}

    def known(text: str) -> str:
        for id, name in made.items():
            text = text.replace(id, name)
        return re.sub(r"^(/channels)/[^/]+", r"\1/CALL", text)

    lines = []
    for request in requests:
        if request.made:
            made[request.made] = f"MADE{len(made)}"
        params = {name: known(value) for name, value in request.params.items()}
        if "channel" in params:
            params["channel"] = "CALL"
        path = known(request.path)
        path = re.sub(r"^/channels/CALL/play/.*", "/channels/CALL/play", path)
        lines.append((request.method, path, params))
    return lines


def test_flow_sends_the_requests_of_the_buttons(buttons: Buttons) -> None:
    first = buttons.ari.requests.count
    call = buttons.dial()
    buttons.press("channels", "answer", call)
    buttons.press("channels", "mute", call)
    buttons.press("channels", "unmute", call, direction="both")
    name = "panel-1"
    buttons.press("channels", "record", call)
    buttons.press("recordings", "stop", name)
    buttons.press("bridges", "create", type="mixing")
    bridge = next(iter(buttons.ari.tables.bridges))
    buttons.press("bridges", "add_channel", bridge, channel=call)
    buttons.press("bridges", "remove_channel", bridge, channel=call)
    buttons.press("bridges", "destroy", bridge)
    buttons.press("channels", "hangup", call)
    done = outline(list(buttons.ari.requests)[first - buttons.ari.requests.count :])
    flow = buttons.flow()
    again = repeated(flow)
    assert [line[:2] for line in again] == [line[:2] for line in done], flow
    assert "@ari.flow(exten='1003')" in flow
    assert "call.answer()" in flow
    assert "recording1 = call.channel.record(name='panel-1'" in flow
    assert "ari.bridges.add_channel(bridge1.id, channel=call.id)" in flow


def test_flow_says_what_was_heard_and_controls_what_was_stopped(buttons: Buttons) -> None:
    call = buttons.dial()
    buttons.press("channels", "answer", call)
    buttons.press("channels", "play", call, media="sound:beep")
    buttons.ari.wait_for("PlaybackFinished")
    buttons.press("channels", "play", call, media="sound:tt-monkeys")
    playback = buttons.ari.requests.last.made  # type: ignore[union-attr]
    buttons.press("playbacks", "stop", playback)
    buttons.press("channels", "hangup", call)
    flow = buttons.flow()
    assert "call.say('sound:beep')" in flow
    assert "playback1 = call.channel.play(media='sound:tt-monkeys')" in flow
    assert "ari.playbacks.stop(playback1.id)" in flow
    done = repeated(flow)
    assert [line[0] for line in done] == ["POST", "POST", "POST", "DELETE", "DELETE"]


def test_telephone_goes_on_beside_the_flow(buttons: Buttons) -> None:
    call = buttons.dial()
    buttons.press("channels", "answer", call)
    buttons.press("phone", "press", id=call, digits="4")
    time.sleep(0.1)
    buttons.press("phone", "put_down", id=call)
    flow = buttons.flow()
    lines = [line.strip() for line in flow.splitlines()]
    assert "phone1 = ari.call('1003', caller='Alice <5551>')" in lines
    assert lines.index("phone1.press('4')") < lines.index("phone1.hangup()")
    assert "call.sleep(3600)  # until the caller hangs up" in lines
    assert repeated(flow) == [("POST", "/channels/CALL/answer", {})]


def test_flow_transfers_to_an_extension(buttons: Buttons) -> None:
    call = buttons.dial()
    place = {"context": "default", "extension": "1002", "priority": 1}
    buttons.press("channels", "continue_in_dialplan", call, **place)
    flow = buttons.flow()
    assert "call.transfer('1002', context='default')" in flow
    ((method, path, params),) = repeated(flow)
    assert (method, path, params["extension"]) == ("POST", "/channels/CALL/continue", "1002")
    buttons.press("phone", "put_down", id=call)


def test_call_that_another_program_made_comes_again(buttons: Buttons) -> None:
    phone = buttons.ari.call("1003", caller="Bob <5552>")
    call = str(buttons.ari.wait_for("StasisStart").channel.id)
    buttons.press("channels", "answer", call)
    buttons.press("channels", "hangup", call)
    for text in (buttons.flow(), buttons.log.program()):
        assert "phone1 = ari.call('1003', caller='Bob <5552>')" in text
        assert [line[:2] for line in repeated(text)] == [
            ("POST", "/channels/CALL/answer"),
            ("DELETE", "/channels/CALL"),
        ]
    assert phone.id == call


@pytest.mark.parametrize(
    "name", ['Eve"); exit("', "a'b\\", "x\n    import os", "\u202eevil\u2028", "{0} %s"]
)
def test_hostile_callers_are_text_in_exported_programs(name: str) -> None:
    row = {"caller": {"name": name, "number": name}, "dialplan": {"exten": name, "context": name}}
    call = ast.parse(f"call({Arrival.of(row).arguments})", mode="eval").body
    assert isinstance(call, ast.Call)
    given = [ast.literal_eval(each) for each in call.args]
    named = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    assert (given, named) == ([name], {"context": name, "caller": f"{name} <{name}>"})


def test_hostile_extensions_are_text_in_exported_programs(buttons: Buttons) -> None:
    """A program that waits for a call says to where."""
    call = buttons.dial()
    buttons.press("channels", "answer", call)
    buttons.press("channels", "hangup", call)
    actions = [each for each in buttons.log._actions if each.kind != "phone"]
    arrivals = {call: Arrival('1"); exit("', "default", "")}
    server = SimpleNamespace(
        declaration=buttons.ari.declaration, status=buttons.ari.status, simulator=None
    )
    for text in (
        _Program(server, arrivals).text(actions),  # type: ignore[arg-type]
        FlowText(server, arrivals, {}.get).text(actions),  # type: ignore[arg-type]
    ):
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        said = [node.args[0] for node in calls if ast.unparse(node.func) == "print"]
        assert [ast.literal_eval(each) for each in said] == ['Waiting for a call to 1"); exit(".']


def test_actions_on_two_calls_make_no_flow(buttons: Buttons) -> None:
    with pytest.raises(UsageProblem, match="about 0 calls"):
        buttons.flow()
    one, two = buttons.dial(), buttons.dial()
    buttons.press("channels", "answer", one)
    buttons.press("channels", "answer", two)
    with pytest.raises(UsageProblem, match="a flow is for one call; these actions are about 2"):
        buttons.flow()
    buttons.press("channels", "join", one, **{"with": two})
    with pytest.raises(UsageProblem, match="join connects two calls"):
        buttons.flow()
    for call in (one, two):
        buttons.press("phone", "put_down", id=call)
    buttons.ari.bridges.destroy(next(iter(buttons.ari.tables.bridges)))


def test_bridge_made_elsewhere_makes_no_flow(buttons: Buttons) -> None:
    bridge = buttons.ari.bridges.create(name="sales")
    call = buttons.dial()
    buttons.press("bridges", "add_channel", bridge.id, channel=call)
    with pytest.raises(UsageProblem, match=f"bridge {bridge.id} was not made here"):
        buttons.flow()
    buttons.press("phone", "put_down", id=call)
    bridge.destroy()
