"""A request as Python and as a magic, and the exported program of all actions."""

from __future__ import annotations

import time

import pytest

from ari_notebook.sessions.session import Session
from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.panel.commands import Commands
from ari_notebook.views.panel.exported import Action
from ari_notebook.views.panel.program import ActionLog
from ari_notebook.views.panel.request_forms import as_magic, as_python, operation_of


def sent(method: str, path: str, body: object = None, **params: str) -> SentRequest:
    return SentRequest(0.0, method, path, params, body, 204, 1.0, "", "http://x" + path, "u")


@pytest.mark.parametrize(
    ("request_", "python", "magic"),
    [
        (
            sent("POST", "/channels/1.2/play", media="sound:beep"),
            "ari.channels.play('1.2', media='sound:beep')",
            "%ari post /channels/1.2/play media=sound:beep",
        ),
        (sent("DELETE", "/channels/1%2F2"), "ari.channels.hangup('1/2')", None),
        (
            sent("POST", "/channels/create", endpoint="PJSIP/a", app="b"),
            "ari.channels.create(endpoint='PJSIP/a', app='b')",
            None,
        ),
        (
            sent("POST", "/nothing", {"a": 1}, b="it's"),
            "ari.request('POST', '/nothing', {'b': \"it's\"}, {'a': 1})",
            '%ari post /nothing b="it\'s" --body \'{"a": 1}\'',
        ),
    ],
)
def test_request_forms(ari: Session, request_: SentRequest, python: str, magic: str | None) -> None:
    assert as_python(ari.declaration, request_) == python
    if magic is not None:
        assert as_magic(request_) == magic


def test_python_form_sends_the_same_request(ari: Session) -> None:
    bridge = ari.bridges.create(name="one")
    ari.bridges.start_moh(bridge.id, mohClass="default")
    first = ari.requests.last
    assert first is not None
    eval(as_python(ari.declaration, first.shown), {"ari": ari})
    second = ari.requests.last
    assert second is not None
    assert (second.method, second.path, second.params) == (first.method, first.path, first.params)
    assert ari.requests.count >= 3
    bridge.destroy()


def test_operation_of_undeclared_path_is_none(ari: Session) -> None:
    assert operation_of(ari.declaration, sent("GET", "/nowhere")) is None


def test_program_does_again_what_was_done(ari: Session) -> None:
    does, actions = Commands(ari), ActionLog(ari)

    def press(kind: str, action: str, id: str = "", **arguments: str) -> str:
        first = ari.requests.count
        value = does.do(kind, action, id, arguments)
        requests = list(ari.requests)[-(ari.requests.count - first) :]
        made = tuple(requests if kind != "phone" else ())
        actions.add(Action(kind, action, id, arguments, value, made))
        return value

    phone = press("phone", "call", extension="1000", caller="Alice <5551>")
    call = str(ari.wait_for("StasisStart").channel.id)
    press("bridges", "create", type="mixing")
    bridge = next(iter(ari.tables.bridges))
    press("bridges", "add_channel", bridge, channel=call)
    time.sleep(0.6)
    press("channels", "hangup", call)
    assert phone
    program = actions.program()
    lines = [line.strip() for line in program.splitlines()]
    for line in (
        "phone1 = ari.call('1000', caller='Alice <5551>')",
        "bridge1 = ari.bridges.create(type='mixing')",
        'call1 = ari.wait_for("StasisStart").channel',
        "ari.bridges.add_channel(bridge1.id, channel=call1.id)",
        "ari.channels.hangup(call1.id)",
    ):
        assert line in lines
    assert any(line.startswith("time.sleep(0.") for line in lines)
    exec(compile(program, "panel.py", "exec"), {})
    ari.bridges.destroy(bridge)
