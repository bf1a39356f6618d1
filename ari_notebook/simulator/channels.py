"""A channel: one leg of a call, from its creation to its hangup.

A channel has a driver, which knows what is at its other end (the other half of a Local pair, a
phone), and at most one program that runs on it: the dialplan, or an application alone. What
Asterisk does in the channel's thread, the program does here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ari_notebook.simulator.causes import cause_text
from ari_notebook.simulator.clock import Program, Task, Timer
from ari_notebook.simulator.parties import NOBODY, Party
from ari_notebook.simulator.voices import Voice

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.stasis import Control
    from ari_notebook.simulator.tone_detection import ToneDetector

__all__ = [
    "EXPLICIT",
    "LONGEST_ID",
    "NORMAL",
    "Channel",
    "Driver",
    "HungUp",
    "Party",
    "Unreachable",
]

log = logging.getLogger(__name__)

NORMAL = 16
# The longest id that a program may give to a channel, in octets.
LONGEST_ID = 149
# What a hangup that a program asked for carries in the place of a cause (AST_SOFTHANGUP_EXPLICIT).
EXPLICIT = 32
# What one after a transfer carries there (AST_SOFTHANGUP_DEV).
TRANSFERRED = 1

# What is told of a change before that of the caller.
_BEFORE_CALLER = ("ChannelStateChange", "ChannelDialplan")


class HungUp(Exception):
    """Raised in the program of a channel that was hung up."""


class Unreachable(Exception):
    """Raised by a driver where there is nothing that it could call."""


class Driver(Protocol):
    """What a channel's technology does for it."""

    def call(self, channel: Channel) -> None:
        """Begin to call whatever is at the other end; its answers come by `control_frame`.

        Raises:
            Unreachable: there is nothing to call.
        """

    def answer(self, channel: Channel) -> None:
        """The exchange answered; tell the other end."""

    def indicate(self, channel: Channel, condition: str) -> None:
        """Tell the other end of a condition: RINGING, PROGRESS, BUSY, CONGESTION, HOLD, UNHOLD."""

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Send a DTMF digit to the other end."""

    def hangup(self, channel: Channel) -> None:
        """The channel is gone; tell the other end."""

    def audio(self, channel: Channel) -> None:
        """The other end hears something from now on."""


@dataclass(slots=True, eq=False)
class Channel:
    """One channel. Made by `create`.

    Attributes:
        id: its identifier.
        name: ``TECH/...``.
        device: the device that the channel uses, as ``PJSIP/alice`` or ``Local/1000@default``.
        state: as ARI names it.
        appl: the dialplan application that runs, and its data: ``(name, data)``.
        tenant: whom it belongs to, where one exchange serves many.
        redirected_from: the number that its call was redirected from.
        items: what CHANNEL and CALLERID keep of it for the dialplan alone.
        control: its side of Stasis while it is there.
        outgoing: whether the exchange made it to call somebody.
        originated_by: the application that made it through ARI and may dial it; "" if none.
        voice: what its other end says.
        on_control: takes conditions from the other end while the channel is being called.
        audio_heard: called when audio comes from the other end; what waits for it.
        wideband: whether ARI made it without saying in which formats.
        intercepts_hold: whether being put on hold is told instead of passed on.
        hooks: what listens to it, or changes what passes.
        gosub: the places that subroutines come back to, and the variables that they hide.
        in_dialplan: whether the dialplan runs on it.
        time_limit: ends the call once the time is over that TIMEOUT(absolute) gave it.
        out_of_time: whether that is why it is hung up.
        typed: the keys pressed that the dialplan has not made an extension of.
        told_place: the place in the dialplan that was last told of.
        told: what was last told of it, which may have changed since.
        told_caller: whether its present caller was told of.
    """

    exchange: Exchange
    id: str
    name: str
    driver: Driver
    device: str
    state: str = "Down"
    caller: Party = NOBODY
    connected: Party = NOBODY
    dialed: str = ""
    accountcode: str = ""
    tenant: str = ""
    redirected_from: str = ""
    language: str = "en"
    protocol_id: str = ""
    context: str = "default"
    exten: str = "s"
    priority: int = 1
    appl: tuple[str, str] = ("", "")
    created: float = 0.0
    variables: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    reported: list[str] = field(default_factory=list)
    control: Control | None = None
    bridge: Bridge | None = None
    task: Task | None = None
    cause: int = 0
    tech_cause: int | None = None
    outgoing: bool = False
    originated_by: str = ""
    hidden: bool = False
    hung_up: bool = False
    gone: bool = False
    muted: set[str] = field(default_factory=set)
    voice: Voice = field(default_factory=Voice)
    answered_at: float | None = None
    on_control: Callable[[str], None] | None = None
    audio_heard: Callable[[], None] | None = None
    digit_heard: Callable[[str], None] | None = None
    stop_talk_detection: Callable[[], None] | None = None
    tone_detector: ToneDetector | None = None
    wideband: bool = False
    intercepts_hold: bool = False
    hooks: set[str] = field(default_factory=set)
    on_gone: list[Callable[[], None]] = field(default_factory=list)
    gosub: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)
    jump: tuple[str, str, int] | None = None
    in_dialplan: bool = False
    time_limit: Timer | None = None
    out_of_time: bool = False
    typed: str = ""
    told_place: tuple[str, str, int] | None = None
    told: dict[str, Any] = field(default_factory=dict)
    told_caller: bool = True

    # As ARI sees it.

    def json(self) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": self.protocol_id,
            "caller": self.caller.json(),
            "connected": self.connected.json(),
            "accountcode": self.accountcode,
            "dialplan": {
                "context": self.context,
                "exten": self.exten,
                "priority": self.priority,
                "app_name": self.appl[0],
                "app_data": self.appl[1],
            },
            "creationtime": self.exchange.timestamp(self.created),
            "language": self.language,
        }
        if self.redirected_from:
            shown["caller_rdnis"] = self.redirected_from
        if wanted := self._shown_variables():
            shown["channelvars"] = wanted
        if self.tenant:
            shown["tenantid"] = self.tenant
        return shown

    def _shown_variables(self) -> dict[str, str]:
        """The variables that ari.conf or a request wants in every event."""
        from ari_notebook.simulator.dialplan import evaluate

        wanted = (*self.exchange.config.ari.channelvars, *self.reported)
        return {name: evaluate(self.exchange, self, name) or "" for name in wanted}

    def last_told(self) -> dict[str, Any]:
        """ARI's object with the place in the dialplan and the variables that were last told of."""
        shown = self.json()
        shown.pop("channelvars", None)
        return shown | self.told

    def _note_told(self) -> None:
        kept = ("dialplan", "channelvars")
        self.told = {name: value for name, value in self.json().items() if name in kept}

    def publish(self, type: str, **fields: Any) -> None:
        """Tell an event of this channel; its object comes last."""
        if type not in _BEFORE_CALLER:
            self.tell_caller()
        self._note_told()
        if not self.hidden:
            event = self.exchange.event(type, **fields, channel=self.json())
            self.exchange.publish(event, [("channel", self.id)])
        self.tell_caller()

    # Life.

    def create(self) -> Channel:
        """Enter the exchange."""
        self.created = self.exchange.now
        if not self.hidden:
            self.exchange.channels[self.id] = self
        if self.appl[0]:
            self.told_place = (self.context, self.exten, self.priority)
        self.publish("ChannelCreated")
        return self

    def set_state(self, state: str) -> None:
        """Go into another state, and tell."""
        if self.state != state and not self.gone:
            self.state = state
            if state == "Up":
                self.answered_at = self.exchange.now
            self.publish("ChannelStateChange")
            self.exchange.soon(lambda: self.exchange.devices.changed(self.device))

    def answer(self) -> None:
        """Answer a call that came in; nothing happens where that was done before."""
        if self.state != "Up" and not self.outgoing:
            self.driver.answer(self)
            self.set_state("Up")

    def run_application(self, name: str, data: str) -> None:
        """Show a dialplan application as running.

        ChannelDialplan tells only of another place in the dialplan, or of the first application
        (``main/stasis_channels.c``, ast_channel_snapshot_cep_equal).
        """
        self.appl = (name, data)
        place = (self.context, self.exten, self.priority)
        if place != self.told_place:
            self.told_place = place
            self.publish("ChannelDialplan", dialplan_app=name, dialplan_app_data=data)
        self._note_told()

    def set_caller(self, party: Party) -> None:
        """Say who calls; told where it changes."""
        self.learn_caller(party)
        self.tell_caller()

    def learn_caller(self, party: Party) -> None:
        """Have it that somebody else calls; told with the next that is told of the channel."""
        if party != self.caller:
            self.caller, self.told_caller = party, False

    def tell_caller(self) -> None:
        """Tell who calls, where that was not told."""
        if not self.told_caller:
            self.told_caller = True
            self.publish(
                "ChannelCallerId",
                caller_presentation=0,
                caller_presentation_txt="Presentation Allowed, Not Screened",
            )

    def set_connected(self, party: Party) -> None:
        """Say who is at the other end of the connection; told where it changes."""
        if party != self.connected:
            self.connected = party
            self.publish("ChannelConnectedLine")

    def control_frame(self, condition: str) -> None:
        """A condition from the other end: RINGING, PROGRESS, ANSWER, BUSY, CONGESTION, …."""
        if self.on_control is not None:
            self.on_control(condition)

    def set_variable(self, name: str, value: str | None, *, tell: bool = True) -> None:
        """Set a variable, or with None remove it.

        Args:
            name: may begin with ``_`` or ``__`` for channels that are made from this one.
            value: its value.
            tell: whether ChannelVarset is told.
        """
        shown = name.lstrip("_") if name.startswith("_") else name
        before = [self.variables.pop(f"{mark}{shown}", "") for mark in ("", "_", "__")]
        if value is not None:
            self.variables[name] = value
        elif not any(before):
            return  # to take away what is not there, or empty, is nothing
        if tell:
            self.tell_variable(name, value or "")

    def tell_variable(self, name: str, value: str) -> None:
        """Tell that a variable was set."""
        if not self.hidden:
            if self._shown_variables():
                self._note_told()  # where variables are shown, each that is set is told at once
            stamp = {"type": "ChannelVarset", "timestamp": self.exchange.timestamp()}
            event = {"variable": name, "value": value, **stamp, "channel": self.last_told()}
            self.exchange.publish(event, [("channel", self.id)])

    def variable(self, name: str) -> str | None:
        """A variable's value, inherited marks aside; None where it is not set."""
        if name.startswith("_"):  # the marks are no part of a name that could be found
            return None
        for key in (name, f"_{name}", f"__{name}"):
            if key in self.variables:
                return self.variables[key]
        return None

    # The program.

    def run(self, program: Program) -> None:
        """Run a program on the channel; when it ends, the channel is hung up."""
        task = Task(self.exchange, self._guarded(program), lambda _: self.hang_up_now())
        self.task = task
        task.start()

    def _guarded(self, program: Program) -> Program:
        try:
            yield from program
        except HungUp:
            return
        except Exception:
            log.exception("the program on %s failed", self.name)

    # The end.

    def request_hangup(
        self, cause: int | None = None, *, soft: int | None = None, tell: bool = True
    ) -> None:
        """Ask for the end: the program is interrupted, and the channel hung up.

        Args:
            cause: the Q.850 cause that the other end gave, which goes before any other; None or 0
                for none.
            soft: what a hangup from this side carries in the event; None for the other side's.
            tell: whether ChannelHangupRequest is told.
        """
        if self.gone:
            return
        self.cause = cause or self.cause
        if tell:
            self.tell_hangup_request(soft if soft is not None else cause, soft is not None)
        if self.hung_up:
            return
        self.hung_up = True
        if self.task is not None and not self.task.done:
            self.task.throw(HungUp())
        elif self.on_control is not None:
            self.on_control("HANGUP")
        else:
            self.hang_up_now()

    def tell_hangup_request(self, cause: int | None, soft: bool = False) -> None:
        """Tell that the end was asked for; None where the other end gave no cause."""
        if self.hidden:
            return
        head: dict[str, Any] = {} if cause is None else {"cause": cause}
        if soft:
            head["soft"] = True
        if self.tech_cause is not None:
            head["tech_cause"] = self.tech_cause
        stamp = {"type": "ChannelHangupRequest", "timestamp": self.exchange.timestamp()}
        event = {**head, **stamp, "channel": self.last_told()}
        self.exchange.publish(event, [("channel", self.id)])

    def hang_up_now(self) -> None:
        """The end itself: the other end is told, the channel leaves the exchange."""
        if self.gone:
            return
        self.hung_up = self.gone = True
        if self.bridge is not None:
            self.bridge.leave(self)
        self.driver.hangup(self)
        cause = self.cause
        fields: dict[str, Any] = {"cause": cause, "cause_txt": cause_text(cause)}
        if self.tech_cause is not None:
            fields["tech_cause"] = self.tech_cause
        moved = self.told_place not in (None, (self.context, self.exten, self.priority))
        self.publish("ChannelDestroyed", **fields)
        if moved and self.outgoing and (app := self.appl[0]):
            self.publish("ChannelDialplan", dialplan_app=app, dialplan_app_data=self.appl[1])
        self.exchange.channels.pop(self.id, None)
        self.exchange.applications.forget(("channel", self.id))
        self.exchange.soon(lambda: self.exchange.devices.changed(self.device))
        for done in self.on_gone:
            done()

    # What is heard.

    def detect_talking(self, settings: str | None) -> None:
        """Tell from now on when the other end talks and falls silent; with None no more.

        Args:
            settings: of TALK_DETECT: milliseconds of silence, and a threshold of loudness.
        """
        from ari_notebook.simulator import talking

        talking.ignore(self)
        self.hook("talk detection", on=settings is not None)
        if settings is not None:
            talking.detect(self, settings)

    def hook(self, name: str, *, on: bool) -> None:
        """Something that listens to the channel, or changes what passes, is put on it or taken off.

        Its bridge then looks anew at how it mixes, and tells its members who is there.

        Args:
            name: what it is.
            on: whether it is there now.
        """
        if on == (name in self.hooks):
            return
        self.hooks ^= {name}
        if self.bridge is not None:
            self.exchange.soon(self.bridge.tell_peers_again)

    def hear_audio(self) -> None:
        """Audio comes from the other end."""
        if self.audio_heard is not None:
            heard, self.audio_heard = self.audio_heard, None
            self.exchange.soon(heard)

    def hear_digit(self, digit: str, milliseconds: int) -> None:
        """The other end pressed a key and let it go."""
        if self.gone:
            return
        self.publish("ChannelDtmfReceived", digit=digit, duration_ms=milliseconds)
        self.exchange.media.press(f"channel:{self.id}", digit)
        if self.digit_heard is not None:
            self.digit_heard(digit)
        if self.bridge is not None:
            self.bridge.pass_digit(self, digit, milliseconds)
