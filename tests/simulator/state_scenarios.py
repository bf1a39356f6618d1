"""Side-by-side scenarios: requests in unusual states and order."""

from __future__ import annotations

from urllib.parse import quote

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario


@scenario
def a_snoop_that_goes_on_in_the_dialplan(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/snoop/{server.app}-s"
    server.ask("POST", path, app=server.app, spy="both", appArgs="x,,y")
    assert server.until("StasisStart", channel__id=f"{server.app}-s")["args"] == ["x", "", "y"]
    server.ask("POST", f"/channels/{server.app}-s/continue", context="default", extension="1002")
    server.until("StasisEnd", channel__id=f"{server.app}-s")
    server.settle()
    server.ask("GET", f"/channels/{server.app}-s")
    server.ask("DELETE", f"/channels/{server.app}-s")
    server.hang_up(channel)


@scenario
def arguments_of_a_move(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/move", app=server.app, appArgs="a,,b,")
    server.until("StasisEnd")
    assert server.until("StasisStart")["args"] == ["a", "b"]
    server.hang_up(channel)


@scenario
def moved_while_something_plays(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}"
    server.ask("POST", f"{path}/play", media="sound:beep")
    server.until("PlaybackStarted")
    server.ask("POST", f"{path}/move", app=server.app, appArgs="first")
    server.ask("POST", f"{path}/play", media="sound:hello-world")
    server.ask("POST", f"{path}/move", app=server.app, appArgs="second")
    assert server.until("StasisStart")["args"] == ["first", "second"]
    server.hang_up(channel)


@scenario
def continued_before_it_is_dialled(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1002@default", app=server.app)
    server.until("StasisStart")
    for verb in ("continue", "redirect", "redirect?endpoint=x"):
        server.ask("POST", f"/channels/{made['id']}/{verb}")
    server.hang_up(made["id"])


@scenario
def places_to_go_on_at(server: Driver) -> None:
    for where in ({"label": "2nd"}, {"label": "+2"}, {"label": "-2"}, {"priority": -1}):
        channel = server.originate()
        path = f"/channels/{channel}"
        server.ask("POST", f"{path}/continue", context="default", extension="1002", **where)
        place = server.until("ChannelDialplan", dialplan_app="Wait")["channel"]["dialplan"]
        assert (place["exten"], place["priority"]) == ("1002", 2)
        server.hang_up(channel)
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/continue", extension="1002", label="00")
    server.ask("POST", f"/channels/{channel}/continue", extension="1002", priority=9)
    server.until("ChannelDestroyed", channel__id=channel)


@scenario
def endpoints_that_no_redirect_takes(server: Driver) -> None:
    channel = server.originate()
    for endpoint in ("Local/", "PJSIP/", "/x", "Loc", "PJSIP/x"):
        server.ask("POST", f"/channels/{channel}/redirect", endpoint=endpoint)
    server.hang_up(channel)


@scenario(subscribe_all=True)
def early_media_of_the_caller(server: Driver) -> None:
    _, two = server.two_halves(answered=False)
    for verb in ("moh", "silence", "hold", "ring", "progress", "dtmf?dtmf=1"):
        server.ask("POST", f"/channels/{two}/{verb}")
    server.until("ChannelDtmfReceived")
    server.settle()
    server.hang_up(two)


@scenario
def how_long_a_key_is_pressed(server: Driver) -> None:
    _, two = server.two_halves()
    for asked, lasts in ((20, 100), (100, 100), (140, 140)):
        server.ask("POST", f"/channels/{two}/dtmf", dtmf="1", duration=asked)
        assert abs(server.until("ChannelDtmfReceived")["duration_ms"] - lasts) < 20
    server.hang_up(two)


@scenario
def answered_in_the_bridge_by_the_dialled_channel(server: Driver) -> None:
    caller, called = f"{server.app}-1", f"{server.app}-2"
    server.ask(
        "POST", "/channels", endpoint=f"Local/x@stasis-{server.app}", channelId=f"{server.app}-0",
        otherChannelId=caller, extension="1002", context="default",
    )  # fmt: skip
    server.until("StasisStart", channel__id=caller)
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask(
        "POST", "/channels/create", endpoint="Local/1004@default", app=server.app, channelId=called
    )
    server.until("StasisStart", channel__id=called)
    for channel in (caller, called):
        server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
        server.until("ChannelEnteredBridge", channel__id=channel)
    server.ask("POST", f"/channels/{called}/dial", timeout=5)
    server.until("ChannelStateChange", channel__id=caller, channel__state="Up")
    server.settle()
    server.settle()
    server.hang_up(called)  # (A real one may keep the caller in the bridge after a hangup request.)


@scenario
def the_announcer_is_a_peer(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=one)
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    peer = server.until("ChannelVarset", variable="BRIDGEPEER")["value"]
    assert peer.startswith("Announcer/ARI-"), peer
    server.until("PlaybackFinished")
    server.settle()
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=two)
    server.until("ChannelVarset", variable="BRIDGEPEER", channel__id=two)
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    peer = server.until("ChannelVarset", variable="BRIDGEPEER", channel__id=two)["value"]
    announcer, _, other = peer.partition(",")
    assert (announcer[:14], other[:6]) == ("Announcer/ARI-", "Local/")
    server.until("PlaybackFinished")
    server.settle()
    server.hang_up(one, two)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def variables_that_events_show(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable="A", value="1", report_events="true")
    shown = server.until("ChannelVarset", variable="A")["channel"]["channelvars"]
    assert shown == {"A": "1"}
    server.ask("POST", path, variable="A", value="2")  # no longer, but not published yet
    assert server.until("ChannelVarset", variable="A")["channel"]["channelvars"] == {"A": "1"}
    server.ask("POST", path, variable="CALLERID(name)", value="Bob")
    assert "channelvars" not in server.until("ChannelCallerId")["channel"]
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    path = f"/bridges/{bridge}/variable"
    server.ask("POST", path, variable="A", value="1", report_events="true")
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("POST", path, variable="A", value="2")
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("POST", path, variable="A", value="", report_events="true")
    server.ask("GET", path, variable="A")
    for place in ("channels", "bridges"):
        server.ask("POST", f"/{place}/nosuch/variables", {"variables": {}})
    server.ask("DELETE", f"/bridges/{bridge}")
    server.hang_up(channel)


@scenario
def variables_that_a_program_cannot_reach(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variable"
    for name in ("DB(side/by)", "__MARKED", "SHELL(true)"):
        server.ask("POST", path, variable=name, value="1")
        server.ask("GET", path, variable=name)
    server.ask("GET", path, variable="MARKED")
    server.hang_up(channel)


@scenario
def items_of_a_channel(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variable"
    for item in ("amaflags", "max_forwards", "userfield", "peer", "onhold", "checkhangup",
                 "transfercapability", "hangupsource", "callgroup", "tonezone", "priority",
                 "videonativeformat", "audionativeformat", "nonsense"):  # fmt: skip
        server.ask("GET", path, variable=f"CHANNEL({item})")
    for name in ("CALLINGPRES", "TIMEOUT(digit)", "TIMEOUT(absolute)", "CDR(disposition)"):
        server.ask("GET", path, variable=name)
    server.ask("POST", path, variable="CHANNEL(userfield)", value="u")
    assert server.ask("GET", path, variable="CHANNEL(userfield)") == {"value": "u"}
    server.hang_up(channel)


@scenario
def a_function_among_the_variables_of_a_call(server: Driver) -> None:
    body = {"variables": {"CALLERID(name)": "Bob", "X": "1"}}
    path = "/channels"
    made = server.ask("POST", path, body, endpoint="Local/1002@default", app=server.app)
    assert made["caller"]["name"] == "Bob"
    server.until("StasisStart")
    server.ask("GET", f"/channels/{made['id']}/variable", variable="CALLERID(name)")
    server.hang_up(made["id"])


@scenario
def an_event_of_our_own_without_variables(server: Driver) -> None:
    bodies: tuple[dict[str, object], ...] = (
        {"variables": None},
        {"variables": []},
        {"variables": {}},
        {},
    )
    for body in bodies:
        server.ask("POST", "/events/user/hello", body, application=server.app)
    server.settle()


def _subscriptions(server: Driver, verb: str, *sources: str) -> None:
    """Subscribe to each source, or unsubscribe, and record the subscriptions."""
    for source in sources:
        server.ask(verb, f"/applications/{server.app}/subscription", eventSource=source)
        shown = server.send("GET", f"/applications/{server.app}").json()
        server.answers.append(("subscribed", [len(shown[each]) for each in _LISTS]))


_LISTS = ("channel_ids", "bridge_ids", "endpoint_ids", "device_names")


@scenario
def subscriptions_to_all_of_a_kind(server: Driver) -> None:
    everything = ("channel:", "bridge:", "endpoint:", "deviceState:")
    _subscriptions(server, "DELETE", *everything)
    channel = server.originate()
    _subscriptions(server, "POST", *everything, "channel:", f"channel:{channel}", "deviceState:x")
    # Subscribed first to one and then to all: receives everything twice.
    server.ask("POST", f"/channels/{channel}/variable", variable="TWICE", value="1")
    server.settle()
    published = [each for each in server.events if each.get("variable") == "TWICE"]
    assert len(published) == 2
    _subscriptions(server, "DELETE", f"channel:{channel}", "deviceState:x", *everything)
    _subscriptions(server, "DELETE", "channel:__AST_CHANNEL_ALL_TOPIC", "endpoint:PJSIP/")
    _subscriptions(server, "POST", "channel:__AST_CHANNEL_ALL_TOPIC", "endpoint:PJSIP/")
    server.ask("DELETE", f"/channels/{channel}")
    server.until("StasisEnd")


@scenario
def a_bridge_is_counted_twice_for_each_of_its_channels(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    channels = [server.originate() for _ in range(2)]
    for channel in channels:
        server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.settle()
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=channels[0])
    server.settle()
    _subscriptions(server, "DELETE", *[f"bridge:{bridge}"] * 3)
    server.ask("DELETE", f"/bridges/{bridge}")
    server.hang_up(*channels)


@scenario
def an_event_of_our_own_is_about_one(server: Driver) -> None:
    for source in ("channel:", "bridge:", "endpoint:", "endpoint:PJSIP", "endpoint:PJSIP/", "foo:"):
        server.ask("POST", "/events/user/hello", application=server.app, source=source)
    server.ask("PUT", f"/applications/{server.app}/eventFilter", {"allowed": [{"type": ""}]})
    server.ask("GET", "/deviceStates/Custom:none")
    server.settle()


@scenario
def octets_that_are_not_utf8(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}"
    for name in ("A", "CALLERID(name)", "CHANNEL(accountcode)"):
        server.ask("POST", f"{path}/variable?variable={name}&value=x%FFy")
        server.settle(0.2)
        server.ask("GET", f"{path}/variable", variable=name)
        server.ask("GET", f"{path}/variables", variables=name)
        server.ask("GET", path)
    server.ask("GET", "/channels")
    server.ask("POST", f"{path}/variable", variable="CHANNEL(accountcode)", value="")
    server.ask("POST", "/bridges?name=x%FFy&bridgeId=not-utf8")
    server.ask("GET", "/bridges/not-utf8")
    server.ask("GET", "/bridges")
    server.ask("DELETE", "/bridges/not-utf8")
    server.hang_up(channel)


@scenario
def device_states_of_internal_channels(server: Driver) -> None:
    names = ("Announcer/ARI", "Announcer/ARI_MOH", "Recorder/ARI", "announcer/other", "Nonsense/x")

    def ask_all() -> None:
        for name in names:
            server.ask("GET", f"/deviceStates/{quote(name, safe='')}")

    ask_all()
    first, second = (server.ask("POST", "/bridges", type="mixing")["id"] for _ in range(2))
    for bridge in (first, second):
        server.ask("POST", f"/bridges/{bridge}/play", media="sound:tt-monkeys")
    server.ask("POST", f"/bridges/{first}/moh")
    server.settle()
    for bridge in (first, second):
        ask_all()
        server.ask("DELETE", f"/bridges/{bridge}")
        server.settle()
    ask_all()


@scenario
def recordings_with_odd_names(server: Driver) -> None:
    channel = server.originate()
    for name in ("../../no-such/x", "../../x", "odd/../back", "./here"):
        server.ask("POST", f"/channels/{channel}/record", name=name, format="wav")
        server.settle(0.2)
        quoted = quote(name, safe="")
        server.ask("POST", f"/recordings/live/{quoted}/stop")
        server.settle(0.2)
        server.ask("GET", f"/recordings/stored/{quoted}")
        server.ask("DELETE", f"/recordings/stored/{quoted}")
    server.ask("POST", "/bridges/odd-bridge", type="mixing")
    path = "/bridges/odd-bridge/record"
    server.ask("POST", path, name="x", format="wav", maxDurationSeconds="-1")
    server.ask("POST", path, name="x", format="wav", maxSilenceSeconds="-1")
    server.ask("DELETE", "/bridges/odd-bridge")
    server.hang_up(channel)


@scenario
def a_recorder_and_an_announcer_do_not_stay_by_themselves(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    path = f"/applications/{server.app}/subscription"
    server.ask("POST", path, eventSource=f"bridge:{bridge}")
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.ask(
        "POST", f"/bridges/{bridge}/record", name="lonely", format="wav", ifExists="overwrite"
    )
    server.until("RecordingStarted")
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=channel)
    server.until("RecordingFinished")
    server.ask("DELETE", "/recordings/stored/lonely")
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.ask("POST", f"/bridges/{bridge}/play/long", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=channel)
    assert server.until("PlaybackFinished")["playback"]["state"] == "failed"
    server.ask("DELETE", f"/bridges/{bridge}")
    server.hang_up(channel)


@scenario
def a_key_ends_the_recording_of_a_bridge(server: Driver) -> None:
    made = server.ask("POST", "/channels", endpoint="Local/1005@default", app=server.app)
    server.until("StasisStart", channel__id=made["id"])
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=made["id"])
    path = f"/bridges/{bridge}/record"
    server.ask("POST", path, name="keyed", format="wav", ifExists="overwrite", terminateOn="#")
    server.until("RecordingFinished")  # the far half sends 12#
    server.ask("DELETE", "/recordings/stored/keyed")
    server.ask("DELETE", f"/bridges/{bridge}")
    server.hang_up(made["id"])


@scenario
def a_snoop_channel_that_no_application_takes(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/snoop/ghost-{channel}"
    ghost = server.ask("POST", path, app="nosuch-app", spy="both")["id"]
    server.settle()
    server.ask("GET", f"/channels/{ghost}")
    for verb, rest in (("GET", "/variable?variable=X"), ("POST", "/play?media=sound:beep"),
                       ("POST", "/answer"), ("DELETE", "")):  # fmt: skip
        server.ask(verb, f"/channels/{ghost}{rest}")
    server.hang_up(channel)
    server.settle()
    server.ask("GET", f"/channels/{ghost}")
