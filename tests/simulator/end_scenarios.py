"""Side-by-side scenarios: pending work when a channel, snoop channel or announcer ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import requests

from tests.simulator.driver import Driver
from tests.simulator.half_scenarios import note
from tests.simulator.more_scenarios import scenario


def listed(server: Driver) -> int:
    return len(server.ask("GET", "/channels"))


@scenario
def a_ghost_leaves_with_audio(server: Driver) -> None:
    one, _ = server.two_halves()
    snoop = server.ask("POST", f"/channels/{one}/snoop", app=server.app, spy="both")["id"]
    server.until("StasisStart", channel__id=snoop)
    server.ask("DELETE", f"/channels/{snoop}")
    server.until("StasisEnd", channel__id=snoop)
    note(server, listed(server))
    server.ask("POST", f"/channels/{one}/play", media="tone:ring")
    server.settle()
    note(server, listed(server))
    server.hang_up(one)


@scenario
def a_reported_function_is_shown_with_the_next_snapshot(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable="GLOBAL(SEEN)", value="1", report_events=True)
    server.hang_up(channel)


@scenario
def a_caller_set_by_the_other_half_is_shown_at_the_end(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{two}/variable", variable="CONNECTEDLINE(name)", value="red")
    server.settle()
    server.ask("DELETE", f"/channels/{one}")
    end = server.until("StasisEnd", channel__id=one)
    note(server, end["channel"]["caller"])
    gone = server.until("ChannelDestroyed", channel__id=one)
    note(server, gone["channel"]["caller"])


@scenario
def a_created_channel_records_at_once(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1002@default", app=server.app)
    server.until("StasisStart")
    name = f"{server.app}-down"
    server.ask("POST", f"/channels/{made['id']}/record", name=name, format="wav")
    server.until("RecordingStarted")
    server.ask("POST", f"/recordings/live/{name}/mute")
    server.ask("POST", f"/recordings/live/{name}/pause")
    note(server, server.ask("GET", f"/recordings/live/{name}")["state"])
    server.ask("DELETE", f"/recordings/live/{name}")
    server.ask("DELETE", f"/channels/{made['id']}")


@scenario
def a_queued_recording_waits_for_audio_after_the_hangup(server: Driver) -> None:
    channel, _ = server.two_halves()
    name = f"{server.app}-queued"
    server.ask("POST", f"/channels/{channel}/play", media="sound:demo-instruct")
    server.until("PlaybackStarted")
    server.ask("POST", f"/channels/{channel}/record", name=name, format="wav")
    server.ask("DELETE", f"/channels/{channel}")
    server.until("RecordingStarted")
    server.settle(1)
    note(server, listed(server))
    server.ask("DELETE", f"/channels/{channel}")
    server.until("ChannelDestroyed", channel__id=channel)
    server.ask("DELETE", f"/recordings/stored/{name}")


@scenario
def digits_with_a_negative_pause_wait_for_the_hangup(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/dtmf", dtmf="12", before=-5)
    server.ask("POST", f"/channels/{two}/dtmf", dtmf="34", between=-5)
    server.until("ChannelDtmfReceived", digit="3")
    server.settle(0.6)
    server.ask("DELETE", f"/channels/{one}")
    server.until("ChannelDtmfReceived", digit="2")
    server.until("ChannelDestroyed", channel__id=one)


@scenario(subscribe_all=True)
def hidden_channels_leave_an_empty_bridge_together(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    name = f"{server.app}-empty"
    server.ask("POST", f"/bridges/{bridge}/moh")
    server.ask("POST", f"/bridges/{bridge}/record", name=name, format="wav")
    server.until("RecordingStarted")
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.until("RecordingFinished")
    server.settle()
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}")
    server.ask("DELETE", f"/recordings/stored/{name}")


@scenario(subscribe_all=True)
def a_second_announcer_ends_the_first_of_a_holding_bridge(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges", type="holding")["id"]
    server.ask("POST", f"/bridges/{bridge}/play", media="tone:busy")
    server.until("PlaybackStarted")
    server.settle()
    server.ask("POST", f"/bridges/{bridge}/moh")
    server.until("PlaybackFinished")
    server.settle()
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def reported_variables_of_a_bridge_are_shown_after_its_next_event(server: Driver) -> None:
    channel = server.originate()
    bridge = f"{server.app}-b"
    body = {"variables": {"A": {"value": "v", "report_events": True}}}
    note(server, server.ask("POST", f"/bridges/{bridge}", body).get("bridgevars"))
    note(server, server.ask("GET", f"/bridges/{bridge}").get("bridgevars"))
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    note(server, server.ask("GET", f"/bridges/{bridge}").get("bridgevars"))
    server.ask("POST", f"/bridges/{bridge}/variable", variable="A", value="w")
    note(server, server.ask("GET", "/bridges")[0].get("bridgevars"))
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def a_subscription_is_removed_by_any_kind(server: Driver) -> None:
    channel = server.originate()
    path = f"/applications/{server.app}/subscription"
    server.ask("POST", path, eventSource=f"channel:{channel}")
    for kind in ("bridge", "endpoint", "bridge", "bridge"):
        left = server.ask("DELETE", path, eventSource=f"{kind}:{channel}")
        note(server, len(left.get("channel_ids", ())))
    server.ask("DELETE", f"/channels/{channel}")


@scenario
def a_reported_connected_line_is_shown_though_unchanged(server: Driver) -> None:
    channel = server.originate()
    name = "CONNECTEDLINE(num)"
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable=name, value="", report_events=True)
    server.ask("DELETE", f"/channels/{channel}")
    note(server, server.until("StasisEnd")["channel"].get("channelvars"))


@scenario
def formats_with_and_without_a_translator(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/play", media="tone:ring")
    for format in ("gsm", "g722", "WAV", "wav49", "g726-32", "g729", "siren7"):
        name = f"{server.app}-{format}"
        server.ask("POST", f"/channels/{two}/record", name=name, format=format)
        server.until("RecordingStarted", recording__name=name)
        server.settle()
        server.ask("POST", f"/recordings/live/{name}/stop")
        server.settle()
        server.ask("GET", f"/recordings/stored/{name}")
        server.ask("DELETE", f"/recordings/stored/{name}")
    server.hang_up(one)


@scenario
def the_connected_line_beside_an_announcer_is_empty(server: Driver) -> None:
    channel = server.originate(callerId="Al <55>")
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    note(server, server.ask("GET", f"/channels/{channel}")["connected"])
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:tt-monkeys")
    server.until("ChannelConnectedLine")
    note(server, server.ask("GET", f"/channels/{channel}")["connected"])
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def a_channel_hung_up_before_it_continues_has_the_next_priority(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    server.ask("POST", f"/channels/{channel}/continue")
    server.ask("DELETE", f"/channels/{channel}")
    gone = server.until("ChannelDestroyed", channel__id=channel)
    note(server, gone["channel"]["dialplan"])


@scenario
def a_channel_that_left_its_bridge_to_continue_ends_normally(server: Driver) -> None:
    one, two = server.two_halves()
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=two)
    server.until("ChannelEnteredBridge")
    server.ask("POST", f"/channels/{two}/continue", context="nowhere", extension="x")
    server.until("StasisEnd", channel__id=one)
    server.settle(1)
    ends = [each for each in server.events if each["type"] == "ChannelDestroyed"]
    note(server, sorted(each["cause"] for each in ends))
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def a_channel_hung_up_before_it_is_added_to_a_bridge(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/channels/{channel}/play", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    with ThreadPoolExecutor(1) as pool:  # it is answered when the playback ends
        path = f"/bridges/{bridge}/addChannel"
        added = pool.submit(server.send, "POST", path, channel=channel)
        server.settle()
        note(server, added.done())
        requests.delete(
            f"{server.place.url}/ari/channels/{channel}",
            auth=(server.place.user, server.place.password),
            timeout=30,
        )
        note(server, added.result().status_code)
    server.until("ChannelDestroyed", channel__id=channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario(subscribe_all=True)
def a_far_half_that_was_never_dialled_stays(server: Driver) -> None:
    one, two = f"{server.app}-1", f"{server.app}-2"
    ids = {"channelId": one, "otherChannelId": two}
    server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app, **ids)
    server.until("StasisStart")
    for _ in range(2):
        server.ask("DELETE", f"/channels/{two}")
    server.settle()
    note(server, sorted(each["id"][-1] for each in server.ask("GET", "/channels")))
    server.ask("POST", f"/channels/{one}/dial")
    for _ in range(2):
        server.until("ChannelDestroyed")


@scenario
def a_recording_without_frames_ends_with_the_next_request(server: Driver) -> None:
    _, two = server.two_halves()
    name = f"{server.app}-silent"
    limits = {"maxDurationSeconds": 1}
    server.ask("POST", f"/channels/{two}/record", name=name, format="wav", **limits)
    started = server.until("RecordingStarted")["timestamp"]
    server.settle(2.1)
    note(server, server.events[-1]["type"])
    server.ask("DELETE", f"/channels/{two}/hold")
    ended = server.until("RecordingFinished")["timestamp"]
    seconds = datetime.fromisoformat(ended) - datetime.fromisoformat(started)
    note(server, seconds.total_seconds() < 3.9)  # without a request it ends after 4 seconds
    server.hang_up(two)


@scenario
def no_talk_is_detected_while_a_tone_is_played(server: Driver) -> None:
    one, two = server.two_halves()
    detector = {"variable": "TALK_DETECT(set)", "value": "3000"}
    server.ask("POST", f"/channels/{one}/variable", **detector)
    server.ask("POST", f"/channels/{one}/play", media="tone:ring")
    server.until("PlaybackStarted")
    server.ask("POST", f"/channels/{two}/play", media="sound:demo-congrats")
    server.until("PlaybackStarted")
    server.settle(1.5)
    server.hang_up(one)
