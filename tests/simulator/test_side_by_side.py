"""The same programs against the simulator and a real Asterisk have the same results.

Two threads of Asterisk publish events of the two halves of a Local channel, so only the order of
each channel's events is compared, not how they interleave.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from ari_notebook import simulator as simulators
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.servers import Server
from tests.simulator import (  # noqa: F401  they add their own
    bridge_scenarios,
    channel_scenarios,
    end_scenarios,
    half_scenarios,
    media_scenarios,
    recording_scenarios,
    state_scenarios,
    subscription_scenarios,
)
from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import SCENARIOS, scenario
from tests.simulator.test_every_operation import DECLARED, MISSING, NOT_IN_SCENARIOS


@scenario
def hello_world(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play", media="sound:beep")
    server.until("PlaybackFinished")
    server.ask("GET", f"/channels/{channel}")
    server.hang_up(channel)


@scenario
def a_list_of_media(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play/mine", media="sound:beep,digits:1,number:2")
    server.ask("GET", "/playbacks/mine")
    server.until("PlaybackFinished")
    server.ask("GET", "/playbacks/mine")
    server.hang_up(channel)


@scenario
def playback_controls(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play/mine", media="sound:tt-monkeys")
    server.until("PlaybackStarted")
    for operation in ("pause", "unpause", "forward", "reverse", "restart", "nonsense", ""):
        server.ask("POST", "/playbacks/mine/control", operation=operation)
    server.ask("DELETE", "/playbacks/mine")
    server.until("PlaybackFinished")
    server.ask("DELETE", "/playbacks/mine")
    server.hang_up(channel)


@scenario
def a_sound_that_is_missing(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/play", media="sound:no-such-sound")
    server.until("PlaybackFinished")
    server.hang_up(channel)


@scenario
def a_recording(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/record"
    server.ask("POST", path, name="side", format="wav", ifExists="overwrite")
    server.until("RecordingStarted")
    for verb, method in [
        ("pause", "POST"),
        ("pause", "DELETE"),
        ("mute", "POST"),
        ("mute", "DELETE"),
    ]:
        server.ask(method, f"/recordings/live/side/{verb}")
    server.ask("GET", "/recordings/live/side")
    server.ask("POST", path, name="side", format="wav")
    server.ask("POST", path, name="other", format="nonsense")
    server.ask("POST", path, name="other")
    server.ask("POST", "/recordings/live/side/stop")
    server.until("RecordingFinished")
    server.ask("GET", "/recordings/live/side")
    server.ask("GET", "/recordings/stored/side")
    server.ask("POST", "/recordings/stored/side/copy", destinationRecordingName="side-2")
    server.ask("DELETE", "/recordings/stored/side")
    server.ask("DELETE", "/recordings/stored/side-2")
    server.ask("DELETE", "/recordings/stored/side")
    server.hang_up(channel)


@scenario
def a_bridge_of_two(server: Driver) -> None:
    one, two = server.originate(), server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{one},{two}")
    server.until("ChannelEnteredBridge", channel__id=two)
    server.ask("GET", f"/bridges/{bridge}")
    server.ask("POST", f"/channels/{one}/record", name="in-bridge", format="wav")
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=one)
    server.ask("POST", f"/bridges/{bridge}/removeChannel", channel=one)
    server.ask("DELETE", f"/bridges/{bridge}")
    server.ask("GET", f"/bridges/{bridge}")
    server.hang_up(one, two)


@scenario
def a_bridge_that_holds(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges", type="holding", name="waiting")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    server.ask("POST", f"/bridges/{bridge}/moh")
    server.ask("DELETE", f"/bridges/{bridge}/moh")
    server.hang_up(channel)
    server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def from_one_bridge_to_another(server: Driver) -> None:
    channel = server.originate()
    first = server.ask("POST", "/bridges", type="mixing")["id"]
    second = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{first}/addChannel", channel=channel)
    server.ask("POST", f"/bridges/{second}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge", bridge__id=second)
    server.ask("DELETE", f"/bridges/{first}")
    server.ask("DELETE", f"/bridges/{second}")
    server.hang_up(channel)


@scenario
def digits_from_the_other_end(server: Driver) -> None:
    channel = server.originate("Local/1005@default")
    for digit in "12#":
        server.until("ChannelDtmfReceived", digit=digit)
    server.hang_up(channel)


@scenario
def created_then_dialled(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1004@default", app=server.app)
    channel = made["id"]
    server.until("StasisStart")
    server.ask("POST", f"/channels/{channel}/play", media="sound:beep")
    server.ask("POST", f"/channels/{channel}/dial", timeout=5)
    server.until("Dial", dialstatus="ANSWER")
    server.ask("POST", f"/channels/{channel}/dial", timeout=5)
    server.hang_up(channel)


@scenario
def busy(server: Driver) -> None:
    made = server.ask("POST", "/channels/create", endpoint="Local/1006@default", app=server.app)
    server.until("StasisStart")
    server.ask("POST", f"/channels/{made['id']}/dial", timeout=5)
    server.until("ChannelDestroyed", channel__id=made["id"])


@scenario
def variables(server: Driver) -> None:
    channel = server.originate(variables='{"X":"1"}')
    path = f"/channels/{channel}/variable"
    server.ask("POST", path, variable="COLOUR", value="red")
    server.until("ChannelVarset", variable="COLOUR")
    for name in ("COLOUR", "NONE", "CHANNEL(state)", "CALLERID(num)", ""):
        server.ask("GET", path, variable=name)
    server.ask("POST", path)
    server.hang_up(channel)


@scenario
def every_operation_on_a_channel(server: Driver) -> None:
    channel = server.originate()
    for method, verb in [
        ("POST", "answer"), ("POST", "ring"), ("DELETE", "ring"), ("POST", "progress"),
        ("POST", "hold"), ("DELETE", "hold"), ("POST", "moh"), ("DELETE", "moh"),
        ("POST", "silence"), ("DELETE", "silence"), ("POST", "mute"), ("DELETE", "mute"),
        ("POST", "mute?direction=both"), ("DELETE", "mute?direction=both"),
        ("POST", "mute?direction=up"), ("POST", "dtmf"), ("POST", "dtmf?dtmf=1"),
        ("GET", "rtp_statistics"), ("POST", "redirect"), ("POST", "redirect?endpoint=x"),
        ("POST", "move?app=nosuch-app"), ("POST", "transfer_progress"),
    ]:  # fmt: skip
        server.ask(method, f"/channels/{channel}/{verb}")
    server.hang_up(channel)


@scenario
def back_into_the_dialplan(server: Driver) -> None:
    channel = server.originate()
    path = f"/channels/{channel}/continue"
    server.ask("POST", path, context="default", extension="1002", priority=1)
    server.until("StasisEnd")
    server.ask("GET", f"/channels/{channel}")
    server.ask("POST", f"/channels/{channel}/answer")
    server.hang_up(channel)


@scenario
def a_snoop(server: Driver) -> None:
    channel = server.originate()
    server.ask("POST", f"/channels/{channel}/snoop", app=server.app)
    server.ask("POST", f"/channels/{channel}/snoop", app=server.app, spy="nonsense")
    snoop = server.ask("POST", f"/channels/{channel}/snoop", app=server.app, spy="both")["id"]
    server.until("StasisStart", channel__id=snoop)
    server.ask("DELETE", f"/channels/{snoop}")
    server.until("StasisEnd", channel__id=snoop)
    server.hang_up(channel)


@scenario
def reasons_to_hang_up(server: Driver) -> None:
    for reason in ("normal", "busy", "congestion", "no_answer", "rejected"):
        channel = server.originate()
        server.ask("DELETE", f"/channels/{channel}", reason=reason)
        server.until("ChannelDestroyed", channel__id=channel)
    channel = server.originate()
    server.ask("DELETE", f"/channels/{channel}", reason="nonsense")
    server.ask("DELETE", f"/channels/{channel}", reason="normal", reason_code="17")
    server.ask("DELETE", f"/channels/{channel}", reason_code="17")
    server.until("ChannelDestroyed", channel__id=channel)


@scenario
def ids_of_our_own(server: Driver) -> None:
    channel = f"{server.app}-1"
    server.originate(channelId=channel)
    server.ask(
        "POST", "/channels", endpoint="Local/1002@default", app=server.app, channelId=channel
    )
    server.ask("POST", f"/bridges/{server.app}")
    server.ask("POST", f"/bridges/{server.app}")
    server.ask("POST", "/bridges", bridgeId=server.app)
    server.ask("DELETE", f"/bridges/{server.app}")
    server.hang_up(channel)


@scenario
def events_of_an_application(server: Driver) -> None:
    path = f"/applications/{server.app}"
    server.ask("GET", path)
    for source in (
        "bridge:nope",
        "channel:nope",
        "endpoint:nope",
        "nonsense:x",
        "deviceState:Stasis:a",
    ):
        server.ask("POST", f"{path}/subscription", eventSource=source)
        server.ask("DELETE", f"{path}/subscription", eventSource=source)
    server.ask("POST", f"{path}/subscription")
    server.ask("POST", "/applications/nosuch/subscription", eventSource="bridge:")
    server.ask("PUT", f"{path}/eventFilter", {"allowed": [{"type": "StasisStart"}]})
    server.ask("PUT", f"{path}/eventFilter", {"allowed": "nonsense"})
    server.ask("PUT", f"{path}/eventFilter", {})
    server.ask("GET", path)


@scenario(subscribe_all=True)
def events_of_a_subscriber_to_all(server: Driver) -> None:
    channel = server.originate()
    bridge = server.ask("POST", "/bridges", type="mixing")["id"]
    server.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    server.until("ChannelEnteredBridge")
    server.ask("DELETE", f"/bridges/{bridge}")
    server.until("BridgeDestroyed")
    server.hang_up(channel)


@scenario
def an_event_of_our_own(server: Driver) -> None:
    body = {"variables": {"colour": "red"}}
    server.ask("POST", "/events/user/hello", body, application=server.app)
    server.until("ChannelUserevent")
    server.ask("POST", "/events/user/hello", application="nosuch")
    server.ask("POST", "/events/user/hello", application=server.app, source="nonsense:1")
    server.ask("POST", "/events/user/hello", application=server.app, source="channel:nosuch")


@scenario
def device_states(server: Driver) -> None:
    path = f"/deviceStates/Stasis:{server.app}"
    server.ask(
        "POST",
        f"/applications/{server.app}/subscription",
        eventSource=f"deviceState:Stasis:{server.app}",
    )
    server.ask("PUT", path, deviceState="BUSY")
    server.until("DeviceStateChanged")
    server.ask("PUT", path, deviceState="NONSENSE")
    server.ask("PUT", "/deviceStates/PJSIP:x", deviceState="BUSY")
    server.ask("GET", path)
    server.ask("DELETE", path)
    server.ask("GET", path)


@scenario
def what_is_not_there(server: Driver) -> None:
    for path in ("channels/x", "bridges/x", "playbacks/x", "recordings/live/x",
                 "recordings/stored/x", "recordings/stored/x/file", "sounds/x",
                 "endpoints/x", "endpoints/x/y", "applications/x",
                 "asterisk/modules/x", "deviceStates/Stasis:none"):  # fmt: skip
        server.ask("GET", f"/{path}")
    for path in ("channels/x/answer", "channels/x/play", "channels/x/record", "channels/x/dial",
                 "channels/x/move", "channels/x/snoop", "bridges/x/addChannel", "bridges/x/play",
                 "bridges/x/moh", "playbacks/x/control", "recordings/live/x/stop"):  # fmt: skip
        server.ask("POST", f"/{path}")
    for path in ("channels/x", "bridges/x", "playbacks/x", "recordings/live/x"):
        server.ask("DELETE", f"/{path}")


@scenario
def calls_that_cannot_be_made(server: Driver) -> None:
    app = server.app
    for params in (
        {}, {"endpoint": "Local/1002@default"}, {"endpoint": "Local", "app": app},
        {"endpoint": "Nonsense/1", "app": app}, {"endpoint": "PJSIP/nosuch", "app": app},
        {"endpoint": "Local/1002@default", "app": app, "formats": "ulaw", "originator": "x"},
        {"endpoint": "Local/1002@default", "app": app, "originator": "x"},
        {"endpoint": "Local/1002@default", "extension": "1002", "context": "default", "label": "x"},
        {"endpoint": "Local/1002@default", "app": app, "channelId": "x" * 150},
    ):  # fmt: skip
        server.ask("POST", "/channels", **params)
    server.ask("POST", "/channels/create", app=app)
    server.ask("POST", "/channels/create", app=app, endpoint="Nonsense/1")
    server.ask("POST", "/channels/externalMedia", app=app, external_host="127.0.0.1:9", format="x")


def run(server: Server, name: str) -> Driver:
    function, options = SCENARIOS[name]
    driver = Driver(server, **options)
    try:
        function(driver)
        driver.settle()
    finally:
        driver.close()
    return driver


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_scenarios_perform_the_operations_left_out_in_ci() -> None:
    """Operations that `test_every_operation` performs at night only succeed in a scenario here."""
    patterns = {
        name: re.compile(f"{each.method} {re.sub(r'{.+?}', '[^/]+', each.path)}")
        for name, each in DECLARED.items()
    }
    performed: set[str] = set()

    def perform(scenario_name: str) -> None:
        with simulators.start(demonstration(), check_origin=False) as server:
            for method, path, status in run(server, scenario_name).sent:
                request = f"{method} {path}"
                if status < 300:
                    performed.update(
                        key for key, each in patterns.items() if each.fullmatch(request)
                    )

    with ThreadPoolExecutor(8) as pool:  # each waits most of its time
        list(pool.map(perform, SCENARIOS))
    assert DECLARED.keys() - MISSING.keys() - performed <= NOT_IN_SCENARIOS


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_does_not_differ(
    name: str, simulator: RunningSimulator, real_asterisk: RealAsterisk
) -> None:
    for _ in range(8):  # a real one's threads race: ours must be one of its sequences
        with ThreadPoolExecutor() as pool:  # both wait most of their time
            ours, theirs = pool.map(lambda server: run(server, name), (simulator, real_asterisk))
        if ours.story() == theirs.story() and ours.answers == theirs.answers:
            break
    assert ours.answers == theirs.answers
    assert ours.story() == theirs.story()
    assert ours.keys() == theirs.keys()
