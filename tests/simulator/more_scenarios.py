"""Side-by-side scenarios: applications, dialling, bridges, moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from tests.simulator.driver import Driver

Program = Callable[[Driver], None]
SCENARIOS: dict[str, tuple[Program, dict[str, Any]]] = {}


@overload
def scenario(function: Program) -> Program: ...
@overload
def scenario(*, subscribe_all: bool) -> Callable[[Program], Program]: ...
def scenario(
    function: Program | None = None, **options: Any
) -> Program | Callable[[Program], Program]:
    """Register a program; ``options`` are for its `Driver`."""

    def register(function: Program) -> Program:
        SCENARIOS[function.__name__] = (function, options)
        return function

    return register if function is None else register(function)


def second(server: Driver) -> Driver:
    """Return another application with a separate socket, on the same server."""
    return Driver(server.place)


@scenario
def from_one_application_to_another(server: Driver) -> None:
    other = second(server)
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/move", app=other.app, appArgs="a,b")
    server.until("StasisEnd", channel__id=channel)
    assert other.until("StasisStart", channel__id=channel)["args"] == ["a", "b"]
    server.ask("GET", f"/channels/{channel}")
    server.ask("DELETE", f"/channels/{channel}")
    other.until("StasisEnd", channel__id=channel)
    server.settle()
    other.close()


@scenario
def a_move_that_fails(server: Driver) -> None:
    channel = server.originate()
    # (Without an app, a real Asterisk 22.10 crashes; ours does not.)
    server.ask("POST", f"/channels/{channel}/move", app="nosuch-app", appArgs="a")
    server.until("ApplicationMoveFailed")
    server.hang_up(channel)


@scenario
def a_subscription_is_counted(server: Driver) -> None:
    channel = server.originate()
    path = f"/applications/{server.app}/subscription"
    for _ in range(2):
        server.ask("POST", path, eventSource=f"channel:{channel}")
    for _ in range(4):
        server.ask("DELETE", path, eventSource=f"channel:{channel}")
    server.ask("GET", f"/applications/{server.app}")
    server.ask("DELETE", f"/channels/{channel}")


@scenario
def a_filter_holds_back(server: Driver) -> None:
    path = f"/applications/{server.app}/eventFilter"
    server.ask("PUT", path, {"disallowed": [{"type": "Dial"}, {"type": "ChannelVarset"}]})
    channel = server.originate()
    server.ask("PUT", path, {"allowed": [{"type": "StasisEnd"}, {"type": "ChannelDestroyed"}]})
    server.ask("PUT", path, {"allowed": []})
    server.ask("PUT", path, {"disallowed": [{"name": "x"}]})
    server.ask("PUT", path, {"nonsense": 1})
    server.ask("PUT", path, [])
    server.hang_up(channel)


@scenario
def others_channels_are_watched(server: Driver) -> None:
    other = second(server)
    channel = other.originate()
    server.ask("POST", f"/applications/{server.app}/subscription", eventSource=f"channel:{channel}")
    other.ask("POST", f"/channels/{channel}/play", media="sound:beep")
    server.until("PlaybackFinished")
    other.ask("DELETE", f"/channels/{channel}")
    server.until("ChannelDestroyed", channel__id=channel)
    server.settle()
    other.close()


@scenario
def a_bridge_is_watched(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    source = f"bridge:{bridge}"
    server.ask("POST", f"/applications/{server.app}/subscription", eventSource=source)
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    server.ask("GET", f"/applications/{server.app}")
    server.ask("DELETE", f"/applications/{server.app}/subscription", eventSource=source)
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=channel)
    server.ask("GET", f"/applications/{server.app}")
    server.ask("DELETE", f"/bridges/{bridge}")
    server.hang_up(channel)


@scenario
def dialled_while_bridged(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    made = server.ask(
        "POST", "/channels/create", endpoint="Local/1004@default", app=server.app, appArgs="x,y"
    )
    channel = made["id"]
    server.until("StasisStart")
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge", channel__id=channel)
    server.ask("POST", f"/channels/{channel}/dial", timeout=5)
    server.until("Dial", dialstatus="ANSWER")
    server.settle()
    server.ask("GET", f"/bridges/{bridge}")
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def dialling_without_an_answer(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/8001@default", app=server.app)
    server.until("StasisStart")
    server.ask("POST", f"/channels/{made['id']}/dial", timeout=1)
    server.until("ChannelDestroyed", channel__id=made["id"])


@scenario
def dialled_for_an_originator(server: Driver) -> None:
    caller = server.originate()
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    server.until("StasisStart", channel__id=made["id"])
    server.ask("POST", f"/channels/{made['id']}/dial", caller=caller, timeout=5)
    server.until("Dial", dialstatus="ANSWER")
    server.settle()
    server.hang_up(caller, made["id"])


@scenario
def hung_up_before_it_answers(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    server.until("StasisStart", channel__id=made["id"])
    server.ask("POST", f"/channels/{made['id']}/dial", timeout=5)
    server.until("Dial", dialstatus="RINGING")
    server.hang_up(made["id"])


@scenario
def never_dialled(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    server.until("StasisStart", channel__id=made["id"])
    for verb in (
        "answer", "ring", "play?media=sound:beep", "hold", "mute?direction=in", "continue",
        "redirect",
    ):  # fmt: skip
        server.ask("POST", f"/channels/{made['id']}/{verb}")
    server.ask("GET", f"/channels/{made['id']}")
    server.hang_up(made["id"])


@scenario
def originated_into_the_dialplan(server: Driver) -> None:
    made = server.ask(
        "POST", "/channels", endpoint="Local/1002@default", extension="1003", context="default",
        priority=1, callerId="Alice <5551>", channelId=f"{server.app}-1",
    )  # fmt: skip
    server.settle()
    server.ask("GET", f"/channels/{made['id']}")
    server.ask("GET", "/channels/nosuch")
    server.ask("DELETE", f"/channels/{made['id']}")


@scenario(subscribe_all=True)
def all_of_a_call_in_the_dialplan(server: Driver) -> None:
    made = server.ask(
        "POST", "/channels", endpoint="Local/1002@default", extension="1001", context="default",
        callerId="Alice <5551>", variables='{"SPEED":"slow"}',
    )  # fmt: skip
    server.until("ChannelDialplan", dialplan_app="Wait")
    server.settle()
    server.hang_up(made["id"])


@scenario
def to_an_extension_that_is_not_there(server: Driver) -> None:
    made = server.ask("POST", "/channels", endpoint="Local/8001@default", app=server.app)
    if made:
        server.until("ChannelDestroyed", channel__id=made["id"])


@scenario
def called_by_the_application(server: Driver) -> None:
    other = second(server)
    made = server.ask("POST", "/channels", endpoint=f"Local/x@stasis-{other.app}", app=server.app)
    server.settle()
    other.settle()
    server.ask("GET", f"/channels/{made['id']}")
    server.ask("DELETE", f"/channels/{made['id']}")
    server.settle()
    other.close()


@scenario
def both_halves_in_stasis(server: Driver) -> None:
    made = server.ask(
        "POST", "/channels", endpoint=f"Local/x@stasis-{server.app}", app=server.app,
        channelId=f"{server.app}-1", otherChannelId=f"{server.app}-2",
    )  # fmt: skip
    server.until("StasisStart", channel__id=f"{server.app}-2")
    server.ask("POST", f"/channels/{server.app}-2/ring")
    server.until("Dial", dialstatus="RINGING")
    server.ask("POST", f"/channels/{server.app}-2/progress")
    server.ask("POST", f"/channels/{server.app}-2/answer")
    server.until("StasisStart", channel__id=f"{server.app}-1")
    server.ask("POST", f"/channels/{server.app}-1/dtmf", dtmf="1#")
    server.until("ChannelDtmfReceived", digit="#")
    server.ask("POST", f"/channels/{server.app}-2/hold")
    server.ask("DELETE", f"/channels/{server.app}-2/hold")
    server.settle()
    server.ask("DELETE", f"/channels/{made['id']}")
    server.settle()


@scenario
def busy_when_originated(server: Driver) -> None:
    made = server.ask("POST", "/channels", endpoint="Local/1006@default", app=server.app)
    server.until("ChannelDestroyed", channel__id=made["id"])


@scenario
def bridged_with_options(server: Driver) -> None:
    one, two, three = (server.originate() for _ in range(3))
    bridge = server.ask("POST", "/bridges", type="mixing,dtmf_events", name="room")["id"]
    path = f"/bridges/{bridge}/addChannel"
    server.ask("POST", path, channel=one, absorbDTMF="true", mute="true")
    server.ask("POST", path, channel=one)
    server.ask("POST", path, channel=two, role="announcer", inhibitConnectedLineUpdates="true")
    server.ask("POST", path, channel=three)
    server.until("ChannelEnteredBridge", channel__id=three)
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("POST", path, channel="nosuch")
    server.ask("POST", path)
    server.ask("POST", f"/bridges/{bridge}/videoSource/{one}")
    server.ask("POST", f"/bridges/{bridge}/videoSource/nosuch")
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("DELETE", f"/bridges/{bridge}/videoSource")
    server.ask("GET", f"/bridges/{bridge}")
    server.hang_up(one, two, three)
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def bridges_of_all_kinds(server: Driver) -> None:
    for number, params in enumerate(({"type": "holding"}, {"type": "mixing,proxy_media"}, {},
                   {"type": "mixing,video_sfu"}, {"type": "mixing,holding"}, {"type": "nonsense"},
                   {"type": "dtmf_events"}, {"type": "mixing,video_single"},
                   {"name": "n"})):  # fmt: skip
        id = f"{server.app}-{number}"
        server.ask("POST", "/bridges", bridgeId=id, **params)
        server.ask("GET", f"/bridges/{id}")
        server.ask("POST", f"/bridges/{id}", name="renamed")
        server.ask("DELETE", f"/bridges/{id}")
        server.ask("DELETE", f"/bridges/{id}")


@scenario
def a_bridge_with_variables(server: Driver) -> None:
    id = f"{server.app}-b"
    server.ask("POST", f"/bridges/{id}", {"variables": {"A": "1"}}, type="mixing")
    path = f"/bridges/{id}"
    server.ask("GET", f"{path}/variable", variable="A")
    server.ask("GET", f"{path}/variable", variable="NONE")
    server.ask("GET", f"{path}/variable")
    server.ask("POST", f"{path}/variable", variable="B", value="2", report_events="true")
    server.ask("GET", path)
    server.ask("GET", f"{path}/variables", variables="A,B,NONE")
    server.ask("GET", f"{path}/variables")
    server.ask("POST", f"{path}/variables", {"variables": {"C": "3", "D": 4}})
    server.ask("POST", f"{path}/variables", {"variables": {"C": "3"}})
    server.ask("GET", f"{path}/variables", variables="C,D")
    server.ask("POST", f"{path}/variable", variable="B")
    server.ask("GET", path)
    server.ask("DELETE", path)
    server.ask("POST", "/bridges", {"E": "5"}, bridgeId=id)
    server.ask("GET", f"{path}/variable", variable="E")
    server.ask("DELETE", path)


@scenario
def functions_among_the_variables(server: Driver) -> None:
    given = {"variables": {"CALLERID(name)": "Bob", "CHANNEL(language)": "fr", "X": "1"}}
    made = server.ask(
        "POST", "/channels", given, endpoint="Local/1002@default", app=server.app, callerId="5551"
    )
    channel = made["id"]
    assert (made["caller"], made["language"]) == ({"name": "Bob", "number": "5551"}, "fr")
    server.until("StasisStart", channel__id=channel)
    server.until("ChannelDialplan", dialplan_app="Wait")
    server.ask("GET", f"/channels/{channel}/variable", variable="X")
    server.hang_up(channel)
    made = server.ask(
        "POST", "/channels/create", given, endpoint="Local/1002@default", app=server.app
    )
    assert made["caller"]["name"] == "Bob"
    server.until("StasisStart", channel__id=made["id"])
    server.hang_up(made["id"])


@scenario
def what_else_a_channel_may_show(server: Driver) -> None:
    given = {"CHANNEL(tenantid)": "acme", "CALLERID(rdnis)": "5559", "CALLERID(name)": "Bob"}
    made = server.ask(
        "POST", "/channels/create", {"variables": given}, endpoint="Local/1002@default",
        app=server.app,
    )  # fmt: skip
    channel = made["id"]
    assert (made["tenantid"], made["caller_rdnis"]) == ("acme", "5559")
    server.until("StasisStart", channel__id=channel)
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable="CHANNEL(tenantid)", value="")
    for name in given:
        server.ask("GET", path, variable=name)
    server.hang_up(channel)


@scenario
def many_variables_at_once(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variables"
    server.ask("POST", path, {"variables": {"A": "1", "B": "2"}}, report_events="true")
    server.settle()
    server.ask("GET", path, variables="A,B,NONE,CHANNEL(name)")
    server.ask("GET", path)
    server.ask("GET", f"/channels/{channel}")
    server.ask("POST", path, {"variables": {"A": 1}})
    server.ask("POST", path, {})
    server.ask("POST", path, {"variables": []})
    server.ask("POST", f"/channels/{channel}/variable", variable="A")
    server.ask("POST", f"/channels/{channel}/variable", variable="CALLERID(name)", value="Bob")
    server.ask("POST", f"/channels/{channel}/variable", variable="NOFUNC(x)", value="1")
    server.ask("GET", f"/channels/{channel}/variable", variable="NOFUNC(x)")
    server.settle()
    server.ask("GET", f"/channels/{channel}")
    server.hang_up(channel)


@scenario
def played_in_a_bridge(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=two)
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.ask("POST", f"/channels/{one}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.ask("POST", f"/bridges/{bridge}/record", name=f"{server.app}-r", format="wav",
               maxDurationSeconds=1)  # fmt: skip
    server.until("RecordingFinished")
    server.ask("DELETE", f"/recordings/stored/{server.app}-r")
    server.hang_up(one, two)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def destroyed_with_channels_in_it(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=two)
    server.ask("DELETE", f"/bridges/{bridge}")
    server.settle()
    server.ask("GET", f"/channels/{one}")
    server.hang_up(one, two)


@scenario
def left_for_the_dialplan_from_a_bridge(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=two)
    server.ask("POST", f"/channels/{one}/continue", context="default", extension="1003")
    server.until("StasisEnd", channel__id=one)
    server.ask("POST", f"/channels/{two}/continue", label="nonsense")
    server.ask("POST", f"/channels/{two}/continue", context="default", label="0")
    server.ask("POST", f"/channels/{two}/continue")
    server.until("StasisEnd", channel__id=two)
    server.settle()
    server.ask("DELETE", f"/channels/{one}")
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def everything_about_the_server(server: Driver) -> None:
    for path in ("asterisk/ping", "asterisk/info", "asterisk/info?only=build",
                 "asterisk/info?only=system,status", "asterisk/info?only=nonsense",
                 "asterisk/variable", "asterisk/variable?variable=NONE", "asterisk/logging",
                 "asterisk/modules/res_ari.so", "asterisk/config/dynamic/res_pjsip/aor/none",
                 "asterisk/variable?variable=CHANNEL(name)"):  # fmt: skip
        server.ask("GET", f"/{path}")
    server.ask("POST", "/asterisk/variable", variable=f"X{server.app[5:]}", value="1")
    server.ask("GET", "/asterisk/variable", variable=f"X{server.app[5:]}")
    server.ask("POST", "/asterisk/variable", value="1")


@scenario
def a_user_event_with_sources(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    path = "/events/user/mine"
    both = f"channel:{channel},bridge:{bridge}"
    server.ask("POST", path, {"variables": {"a": "b"}}, application=server.app, source=both)
    server.until("ChannelUserevent")
    server.ask("POST", path, {"a": "b"}, application=server.app, source=f"channel:{channel}")
    server.until("ChannelUserevent")
    server.ask("POST", path, {"variables": "x"}, application=server.app)
    server.ask("POST", path)
    server.ask("POST", path, application=server.app, source="deviceState:Stasis:x")
    server.ask("POST", path, application=server.app, source="endpoint:PJSIP/none")
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def dialled_twice_and_refused(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/dial")
    server.ask("POST", "/channels/nosuch/dial")
    server.ask("POST", f"/channels/{channel}/redirect", endpoint="PJSIP/x")
    for endpoint in ("Local", "Local/", "/x", "Loc/x@nowhere"):
        server.ask("POST", f"/channels/{channel}/redirect", endpoint=endpoint)
    server.ask("POST", "/channels/nosuch/redirect")
    server.ask("POST", f"/channels/{channel}/transfer_progress", states="channel_answered")
    server.ask("POST", f"/channels/{channel}/transfer_progress", states="nonsense")
    server.hang_up(channel)


@scenario
def holding_that_is_intercepted(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}"
    server.ask("POST", f"{path}/variable", variable="HOLD_INTERCEPT(set)", value="")
    server.ask("POST", f"{path}/hold")
    server.until("ChannelHold")
    server.ask("DELETE", f"{path}/hold")
    server.until("ChannelUnhold")
    server.ask("POST", f"{path}/variable", variable="HOLD_INTERCEPT(remove)", value="")
    server.ask("POST", f"{path}/hold")
    server.settle(0.3)
    server.hang_up(channel)
