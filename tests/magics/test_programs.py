"""Cells as handlers, the trace, captures, the dialplan: verbs that do more than one request."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.waiting import until
from tests.magics.prompt import Prompt


def test_cell_is_a_handler(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt(
        "%%ari on StasisStart\nseen = (event.type, channel.name, ari.name)\n%ari play hello-world"
    )
    prompt("%ari call 1000\n%ari wait PlaybackFinished;")
    assert prompt("seen")[0] == "StasisStart"
    assert prompt("%ari handlers").loc["on_StasisStart", "runs"] == 1
    prompt("%%ari on StasisStart\nseen = 'again'")
    assert list(prompt("%ari handlers").index) == ["on_StasisStart"]
    prompt("%ari call 1000\n%ari wait StasisStart;")
    until(lambda: prompt.names["seen"] == "again")
    prompt("%ari off on_StasisStart")
    assert len(prompt("%ari handlers")) == 0


def test_handler_for_some_events_only(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt("keys = []")
    prompt("%%ari on ChannelDtmfReceived digit=5 --name fives\nkeys.append(event.digit)")
    prompt("caller = %ari call 1000\n%ari wait StasisStart;\ncaller.press('1525')")
    until(lambda: prompt.names["keys"] == ["5", "5"])
    assert "fives" in prompt("%ari handlers").index


def test_failing_handler_says_so_and_stops_nothing(prompt: Prompt) -> None:
    prompt("%ari connect")
    typed = prompt.type("%%ari on StasisStart\n1 / 0")
    assert typed.error is None
    prompt("%ari call 1000\n%ari wait StasisStart;")
    until(lambda: prompt.names["ari"].handlers["on_StasisStart"].failures == 1)
    failed = prompt("ari.events.last('HandlerFailed')")
    assert "ZeroDivisionError" in failed["traceback"]
    assert prompt("%ari status").state == "connected"


def test_in_a_handler_verbs_act_on_the_channel_of_the_event(
    on_exchange: Callable[..., Prompt],
) -> None:
    prompt = on_exchange()
    prompt("said = []\nevent = channel = 'of the notebook'")
    prompt(
        "%%ari on ChannelUserevent\n"
        "by_default = %ari variable CHANNEL(name)\n"
        "by_name = %ari variable CHANNEL(name) --channel $channel\n"
        "said.append((by_default, by_name, channel.name))"
    )
    prompt("%ari call 1000\n%ari wait StasisStart;\nfirst = %ari select")
    prompt("%ari call 1000\n%ari wait StasisStart;")
    prompt("%ari events.user_event eventName=x application=hello-world source=channel:$first")
    until(lambda: bool(prompt.names["said"]))
    name = prompt.names["first"].name
    assert prompt.names["said"] == [(name, name, name)]
    assert prompt("%ari select").name != name


def test_ari_in_handler_is_its_session(prompt: Prompt) -> None:
    prompt("%ari connect --name one\n%ari connect --name two")
    prompt("names = []")
    prompt(
        "%%ari on StasisStart --on one\nstatus = %ari status\nnames.append((status.name, ari.name))"
    )
    prompt("%ari call 1000 --on one")
    until(lambda: bool(prompt.names["names"]))
    assert prompt.names["names"] == [("one", "one")]


def test_trace_shows_the_wire_without_the_password(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    password = "asterisk:asterisk"
    shown = prompt.type(
        "%ari trace on\n%ari post /bridges type=mixing name=traced;\n%ari call 1000\n"
        "%ari wait StasisStart;\n%ari trace off\n%ari get /channels;"
    ).out
    assert "> POST /ari/bridges?type=mixing&name=traced HTTP/1.1" in shown
    assert "< HTTP/1.1 200 OK" in shown
    assert '< {"type":"StasisStart"' in shown.replace('" : "', '":"').replace('": "', '":"')
    assert shown.count("$ curl") == 1
    assert password not in shown
    assert "Authorization" not in shown


def test_trace_shows_requests_before_their_events(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt.type("%ari call 1000\n%ari wait StasisStart;")
    shown = prompt.type(
        "%ari trace on\n%ari play tone:ring;\n%ari wait PlaybackStarted;\n"
        "%ari playback stop\n%ari wait PlaybackFinished;\n%ari hangup\n%ari wait StasisEnd;\n"
        "%ari trace off"
    ).out
    order = re.findall(
        r"> (POST|DELETE) /ari/(\w+)|\"type\": ?\"(PlaybackStarted|PlaybackFinished|StasisEnd)\"",
        shown,
    )
    assert ["".join(each) for each in order] == [
        "POSTchannels",
        "PlaybackStarted",
        "DELETEplaybacks",
        "PlaybackFinished",
        "DELETEchannels",
        "StasisEnd",
    ]


def test_dialplan_is_shown_and_replaced(prompt: Prompt) -> None:
    prompt("%ari connect")
    assert "exten => 1000" in str(prompt("%ari dialplan"))
    prompt(
        "%%ari dialplan\n[default]\nexten => 7000,1,Stasis(hello-world,new)\n same => n,Hangup()"
    )
    prompt("%ari call 7000")
    assert prompt("%ari wait StasisStart")["args"] == ["new"]
    assert "7000" in prompt.tab("%ari call 70")


def test_real_asterisk_keeps_its_dialplan(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    assert "extensions.conf" in prompt.fail("%ari dialplan")


def test_capture_and_replay(
    on_exchange: Callable[..., Prompt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prompt = on_exchange()
    prompt("%ari capture start 'my call.ari'")
    prompt("%ari call 1000\n%ari wait StasisStart;\n%ari hangup\n%ari wait StasisEnd;")
    prompt("%ari capture stop")
    live = list(prompt("%ari events")["type"])
    assert "UsageProblem" in prompt.fail("%ari capture start 'my call.ari'")
    prompt("again = %ari replay 'my call.ari' --speed inf")
    until(lambda: len(prompt.names["again"].events) >= len(live))
    assert list(prompt("again.events.df")["type"]) == live


def test_view_verbs_return_their_views(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt("%ari call 1000\n%ari wait StasisStart;\nchannel = %ari select\n%ari hangup")
    prompt("%ari wait StasisEnd;")
    assert "<svg" in prompt("%ari ladder $channel")._repr_html_()
    assert "StasisStart" in repr(prompt("%ari ladder --call $channel --seconds 60"))
    assert "<svg" in prompt("%ari timeline")._repr_html_()
    assert len(prompt("%ari events --channel $channel --type StasisStart")) == 1


def test_panel_looks_as_often_as_configured(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt("%config AriMagics.refresh = 0.5")
    assert prompt("panel = %ari panel\npanel").look_seconds == 0.5


def test_docs_verb_shows_reference(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    assert "POST /channels/{channelId}/play" in str(prompt("%ari docs channels.play"))
    assert "Event StasisStart" in str(prompt("%ari docs StasisStart"))
    assert "Model Bridge" in str(prompt("%ari docs Bridge"))
    assert "Operations:" in str(prompt("%ari docs bridges"))
    assert "%ari play MEDIA" in str(prompt("%ari docs play"))
    assert "%ari play MEDIA" in str(prompt("%ari play hello --help"))
    assert "%ari bridge add" in str(prompt("%ari bridge --help"))
    assert "POST /channels/{channelId}/play" in str(prompt("%ari channels.play --help"))
    assert "same => n,Stasis(hello-world)" in str(prompt("%ari docs Stasis"))
    assert "ari-only" in str(prompt("%ari docs PJSIP_TRANSFER_HANDLING"))
    assert prompt.tab("%ari docs TALK") == ["TALK_DETECT"]
    assert "curl -v -u" in str(prompt("%ari get /asterisk/info;\n%ari curl"))
    difference = prompt("%ari diff")
    assert set(difference["only in"]) <= {"the server", "the built-in declaration"}
    assert prompt("%ari get /asterisk/ping")["ping"] == "pong"


def test_every_operation_is_a_verb(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt("%ari device_states.update deviceName=Stasis:lamp deviceState=INUSE")
    state = prompt("%ari device_states.get deviceName=Stasis:lamp")
    assert state.state == "INUSE"
    prompt("%ari deviceStates.delete deviceName=Stasis:lamp")
    made = prompt('%ari bridges.create name="Zoë\'s bridge"')
    assert made.name == "Zoë's bridge"
    prompt("%ari call 1000\n%ari wait StasisStart;\nchannel = %ari select")
    prompt('%ari channels.set_channel_var channelId=$channel variable=WHO value="Ann & Bob"')
    assert prompt("%ari variable WHO --channel $channel") == "Ann & Bob"
    prompt("%ari hangup $channel")
