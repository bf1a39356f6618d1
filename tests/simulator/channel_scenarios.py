"""Side-by-side scenarios: creating, finding and refusing channels."""

from __future__ import annotations

from urllib.parse import quote

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario, second


@scenario
def channel_addressed_by_name(server: Driver) -> None:
    channel = server.originate()
    name = server.send("GET", f"/channels/{channel}").json()["name"]
    path = f"/channels/{quote(name, safe='')}"
    for verb, rest in (("GET", ""), ("GET", "/variable?variable=CHANNEL(name)"),
                       ("GET", "/variables?variables=NONE"), ("GET", "/rtp_statistics"),
                       ("POST", "/variable?variable=X"), ("POST", "/variables"),
                       ("POST", "/answer"), ("POST", "/dial")):  # fmt: skip
        server.ask(verb, path + rest)
    server.ask("GET", f"/channels/{channel.upper()}")
    watch = f"/applications/{server.app}/subscription"
    for verb in ("POST", "DELETE"):
        server.ask(verb, watch, eventSource=f"channel:{name}")
    server.ask("DELETE", path)
    server.until("ChannelDestroyed", channel__id=channel)


@scenario
def refusals_in_their_order(server: Driver) -> None:
    app, there, long = server.app, "Local/1002@default", "x" * 150
    bad = {"variables": {"A": 1}}
    for params in (
        {"channelId": long}, {"endpoint": there, "otherChannelId": long}, {"endpoint": "/x"},
        {"endpoint": "Local/"}, {"endpoint": there, "originator": "no"},
        {"endpoint": there, "app": app, "formats": "ulaw,nonsense"},
        {"endpoint": there, "app": app, "formats": "ulaw,"},
        {"endpoint": there, "extension": "1002", "label": "0"},
        {"endpoint": there, "extension": "1002", "label": "x", "originator": "no"},
        {"endpoint": "Nonsense/1", "app": app, "formats": "no"},
    ):  # fmt: skip
        server.ask("POST", "/channels", **params)
    for params in (
        {"endpoint": "/x", "app": app}, {"endpoint": "Local/", "app": app, "formats": "no"},
        {"formats": "ulaw", "originator": "x"}, {"endpoint": there, "app": app, "formats": "no"},
    ):  # fmt: skip
        server.ask("POST", "/channels/create", **params)
    host = "127.0.0.1:9"
    for params in (
        {"direction": "up"}, {"transport": "tcp"}, {"encapsulation": "audiosocket"},
        {"connection_type": "x"}, {"external_host": "h"}, {"external_host": "h:"},
        {"transport": "websocket", "encapsulation": "none", "external_host": "x"},
        {"external_host": "[::1", "format": "ulaw"}, {"external_host": host, "direction": "up"},
        {"external_host": host, "format": "ulaw", "direction": "up"},
        {"external_host": host, "format": "ulaw", "channelId": long},
        {"external_host": host, "format": "ulaw", "encapsulation": "X"},
    ):  # fmt: skip
        server.ask("POST", "/channels/externalMedia", app=app, **params)
    for path in ("/channels", "/channels/create", "/channels/externalMedia"):
        server.ask("POST", path, bad)
    for path in ("record?maxDurationSeconds=-1", "record?maxSilenceSeconds=-1", "record",
                 "variables", "snoop?spy=x", "snoop?spy=in&app=x", "play?skipms=-1"):  # fmt: skip
        server.ask("POST", f"/channels/no/{path}")


@scenario
def refusals_of_a_channel(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}"
    for params in ({"reason": "x"}, {"reason_code": "x"}, {"reason": "normal", "reason_code": "x"}):
        server.ask("DELETE", path, **params)
    for name in ("A(b", "X)", "(x)", "CALLERID(foo)"):
        server.ask("GET", f"{path}/variable", variable=name)
    for body in (None, {}, {"variables": {"": 1, " A ": "1"}}, {"variables": {"A": None}}):
        server.ask("POST", f"{path}/variables", body)
    server.ask("GET", f"{path}/variable", variable="A")
    for states in ("CHANNEL_ANSWERED", "x", ""):
        server.ask("POST", f"{path}/transfer_progress", states=states)
    server.hang_up(channel)
    for params in ({"reason": "timeout"}, {"reason_code": "17abc"}):
        channel = server.originate()
        server.ask("DELETE", f"/channels/{channel}", **params)
        cause = server.until("ChannelDestroyed", channel__id=channel)["cause"]
        server.answers.append(("cause", cause))


@scenario
def ids_that_are_taken(server: Driver) -> None:
    one, two = f"{server.app}-1", f"{server.app}-2"
    server.originate(channelId=one, otherChannelId=two)
    for params in ({"channelId": one.upper()}, {"channelId": two},
                   {"channelId": "new", "otherChannelId": one},
                   {"channelId": "new", "otherChannelId": "new"}):  # fmt: skip
        for path in ("/channels", "/channels/create"):
            server.ask("POST", path, endpoint="Local/1002@default", app=server.app, **params)
    other = server.originate(otherChannelId=one)  # counts for nothing without the first
    server.hang_up(other, one)


@scenario(subscribe_all=True)
def originated_for_an_originator(server: Driver) -> None:
    caller = server.originate(callerId="Alice <5551>")
    path = f"/channels/{caller}/variable"
    given = {"CHANNEL(language)": "fr", "CHANNEL(accountcode)": "acc", "__DEEP": "1", "_ONE": "2",
             "PLAIN": "3", "CHANNEL(musicclass)": "mm", "CALLERID(name)": "Al"}  # fmt: skip
    for name, value in given.items():
        server.ask("POST", path, variable=name, value=value)
    made = server.ask(
        "POST", "/channels", endpoint="Local/1004@default", app=server.app, originator=caller
    )
    assert (made["language"], made["accountcode"]) == ("fr", "acc")
    assert made["connected"] == {"name": "Al", "number": "5551"}
    server.until("StasisStart", channel__id=made["id"])
    server.settle()
    for name in ("DEEP", "ONE", "PLAIN", "CHANNEL(musicclass)", "CHANNEL(peeraccount)"):
        answer = server.send("GET", f"/channels/{made['id']}/variable", variable=name)
        server.answers.append((name, answer.text))
    server.hang_up(made["id"])
    server.settle()
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    server.until("StasisStart", channel__id=made["id"])
    server.ask("POST", f"/channels/{made['id']}/dial", caller=caller)
    shown = server.until("Dial", dialstatus="RINGING", peer__id=made["id"])["peer"]
    assert (shown["language"], shown["accountcode"]) == ("fr", "acc")
    server.until("Dial", dialstatus="ANSWER", peer__id=made["id"])
    server.settle()
    server.hang_up(made["id"], caller)


@scenario
def caller_id_is_completed_by_the_originator(server: Driver) -> None:
    caller = server.originate(callerId="Al <77>")
    made = []
    for number, given in enumerate(("<>", "Bob", "5", "Bob <5>")):
        id = f"{server.app}-{number}"
        ids = {"channelId": id, "otherChannelId": f"{id}x"}
        server.ask(
            "POST",
            "/channels",
            endpoint="Local/1002@default",
            app=server.app,
            originator=caller,
            callerId=given,
            **ids,
        )
        server.until("StasisStart", channel__id=id)
        shown = server.send("GET", f"/channels/{id}").json()
        server.answers.append((given, shown["caller"], shown["connected"]))
        made.append(id)
    server.hang_up(*made, caller)


@scenario
def application_receives_originator_of_created_channel(server: Driver) -> None:
    other = second(server)
    caller = other.originate()
    made = server.ask(
        "POST", "/channels/create", endpoint="Local/1002@default", app=server.app, originator=caller
    )
    server.until("StasisStart", channel__id=made["id"])
    server.hang_up(caller, made["id"])
    other.until("ChannelDestroyed", channel__id=caller)
    other.close()
    made = server.ask("POST", "/channels/create", endpoint="Local/1002@default", originator="no")
    assert made["state"] == "Down"


@scenario
def how_a_caller_is_written(server: Driver) -> None:
    for text in (
        "(555) 123-4567", "Al <(555)1-23>", "Al <(555) 1.23>", "<5551", "+49 30 1", "5.5.",
        '"A\\"B" <1>', '"5551"', "Al<5>", '"Al B" <5551>', "x <y> <z>",
    ):  # fmt: skip
        made = server.ask(
            "POST", "/channels", endpoint="Local/1002@default", app=server.app, callerId=text
        )
        server.answers.append((text, made["caller"], made["connected"]))
        server.until("StasisStart", channel__id=made["id"])
        server.settle(0.1)
        server.hang_up(made["id"])


@scenario
def external_media_with_data_and_variables(server: Driver) -> None:
    server.ask(
        "POST", "/channels/externalMedia",
        {"variables": {"A": {"value": "1", "report_events": True}}}, app=server.app,
        external_host="127.0.0.1:9999", format="ulaw", encapsulation="RTP", data="a,b",
    )  # fmt: skip
    started = server.until("StasisStart")
    assert (started["args"], started["channel"]["channelvars"]) == (["a", "b"], {"A": "1"})
    server.hang_up(started["channel"]["id"])


@scenario
def application_arguments_with_quotes_and_brackets(server: Driver) -> None:
    for given in (
        'a,"b,c",d', "(a,b),c", "[a,b],c", "a\\,b,c", '"a', "a\\\\,b", "a b", ",", "'a,b'",
    ):  # fmt: skip
        made = server.ask(
            "POST", "/channels", endpoint="Local/1002@default", app=server.app, appArgs=given
        )
        started = server.until("StasisStart", channel__id=made["id"])
        server.answers.append(
            (
                given,
                started["args"],
                started["channel"]["dialplan"]["app_data"].replace(server.app, "APP"),
            )
        )
        server.until("ChannelDialplan", dialplan_app="Wait")
        server.hang_up(made["id"])


@scenario
def channels_to_other_programs(server: Driver) -> None:
    for endpoint in (
        "UnicastRTP/127.0.0.1:9999", "UnicastRTP/[::1]:9999/c(slin16)", "UnicastRTP/localhost:9999",
        "MulticastRTP/basic/224.0.0.1:5555",
    ):  # fmt: skip
        made = server.ask("POST", "/channels", endpoint=endpoint, app=server.app, appArgs="a")
        server.until("StasisStart", channel__id=made["id"])
        server.hang_up(made["id"])
    for endpoint in ("WebSocket/INCOMING", "WebSocket/INCOMING/c(slin16)"):
        made = server.ask("POST", "/channels/create", endpoint=endpoint, app=server.app)
        server.until("StasisStart", channel__id=made["id"])
        path = f"/channels/{made['id']}/variable?variable=MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE"
        server.answers.append((endpoint, server.send("GET", path).json()))
        server.hang_up(made["id"])
    for endpoint in (
        "UnicastRTP/127.0.0.1", "MulticastRTP/other/224.0.0.1:5555",
        "WebSocket/unknown", "WebSocket/",
    ):  # fmt: skip
        server.ask("POST", "/channels", endpoint=endpoint, app=server.app)


@scenario
def variables_that_events_show_from_the_beginning(server: Driver) -> None:
    given = {"variables": {"A": {"value": "1", "report_events": True}, "B": "2"}}
    made = server.ask(
        "POST", "/channels/create", given, endpoint="Local/1004@default", app=server.app
    )
    shown = server.until("StasisStart", channel__id=made["id"])["channel"]["channelvars"]
    assert shown == {"A": "1"}
    server.ask("POST", f"/channels/{made['id']}/dial")
    server.until("Dial", dialstatus="ANSWER")
    server.settle()
    server.hang_up(made["id"])


@scenario
def how_refusals_are_phrased(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}"
    for verb, what in (
        ("DELETE", f"{path}?reason=x"), ("DELETE", f"{path}?reason_code=x"),
        ("GET", f"{path}/variable?variable=NONE"), ("GET", f"{path}/variable?variable=NONE(x)"),
        ("GET", f"{path}/variables?variables=NONE"), ("GET", "/channels/no/variable?variable=X"),
        ("POST", f"{path}/redirect"), ("POST", "/channels/no/snoop?spy=in&app=x"),
        ("POST", "/channels/no/answer"), ("DELETE", "/channels/no"),
    ):  # fmt: skip
        answer = server.send(verb, what)
        server.answers.append((verb, answer.status_code, answer.reason, answer.text))
    server.hang_up(channel)


@scenario(subscribe_all=True)
def created_without_registered_application(server: Driver) -> None:
    for params in ({}, {"app": "nosuch-app", "appArgs": "a"}):
        made = server.ask("POST", "/channels/create", endpoint="Local/1002@default", **params)
        assert server.until("ChannelDestroyed", channel__id=made["id"])["cause"] == 0


@scenario(subscribe_all=True)
def the_end_of_a_snoop_channel(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/snoop"
    snoop = server.ask("POST", path, app=server.app, spy="in")["id"]
    server.until("StasisStart", channel__id=snoop)
    server.ask("DELETE", f"/channels/{snoop}")
    server.until("StasisEnd", channel__id=snoop)
    server.settle()
    server.ask("DELETE", f"/channels/{snoop}")  # a ghost, that stays as long as who it snoops on
    shown = server.ask("GET", f"/channels/{snoop}")["dialplan"]
    assert (shown["app_name"], shown["app_data"]) == ("", "")
    server.ask("DELETE", f"/channels/{channel}")
    server.until("ChannelDestroyed", channel__id=snoop)
    server.ask("GET", f"/channels/{snoop}")


@scenario
def removed_variables(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variable"
    for name, value in (
        ("A", ""),
        ("A", None),
        ("_B", "1"),
        ("B", None),
        ("_B", None),
        ("C", None),
    ):
        given = {} if value is None else {"value": value}
        server.ask("POST", path, variable=name, **given)
        server.ask("GET", path, variable=name)
        server.ask("GET", path, variable="B")
    server.hang_up(channel)
