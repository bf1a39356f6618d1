"""`ari.why` for calls that failed for a known cause, on both servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.analysis.call_facts import Fact, collect
from ari_notebook.analysis.why import Why
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.store.calls import CallLeg, CallRecord
from tests.conftest import RealAsterisk
from tests.helpers.servers import Server
from tests.helpers.waiting import until
from tests.simulator.stage import Ours, Theirs

LONG = 60
EXTENSIONS = """
[default]
exten => bob,1,Dial(PJSIP/bob,20)
exten => short,1,Dial(PJSIP/bob,1)
exten => then,1,Dial(PJSIP/bob,1)
 same => n,Hangup(19)
exten => fork,1,Dial(PJSIP/bob&Local/quick@default,20)
exten => both,1,Dial(PJSIP/bob&Local/wait@default,1)
exten => localbusy,1,Dial(Local/busy@default,20)
exten => localcongested,1,Dial(Local/congested@default,20)
exten => carol,1,Dial(PJSIP/carol,20)
exten => unknown,1,Dial(PJSIP/nosuch,20)
exten => busy,1,Busy(1)
exten => congested,1,Congestion(1)
exten => cause17,1,Hangup(17)
exten => cause21,1,Hangup(21)
exten => cause1,1,Hangup(1)
exten => hangup,1,Answer()
 same => n,Hangup()
exten => absent,1,Answer()
 same => n,Stasis(not-connected)
exten => absenthangup,1,Stasis(not-connected,a,b)
 same => n,Hangup()
exten => nowhere,1,Goto(missing,1)
exten => limit,1,Set(TIMEOUT(absolute)=1)
 same => n,Answer()
 same => n,Wait(30)
exten => noapp,1,NoSuchApplication(1)
exten => gap,1,Answer()
 same => 3,Hangup()
exten => sound,1,Answer()
 same => n,Playback(no-such-sound)
 same => n,Hangup()
exten => background,1,Answer()
 same => n,BackGround(no-such-sound)
 same => n,Hangup()
exten => app,1,Answer()
 same => n,Stasis(why-test)
 same => n,Hangup()
exten => ringapp,1,Stasis(why-test)
 same => n,Hangup()
exten => wait,1,Wait(30)
exten => up,1,Answer()
 same => n,Wait(30)
exten => quick,1,Wait(0.2)
 same => n,Answer()
 same => n,Wait(30)
exten => ends,1,Answer()
 same => n,Wait(0.2)
"""
ANSWER = ((0.0, 180), (0.1, 200))
RING = ((0.0, 180),)


class Caller:
    """Alice calls extensions; Bob behaves as the case requires."""

    def __init__(self, place: Ours | Theirs, ari: Session) -> None:
        self.ari, self.phones = ari, place.phones
        self.alice, self.bob = place.phones["alice"], place.phones["bob"]

    def call(self, extension: str, bob: tuple[tuple[float, int], ...] = ANSWER) -> str:
        """Place a call of Alice; return the channel's id."""
        self.bob.answers(*bob)
        before = len(self.ari.calls)
        self.alice.call(extension)
        until(lambda: len(self.ari.calls) > before, LONG)
        return list(self.ari.calls)[-1].first.id

    def until_event(self, type: str, **fields: str) -> None:
        """Wait for an event of this case, also an earlier one."""
        where = {"type": type, **fields}

        def came() -> bool:
            events = self.ari.log.part(self.begin, 10_000)[0]
            return any(all(e.get(k) == v for k, v in where.items()) for e in events)

        until(came, LONG)

    def talk(self) -> None:
        """Wait until Alice and Bob are connected."""
        self.until_event("ChannelEnteredBridge")
        until(lambda: self.connected() == 2, LONG)

    def connected(self) -> int:
        events = self.ari.log.part(self.begin, 10_000)[0]
        return sum(event["type"] == "ChannelEnteredBridge" for event in events)

    def is_over(self) -> bool:
        return not self.ari.tables.channels

    begin = 0


Case = tuple[str, Callable[[Caller], object], str, bool]


def dialled(extension: str, *bob: tuple[float, int]) -> Callable[[Caller], object]:
    return lambda caller: caller.call(extension, bob or ANSWER)


def refused(code: int) -> Callable[[Caller], object]:
    return dialled("bob", (0.0, 180), (0.1, code))


def cancelled(caller: Caller) -> None:
    caller.call("bob", RING)
    caller.until_event("Dial", dialstatus="RINGING")
    caller.alice.give_up()


def cancelled_while_waiting(caller: Caller) -> None:
    caller.call("wait")
    caller.until_event("ChannelDialplan", dialplan_app="Wait")
    caller.alice.give_up()


def talked(who: str) -> Callable[[Caller], None]:
    def run(caller: Caller) -> None:
        channel = caller.call("bob")
        caller.talk()
        if who == "program":
            caller.ari.channels.hangup(channel)
        else:
            caller.phones[who].hang_up()

    return run


def hung_up_in_app(**reason: Any) -> Callable[[Caller], None]:
    def run(caller: Caller) -> None:
        caller.call("ringapp")
        channel = caller.ari.wait_for("StasisStart", timeout=LONG).channel["id"]
        caller.ari.channels.hangup(channel, **reason)

    return run


def after(act: Callable[[Session, str], object]) -> Callable[[Caller], None]:
    """Answer a call, send a request that fails, and hang up."""

    def run(caller: Caller) -> None:
        caller.call("app")
        channel = caller.ari.wait_for("StasisStart", timeout=LONG).channel["id"]
        with pytest.raises(AriError):
            act(caller.ari, channel)
        caller.ari.channels.hangup(channel)

    return run


def left_before_bridge(ari: Session, channel: str) -> None:
    bridge = ari.bridges.create(type="mixing")
    try:
        ari.channels.continue_in_dialplan(channel, extension="up", context="default", priority=1)
        ari.wait_for("StasisEnd", timeout=LONG)
        ari.bridges.add_channel(bridge.id, channel=channel)
    finally:
        bridge.destroy()


def played_nothing(caller: Caller) -> None:
    caller.call("app")
    channel = caller.ari.wait_for("StasisStart", timeout=LONG).channel["id"]
    caller.ari.channels.play(channel, media="sound:no-such-sound")
    caller.until_event("PlaybackFinished")
    caller.ari.channels.hangup(channel)


def originated(endpoint: str, *bob: tuple[float, int], **options: Any) -> Callable[[Caller], None]:
    def run(caller: Caller) -> None:
        caller.bob.answers(*bob or ANSWER)
        caller.ari.channels.originate(endpoint=endpoint, app="why-test", **options)
        caller.until_event("ChannelDestroyed")

    return run


def hung_up_in_dialplan(extension: str) -> Callable[[Caller], None]:
    def run(caller: Caller) -> None:
        caller.call(extension)
        caller.until_event("ChannelDialplan", dialplan_app="Wait")
        caller.alice.hang_up()

    return run


MS = r"\d+ ms"
CASES: list[Case] = [
    *(
        (
            f"sip {code}",
            refused(code),
            rf"{code} {reason} from PJSIP/bob after {MS}, then extension bob has no priority 2",
            True,
        )
        for code, reason in (
            (403, "Forbidden"),
            (404, "Not Found"),
            (408, "Request Timeout"),
            (410, "Gone"),
            (480, "Temporarily Unavailable"),
            (484, "Address Incomplete"),
            (486, "Busy Here"),
            (488, "Not Acceptable Here"),
            (500, "Server Internal Error"),
            (503, "Service Unavailable"),
            (600, "Busy Everywhere"),
            (603, "Decline"),
        )
    ),
    (
        "no answer",
        dialled("short", *RING),
        "no answer from PJSIP/bob in 1 s, then extension short has no priority 2",
        True,
    ),
    ("no answer, hangup", dialled("then", *RING), "no answer from PJSIP/bob in 1 s", True),
    (
        "no answer of two",
        dialled("both", *RING),
        "no answer from PJSIP/bob in 1 s, then no answer from Local/wait@default in 1 s, "
        "then extension both has no priority 2",
        True,
    ),
    ("busy", dialled("busy"), r"the dialplan hung up with Busy\(1\) at busy,1", True),
    (
        "congestion",
        dialled("congested"),
        r"the dialplan hung up with Congestion\(1\) at congested,1",
        True,
    ),
    ("cause 17", dialled("cause17"), r"the dialplan hung up with Hangup\(17\) at cause17,1", True),
    ("cause 21", dialled("cause21"), r"the dialplan hung up with Hangup\(21\) at cause21,1", True),
    ("cause 1", dialled("cause1"), r"the dialplan hung up with Hangup\(1\) at cause1,1", True),
    (
        "local busy",
        dialled("localbusy"),
        rf"Local/busy@default was not reached after {MS} \(BUSY, cause 17 User busy\), "
        "then extension localbusy has no priority 2",
        True,
    ),
    (
        "local congestion",
        dialled("localcongested"),
        rf"Local/congested@default was not reached after {MS} \(CONGESTION, cause 34 .*\), "
        "then extension localcongested has no priority 2",
        True,
    ),
    (
        "unregistered",
        dialled("carol"),
        r"no channel to PJSIP/carol could be created \(DIALSTATUS=CHANUNAVAIL\): the endpoint is "
        "unknown or has no contact, then extension carol has no priority 2",
        True,
    ),
    (
        "unknown endpoint",
        dialled("unknown"),
        r"no channel to PJSIP/nosuch could be created \(DIALSTATUS=CHANUNAVAIL\): .*",
        True,
    ),
    (
        "application absent",
        dialled("absent"),
        r"Stasis application not-connected was not connected \(STASISSTATUS=FAILED\), "
        "then extension absent has no priority 3",
        True,
    ),
    (
        "application absent, hangup",
        dialled("absenthangup"),
        r"Stasis application not-connected was not connected \(STASISSTATUS=FAILED\)",
        True,
    ),
    (
        "absolute timeout",
        dialled("limit"),
        ".*the absolute timeout of 1 s expired that the dialplan set",
        False,
    ),
    (
        "no such application",
        dialled("noapp"),
        "extension noapp has no priority 1 that Asterisk can execute",
        True,
    ),
    ("no priority 2", dialled("gap"), ".*extension gap has no priority 2", False),
    (
        "missing sound",
        dialled("sound"),
        r"sound no-such-sound could not be played \(PLAYBACKSTATUS=FAILED\)",
        True,
    ),
    (
        "missing background",
        dialled("background"),
        r"sound no-such-sound could not be played \(BACKGROUNDSTATUS=FAILED\)",
        True,
    ),
    (
        "caller cancels",
        cancelled,
        rf"the caller hung up while PJSIP/bob rang, after {MS}",
        True,
    ),
    (
        "caller leaves before answer",
        cancelled_while_waiting,
        "the caller hung up before an answer",
        True,
    ),
    ("caller hangs up", talked("alice"), "answered after .*: the caller hung up", False),
    ("called hangs up", talked("bob"), "answered after .*: the called party hung up", False),
    ("program hangs up", talked("program"), "answered after .*: a program hung up", False),
    (
        "caller hangs up in dialplan",
        hung_up_in_dialplan("up"),
        "answered after .*: the caller hung up",
        False,
    ),
    ("dialplan hangs up", dialled("hangup"), r".*hung up with Hangup\(\) at hangup,2", False),
    ("dialplan ends", dialled("ends"), ".*extension ends has no priority 3", False),
    ("program refuses", hung_up_in_app(), "a program hung up", True),
    (
        "program refuses with reason",
        hung_up_in_app(reason="busy"),
        "a program hung up with reason busy",
        True,
    ),
    (
        "program refuses with code",
        hung_up_in_app(reason_code="21"),
        "a program hung up with reason 21",
        True,
    ),
    (
        "left before addChannel",
        after(left_before_bridge),
        rf"the program hung up {MS} after 422 on POST addChannel: Channel not in Stasis.*",
        True,
    ),
    (
        "no such bridge",
        after(lambda ari, channel: ari.bridges.add_channel("nosuch", channel=channel)),
        rf"the program hung up {MS} after 404 on POST addChannel: Bridge not found",
        True,
    ),
    (
        "no such playback format",
        after(lambda ari, channel: ari.channels.record(channel, name="x", format="nosuch")),
        rf"the program hung up {MS} after 422 on POST record: .*",
        True,
    ),
    (
        "playback fails",
        played_nothing,
        "sound:no-such-sound could not be played",
        True,
    ),
    (
        "originate busy",
        originated("PJSIP/bob", (0.0, 180), (0.1, 486)),
        rf"486 Busy Here from PJSIP/bob after {MS}",
        True,
    ),
    (
        "originate unanswered",
        originated("PJSIP/bob", *RING, timeout=1),
        "no answer from PJSIP/bob in 1 s",
        True,
    ),
    (
        "originate to no extension",
        originated("Local/nosuch@empty"),
        "extension nosuch does not exist: its channel executed nothing",
        True,
    ),
    (
        "originate to busy extension",
        originated("Local/busy@default"),
        r"Local/busy@default was not reached after .* \(BUSY, cause 17 User busy\).*",
        True,
    ),
]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    place = Ours(tmp_path_factory.mktemp("configuration"), EXTENSIONS)
    yield from _caller(place)


@pytest.fixture(scope="module")
def theirs(_asterisk_of_the_run: RealAsterisk) -> Iterator[Caller]:
    yield from _caller(Theirs(_asterisk_of_the_run, EXTENSIONS))


def _caller(place: Ours | Theirs) -> Iterator[Caller]:
    server = place.server
    try:
        with ari_notebook.connect(
            server.url,
            app="why-test",
            user=server.user,
            password=server.password,
            subscribe_all=True,
        ) as ari:
            place.phones["carol"].unregister()
            yield Caller(place, ari)
    finally:
        place.close()


@pytest.mark.parametrize("server", ["ours", pytest.param("theirs", marks=pytest.mark.asterisk)])
@pytest.mark.parametrize(("name", "perform", "text", "failed"), CASES, ids=[c[0] for c in CASES])
def test_why_names_the_cause(
    request: pytest.FixtureRequest,
    server: str,
    name: str,
    perform: Callable[[Caller], object],
    text: str,
    failed: bool,
) -> None:
    caller: Caller = request.getfixturevalue(server)
    until(caller.is_over, LONG)
    caller.begin = caller.ari.log.count
    perform(caller)
    until(caller.is_over, LONG)
    said = caller.ari.why()
    assert re.fullmatch(text, said.text), f"{said.text}\n{said!r}"
    assert said.failed is failed, said.text
    assert len(said.df) == len(said.evidence) > 0


def test_busy_by_dialplan_is_not_hung_up_by_the_caller(ours: Caller) -> None:
    until(ours.is_over, LONG)
    channel = ours.call("busy")
    until(ours.is_over, LONG)
    assert ours.ari.calls.df.loc[channel, "hangup_by"] == "dialplan"


def test_why_compares_with_a_call_that_went_well(ours: Caller) -> None:
    until(ours.is_over, LONG)
    ours.begin = ours.ari.log.count
    talked("alice")(ours)
    until(ours.is_over, LONG)
    well = ours.ari.why()
    ours.begin = ours.ari.log.count
    refused(486)(ours)
    until(ours.is_over, LONG)
    said = ours.ari.why()
    assert said.compared == (
        f"The call {well.call}, which went well, had PJSIP/bob ANSWER"
        " where this had PJSIP/bob BUSY."
    )
    assert said.compared in repr(said)


def test_why_of_active_call_says_so(ours: Caller) -> None:
    until(ours.is_over, LONG)
    ours.begin = ours.ari.log.count
    channel = ours.call("bob", RING)
    ours.until_event("Dial", dialstatus="RINGING")
    said = ours.ari.why(channel)
    assert (said.text, said.failed) == ("the call goes on: PJSIP/bob not answered yet", False)
    ours.alice.give_up()


def test_why_in_capture_is_that_of_the_session(ours: Caller, tmp_path: Path) -> None:
    until(ours.is_over, LONG)
    with ours.ari.capture(tmp_path / "calls.jsonl"):
        channel = ours.call("absent")
        until(ours.is_over, LONG)
    opened = ari_notebook.open_capture(tmp_path / "calls.jsonl")
    assert opened.why(channel).text == ours.ari.why(channel).text
    assert opened.why().failed


def test_hostile_names_are_escaped() -> None:
    bad = "<b>\x1b[31m"
    said = Why("1", f"no answer from PJSIP/{bad}", True, (Fact(0, "Dial", bad, bad),))
    assert "\x1b" not in repr(said)
    assert "<b>" not in said._repr_html_()
    assert "&lt;b&gt;" in said._repr_html_()


def test_events_of_any_shape_are_skipped() -> None:
    call = CallRecord(CallLeg("1", "PJSIP/a-1", 0.0), "")
    events: list[dict[str, Any]] = [
        {"type": "Dial", "peer": 3, "timestamp": "2026-11-29T00:00:00.000+0000"},
        {"type": "ChannelVarset", "channel": {"id": "1"}, "timestamp": 7},
        {"type": "ChannelDestroyed", "channel": {"id": "1", "dialplan": 5}, "timestamp": ""},
        {"type": ["x"]},
        {"type": "StasisStart", "channel": {"id": []}},
        {},
    ]
    facts = collect(call, events, [])
    assert facts.evidence == []


def test_unknown_call_names_the_table() -> None:
    with ari_notebook.connect() as ari:
        with pytest.raises(UsageProblem, match="there are no calls"):
            ari.why()
        ari.call("1000")
        ari.wait_for("StasisStart", timeout=LONG)
        with pytest.raises(UsageProblem, match="no call has a channel 'nosuch'"):
            ari.why("nosuch")
        assert ari.why().text == "the call goes on, in Stasis application hello-world"


def test_failed_call_says_where_to_look_beyond_ari() -> None:
    with ari_notebook.connect(subscribe_all=True) as ari:
        assert ari.simulator is not None
        ari.simulator.phones.add("bert", refuse="busy")
        ari.simulator.set_dialplan("[default]\nexten => 1,1,Dial(PJSIP/bert,5)\n")
        ari.simulator.call("1")
        until(lambda: ari.calls.df["end"].notna().tolist() == [True])
        said = ari.why()
        assert "pjsip set logger on" in said.beyond
        assert said.beyond in repr(said)
        assert "pjsip set logger on" in said._repr_html_()


def hung_up_by_a_program(ari: Session, channel: str) -> bool:
    return ari.why(channel).text.endswith("a program hung up")


def test_hangup_by_another_program_says_where_to_look(exchange_server: Server) -> None:
    url = exchange_server.url
    with (
        ari_notebook.connect(url, subscribe_all=True) as ari,
        ari_notebook.connect(url, app="other") as other,
    ):
        for session in (ari, other):
            channel = ari.channels.originate(endpoint="Local/1001@default", app=ari.apps[0])
            ari.wait_for("StasisStart", channel=channel.id, timeout=LONG)
            session.channels[channel.id].hangup()
            ari.wait_for("ChannelDestroyed", channel=channel.id, timeout=LONG)
            # The other half of the Local channel ends a moment later.
            until(partial(hung_up_by_a_program, ari, channel.id), LONG)
            said = ari.why(channel.id)
            assert ("ari set debug all on" in said.beyond) is (session is other)
