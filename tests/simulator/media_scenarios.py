"""Side-by-side scenarios: playing and recording."""

from __future__ import annotations

from urllib.parse import quote

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario


@scenario
def playbacks_wait_for_each_other(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    for number in range(3):
        server.ask("POST", f"{path}/{server.app}-{number}", media="sound:beep")
    server.ask("GET", f"/playbacks/{server.app}-2")
    server.ask("DELETE", f"/playbacks/{server.app}-1")
    server.ask("POST", f"/playbacks/{server.app}-2/control", operation="pause")
    server.ask("POST", f"/playbacks/{server.app}-2/control", operation="restart")
    server.until("PlaybackFinished", playback__id=f"{server.app}-2")
    server.ask("POST", f"{path}/{server.app}-0", media="sound:beep")
    server.until("PlaybackFinished", playback__id=f"{server.app}-0")
    server.hang_up(channel)


@scenario
def a_list_that_is_stopped(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play/{server.app}"
    server.ask("POST", path, media="sound:beep,sound:tt-monkeys,sound:beep")
    server.until("PlaybackContinuing")
    server.until("PlaybackStarted")
    server.ask("GET", f"/playbacks/{server.app}")
    server.ask("DELETE", f"/playbacks/{server.app}")
    server.until("PlaybackFinished")
    server.ask("GET", f"/playbacks/{server.app}")
    server.hang_up(channel)


@scenario
def a_list_with_something_missing(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    server.ask("POST", path, media="sound:beep,sound:none,sound:beep")
    server.until("PlaybackFinished")
    server.ask("POST", path, media="sound:none,sound:beep")
    server.until("PlaybackFinished")
    server.ask("POST", path, media="recording:none")
    server.settle(1.0)
    server.hang_up(channel)


@scenario
def tones_digits_and_numbers(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    server.ask("POST", f"{path}/{server.app}", media="tone:ring;tonezone=fr")
    server.until("PlaybackStarted")
    server.ask("POST", f"/playbacks/{server.app}/control", operation="pause")
    server.ask("POST", f"/playbacks/{server.app}/control", operation="forward")
    server.ask("DELETE", f"/playbacks/{server.app}")
    server.until("PlaybackFinished")
    server.ask("POST", f"{path}/{server.app}-d", media="digits:12")
    server.until("PlaybackStarted")
    server.ask("POST", f"/playbacks/{server.app}-d/control", operation="pause")
    server.ask("DELETE", f"/playbacks/{server.app}-d")
    server.until("PlaybackFinished")
    for media in ("number:21", "characters:ab", "digits:", "tone:none-such"):
        server.ask("POST", path, media=media)
        server.until("PlaybackFinished")
    server.hang_up(channel)


@scenario
def hung_up_while_playing(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    server.ask("POST", f"{path}/{server.app}-1", media="sound:tt-monkeys,sound:beep")
    server.ask("POST", f"{path}/{server.app}-2", media="sound:beep")
    server.until("PlaybackStarted")
    server.hang_up(channel)
    server.settle()
    server.ask("GET", f"/playbacks/{server.app}-1")


@scenario
def what_cannot_be_played(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    for params in ({}, {"media": ""}, {"media": "sound:beep", "skipms": "-1"},
                   {"media": "sound:beep", "offsetms": "-1"},
                   {"media": "sound:beep,"}):  # fmt: skip
        server.ask("POST", path, **params)
        server.settle(1.0)
    server.ask("POST", path, {"media": ["sound:beep", "sound:beep"], "lang": "fr"})
    server.until("PlaybackFinished")
    server.hang_up(channel)


@scenario
def forward_and_back(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play/{server.app}", media="sound:tt-monkeys",
               offsetms=2000, skipms=1000)  # fmt: skip
    server.until("PlaybackStarted")
    for operation in ("forward", "reverse", "reverse", "restart", "pause", "pause", "forward",
                      "restart", "unpause", "unpause", "stop", "none"):  # fmt: skip
        server.ask("POST", f"/playbacks/{server.app}/control", operation=operation)
        server.ask("GET", f"/playbacks/{server.app}")
    server.ask("DELETE", f"/playbacks/{server.app}")
    server.until("PlaybackFinished")
    server.hang_up(channel)


@scenario
def recordings_that_end_by_themselves(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    path = f"/channels/{channel}/record"
    name = server.app
    server.ask("POST", path, name=name, format="wav", maxDurationSeconds=1, beep="true")
    server.until("RecordingFinished")
    server.ask("POST", path, name=name, format="wav")
    server.ask("POST", path, name=name, format="wav", ifExists="append", maxDurationSeconds=1)
    server.until("RecordingFinished")
    server.ask("POST", path, name=name, format="wav", ifExists="overwrite", terminateOn="#")
    server.until("RecordingStarted")
    server.ask("DELETE", f"/recordings/live/{name}")
    server.until("RecordingFinished")
    server.ask("GET", f"/recordings/stored/{name}")
    server.hang_up(channel)


@scenario
def recordings_that_are_refused(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/record"
    for params in (
        {}, {"name": "x"}, {"format": "wav"}, {"name": "", "format": "wav"},
        {"name": "x", "format": "wav", "maxDurationSeconds": "-1"},
        {"name": "x", "format": "wav", "maxSilenceSeconds": "-1"},
        {"name": "x", "format": "wav", "ifExists": "maybe"},
        {"name": "x", "format": "wav", "terminateOn": "5"},
        {"name": "../x", "format": "wav"},
    ):  # fmt: skip
        server.ask("POST", path, **params)
    for verb, method in (("stop", "POST"), ("pause", "POST"), ("pause", "DELETE"),
                         ("mute", "POST"), ("mute", "DELETE"), ("", "DELETE")):  # fmt: skip
        server.ask(method, f"/recordings/live/none{'/' if verb else ''}{verb}")
    server.ask("POST", "/recordings/stored/none/copy", destinationRecordingName="y")
    server.ask("POST", "/recordings/stored/none/copy")
    server.hang_up(channel)


@scenario
def a_recording_paused_and_muted(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    name = server.app
    server.ask("POST", f"/channels/{channel}/record", name=name, format="wav")
    server.until("RecordingStarted")
    for verb, method in (("pause", "POST"), ("pause", "POST"), ("mute", "POST"),
                         ("pause", "DELETE"), ("pause", "DELETE"), ("mute", "DELETE")):  # fmt: skip
        server.ask(method, f"/recordings/live/{name}/{verb}")
        server.ask("GET", f"/recordings/live/{name}")
    server.ask("POST", f"/recordings/live/{name}/stop")
    server.until("RecordingFinished")
    server.ask("POST", f"/recordings/live/{name}/stop")
    server.ask("POST", f"/recordings/stored/{name}/copy", destinationRecordingName=f"{name}-2")
    server.ask("POST", f"/recordings/stored/{name}/copy", destinationRecordingName=f"{name}-2")
    for each in (name, f"{name}-2"):
        server.ask("DELETE", f"/recordings/stored/{each}")
    server.hang_up(channel)


@scenario
def hung_up_while_recording(server: Driver) -> None:
    channel = server.originate("Local/1001@default")
    server.ask("POST", f"/channels/{channel}/record", name=server.app, format="wav")
    server.until("RecordingStarted")
    server.hang_up(channel)
    server.settle()
    server.ask("DELETE", f"/recordings/stored/{server.app}")


@scenario
def playing_and_recording_in_a_bridge(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=two)
    path = f"/bridges/{bridge}"
    server.ask("POST", f"{path}/play/{server.app}", media="sound:tt-monkeys,sound:beep")
    server.until("PlaybackStarted")
    server.ask("POST", f"/playbacks/{server.app}/control", operation="pause")
    server.ask("POST", f"/playbacks/{server.app}/control", operation="unpause")
    server.ask("DELETE", f"/playbacks/{server.app}")
    server.until("PlaybackFinished")
    server.ask("POST", f"{path}/record", name=server.app, format="wav")
    server.until("RecordingStarted")
    server.ask("POST", f"{path}/record", name=server.app, format="wav")
    server.ask("POST", f"/recordings/live/{server.app}/stop")
    server.until("RecordingFinished")
    server.ask("DELETE", f"/recordings/stored/{server.app}")
    server.ask("POST", f"{path}/play")
    server.ask("POST", f"{path}/record", format="wav")
    server.ask("POST", f"{path}/play", media="sound:none")
    server.until("PlaybackFinished")
    server.hang_up(one, two)
    server.ask("DELETE", path)


@scenario
def an_empty_bridge_is_played_to(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    source = f"bridge:{bridge}"
    server.ask("POST", f"/applications/{server.app}/subscription", eventSource=source)
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.ask("POST", f"/bridges/{bridge}/moh", mohClass="none")
    server.ask("POST", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def keys_are_pressed(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/dtmf"
    server.ask("POST", path, dtmf="1", duration=200, before=100, between=50, after=100)
    server.until("ChannelDtmfReceived", digit="1")
    server.ask("POST", path, dtmf="2AxD")
    server.until("ChannelDtmfReceived", digit="D")
    server.ask("POST", path, dtmf="")
    server.ask("POST", f"{path}?dtmf=9&duration=nonsense")
    server.until("ChannelDtmfReceived", digit="9")
    server.hang_up(channel)


@scenario
def sounds_and_their_filters(server: Driver) -> None:
    for path in ("sounds/beep", "sounds?lang=en", "sounds?lang=xx", "sounds?format=gsm",
                 "sounds?format=none", "sounds/none", "sounds/digits/1",
                 "sounds/digits%2F1"):  # fmt: skip
        server.ask("GET", f"/{path}")


@scenario
def snooping_in_all_ways(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/snoop"
    ways = ({"spy": "in"}, {"whisper": "both"}, {"spy": "out", "whisper": "out", "appArgs": "a,b"})
    for number, params in enumerate(ways):
        id = f"{server.app}-{number}"
        server.ask("POST", f"{path}/{id}", app=server.app, **params)
        server.until("StasisStart", channel__id=id)
        server.ask("GET", f"/channels/{id}")
    server.ask("POST", f"{path}/{server.app}-0", app=server.app, spy="in")
    server.ask("POST", path, spy="in")
    server.ask("POST", path, app=server.app, spy="none", whisper="none")
    server.ask("POST", "/channels/nosuch/snoop", app=server.app, spy="in")
    server.ask("POST", f"/channels/{server.app}-0/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.ask("DELETE", f"/channels/{server.app}-1")
    server.until("StasisEnd", channel__id=f"{server.app}-1")
    server.hang_up(channel)
    server.settle()


@scenario
def media_from_elsewhere(server: Driver) -> None:
    app = server.app
    path = "/channels/externalMedia"
    for params in (
        {}, {"app": app}, {"app": app, "external_host": "127.0.0.1:9999"},
        {"app": app, "external_host": "127.0.0.1", "format": "ulaw"},
        {"app": app, "external_host": "127.0.0.1:9999", "format": "ulaw", "encapsulation": "x"},
        {"app": app, "external_host": "127.0.0.1:9999", "format": "ulaw", "transport": "tcp"},
        {"app": app, "external_host": "127.0.0.1:9999", "format": "ulaw", "direction": "up"},
    ):  # fmt: skip
        server.ask("POST", path, **params)
    made = server.ask(
        "POST", path, app=app, external_host="127.0.0.1:9999", format="ulaw", channelId=f"{app}-1"
    )
    server.until("StasisStart", channel__id=made["id"])
    server.ask("GET", f"/channels/{made['id']}/variable", variable="UNICASTRTP_LOCAL_ADDRESS")
    server.hang_up(made["id"])
    id = f"{app}-2"  # a port that no socket can have: the C library keeps its lower 16 bits
    params = {"external_host": "127.0.0.1:99999", "format": "ulaw", "channelId": id}
    server.ask("POST", path, app=app, **params)
    server.until("StasisStart", channel__id=id)
    server.hang_up(id)


@scenario
def the_pauses_in_what_is_recorded(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/record", name=one, format="wav", maxSilenceSeconds=5)
    server.until("RecordingStarted")
    media = "sound:tt-somethingwrong,sound:silence/2,sound:tt-somethingwrong"
    server.ask("POST", f"/channels/{two}/play", media=media)
    server.until("PlaybackFinished")
    server.ask("POST", f"/recordings/live/{one}/stop")
    finished = server.until("RecordingFinished")["recording"]
    assert (finished["talking_duration"], finished["silence_duration"]) == (4, 3)
    server.ask("DELETE", f"/recordings/stored/{one}")
    server.hang_up(one)


@scenario
def silence_before_and_after_what_is_recorded(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/record", name=one, format="wav", maxSilenceSeconds=2)
    server.until("RecordingStarted")
    media = "sound:silence/1,sound:tt-somethingwrong,sound:silence/5"
    server.ask("POST", f"/channels/{two}/play", media=media)
    finished = server.until("RecordingFinished")["recording"]
    assert (finished["talking_duration"], finished["silence_duration"]) == (2, 2)
    server.ask("DELETE", f"/recordings/stored/{one}")
    server.hang_up(one)


@scenario
def tones_that_are_detected(server: Driver) -> None:
    for formats, published in (("slin", True), ("", False)):
        one, two = server.two_halves(formats, formats=formats or None)
        path = f"/channels/{one}/variable"
        for wanted, tone, found in (
            ("440", "440", True), ("440", "350+440", False), ("480", "440", False),
            ("440,100", "ring;tonezone=fr", True), ("440,,n(2)", "440/200|0/100", False),
        ):  # fmt: skip
            server.ask("POST", path, variable=f"TONE_DETECT({wanted})", value="")
            playing = server.ask("POST", f"/channels/{two}/play", media=f"tone:{tone}")["id"]
            if published and found:
                server.until("ChannelToneDetected", channel__id=one)
            else:
                server.settle(1.0)
            server.ask("GET", path, variable="TONE_DETECT(rx)")
            server.ask("DELETE", f"/playbacks/{playing}")
            server.until("PlaybackFinished", playback__id=playing)
            server.ask("POST", path, variable="TONE_DETECT(0,,x)", value="")
            server.ask("GET", path, variable="TONE_DETECT(rx)")
        server.hang_up(one)
    channel = server.originate()
    for nonsense in ("", "x", "440,x", "440,0", "440+480"):
        server.ask(
            "POST", f"/channels/{channel}/variable", variable=f"TONE_DETECT({nonsense})", value=""
        )
    server.hang_up(channel)


@scenario
def what_cannot_be_played_among_what_can(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play"
    for number, media in enumerate((
        "nonsense:x,sound:beep", "recording:none,sound:beep", "number:x,sound:beep",
        "sound:beep,recording:none,sound:beep", "sound:en/beep",
    )):  # fmt: skip
        id = f"{server.app}-{number}"
        server.ask("POST", f"{path}/{id}", media=media)
        server.until("PlaybackFinished", playback__id=id)
    server.ask("POST", f"{path}/{server.app}-last", media="sound:beep,nonsense:x")
    server.until("PlaybackStarted", playback__media_uri="nonsense:x")
    server.settle()
    server.ask("GET", f"/playbacks/{server.app}-last")
    server.hang_up(channel)


@scenario
def hung_up_after_a_playback_was_taken_back(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/play/{server.app}"
    server.ask("POST", f"{path}-1", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    server.ask("POST", f"{path}-2", media="sound:beep,sound:beep")
    server.ask("DELETE", f"/playbacks/{server.app}-2")
    server.ask("GET", f"/playbacks/{server.app}-2")
    server.hang_up(channel)
    server.settle()
    server.ask("GET", f"/playbacks/{server.app}-2")


@scenario
def names_in_the_places_of_recordings(server: Driver) -> None:
    channel = server.originate()
    for name in ("a b", "a'b()*!~", "ä", "ää", "äx"):
        answer = server.send(
            "POST", f"/channels/{channel}/record", name=name, format="wav", ifExists="overwrite"
        )
        server.answers.append((name, answer.headers["Location"]))
        server.until("RecordingStarted")
        server.ask("DELETE", f"/recordings/live/{quote(name)}")
        server.until("RecordingFinished")
    server.hang_up(channel)
