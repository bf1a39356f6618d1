"""A caller made by `call`, on the simulator and on a real Asterisk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.errors import AriError
from ari_notebook.connection import caller as callers
from tests.conftest import RealAsterisk
from tests.helpers.servers import Server
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => hangup,1,Hangup()
exten => busy,1,Busy(1)
exten => end,1,Wait(0.2)
exten => wait,1,Wait(5)
"""


@pytest.fixture(
    params=["simulator", pytest.param("asterisk", marks=pytest.mark.asterisk)],
)
def ari(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "simulator":
        connection = ari_notebook.connect()
    else:
        real = request.getfixturevalue("real_asterisk")
        connection = ari_notebook.connect(real.url, user=real.user, password=real.password)
    with connection as session:
        yield session


def test_keys_pressed_at_once_arrive_before_the_hangup(ari: Any) -> None:
    phone = ari.call("1000")
    phone.press("42#")
    phone.hangup()
    ari.wait_for("StasisEnd")
    keys = ari.events.df.query("type == 'ChannelDtmfReceived'")
    assert list(keys["detail"].str[0]) == ["4", "2", "#"]


def test_hangup_right_after_the_call_waits_for_the_program(ari: Any) -> None:
    ari.call("1000").hangup()
    ari.wait_for("StasisStart")
    ari.wait_for("StasisEnd")


def test_keys_pressed_while_talking_arrive_at_once(ari: Any) -> None:
    phone = ari.call("1000")
    ari.wait_for("StasisStart")
    phone.press("1")
    phone.talk()
    begun = time.monotonic()
    phone.press("2")
    ari.wait_for("ChannelDtmfReceived", digit="2")
    assert time.monotonic() - begun < 5
    phone.quiet()


@pytest.mark.parametrize("subscribe_all", [False, True])
def test_hangup_party_is_the_same_on_both_servers(
    exchange_server: Server, subscribe_all: bool
) -> None:
    with ari_notebook.connect(
        exchange_server.url, user=exchange_server.user, subscribe_all=subscribe_all
    ) as ari:

        def enter() -> Any:
            phone = ari.call("1000")
            ari.wait_for("StasisStart", timeout=30)
            return phone

        enter().hangup()
        ari.wait_for("StasisEnd", timeout=30)
        enter()
        ari.current_channel.hangup()
        ari.wait_for("StasisEnd", timeout=30)
        leg = ari.channels.originate("Local/1002@default", app="hello-world")
        ari.wait_for("StasisStart", timeout=30, channel=leg)
        leg.hangup()
        ari.wait_for("StasisEnd", timeout=30, channel=leg)
        until(lambda: list(ari.calls.df["hangup_by"]) == ["caller", "program", "program"], 30)


def test_caller_talks_once_its_call_is_answered(ari: Any) -> None:
    phone = ari.call("1000")
    phone.talk()
    ari.wait_for("StasisStart")
    ari.current_channel.record("spoken", "wav", ifExists="overwrite", maxDurationSeconds=1)
    ari.wait_for("RecordingFinished", timeout=30)
    assert ari.recordings["spoken"].sound.level > -50
    phone.hangup()


def test_keys_of_an_unanswered_call_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "ANSWER_SECONDS", 0.1)
    with ari_notebook.connect() as ari:
        assert ari.simulator is not None
        ari.simulator.set_dialplan("[default]\nexten => 1,1,Ringing()\n same => n,Wait(9)\n")
        phone = ari.call("1")
        with pytest.raises(AriError, match="call to 1 is not answered"):
            phone.press("5")
        phone.hangup()


def test_call_to_missing_extension_is_noticed(real_asterisk: RealAsterisk) -> None:
    real_asterisk.write_config("extensions.conf", DIALPLAN)
    real_asterisk.reload()
    notices: list[str] = []
    with ari_notebook.connect(real_asterisk.url, user=real_asterisk.user) as ari:
        ari.notices.add_listener(notices.append)
        for extension in ("hangup", "busy", "end"):  # no call that ran is taken for one
            ari.call(extension)
        ari.call("wait").hangup()
        time.sleep(2)
        assert notices == []
        ari.call("9999")
        until(lambda: notices)
        time.sleep(0.3)
        assert notices == ["the call ended at once: the dialplan has no extension 9999@default"]
