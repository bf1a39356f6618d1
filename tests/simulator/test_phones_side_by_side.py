"""The same phone calls publish the same events on the simulator and on a real Asterisk.

On the real one a minimal SIP phone takes the place of the simulated phone.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.thread_proxy import RemotePhone
from tests.conftest import RealAsterisk
from tests.helpers.servers import Event, Server
from tests.simulator.driver import Driver
from tests.simulator.sip_phone import SipPhone

DIALPLAN = """
[default]
exten => 1000,1,Answer()
 same => n,Stasis({app})
exten => 1002,1,Answer()
 same => n,Wait(3600)
exten => 1003,1,Stasis({app},inbound)
exten => 1006,1,Busy(5)
exten => 1007,1,Congestion(5)
exten => end,1,Answer()
 same => n,Hangup(17)
exten => talk,1,Answer()
 same => n,Set(TALK_DETECT(set)=500)
 same => n,Wait(3600)
exten => alice,1,Dial(PJSIP/alice,2)
exten => carol,1,Dial(PJSIP/carol,2)
exten => two,1,Dial(PJSIP/alice&PJSIP/carol,10)
exten => joined,1,Answer()
 same => n,Bridge(${{WHO}})
 same => n,UserEvent(Result,r:${{BRIDGERESULT}})
 same => n,Wait(3600)
exten => ended,1,Answer()
 same => n,Bridge(${{WHO}},x)
 same => n,UserEvent(Result,r:${{BRIDGERESULT}})
"""
ENDPOINTS = "".join(
    f"""
[{name}]
type = endpoint
context = default
disallow = all
allow = ulaw
direct_media = no
aors = {name}
callerid = {name.title()} <{number}>

[{name}]
type = aor
max_contacts = 1
remove_existing = yes
"""
    for name, number in (("alice", "5551"), ("bob", "5552"), ("carol", "5553"))
)
PATIENCE = 0.15
LATE = ("ChannelHangupRequest 1 True Up", "BridgeBlindTransfer")

Program = TypeVar("Program", bound=Callable[..., None])
SCENARIOS: dict[str, Callable[[Desk], None]] = {}


def scenario(function: Program) -> Program:
    SCENARIOS[function.__name__] = function
    return function


class OurPhone:
    """A simulated phone, with the methods of `SipPhone`."""

    def __init__(self, server: RunningSimulator, name: str) -> None:
        self._phones, self._name = server.phones, name
        numbers = {"alice": "5551", "bob": "5552", "carol": "5553"}
        self._phones.add(name, f"{name.title()} <{numbers[name]}>")

    @property
    def _phone(self) -> RemotePhone:
        return self._phones[self._name]

    def answers(self, *steps: tuple[float, int]) -> None:
        seconds, status = steps[-1]
        does: dict[str, Any] = {"ring_after": steps[0][0], "refuse": None, "answer_after": None}
        if status == 200:
            does["answer_after"] = seconds
        elif status != 180:
            does["refuse"] = {603: "decline"}.get(status, status)
            does["answer_after"] = seconds
        self._phone.behave(**does)

    def call(self, to: str) -> None:
        self._phone.call(to)

    def hang_up(self) -> None:
        for call in self._phone.calls:
            call.hangup()

    give_up = hang_up

    def __getattr__(self, name: str) -> Any:
        phone = self._phone
        return getattr(phone if name in ("register", "unregister") else phone.current, name)

    def message(self, to: str, text: str) -> None:
        self._phone.send(to, text)

    def refer(self, to: str) -> None:
        self._phone.current.transfer(to)

    def keep_first(self) -> None:
        """Do nothing: a simulated phone has its calls."""

    def connect_both(self) -> None:
        first, second = self._phone.calls
        if not first.transfer_to(second):
            first.hangup()

    def end_second(self) -> None:
        self._phone.current.hangup()


class TheirPhone:
    """A SIP phone at a real Asterisk."""

    def __init__(self, server: RealAsterisk, name: str) -> None:
        self._phone = SipPhone(name, server.sip_port)
        self._phone.register()

    def answers(self, *steps: tuple[float, int]) -> None:
        self._phone.answers = steps

    def hang_up(self) -> None:
        self._answered()
        self._phone.hang_up()

    def _answered(self) -> None:
        if self._phone.dialog["remote"] is None:
            self._phone.finish()

    def give_up(self) -> None:
        self._phone.cancel()
        self._phone.finish()

    def call(self, to: str) -> None:
        self._phone.call(to, wait=False)

    def keep_first(self) -> None:
        self._answered()
        self._first = self._phone.dialog

    def refer(self, to: str) -> None:
        self._answered()
        self._phone.refer(to)
        self._transferred()

    def connect_both(self) -> None:
        self._answered()
        self._second, self._phone.dialog = self._phone.dialog, self._first
        self._phone.refer(self._second["target"], replaces=self._second)
        self._transferred()

    def end_second(self) -> None:
        self._phone.dialog = self._second
        self._phone.hang_up()

    def _transferred(self) -> None:
        time.sleep(0.3)  # the phone receives the transfer's progress, then hangs up
        self._phone.hang_up()

    def __getattr__(self, name: str) -> Any:
        if name in ("press", "hold", "unhold", "talk", "quiet"):
            self._answered()
        return getattr(self._phone, name)


class Desk:
    """Three phones and a program subscribed to all."""

    def __init__(self, server: Server, phones: Sequence[Any]) -> None:
        self.server = Driver(server, subscribe_all=True)
        self.alice, self.bob, self.carol = phones

    def until(self, kind: str, **where: Any) -> Event:
        event = self.server.until(kind, **where)
        time.sleep(PATIENCE)
        return event


@scenario
def a_call_into_an_application(desk: Desk) -> None:
    desk.bob.call("1000")
    desk.until("StasisStart")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")


@scenario
def events_of_an_endpoints_calls(desk: Desk) -> None:
    """Return all events, twice with an additional subscription to the technology."""
    heard = Driver(desk.server.place)
    path = f"/applications/{heard.app}/subscription"
    for source in ("endpoint:PJSIP/bob", "endpoint:PJSIP", "endpoint:"):
        heard.ask("POST", path, eventSource=source)
    desk.bob.call("1000")
    desk.until("StasisStart")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")
    heard.until("EndpointStateChange", endpoint__channel_ids=[])
    heard.until("EndpointStateChange", endpoint__channel_ids=[])
    heard.close()
    published = [each["endpoint"] for each in heard.events if each["type"] == "EndpointStateChange"]
    assert [len(each["channel_ids"]) for each in published] == [1, 1, 0, 0]
    desk.server.events += heard.events
    desk.server.answers += heard.answers


def _bob_calls_alice(desk: Desk) -> None:
    """Answer, and hang up."""
    desk.alice.answers((0.1, 180), (0.2, 200))
    desk.bob.call("alice")
    desk.until("ChannelEnteredBridge")
    desk.until("ChannelEnteredBridge")
    desk.alice.hang_up()
    desk.until("ChannelDestroyed")
    desk.until("ChannelDestroyed")


@scenario
def events_of_a_called_phones_endpoint(desk: Desk) -> None:
    """Return no events of the dialling, which belong to the caller."""
    heard = Driver(desk.server.place)
    path = f"/applications/{heard.app}/subscription"
    heard.ask("POST", path, eventSource="endpoint:PJSIP/alice")
    _bob_calls_alice(desk)
    heard.until("EndpointStateChange", endpoint__channel_ids=[])
    heard.close()
    assert "Dial" not in {each["type"] for each in heard.events}
    desk.server.events += heard.events


@scenario
def a_call_that_ari_ends(desk: Desk) -> None:
    desk.bob.call("1000")
    channel = desk.until("StasisStart")["channel"]["id"]
    desk.server.ask("GET", f"/channels/{channel}")
    desk.server.ask("DELETE", f"/channels/{channel}")
    desk.until("ChannelDestroyed")


@scenario
def a_call_that_the_dialplan_ends(desk: Desk) -> None:
    desk.bob.call("end")
    desk.until("ChannelDestroyed")


@scenario
def a_caller_who_gives_up(desk: Desk) -> None:
    desk.bob.call("1003")
    desk.until("StasisStart")
    desk.bob.give_up()
    desk.until("ChannelDestroyed")


@scenario
def a_call_that_ari_refuses(desk: Desk) -> None:
    desk.bob.call("1003")
    channel = desk.until("StasisStart")["channel"]["id"]
    desk.server.ask("DELETE", f"/channels/{channel}", reason="busy")
    desk.until("ChannelDestroyed")


@scenario
def a_busy_extension(desk: Desk) -> None:
    desk.bob.call("1006")
    desk.until("ChannelDestroyed")


@scenario
def a_congested_extension(desk: Desk) -> None:
    desk.bob.call("1007")
    desk.until("ChannelDestroyed")


@scenario
def keys_and_hold(desk: Desk) -> None:
    desk.bob.call("1000")
    desk.until("StasisStart")
    desk.bob.press("1#")
    desk.until("ChannelDtmfReceived", digit="#")
    desk.bob.hold()
    desk.until("ChannelHold")
    desk.bob.unhold()
    desk.until("ChannelUnhold")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")


@scenario
def talking(desk: Desk) -> None:
    desk.bob.call("talk")
    desk.until("ChannelDialplan", dialplan_app="Wait")
    desk.bob.talk()
    desk.until("ChannelTalkingStarted")
    desk.bob.quiet()
    desk.until("ChannelTalkingFinished")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")


def originate(desk: Desk, phone: str = "alice", **more: Any) -> str:
    endpoint = f"PJSIP/{phone}"
    made = desk.server.ask("POST", "/channels", endpoint=endpoint, app=desk.server.app, **more)
    return str(made["id"])


@scenario
def a_phone_that_answers(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    originate(desk)
    desk.until("StasisStart")
    desk.alice.hang_up()
    desk.until("ChannelDestroyed")


@scenario
def a_number_at_an_endpoint(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    id = originate(desk, "77@alice")
    desk.until("StasisStart")
    desk.server.ask("DELETE", f"/channels/{id}")
    desk.until("ChannelDestroyed")
    desk.server.ask("POST", "/channels", endpoint="PJSIP/alice@nowhere", app=desk.server.app)


@scenario
def a_phone_that_ari_holds(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    channel = originate(desk)
    desk.until("StasisStart")
    desk.server.ask("POST", f"/channels/{channel}/hold")
    desk.until("DeviceStateChanged")
    desk.server.ask("DELETE", f"/channels/{channel}/hold")
    desk.until("DeviceStateChanged")
    desk.server.ask("DELETE", f"/channels/{channel}")
    desk.until("ChannelDestroyed")


def _refusing(status: int) -> Callable[[Desk], None]:
    def refused(desk: Desk) -> None:
        desk.alice.answers((0.1, status))
        originate(desk)
        desk.until("ChannelDestroyed")

    return refused


for _status in (404, 480, 486, 503):
    SCENARIOS[f"a_phone_that_refuses_with_{_status}"] = _refusing(_status)


@scenario
def a_phone_that_declines_after_ringing(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 603))
    originate(desk)
    desk.until("ChannelDestroyed")


@scenario
def an_unanswered_phone(desk: Desk) -> None:
    desk.alice.answers((0.1, 180))
    originate(desk, timeout=1)
    desk.until("ChannelDestroyed")


@scenario
def a_call_that_ari_takes_back(desk: Desk) -> None:
    desk.alice.answers((0.1, 180))
    channel = originate(desk)
    desk.until("ChannelStateChange")
    desk.server.ask("DELETE", f"/channels/{channel}")
    desk.until("ChannelDestroyed")


@scenario
def created_and_dialled(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    channel = desk.server.ask(
        "POST", "/channels/create", endpoint="PJSIP/alice", app=desk.server.app
    )["id"]
    desk.until("StasisStart")
    desk.server.ask("POST", f"/channels/{channel}/dial")
    desk.until("Dial", dialstatus="ANSWER")
    desk.alice.hang_up()
    desk.until("ChannelDestroyed")


@scenario
def a_phone_that_comes_and_goes(desk: Desk) -> None:
    desk.alice.unregister()
    desk.until("DeviceStateChanged")
    desk.server.ask("GET", "/endpoints/PJSIP/alice")
    originate_refused = {"endpoint": "PJSIP/alice", "app": desk.server.app}
    desk.server.ask("POST", "/channels", **originate_refused)
    desk.alice.register()
    desk.until("ContactStatusChange")
    desk.server.ask("GET", "/endpoints/PJSIP/alice")


@scenario
def a_text_message(desk: Desk) -> None:
    desk.bob.message("dora", "hello")  # no extension, that the dialplan would run for it
    published = desk.until("TextMessageReceived")["message"]
    about = {
        name: published["variables"][name] for name in ("PJSIP_ENDPOINT", "PJSIP_TRANSPORT", "To")
    }
    desk.server.answers.append((published["from"], published["to"], published["body"], about))


@scenario
def a_phone_calls_a_phone(desk: Desk) -> None:
    _bob_calls_alice(desk)


@scenario
def the_first_of_two_phones_that_answers(desk: Desk) -> None:
    heard = Driver(desk.server.place)
    heard.ask("POST", f"/applications/{heard.app}/subscription", eventSource="endpoint:PJSIP/bob")
    desk.alice.answers((0.1, 180), (1.0, 200))
    desk.carol.answers((0.1, 180))
    desk.bob.call("two")
    desk.until("ChannelEnteredBridge")
    desk.until("ChannelEnteredBridge")
    desk.bob.hang_up()
    # Who was not the first may be gone before the two are connected.
    while sum(each["type"] == "ChannelDestroyed" for each in desk.server.events) < 3:
        desk.until("ChannelDestroyed")
    heard.until("ChannelDestroyed")
    heard.close()
    # One thread of Asterisk publishes all events of the caller's endpoint until the answer.
    kinds = [
        (each["type"], each.get("variable", each.get("dialstatus")))
        for each in heard.events
        if each["type"] != "EndpointStateChange"
    ]
    desk.server.answers.append(kinds[: kinds.index(("ChannelStateChange", None))])


@scenario
def a_caller_hangs_up_on_a_phone(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    desk.bob.call("alice")
    desk.until("ChannelEnteredBridge")
    desk.until("ChannelEnteredBridge")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")
    desk.until("ChannelDestroyed")


@scenario
def two_phones_in_a_bridge(desk: Desk, kind: str = "mixing") -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    desk.bob.call("1000")
    one = desk.until("StasisStart")["channel"]["id"]
    originate(desk)
    other = desk.until("StasisStart")["channel"]["id"]
    bridge = desk.server.ask("POST", "/bridges", type=kind)["id"]
    for each in (one, other):
        desk.server.ask("POST", f"/bridges/{bridge}/addChannel", channel=each)
        desk.until("ChannelEnteredBridge")
    desk.alice.press("5")
    if kind == "mixing":
        desk.server.settle(0.5)
        desk.server.ask("GET", f"/bridges/{bridge}")
    else:
        desk.until("ChannelDtmfReceived")
    desk.alice.hold()
    desk.until("ChannelHold")
    desk.alice.unhold()
    desk.until("ChannelUnhold")
    desk.alice.hang_up()
    desk.until("ChannelDestroyed")
    desk.bob.hang_up()
    desk.until("ChannelDestroyed")
    desk.server.ask("DELETE", f"/bridges/{bridge}")


@scenario
def two_phones_in_a_bridge_with_dtmf_events(desk: Desk) -> None:
    two_phones_in_a_bridge(desk, kind="mixing,dtmf_events")


@scenario
def a_phone_calls_a_busy_phone(desk: Desk) -> None:
    desk.alice.answers((0.1, 486))
    desk.bob.call("alice")
    desk.until("ChannelDestroyed")
    desk.until("ChannelDestroyed")


@scenario
def a_phone_calls_an_unanswered_one(desk: Desk) -> None:
    desk.alice.answers((0.1, 180))
    desk.bob.call("alice")
    desk.until("ChannelDestroyed")
    desk.until("ChannelDestroyed")


@scenario
def a_caller_gives_up_on_a_phone(desk: Desk) -> None:
    desk.alice.answers((0.1, 180))
    desk.bob.call("alice")
    desk.until("Dial", dialstatus="RINGING")
    desk.bob.give_up()
    desk.until("ChannelDestroyed")
    desk.until("ChannelDestroyed")


def _in_a_bridge(desk: Desk, caller: OurPhone | TheirPhone, name: str) -> None:
    """Connect a caller and a phone in a bridge of the application."""
    caller.call("1000")
    one = desk.until("StasisStart")["channel"]["id"]
    two = originate(desk, name)
    desk.until("StasisStart")
    bridge = desk.server.ask("POST", "/bridges", type="mixing")["id"]
    for each in (one, two):
        desk.server.ask("POST", f"/bridges/{bridge}/addChannel", channel=each)
        desk.until("ChannelEnteredBridge")


def _by_dial(desk: Desk, caller: OurPhone | TheirPhone, name: str) -> None:
    """Connect a caller and a phone by Dial."""
    caller.call(name)
    desk.until("ChannelEnteredBridge")
    desk.until("ChannelEnteredBridge")


def _in_the_dialplan(desk: Desk, caller: OurPhone | TheirPhone, name: str) -> None:
    caller.call("1002")
    desk.until("ChannelDialplan", dialplan_app="Wait")


def _in_stasis(desk: Desk, caller: OurPhone | TheirPhone, name: str) -> None:
    caller.call("1000")
    desk.until("StasisStart")


def _transferring(
    first: Callable[..., None], second: Callable[..., None]
) -> Callable[[Desk], None]:
    def transferred(desk: Desk) -> None:
        for phone in (desk.alice, desk.carol):
            phone.answers((0.1, 180), (0.2, 200))
        first(desk, desk.bob, "alice")
        desk.bob.keep_first()
        second(desk, desk.bob, "carol")
        desk.bob.connect_both()
        published = desk.until("BridgeAttendedTransfer")
        desk.server.settle(0.5)
        if published["result"] != "Success":
            desk.bob.end_second()
            desk.server.settle(0.5)
        for phone, kind in ((desk.alice, first), (desk.carol, second)):
            if kind in (_in_a_bridge, _by_dial):
                phone.hang_up()
                desk.server.settle(0.5)

    return transferred


for _first in (_by_dial, _in_a_bridge, _in_the_dialplan, _in_stasis):
    for _second in (_by_dial, _in_a_bridge, _in_the_dialplan, _in_stasis):
        _name = f"transferred_from{_first.__name__}_to{_second.__name__}"
        SCENARIOS[_name] = _transferring(_first, _second)


@scenario
def transferred_without_asking(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    _by_dial(desk, desk.bob, "alice")
    desk.bob.refer("1002")
    desk.until("ChannelDialplan", dialplan_app="Wait")
    desk.server.settle(0.5)
    desk.alice.hang_up()
    desk.until("ChannelDestroyed")


@scenario
def transferred_out_of_a_bridge_without_asking(desk: Desk) -> None:
    desk.alice.answers((0.1, 180), (0.2, 200))
    _in_a_bridge(desk, desk.bob, "alice")
    desk.bob.refer("1002")
    desk.until("BridgeBlindTransfer")
    desk.server.settle(0.5)
    desk.alice.hang_up()
    desk.server.settle(0.5)


def _taken(place: str, exten: str, *, by_caller: bool) -> Callable[[Desk], None]:
    """Move a caller by another channel's Bridge application; one of the two hangs up."""

    def taken(desk: Desk) -> None:
        desk.bob.call("1002" if place == "dialplan" else "1000")
        if place == "dialplan":
            one = desk.until("ChannelDialplan", dialplan_app="Wait")["channel"]["id"]
        else:
            one = desk.until("StasisStart")["channel"]["id"]
        if place == "bridge":
            bridge = desk.server.ask("POST", "/bridges", type="mixing")["id"]
            desk.server.ask("POST", f"/bridges/{bridge}/addChannel", channel=one)
            desk.until("ChannelEnteredBridge")
        desk.server.ask("POST", "/asterisk/variable", variable="WHO", value=one)
        desk.alice.call(exten)
        desk.until("ChannelEnteredBridge", channel__id=one)
        desk.server.settle(0.5)
        (desk.alice if by_caller else desk.bob).hang_up()
        desk.server.settle(0.5)
        if not by_caller and exten == "joined":
            desk.alice.hang_up()
        desk.server.settle(0.5)

    return taken


for _place in ("bridge", "stasis", "dialplan"):
    SCENARIOS[f"taken_from_a_{_place}"] = _taken(_place, "joined", by_caller=True)
    SCENARIOS[f"taken_from_a_{_place}_and_gone"] = _taken(_place, "joined", by_caller=False)
    SCENARIOS[f"taken_from_a_{_place}_permanently"] = _taken(_place, "ended", by_caller=True)


@scenario
def no_channel_to_take(desk: Desk) -> None:
    desk.server.ask("POST", "/asterisk/variable", variable="WHO", value="nosuch")
    desk.alice.call("joined")
    desk.until("ChannelUserevent")
    desk.alice.hang_up()
    desk.server.settle(0.5)


def run(
    server: Server, phones: Sequence[Any], name: str, set_dialplan: Callable[[str], None]
) -> Driver:
    desk = Desk(server, phones)
    try:
        set_dialplan(DIALPLAN.format(app=desk.server.app))
        desk.server.settle(0.1)
        desk.server.events.clear()
        SCENARIOS[name](desk)
        desk.server.settle(0.3)
    finally:
        desk.server.close()
    return desk.server


@pytest.fixture(scope="module")
def real(_asterisk_of_the_run: RealAsterisk) -> Iterator[Callable[[str], Driver]]:
    server = _asterisk_of_the_run
    pjsip = server.own() / "etc/asterisk/pjsip.conf"
    # Callers are distinguished by name here, not by address.
    known, _, _ = pjsip.read_text().partition("[loopback]\ntype = identify")
    server.write_config("pjsip.conf", known + ENDPOINTS)
    server.console("module reload res_pjsip.so")
    time.sleep(0.5)
    phones = [TheirPhone(server, name) for name in ("alice", "bob", "carol")]
    time.sleep(0.5)

    def set_dialplan(text: str) -> None:
        server.write_config("extensions.conf", text)
        server.console("dialplan reload")

    yield lambda name: run(server, phones, name, set_dialplan)
    for phone in phones:
        phone.unregister()
        phone.__exit__()
    server.restore_files()
    server.console("module reload res_pjsip.so")


@pytest.fixture
def ours(simulator: RunningSimulator) -> Callable[[str], Driver]:
    phones = [OurPhone(simulator, name) for name in ("alice", "bob", "carol")]
    return lambda name: run(simulator, phones, name, simulator.set_dialplan)


def published(server: Driver, name: str) -> list[str]:
    """Return each channel's events; those of two threads of Asterisk in a fixed order."""
    settled = _transferred if name.startswith("transferred") else _settled
    return [line for each in sorted(map(settled, server.story())) for line in ("", *each)]


def _settled(lines: list[str]) -> list[str]:
    lines = list(lines)
    for number in 2 * [*range(1, len(lines))]:
        before, line = lines[number - 1 : number + 1]
        ringing = line == "ChannelStateChange Ringing" and before in ("Dial RINGING", "Dial ")
        if ringing or (line == "ChannelStateChange Busy" and before.startswith("ChannelHangupReq")):
            lines[number - 1 : number + 1] = line, before.replace(" Ring", " Busy")
    return [line for number, line in enumerate(lines) if not _again(line, lines[:number])]


def _again(line: str, before: list[str]) -> bool:
    """Return whether a bridge sets BRIDGEPEER again, as after each change of technology."""
    if line.endswith(("BRIDGEPEER", "BRIDGEPVTCALLID")):
        return line.split()[-1] in {each.split()[-1] for each in before}
    return False


def _transferred(lines: list[str]) -> list[str]:
    """Return a story of the threads of the transfer, of both bridges and of the phone."""
    seen: list[str] = []
    late: list[str] = []
    for line in _settled(lines):
        words = line.split()
        if words[0] == "ChannelLeftBridge":
            line = words[0]  # who of two is the last to leave is chance
        if words[0] == "ChannelCallerId" or (
            words[0] == "ChannelConnectedLine" and line in seen[-2:]
        ):
            continue  # published with the next event, if any
        if line == "ChannelHangupRequest 16 Up":
            continue  # the phone's BYE, where that is the quicker
        if line.startswith(LATE) or (
            words[-1].startswith("RTPAUDIO") and words[-1][-7:] != "BRIDGED"
        ):
            late.append(line)
        else:
            seen.append(line)
    return seen + late


@pytest.mark.asterisk
@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_phones_do_not_differ(
    name: str, ours: Callable[[str], Driver], real: Callable[[str], Driver]
) -> None:
    for _ in range(3):  # a real one's threads race: ours must be one of its sequences
        with ThreadPoolExecutor() as pool:  # both wait most of their time
            mine, theirs = pool.map(lambda perform: perform(name), (ours, real))
        differences = difflib.unified_diff(
            published(mine, name), published(theirs, name), "simulator", "Asterisk", n=3
        )
        if not (text := "\n".join(differences)):
            break
    assert mine.answers == theirs.answers
    assert not text, text
    assert mine.keys() == theirs.keys()
