"""Side-by-side scenarios: live and stored recordings."""

from __future__ import annotations

from urllib.parse import quote

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario


@scenario
def requests_during_the_beep(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{two}/play", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    path = f"/channels/{one}/record"
    for method, verb, then, end in (
        ("POST", "/pause", "DELETE /pause", True), ("POST", "/mute", "DELETE /mute", True),
        ("POST", "/stop", "POST /stop", False),
    ):  # fmt: skip
        name = f"{server.app}-{verb[1:]}"
        server.ask("POST", path, name=name, format="wav", beep="true")
        server.until("RecordingStarted", recording__name=name)
        server.ask(method, f"/recordings/live/{name}{verb}")
        server.answers.append(server.ask("GET", f"/recordings/live/{name}")["state"])
        method, verb = then.split()
        server.ask(method, f"/recordings/live/{name}{verb}")
        if end:
            server.settle(1.0)
            server.ask("POST", f"/recordings/live/{name}/stop")
            server.until("RecordingFinished", recording__name=name)
    server.settle(1.0)
    server.answers.append(server.ask("GET", f"/recordings/live/{server.app}-stop")["state"])
    server.ask("DELETE", f"/channels/{two}")
    server.until("RecordingFinished", recording__name=f"{server.app}-stop")
    server.settle()
    for verb in ("pause", "mute", "stop"):
        server.ask("DELETE", f"/recordings/stored/{server.app}-{verb}")


@scenario
def thrown_away_while_it_beeps(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    name = server.app
    server.ask("POST", f"/channels/{channel}/record", name=name, format="wav", beep="true")
    server.until("RecordingStarted")
    server.ask("DELETE", f"/recordings/live/{name}")
    server.answers.append(server.ask("GET", f"/recordings/live/{name}")["state"])
    server.ask("DELETE", f"/recordings/live/{name}")
    server.settle(1.0)
    server.answers.append(server.ask("GET", f"/recordings/live/{name}")["state"])
    server.hang_up(channel)
    server.ask("GET", f"/recordings/stored/{name}")
    server.ask("DELETE", f"/recordings/stored/{name}")


@scenario
def hung_up_while_it_beeps(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    server.until("ChannelDialplan", dialplan_app="Echo")
    server.ask("POST", f"/channels/{channel}/record", name=server.app, format="wav", beep="true")
    server.until("RecordingStarted")
    server.ask("DELETE", f"/channels/{channel}")
    assert "duration" not in server.until("RecordingFinished")["recording"]
    server.until("ChannelDestroyed", channel__id=channel)
    server.ask("GET", f"/recordings/stored/{server.app}")


@scenario
def any_key_is_a_small_letter(server: Driver) -> None:
    one, two = server.two_halves()
    for number, (key, ends) in enumerate((("5", True), ("A", False), ("a", True), ("D", False))):
        name = f"{server.app}-{number}"
        server.ask("POST", f"/channels/{one}/record", name=name, format="wav", terminateOn="ANY")
        server.until("RecordingStarted", recording__name=name)
        server.ask("POST", f"/channels/{two}/dtmf", dtmf=key)
        server.until("ChannelDtmfReceived", channel__id=one, digit=key)
        if not ends:
            server.settle()
            server.ask("POST", f"/recordings/live/{name}/stop")
        server.until("RecordingFinished", recording__name=name)
        server.ask("DELETE", f"/recordings/stored/{name}")
    server.hang_up(one)


@scenario
def how_recordings_are_named(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    path = f"/channels/{channel}/record"
    for name, escaped in (
        (f"{server.app}/a b!*'()", f"{server.app}%2Fa%20b!*'()"), ("é", "%C3"), ("录音", None),
    ):  # fmt: skip
        made = server.send("POST", path, name=name, format="wav", ifExists="Overwrite")
        published = made.headers["Location"]
        assert published == f"/ari/recordings/live/{escaped or '%E5%BD%95%E9%9F'}"
        server.until("RecordingStarted", recording__name=name)
        server.send("POST", f"/recordings/live/{quote(name, safe='')}/stop")
        server.until("RecordingFinished", recording__name=name)
        server.send("DELETE", f"/recordings/stored/{quote(name, safe='')}")
    server.hang_up(channel)


@scenario
def what_copies_are_called(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    name = server.app
    for stored, format in ((name, "wav"), (f"{name}-2", "gsm")):
        server.ask("POST", f"/channels/{channel}/record", name=stored, format=format)
        server.until("RecordingStarted", recording__name=stored)
        server.ask("POST", f"/recordings/live/{stored}/stop")
        server.until("RecordingFinished", recording__name=stored)
    path = f"/recordings/stored/{name}/copy"
    for destination in ("-3.wav", "-3", "-3.x", "/deep/er", ".d/deep", "-2", "-4/", "/.gsm"):
        copy = server.ask("POST", path, destinationRecordingName=f"{name}{destination}")
        server.answers.append(copy and copy.get("name", "").replace(name, "NAME"))
    server.ask("POST", path, destinationRecordingName="../x")
    server.ask("POST", path, destinationRecordingName="")
    for stored in ("-2", "-3", "/deep/er", ""):
        server.ask("DELETE", f"/recordings/stored/{quote(name + stored, safe='')}")
    server.hang_up(channel)


@scenario
def dialled_while_it_records(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    channel = made["id"]
    server.until("StasisStart", channel__id=channel)
    server.ask("POST", f"/channels/{channel}/record", name=server.app, format="wav")
    server.until("RecordingStarted")
    server.ask("POST", f"/channels/{channel}/dial", timeout=5)
    server.until("RecordingFinished")
    assert "Dial" not in [event["type"] for event in server.events]
    server.until("Dial", dialstatus="ANSWER")
    server.hang_up(channel)
    server.ask("DELETE", f"/recordings/stored/{server.app}")
