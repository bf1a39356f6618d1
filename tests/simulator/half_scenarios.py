"""Side-by-side scenarios: halves of a Local channel; bridges subscribed to twice."""

from __future__ import annotations

from typing import Any

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario


def note(server: Driver, *values: Any) -> None:
    """Compare values, too: of an answer, only the shape is compared."""
    server.answers.append(values)


def variable(server: Driver, channel: str, name: str) -> None:
    """Read a variable and compare its value."""
    found = server.ask("GET", f"/channels/{channel}/variable", variable=name)
    note(server, name, str(found.get("value")).replace(server.app, "APP"))


def languages(server: Driver) -> list[str]:
    return [each["language"] for each in server.ask("GET", "/channels")]


@scenario
def a_local_channel_has_one_language(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{two}/variable", variable="CHANNEL(language)", value="fr")
    note(server, languages(server))
    server.hang_up(one)


@scenario
def a_connected_line_is_the_other_halfs_caller(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/variable", variable="CONNECTEDLINE(name)", value="red")
    server.settle()
    note(server, server.ask("GET", f"/channels/{two}")["caller"])
    server.hang_up(one)


@scenario
def a_redirecting_number_is_shown(server: Driver) -> None:
    channel = server.originate()
    name = "REDIRECTING(from-num)"
    server.ask("POST", f"/channels/{channel}/variable", variable=name, value="55")
    note(server, server.ask("GET", f"/channels/{channel}")["caller_rdnis"])
    for each in (name, "CALLERID(rdnis)", "REDIRECTING(reason)", "CALLERID(name-charset)"):
        variable(server, channel, each)
    server.ask("POST", f"/channels/{channel}/variable", variable=name, value="")
    server.hang_up(channel)


@scenario
def what_channels_share_is_read_and_set(server: Driver) -> None:
    one, two = server.two_halves()
    for name in ("SHARED(A)", "GROUP()", "MASTER_CHANNEL(A)"):
        server.ask("POST", f"/channels/{two}/variable", variable=name, value="x")
        variable(server, two, name)
        variable(server, one, name)
    variable(server, one, "A")
    variable(server, two, "CDR(disposition)")
    server.hang_up(one)


@scenario(subscribe_all=True)
def media_of_a_bridge_is_published_twice(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.settle(1.0)
    server.ask("POST", f"/bridges/{bridge}/moh")
    server.settle()
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.settle()
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def a_channel_hung_up_before_it_continues(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play", media="sound:demo-instruct")
    server.until("PlaybackStarted")
    server.ask("POST", f"/channels/{channel}/continue", context="default", extension="1004")
    server.ask("DELETE", f"/channels/{channel}")
    place = server.until("ChannelDestroyed", channel__id=channel)["channel"]["dialplan"]
    note(server, place["exten"], place["priority"])


@scenario
def a_negative_cause_is_not_passed_on(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("DELETE", f"/channels/{one}", reason_code=-1)
    server.settle()
    ends = [each for each in server.events if each["type"] == "ChannelDestroyed"]
    note(server, sorted((each["channel"]["id"][-1], each["cause"]) for each in ends))
    assert len(ends) == 2, (one, two)


@scenario
def an_unknown_sound_that_waits_has_no_end(server: Driver) -> None:
    one, two = server.two_halves()
    server.ask("POST", f"/channels/{one}/play", media="sound:demo-instruct")
    server.until("PlaybackStarted")
    server.ask("POST", f"/channels/{one}/play", media="nonsense:x")
    server.ask("DELETE", f"/channels/{two}")
    server.until("ChannelDestroyed", channel__id=one)


def reported(server: Driver, channel: str, name: str, value: str) -> None:
    """Set a variable that events report, and compare those that the channel then shows."""
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable=name, value=value, report_events=True)
    server.settle()
    note(server, server.ask("GET", f"/channels/{channel}").get("channelvars"))


@scenario
def reported_variables_are_shown_with_the_next_snapshot(server: Driver) -> None:
    channel = server.originate()
    reported(server, channel, "CHANNEL(musicclass)", "default")  # publishes none
    for name, value in (
        ("CHANNEL(accountcode)", "sales"),
        ("CALLERID(rdnis)", "5"),
        ("REDIRECTING(from-num)", "55"),
        ("REDIRECTING(reason)", "cfu"),
        ("CHANNEL(userfield)", "x"),
        ("CHANNEL(peeraccount)", "y"),
        ("CHANNEL(language)", "fr"),
    ):
        reported(server, channel, name, value)
    server.hang_up(channel)


@scenario
def reported_built_in_variables_are_those_that_were_set(server: Driver) -> None:
    channel = server.originate()
    for name in ("HANGUPCAUSE", "EXTEN", "UNIQUEID"):
        reported(server, channel, name, "mine")
    variable(server, channel, "HANGUPCAUSE")
    variable(server, channel, "EXTEN")
    server.hang_up(channel)


@scenario
def features_of_keys_are_capital_letters(server: Driver) -> None:
    channel = server.originate()
    name = "CHANNEL(dtmf_features)"
    for value in ("a b", "WKT", "T1", "XYTT", ""):
        server.ask("POST", f"/channels/{channel}/variable", variable=name, value=value)
        variable(server, channel, name)
    server.hang_up(channel)


@scenario
def a_language_publishes_the_callers_of_both_halves(server: Driver) -> None:
    ids = {"channelId": f"{server.app}-1", "otherChannelId": f"{server.app}-2"}
    given = {"CONNECTEDLINE(name)": "x", "CHANNEL(language)": "fr"}
    params = {"endpoint": "Local/1002@default", "app": server.app, **ids}
    server.ask("POST", "/channels", {"variables": given}, **params)
    server.until("StasisStart")
    server.settle()
    note(server, [each["type"] for each in server.events].count("ChannelCallerId"))
    server.hang_up(f"{server.app}-1")


@scenario
def an_item_of_a_half_is_set_on_the_other_account_codes_cross_over(server: Driver) -> None:
    ids = {"channelId": f"{server.app}-1", "otherChannelId": f"{server.app}-2"}
    items = {"accountcode": "one", "peeraccount": "two", "userfield": "u"}
    given = {f"CHANNEL({item})": value for item, value in items.items()}
    params = {"endpoint": "Local/1002@default", "app": server.app, **ids}
    server.ask("POST", "/channels", {"variables": given}, **params)
    server.until("StasisStart")
    for change in ("", "three"):
        for half in ids.values():
            for item in items:
                variable(server, half, f"CHANNEL({item})")
        path = f"/channels/{ids['otherChannelId']}/variable"
        if not change:
            server.ask("POST", path, variable="CHANNEL(accountcode)", value="three")
    server.hang_up(ids["channelId"])


@scenario
def members_of_a_bridge_exchange_account_codes(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    members = [server.originate() for _ in range(4)]
    for member, (item, value) in zip(
        members,
        (("accountcode", "a"), ("userfield", "x"), ("peeraccount", "c"), ("accountcode", "d")),
        strict=True,
    ):
        path = f"/channels/{member}/variable"
        server.ask("POST", path, variable=f"CHANNEL({item})", value=value)
        server.ask("POST", f"/bridges/{bridge}/addChannel", channel=member)
        server.settle()
        for each in members:
            variable(server, each, "CHANNEL(accountcode)")
            variable(server, each, "CHANNEL(peeraccount)")
    for member in members:
        server.hang_up(member)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def a_member_that_returns_is_the_others_peer_again(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    one, two = server.originate(), server.originate()
    for channel in (one, two):
        server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
        server.settle()
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=two)
    server.settle()
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=two)
    server.settle()
    server.hang_up(one)
    server.hang_up(two)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def ringing_of_an_answered_half_is_a_tone_at_the_other(server: Driver) -> None:
    one, two = server.two_halves()
    path = f"/channels/{two}/variable"
    server.ask("POST", path, variable="TALK_DETECT(set)", value="500")
    server.ask("POST", f"/channels/{one}/ring")
    server.ask("DELETE", f"/channels/{one}/ring")  # does not stop it
    server.until("ChannelTalkingFinished", channel__id=two)
    server.hang_up(one)


@scenario
def a_recording_goes_on_while_its_channel_sends_silence(server: Driver) -> None:
    one, _two = server.two_halves()
    server.ask("POST", f"/channels/{one}/silence")
    server.ask("POST", f"/channels/{one}/record", name=server.app, format="wav")
    server.until("RecordingStarted")
    server.settle(5.0)
    note(server, server.ask("GET", f"/recordings/live/{server.app}")["state"])
    server.ask("DELETE", f"/recordings/live/{server.app}")
    server.hang_up(one)


@scenario
def a_cause_of_none_stays_where_a_channel_was_not_dialled(server: Driver) -> None:
    for dialled in (False, True):
        id = f"{server.app}-{dialled}"
        params = {"channelId": id, "otherChannelId": f"{id}x", "app": server.app}
        server.ask("POST", "/channels/create", endpoint="Local/1002@default", **params)
        server.until("StasisStart", channel__id=id)
        if dialled:
            server.ask("POST", f"/channels/{id}/dial")
            server.until("Dial", dialstatus="ANSWER")
        server.ask("DELETE", f"/channels/{id}", reason_code=0)
        note(server, server.until("ChannelDestroyed", channel__id=id)["cause"])
        server.send("DELETE", f"/channels/{id}x")


@scenario
def a_bridge_that_shows_no_video_returns_to_the_talker(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges", type="mixing,video_single")["id"]
    server.ask("DELETE", f"/bridges/{bridge}/videoSource")
    channel = server.originate()
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.settle()
    note(server, server.ask("GET", f"/bridges/{bridge}")["video_mode"])
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def media_of_a_bridge_is_early_media_for_unanswered_members(server: Driver) -> None:
    one, two = server.two_halves(answered=False)
    bridge = server.ask("POST", "/bridges")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=two)
    server.ask("POST", f"/bridges/{bridge}/play", media="sound:beep")
    server.until("Dial", dialstatus="PROGRESS")
    server.until("PlaybackFinished")
    server.hang_up(one)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def of_playbacks_with_one_id_the_oldest_is_found(server: Driver) -> None:
    one, _two = server.two_halves()
    path = f"/channels/{one}/play"
    server.ask("POST", path, media="sound:demo-instruct", playbackId=server.app)
    server.until("PlaybackStarted")
    server.ask("POST", path, media="sound:demo-congrats", playbackId=server.app)
    for _ in range(2):
        note(server, server.ask("GET", f"/playbacks/{server.app}")["media_uri"])
        server.ask("DELETE", f"/playbacks/{server.app}")
        server.settle()
    server.ask("GET", f"/playbacks/{server.app}")
    server.hang_up(one)


@scenario
def channels_are_added_to_a_bridge_one_after_the_other(server: Driver) -> None:
    bridge = server.ask("POST", "/bridges")["id"]
    _one, two = server.two_halves()
    other = server.originate()
    server.ask("POST", f"/channels/{two}/play", media="sound:conf-thereare")
    server.until("PlaybackStarted")
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{two},{other}")
    server.settle()
    order = [each["type"] for each in server.events]
    note(server, order.index("PlaybackFinished") < order.index("ChannelEnteredBridge"))
    server.hang_up(other)
    server.hang_up(two)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario(subscribe_all=True)
def a_pair_without_its_first_half_is_not_in_use(server: Driver) -> None:
    params = {"extension": "1002", "context": "nowhere", "channelId": f"{server.app}-1"}
    server.ask("POST", "/channels", endpoint="Local/1002@default", **params)
    server.until("ChannelDestroyed", channel__id=f"{server.app}-1")
    server.settle(1.0)
    states = [each for each in server.events if each["type"] == "DeviceStateChanged"]
    note(server, [each["device_state"]["state"] for each in states])
