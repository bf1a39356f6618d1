"""Side-by-side scenarios: bridges, and information about the server."""

from __future__ import annotations

from typing import Any

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario


@scenario
def what_kinds_of_bridges_there_are(server: Driver) -> None:
    id = server.app
    for number, (type, technology, bridge_type, video_mode) in enumerate((
        ("mixing", "simple_bridge", "mixing", "talker"),
        ("holding", "holding_bridge", "holding", "talker"),
        ("mixing,video_single", "simple_bridge", "mixing", "single"),
        ("video_sfu", "softmix", "mixing", "sfu"),
        ("holding,video_sfu", "softmix", "mixing", "sfu"),
    )):  # fmt: skip
        # No id twice: a real one may need a moment to take a bridge away.
        made = server.ask("POST", "/bridges", type=type, bridgeId=f"{id}-{number}")
        shown = (made["technology"], made["bridge_type"], made["video_mode"])
        assert shown == (technology, bridge_type, video_mode)
        server.ask("DELETE", f"/bridges/{id}-{number}")
    for path in ("/bridges", f"/bridges/{id}"):
        for type in ("nonsense", "Mixing", "mixing,holding"):
            answer = server.send("POST", path, type=type)
            assert (answer.status_code, answer.reason) == (500, "Internal Error")
            server.ask("POST", path, type=type)


@scenario
def a_body_is_all_variables(server: Driver) -> None:
    id = server.app
    body = {"type": "holding", "bridgeId": id, " A ": "1", "": "2"}
    assert server.ask("POST", "/bridges", body)["bridge_type"] == "holding"
    for name, value in (("type", "holding"), ("bridgeId", id), ("A", "1")):
        answer = server.ask("GET", f"/bridges/{id}/variable", variable=name)
        assert answer == {"value": value}
    server.ask("DELETE", f"/bridges/{id}")
    bodies: tuple[dict[str, object], ...] = ({"B": "1", "A": 5}, {"type": ["mixing"]})
    for number, wrong in enumerate(bodies):
        server.ask("POST", "/bridges", {"bridgeId": f"{id}-{number}", **wrong})
        server.ask("GET", f"/bridges/{id}-{number}/variable", variable="B")
        server.ask("DELETE", f"/bridges/{id}-{number}")


@scenario
def the_variables_of_a_bridge_and_of_none(server: Driver) -> None:
    server.ask("POST", "/bridges", bridgeId=server.app)
    for id in ("none", server.app):
        path = f"/bridges/{id}"
        server.ask("GET", f"{path}/variable")
        server.ask("GET", f"{path}/variable", variable="x")
        server.ask("POST", f"{path}/variable", variable=" ", value="x")
        server.ask("POST", f"{path}/variables")
        server.ask("POST", f"{path}/variables", {})
        server.ask("POST", f"{path}/variables", {"variables": {"A": "1", " ": "2", "B": "3"}})
        for names in ("", " ", "A", "B", "A,RAND(3,3)", "A,CALLERID(num)", "NONE(x)"):
            answer = server.send("GET", f"{path}/variables", variables=names)
            server.answers.append((names, answer.status_code, answer.reason, answer.text))
    server.ask("DELETE", f"/bridges/{server.app}")


@scenario
def channels_without_a_name(server: Driver) -> None:
    one, two = (server.originate(channelId=f"{server.app}-{number}") for number in (1, 2))
    bridge = server.ask("POST", "/bridges")["id"]
    path = f"/bridges/{bridge}"
    for names in ("", ",", f",{one}", f"{one},nosuch"):
        server.ask("POST", f"{path}/addChannel", channel=names)
    server.until("ChannelEnteredBridge", channel__id=one)
    server.ask("POST", f"{path}/removeChannel", channel="")
    server.ask("POST", f"{path}/removeChannel", channel=f"{one},")
    server.until("ChannelLeftBridge", channel__id=one)
    server.ask("POST", f"/channels/{two}/record", name=server.app, format="wav")
    server.until("RecordingStarted")
    server.ask("POST", f"{path}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=one)
    made = server.ask("POST", "/channels", endpoint="Local/1002@default", extension="1002")
    server.ask("POST", f"{path}/videoSource/{made['id']}")
    server.ask("DELETE", f"/channels/{made['id']}")
    server.hang_up(one, two)
    server.ask("DELETE", path)


@scenario
def how_many_there_are_in_a_bridge(server: Driver) -> None:
    ids = [f"{server.app}-{name}" for name in "zab"]
    for id in ids:
        server.originate(channelId=id)
    bridge = server.ask("POST", "/bridges")["id"]
    path, seen = f"/bridges/{bridge}", []

    def moved(kind: str, verb: str, id: str) -> None:
        server.ask("POST", f"{path}/{verb}", channel=id)
        published = server.until(kind, channel__id=id)["bridge"]
        server.settle()
        now = server.ask("GET", path)
        assert now["channels"] == published["channels"] == sorted(now["channels"])
        seen.append((published["technology"], now["technology"]))

    for id in ids:
        moved("ChannelEnteredBridge", "addChannel", id)
    moved("ChannelLeftBridge", "removeChannel", ids[0])
    simple, soft = "simple_bridge", "softmix"
    assert seen == [(simple, simple), (simple, simple), (simple, soft), (soft, simple)]
    server.hang_up(*ids)
    server.ask("DELETE", path)


@scenario
def music_is_a_peer(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges")["id"]
    path = f"/bridges/{bridge}"

    def peers(channel: str) -> list[str]:
        value = server.until("ChannelVarset", variable="BRIDGEPEER", channel__id=channel)["value"]
        return [each.rpartition("-")[0] for each in value.split(",")]

    server.ask("POST", f"{path}/addChannel", channel=one)
    server.until("ChannelEnteredBridge", channel__id=one)
    server.ask("POST", f"{path}/moh")
    assert peers(one) == ["Announcer/ARI_MOH"]
    server.settle()
    server.ask("POST", f"{path}/addChannel", channel=two)
    assert peers(two) == ["Local/1002@default", "Announcer/ARI_MOH"]
    server.settle()
    assert server.ask("GET", path)["technology"] == "softmix"
    server.ask("POST", f"{path}/play", media="sound:beep")
    assert peers(two) == ["Local/1002@default", "Announcer/ARI_MOH", "Announcer/ARI"]
    server.until("PlaybackFinished")
    server.settle()
    server.ask("DELETE", f"{path}/moh")
    assert peers(two) == ["Local/1002@default"]
    server.settle()
    server.ask("POST", f"{path}/moh")
    assert peers(two) == ["Announcer/ARI_MOH", "Local/1002@default"]
    server.settle()
    server.ask("POST", f"{path}/removeChannel", channel=two)
    assert peers(one) == ["Announcer/ARI_MOH"]
    server.settle()
    server.hang_up(two)
    server.ask("POST", f"{path}/removeChannel", channel=one)
    server.until("ChannelLeftBridge", channel__id=one)
    server.settle()
    server.events.pop()  # its list of channels may still have the music's, by an id of Asterisk's
    server.ask("DELETE", f"{path}/moh")  # the bridge was empty
    server.hang_up(one)
    server.ask("DELETE", path)


@scenario
def audio_hook_makes_bridge_select_technology_again(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    server.ask("POST", "/bridges", bridgeId=server.app)
    server.ask("POST", f"/bridges/{server.app}/addChannel", channel=f"{one},{two}")

    def published() -> None:
        for channel in (one, two):
            server.until("ChannelVarset", variable="BRIDGEPEER", channel__id=channel)

    def asked(verb: str, path: str, **params: Any) -> None:
        server.ask(verb, f"/channels/{one}/{path}", **params)

    published()
    for verb in ("POST", "DELETE"):
        asked(verb, "mute", direction="in")
        published()
        asked(verb, "mute", direction="in")  # which it is already
    asked("POST", "mute", direction="out")
    published()
    asked("POST", "mute", direction="both")
    asked("DELETE", "mute", direction="out")
    asked("DELETE", "mute", direction="both")
    published()
    for name in ("TALK_DETECT(set)", "TALK_DETECT(remove)", "HOLD_INTERCEPT(set)"):
        asked("POST", "variable", variable=name, value="")
        published()
    asked("POST", "variable", variable="TONE_DETECT(440)", value="")
    published()
    asked("POST", "variable", variable="TONE_DETECT(550)", value="")
    asked("POST", "variable", variable="TONE_DETECT(0,,x)", value="")
    published()
    snoop = server.ask("POST", f"/channels/{one}/snoop", spy="in", app=server.app)["id"]
    server.until("StasisStart", channel__id=snoop)
    server.settle()
    server.hang_up(one, two)
    server.ask("DELETE", f"/bridges/{server.app}")


@scenario
def waiting_participants_with_one_announcer(server: Driver) -> None:
    one, two, three = (server.originate() for _ in range(3))
    bridge = server.ask("POST", "/bridges", type="holding")["id"]
    path = f"/bridges/{bridge}"
    server.ask("POST", f"{path}/addChannel", channel=one)
    server.until("ChannelEnteredBridge", channel__id=one)
    server.ask("POST", f"{path}/moh")
    server.ask("POST", f"{path}/play", media="sound:beep,sound:beep")
    server.until("PlaybackFinished", playback__state="failed")
    server.ask("DELETE", f"{path}/moh")
    server.settle()
    server.ask("POST", f"{path}/play", media="sound:beep")
    server.until("PlaybackFinished", playback__state="done")
    server.settle()
    server.ask("POST", f"{path}/addChannel", channel=two, role="announcer")
    server.until("ChannelEnteredBridge", channel__id=two)
    server.ask("POST", f"{path}/moh")
    server.settle()
    server.ask("DELETE", f"{path}/moh")
    server.ask("POST", f"{path}/addChannel", channel=three, role="announcer")
    server.until("ChannelLeftBridge", channel__id=three)
    assert server.ask("GET", path)["channels"] == sorted([one, two])
    server.hang_up(one, two, three)
    server.ask("DELETE", path)


@scenario
def video_source_after_a_channel_joins(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges")["id"]
    path = f"/bridges/{bridge}"
    server.ask("POST", f"{path}/addChannel", channel=one)
    server.until("ChannelEnteredBridge", channel__id=one)
    server.ask("POST", f"{path}/videoSource/{one}")
    server.until("BridgeVideoSourceChanged")
    server.ask("DELETE", f"{path}/videoSource")
    server.ask("POST", f"{path}/addChannel", channel=two)
    published = server.until("ChannelEnteredBridge", channel__id=two)["bridge"]
    assert published["video_mode"] == "talker"
    server.until("BridgeVideoSourceChanged", old_video_source_id=one)
    server.settle()
    server.hang_up(one, two)
    server.ask("DELETE", path)


@scenario
def media_that_a_bridge_refuses(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    path = f"/bridges/{bridge}"
    for params in (
        {"format": "none", "terminateOn": "x"}, {"format": "none", "recorder_format": "none"},
        {"format": "wav", "recorder_format": "x", "terminateOn": "x"},
        {"format": "wav", "terminateOn": "x", "ifExists": "x"}, {"format": "wav", "ifExists": "x"},
        {"format": "wav", "recorder_format": "none"}, {"format": "wav", "recorder_format": "x"},
        {"format": "wav", "recorder_format": "H264", "maxSilenceSeconds": "-1"},
    ):  # fmt: skip
        server.ask("POST", f"{path}/record", name="x", **params)
    for format in ("none", "x", "ULAW", "testlaw"):
        server.ask("POST", f"{path}/play", media="", announcer_format=format)
    server.ask("DELETE", path)


@scenario
def an_announcer_has_one_format(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    path = f"/bridges/{bridge}/play"
    server.ask("POST", f"{path}/{server.app}-1", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    server.ask("POST", f"{path}/{server.app}-2", media="sound:beep", announcer_format="none")
    server.ask("DELETE", f"/playbacks/{server.app}-1")
    server.until("PlaybackFinished", playback__id=f"{server.app}-2")
    server.settle()
    server.ask("POST", path, media="sound:beep", announcer_format="x")
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def names_as_asterisk_reads_them(server: Driver) -> None:
    for only in ("BUILD", "System,config", "nonsense", ""):
        server.ask("GET", "/asterisk/info", only=only)
    name = f"X{server.app[5:]}"
    path = "/asterisk/variable"
    for given in (name, f"_{name}A", f"__{name}B", f"{name}(x)", "CALLERID(num)"):
        server.ask("POST", path, variable=given, value="1")
        values = [
            server.ask("GET", path, variable=asked)["value"] for asked in (given, given.strip("_"))
        ]
        server.answers.append(values)
    for asked in ("SYSTEMNAME", "LEN(abc)", "RAND(2,2)"):
        server.answers.append(server.ask("GET", path, variable=asked))
    assert server.ask("GET", path, variable="ENTITYID") != {"value": ""}
    for module in ("res_ari", "RES_ARI.SO", "nosuch"):
        for method in ("GET", "POST", "PUT"):
            server.ask(method, f"/asterisk/modules/{module}")
    for unloaded, loaded in (("app_echo", "app_echo"), ("APP_ECHO.SO", "app_echo.so")):
        server.ask("DELETE", f"/asterisk/modules/{unloaded}")
        server.ask("GET", "/asterisk/modules/app_echo.so")
        server.ask("POST", "/asterisk/modules/APP_ECHO.so")
        server.ask("POST", f"/asterisk/modules/{loaded}")
    for log, levels in (("a", "verbose(3), notice"), ("b", "[json]notice"), ("c", "nonsense")):
        server.ask("POST", f"/asterisk/logging/{server.app}-{log}", configuration=levels)
    kept = server.ask("GET", "/asterisk/logging")
    server.answers.append([each["configuration"] for each in kept if server.app in each["channel"]])
    for log in "abc":
        server.ask("DELETE", f"/asterisk/logging/{server.app}-{log}")
