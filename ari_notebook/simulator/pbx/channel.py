"""A channel: one leg of a call, from its creation to its hangup.

A channel has a driver for its far end (a phone, or the other half of a Local channel) and at most
one program: the dialplan, or a single application. The program does what Asterisk does in the
channel's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from ari_notebook.simulator.clock import Program, ProgramTask
from ari_notebook.simulator.pbx.caller_id import UNKNOWN, CallerId
from ari_notebook.simulator.pbx.channel_state import (
    CallParties,
    ChannelAudio,
    DialplanState,
    PublishedSnapshot,
)
from ari_notebook.simulator.pbx.hangup_causes import cause_text
from ari_notebook.simulator.topics import Topic
from ari_notebook.simulator.utf8 import shown

if TYPE_CHECKING:  # see `pbx.exchange`
    from ari_notebook.simulator.pbx.bridge import Bridge
    from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = [
    "EXPLICIT",
    "LONGEST_ID",
    "NORMAL",
    "CallerId",
    "Channel",
    "ChannelDriver",
    "ChannelHungUp",
    "Unreachable",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

NORMAL = 16
# Longest channel id accepted from a client, in octets.
LONGEST_ID = 149
# Value in place of a cause for a hangup requested by a client (AST_SOFTHANGUP_EXPLICIT).
EXPLICIT = 32
# Value in place of a cause for a hangup after a transfer (AST_SOFTHANGUP_DEV).
TRANSFERRED = 1

# Presentation of a caller ID without a number (AST_PRES_NUMBER_NOT_AVAILABLE).
_NOT_AVAILABLE = 67

# Events that precede ChannelCallerId when both are due.
_BEFORE_CALLER = ("ChannelStateChange", "ChannelDialplan", "ChannelDestroyed")

# Fields of a channel's object that it may lack.
_OPTIONAL = ("channelvars", "caller_rdnis")


class ChannelHungUp(Exception):
    """Raised in the program of a channel that was hung up."""


class Unreachable(Exception):
    """Raised by a driver without a far end to call."""


class ChannelDriver(Protocol):
    """The operations of a channel technology on one channel.

    Attributes:
        native_media: whether two such channels can exchange media past the exchange.
    """

    native_media: ClassVar[bool]

    def call(self, channel: Channel) -> None:
        """Call the far end; progress arrives by `control_frame`.

        Raises:
            Unreachable: no far end to call.
        """

    def answer(self, channel: Channel) -> None:
        """Report to the far end that the exchange answered."""

    def indicate(self, channel: Channel, condition: str) -> None:
        """Send a condition to the far end: RINGING, PROGRESS, BUSY, CONGESTION, HOLD, UNHOLD."""

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Send a DTMF digit to the far end."""

    def hangup(self, channel: Channel) -> None:
        """Report to the far end that the channel was hung up."""

    def audio(self, channel: Channel) -> None:
        """Report to the far end that audio is sent from now on."""


@dataclass(slots=True, eq=False)
class Channel:
    """One channel. Made by `create`.

    Attributes:
        id: its identifier.
        topic: topic of its events.
        name: ``TECH/...``.
        device: the device that the channel uses, as ``PJSIP/alice`` or ``Local/1000@default``.
        state: the channel state, as ARI names it.
        parties: caller ID, connected line, redirecting number.
        dialplan: dialplan location and running application.
        audio: audio of its far end, with hooks.
        published: the last published snapshot.
        tenant: tenant it belongs to, if one exchange serves several.
        items: items of CHANNEL and CALLERID that only the dialplan sees.
        reported_variables: names of the variables included in its events.
        stasis_app: the Stasis application that controls it; None outside Stasis.
        outgoing: whether the exchange created it to place a call.
        originated_by: application that created it through ARI and may dial it, or "".
        on_control: takes control frames from the far end while the channel is being called.
        on_gone: called when it has left the exchange.
        ghost: whether ARI shows it and no operation reaches it, as a snoop channel after Stasis.
        datastores: objects that other parts store on the channel, by class.
        linked_id: the id of the channel that its call began with.
    """

    exchange: Exchange
    id: str
    name: str
    driver: ChannelDriver
    device: str
    state: str = "Down"
    parties: CallParties = field(default_factory=CallParties)
    dialplan: DialplanState = field(default_factory=DialplanState)
    audio: ChannelAudio = field(default_factory=ChannelAudio)
    published: PublishedSnapshot = field(default_factory=PublishedSnapshot)
    accountcode: str = ""
    peer_account: str = ""
    tenant: str = ""
    language: str = "en"
    protocol_id: str = ""
    created: float = 0.0
    variables: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    reported_variables: list[str] = field(default_factory=list)
    stasis_app: str | None = None
    bridge: Bridge | None = None
    task: ProgramTask | None = None
    cause: int = 0
    tech_cause: int | None = None
    outgoing: bool = False
    originated_by: str = ""
    hung_up: bool = False
    gone: bool = False
    answered_at: float | None = None
    on_control: Callable[[str], None] | None = None
    on_gone: list[Callable[[], None]] = field(default_factory=list)
    ghost: bool = False
    datastores: dict[type[Any], Any] = field(default_factory=dict)
    linked_id: str = ""
    topic: Topic = field(init=False)

    def __post_init__(self) -> None:
        self.topic = Topic("channel", self.id)
        self.linked_id = self.linked_id or self.id

    # Datastores.

    def attach(self, item: object) -> None:
        """Store an object on the channel, replacing one of the same class."""
        self.datastores[type(item)] = item

    def attached(self, kind: type[T]) -> T | None:
        """Return the stored object of a class, or None."""
        found: T | None = self.datastores.get(kind)
        return found

    def detach(self, kind: type[T]) -> T | None:
        """Remove and return the stored object of a class, or None."""
        found: T | None = self.datastores.pop(kind, None)
        return found

    # Snapshots.

    def json(self) -> dict[str, Any]:
        """Return ARI's object."""
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": self.protocol_id,
            "caller": self.parties.caller.json(),
            "connected": self.parties.connected.json(),
            "accountcode": self.accountcode,
            "dialplan": {
                "context": self.dialplan.context,
                "exten": self.dialplan.exten,
                "priority": self.dialplan.priority,
                "app_name": self.dialplan.application[0],
                "app_data": self.dialplan.application[1],
            },
            "creationtime": self.exchange.timestamp(self.created),
            "language": self.language,
        }
        if self.parties.redirected_from:
            shown["caller_rdnis"] = self.parties.redirected_from
        if wanted := self._reported_values():
            shown["channelvars"] = wanted
        if self.tenant:
            shown["tenantid"] = self.tenant
        return shown

    def _reported_values(self) -> dict[str, str]:
        """Return the variables that ari.conf or a request includes in every event."""
        wanted = (*self.exchange.config.ari.channelvars, *self.reported_variables)
        return {name: self._reported_value(name) for name in wanted}

    def _reported_value(self, name: str) -> str:
        """Return a function or a variable that was set; EXTEN, HANGUPCAUSE, … are not built in."""
        if "(" in name:
            return self.exchange.evaluate(self, name) or ""
        own = self.variable(name)
        return self.exchange.globals.get(name, "") if own is None else own

    def snapshot(self) -> dict[str, Any]:
        """Return ARI's object: location, variables, caller as last published, the rest current."""
        shown = self.json()
        for name in _OPTIONAL:
            shown.pop(name, None)
        return shown | self.published.fields

    def remember_published(self) -> None:
        """Make the current location, variables and caller those of the last snapshot."""
        kept = ("dialplan", "caller", *_OPTIONAL)
        self.published.fields = {name: value for name, value in self.json().items() if name in kept}

    def publish_snapshot(self) -> None:
        """Publish a snapshot, which only an event of a changed caller ID shows."""
        self.publish_caller()
        self.remember_published()

    def publish(self, type: str, **fields: Any) -> None:
        """Publish an event of this channel; its object is the last field."""
        if type not in _BEFORE_CALLER:
            self.publish_caller()
        self.remember_published()
        event = self.exchange.event(type, **fields, channel=self.json())
        self.exchange.publish(event, (self.topic,))
        self.publish_caller()

    # Life.

    def create(self) -> Channel:
        """Enter the exchange."""
        self.created = self.exchange.now
        self.exchange.channels[self.id] = self
        if self.dialplan.application[0]:
            self.published.position = self.dialplan.location
        self.publish("ChannelCreated")
        return self

    def set_state(self, state: str) -> None:
        """Change the state and publish ChannelStateChange."""
        if self.state != state and not self.gone:
            self.state = state
            if state == "Up":
                self.answered_at = self.exchange.now
            self.publish("ChannelStateChange")
            # Determined before the channel can end.
            device = self.exchange.devices.get(self.device)
            self.exchange.soon(lambda: self.exchange.devices.publish_change(device))

    def answer(self) -> None:
        """Answer an incoming call; idempotent."""
        if self.state != "Up" and not self.outgoing and not self.hung_up:
            self.driver.answer(self)
            self.set_state("Up")

    def run_application(self, name: str, data: str) -> None:
        """Set the running dialplan application and publish ChannelDialplan if it is due.

        ChannelDialplan is published only for another location, or for the first application
        (``main/stasis_channels.c``, ast_channel_snapshot_cep_equal).
        """
        self.dialplan.application = (name, data)
        place = self.dialplan.location
        if place != self.published.position:
            self.published.position = place
            self.publish("ChannelDialplan", dialplan_app=name, dialplan_app_data=data)
        self.remember_published()

    def set_caller(self, party: CallerId) -> None:
        """Set the caller ID and publish ChannelCallerId if it changed."""
        self.set_caller_silently(party)
        self.publish_caller()
        self.remember_published()

    def set_caller_silently(self, party: CallerId) -> None:
        """Set the caller ID; ChannelCallerId precedes the channel's next event."""
        if party != self.parties.caller:
            self.parties.caller, self.published.caller = party, False

    def publish_caller(self) -> None:
        """Publish ChannelCallerId if the current caller ID was not published yet."""
        if not self.published.caller:
            self.published.caller = True
            # No caller ID at all, as of an announcer, differs from an empty one.
            allowed = self.parties.caller is not UNKNOWN
            text = "Presentation Allowed, Not Screened" if allowed else "Number Unavailable"
            self.publish(
                "ChannelCallerId",
                caller_presentation=0 if allowed else _NOT_AVAILABLE,
                caller_presentation_txt=text,
            )

    def set_connected(self, party: CallerId) -> None:
        """Set the connected line and publish ChannelConnectedLine if it changed."""
        if party != self.parties.connected:
            self.parties.connected = party
            self.publish("ChannelConnectedLine")
        self.remember_published()

    def control_frame(self, condition: str) -> None:
        """Handle a control frame from the far end: RINGING, PROGRESS, ANSWER, BUSY, …."""
        if self.on_control is not None:
            self.on_control(condition)

    def set_variable(self, name: str, value: str | None, *, publish: bool = True) -> None:
        """Set a variable, or remove it if the value is None.

        Args:
            name: may begin with ``_`` or ``__``, to be inherited by channels created from this one.
            value: its value.
            publish: whether ChannelVarset is published.
        """
        shown = name.lstrip("_") if name.startswith("_") else name
        before = [self.variables.pop(f"{mark}{shown}", "") for mark in ("", "_", "__")]
        if value is not None:
            self.variables[name] = value
        elif not any(before):
            return  # removing an unset or empty variable publishes nothing
        if publish:
            self.publish_variable(name, value or "")

    def publish_variable(self, name: str, value: str) -> None:
        """Publish ChannelVarset."""
        if self._reported_values():
            self.remember_published()  # snapshots with variables are always fresh
        stamp = {"type": "ChannelVarset", "timestamp": self.exchange.timestamp()}
        event = {"variable": name, "value": shown(value), **stamp, "channel": self.snapshot()}
        self.exchange.publish(event, (self.topic,))

    def variable(self, name: str) -> str | None:
        """Return a variable, with or without an inheritance prefix, or None."""
        if name.startswith("_"):  # prefixes are not part of stored names
            return None
        for key in (name, f"_{name}", f"__{name}"):
            if key in self.variables:
                return self.variables[key]
        return None

    # The program.

    def run(self, program: Program) -> None:
        """Run a program on the channel; when it ends, the channel is hung up."""
        task = ProgramTask(
            self.exchange.clock, self._guarded(program), lambda _: self.hang_up_now()
        )
        self.task = task
        task.start()
        if self.hung_up:  # before: the program notices it at its first wait
            self.exchange.soon(lambda: task.throw(ChannelHungUp()))

    def _guarded(self, program: Program) -> Program:
        try:
            yield from program
        except ChannelHungUp:
            return
        except Exception:
            log.exception("the program on %s failed", self.name)

    # The end.

    def request_hangup(
        self, cause: int | None = None, *, soft: int | None = None, publish: bool = True
    ) -> None:
        """Request a hangup: the program is interrupted and the channel hung up.

        Args:
            cause: Q.850 cause from the far end, which overrides others; None or 0: none.
            soft: value in the event for a hangup from this side; None: from the far end.
            publish: whether ChannelHangupRequest is published.
        """
        if self.gone:
            return
        if cause is not None and cause > 0:
            self.cause = cause
        if publish:
            self.publish_hangup_request(soft if soft is not None else cause, soft is not None)
        if self.hung_up:
            if self.task is not None:
                self.task.wake()  # it may wait in a task that has not noticed
            return
        self.hung_up = True
        if self.task is not None and not self.task.done:
            self.task.throw(ChannelHungUp())
        elif self.on_control is not None:
            self.on_control("HANGUP")
        elif self.task is not None:
            self.hang_up_now()
        # Else nothing serves the channel, such as the far half of a Local channel that was created
        # but not dialled: it stays until something does.

    def publish_hangup_request(self, cause: int | None, soft: bool = False) -> None:
        """Publish ChannelHangupRequest; the cause is None if the far end gave none."""
        head: dict[str, Any] = {} if cause is None else {"cause": cause}
        if soft:
            head["soft"] = True
        if self.tech_cause is not None:
            head["tech_cause"] = self.tech_cause
        stamp = {"type": "ChannelHangupRequest", "timestamp": self.exchange.timestamp()}
        event = {**head, **stamp, "channel": self.snapshot()}
        self.exchange.publish(event, (self.topic,))

    def hang_up_now(self) -> None:
        """Hang up the far end and remove the channel from the exchange; idempotent."""
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
        moved = self.published.position not in (None, self.dialplan.location)
        self.publish("ChannelDestroyed", **fields)
        if moved and self.outgoing and (app := self.dialplan.application[0]):
            self.publish(
                "ChannelDialplan", dialplan_app=app, dialplan_app_data=self.dialplan.application[1]
            )
        self.exchange.channels.pop(self.id, None)
        self.exchange.event_bus.forget(self.topic)
        self.exchange.soon(lambda: self.exchange.devices.changed(self.device))
        for done in self.on_gone:
            done()

    # Audio.

    def set_audio_hook(self, name: str, *, on: bool) -> None:
        """Attach or detach an audio hook; idempotent.

        The bridge then sets BRIDGEPEER on all members again.

        Args:
            name: the hook's.
            on: whether to attach it.
        """
        if on == (name in self.audio.hooks):
            return
        self.audio.hooks ^= {name}
        if self.bridge is not None:
            self.exchange.soon(self.bridge.set_peer_variables)

    def on_audio(self) -> None:
        """Handle audio from the far end."""
        if self.audio.on_first_audio is not None:
            on_first_audio, self.audio.on_first_audio = self.audio.on_first_audio, None
            self.exchange.soon(on_first_audio)

    def on_dtmf(self, digit: str, milliseconds: int) -> None:
        """Handle a DTMF digit from the far end and publish ChannelDtmfReceived."""
        if self.gone:
            return
        self.publish("ChannelDtmfReceived", digit=digit, duration_ms=milliseconds)
        self.exchange.media.press(self.topic, digit)
        if self.audio.on_digit is not None:
            self.audio.on_digit(digit)
        if self.bridge is not None:
            self.bridge.relay_digit(self, digit, milliseconds)
