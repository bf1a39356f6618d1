"""Bridges: mixing bridges, whose channels exchange audio, and holding bridges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.media.audio_source import AudioSource
from ari_notebook.simulator.pbx.caller_id import UNKNOWN
from ari_notebook.simulator.pbx.channel import NORMAL, Channel
from ari_notebook.simulator.pbx.task_queue import TaskQueue
from ari_notebook.simulator.topics import Topic

if TYPE_CHECKING:  # see `pbx.exchange`
    from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = ["Bridge", "BridgeMember"]

_DETERMINED_LATE = 0.15  # of device states at the end of a hidden channel


@dataclass(frozen=True, slots=True)
class BridgeMember:
    """Options of a channel's membership in a bridge."""

    role: str = ""
    absorb_dtmf: bool = False
    mute: bool = False


@dataclass(slots=True, eq=False)
class Bridge:
    """One bridge. Made by `create`.

    Attributes:
        id: its identifier.
        topic: topic of its events.
        bridge_type: ``mixing`` or ``holding``.
        types: the requested types: mixing, holding, dtmf_events, proxy_media, video_sfu, ….
        members: the channels in it, in order of arrival.
        technology: bridge technology; join and leave events show the previous one.
        bridge_class: ``stasis``, or ``basic`` for those that Dial makes.
        tasks: the queue of playbacks to all members.
        played: what ARI plays to all members.
        music: whether music on hold plays to all of it.
        announcements: number of playbacks queued for the announcer.
        on_left: called with each channel that has left.
        published_variables: the reported variables in the last event.
    """

    exchange: Exchange
    id: str
    name: str = ""
    bridge_type: str = "mixing"
    types: tuple[str, ...] = ("mixing",)
    bridge_class: str = "stasis"
    creator: str = "Stasis"
    video_mode: str = "talker"
    video_source: str = ""
    created: float = 0.0
    members: dict[Channel, BridgeMember] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    reported_variables: list[str] = field(default_factory=list)
    tasks: TaskQueue = field(default_factory=TaskQueue)
    played: AudioSource = field(default_factory=AudioSource)
    music: bool = False
    announcements: int = 0
    on_left: Callable[[Channel], None] | None = None
    video_cleared: bool = False
    published_variables: dict[str, str] = field(default_factory=dict)
    technology: str = field(init=False)
    topic: Topic = field(init=False)
    gone: bool = False
    # Members and hidden channels in the order of mixing.
    _inside: list[Channel | str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.topic = Topic("bridge", self.id)
        self.technology = self._suitable_technology()

    @property
    def native(self) -> bool:
        """Return whether two phones exchange media directly, so that no DTMF is received."""
        return self.technology == "native_rtp"

    @property
    def hidden_channels(self) -> list[str]:
        """Return the names of announcers and recorders, which only BRIDGEPEER includes."""
        return [each for each in self._inside if isinstance(each, str)]

    @property
    def has_announcer(self) -> bool:
        """Return whether it has an announcer: music on hold, an ARI playback, or a member."""
        roles = [member.role for member in self.members.values()]
        return "announcer" in roles or any(
            each.startswith("Announcer") for each in self.hidden_channels
        )

    def json(self) -> dict[str, Any]:
        """Return ARI's object."""
        shown: dict[str, Any] = {
            "id": self.id,
            "technology": self.technology,
            "bridge_type": self.bridge_type,
            "bridge_class": self.bridge_class,
            "creator": self.creator,
            "name": self.name,
            "channels": sorted(channel.id for channel in self.members),
            "creationtime": self.exchange.timestamp(self.created),
            "video_mode": self.video_mode,
        }
        if self.video_source:
            shown["video_source_id"] = self.video_source
        if reported := self._reported_values():
            shown["bridgevars"] = reported
        return shown

    def _reported_values(self) -> dict[str, str]:
        """Return the variables that requests include in every event."""
        return {name: self.variables.get(name, "") for name in self.reported_variables}

    def remember_published(self) -> None:
        """Make the current variables those of the last snapshot."""
        self.published_variables = self._reported_values()

    def snapshot(self) -> dict[str, Any]:
        """Return ARI's object: variables as last published, the rest current."""
        shown = self.json()
        shown.pop("bridgevars", None)
        published = self.published_variables
        return {**shown, "bridgevars": published} if published else shown

    def publish(self, type: str, channel: Channel | None = None, **fields: Any) -> None:
        """Publish an event on the bridge's topic, not on those of its channels."""
        self.remember_published()
        fields = {"bridge": self.json(), **fields}
        if channel is not None:
            channel.publish_caller()
            fields["channel"] = channel.json()
        self.exchange.publish(self.exchange.event(type, **fields), (self.topic,))

    def create(self) -> Bridge:
        """Enter the exchange."""
        self.created = self.exchange.now
        self.exchange.bridges[self.id] = self
        self.exchange.event_bus.repeat(self.topic)
        self.publish("BridgeCreated")
        return self

    def set_variable(self, name: str, value: str, *, report: bool) -> None:
        """Set a variable, or remove it if the value is empty.

        Args:
            name: of the variable.
            value: its value.
            report: whether events include it from now on.
        """
        self.variables.pop(name, None)
        self.reported_variables = [each for each in self.reported_variables if each != name]
        if value:
            self.variables[name] = value
            if report:
                self.reported_variables.append(name)

    def join(self, channel: Channel, member: BridgeMember | None = None) -> None:
        """Add a channel, which leaves its previous bridge."""
        if channel.bridge is not None:
            channel.bridge.leave(channel)
        member = member or BridgeMember()
        refused = self.refuses(member.role)
        self._exchange_account_codes(channel)
        self.members[channel] = member
        self._inside.append(channel)
        channel.bridge = self
        source = self._apply_cleared_video()
        self.publish("ChannelEnteredBridge", channel)
        if source:
            self._publish_video_source(source)
        for transfer in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            if channel.variables.get(transfer):
                channel.set_variable(transfer, "")  # it is done
        self._select_technology(channel)
        self.set_peer_variables()
        for other in self.members:
            if other is not channel:
                channel.on_audio()
                other.on_audio()
        # In addition to the subscription that ARI counts when it adds a channel.
        if channel.stasis_app is not None:
            self.subscribe(channel.stasis_app)
        if refused:
            self.leave(channel)

    def _exchange_account_codes(self, newcomer: Channel) -> None:
        """Set account codes that lack to those of peers (ast_bridge_update_accountcodes)."""
        for other in self.members:
            pairs = (newcomer, other), (other, newcomer)
            for one, peer in pairs:
                peer.peer_account = peer.peer_account or one.accountcode
            for one, peer in pairs:
                peer.accountcode = peer.accountcode or one.peer_account
        if len(self.members) == 1:
            newcomer.peer_account, other.peer_account = other.accountcode, newcomer.accountcode

    def refuses(self, role: str) -> bool:
        """Return whether a holding bridge has an announcer already and the role is announcer."""
        return self.bridge_type == "holding" and role == "announcer" and self.has_announcer

    def _select_technology(self, newcomer: Channel | str | None = None) -> None:
        """Select the bridge technology for the current members.

        Args:
            newcomer: channel that joined; if the technology changes, it joins the new one before
                the other members do.
        """
        before, self.technology = self.technology, self._suitable_technology()
        if newcomer is not None and self.technology != before:
            self._inside.remove(newcomer)
            self._inside.insert(0, newcomer)

    def _suitable_technology(self) -> str:
        if self.bridge_type == "holding":
            return "holding_bridge"
        if len(self._inside) > 2 or "video_sfu" in self.types:
            return "softmix"
        needs_core = {"dtmf_events", "proxy_media"} & set(self.types)
        native = [
            each for each in self._inside if isinstance(each, Channel) and each.driver.native_media
        ]
        return "native_rtp" if len(native) == 2 and not needs_core else "simple_bridge"

    def set_peer_variables(self) -> None:
        """Set each member's variable BRIDGEPEER to the names of the others, even if unchanged."""
        if self.bridge_type == "holding" or len(self._inside) < 2:
            return
        for channel in [each for each in self._inside if isinstance(each, Channel)]:
            others = [other for other in self._inside if other is not channel]
            names = ",".join(each if isinstance(each, str) else each.name for each in others)
            alone = others[0] if len(others) == 1 else ""
            call_id = "" if isinstance(alone, str) else alone.protocol_id
            self._set_peer_variable(channel, names, call_id)
        if self.bridge_class != "basic":  # Dial has done it before
            self.update_connected_lines()

    @staticmethod
    def _set_peer_variable(channel: Channel, names: str, call_id: str) -> None:
        channel.set_variable("BRIDGEPEER", names)
        if call_id or channel.variables.get("BRIDGEPVTCALLID"):
            channel.set_variable("BRIDGEPVTCALLID", call_id)

    def update_connected_lines(self, *, unknown: bool = False) -> None:
        """Set the connected lines of two members to each other's caller ID, if it has a number.

        That of a member alone with a hidden channel becomes empty.

        Args:
            unknown: whether an empty caller ID replaces the previous connected line, too.
        """
        if len(self.members) == 1 and len(self._inside) == 2:
            (alone,) = self.members
            if alone.parties.connected != UNKNOWN:
                alone.set_connected(UNKNOWN)
                alone.driver.indicate(alone, "CONNECTED_LINE")
        if len(self.members) != 2:
            return
        one, other = self.members
        for channel, peer in ((one, other), (other, one)):
            caller = peer.parties.caller
            if (caller.number or unknown) and channel.parties.connected != caller:
                channel.set_connected(caller)
                channel.driver.indicate(channel, "CONNECTED_LINE")

    def swap(self, old: Channel, new: Channel) -> None:
        """Replace a member by another channel."""
        on_left, self.on_left = self.on_left, None
        member = self.members.get(old)
        self.leave(old)
        self.join(new, member)
        self.update_connected_lines(unknown=True)
        self.on_left = on_left

    def add_hidden(self, purpose: str) -> str:
        """Add one of Asterisk's internal channels, which ARI does not show.

        Args:
            purpose: ``Announcer/ARI``, ``Announcer/ARI_MOH`` or ``Recorder/ARI``.

        Returns:
            Its name.
        """
        name = f"{purpose}-{self.exchange.local_number():08x};2"
        self._inside.append(name)
        self.exchange.devices.internal_channel_began(purpose)
        self._select_technology(name)
        self.set_peer_variables()
        return name

    def remove_hidden(self, name: str) -> None:
        """Remove the hidden channels whose names begin with this.

        Without members, all others leave with one (``main/bridge_channel.c``, LONELY).
        """
        found = [each for each in self.hidden_channels if each.startswith(name)]
        self._inside = [each for each in self._inside if each not in found]
        for each in found:
            # The state of the first half is determined while the second exists, or late.
            late = self.exchange.races.reverses(_DETERMINED_LATE)
            self.exchange.devices.internal_channel_ended(each.rpartition("-")[0], late=late)
        self._select_technology()
        if found:
            self.set_peer_variables()
            if not self.members:
                self._dismiss_hidden()

    def _dismiss_hidden(self) -> None:
        """Make announcers and recorders leave."""
        self.exchange.media.abandon(self.topic)
        self.stop_music()

    def start_music(self) -> None:
        """Start music on hold for all members."""
        self.music = True
        self.add_hidden("Announcer/ARI_MOH")

    def stop_music(self) -> None:
        """Stop music on hold."""
        self.music = False
        self.remove_hidden("Announcer/ARI_MOH")

    def eject(self, channel: Channel) -> None:
        """Remove a channel that did not hang up; its later hangup cause is normal clearing."""
        channel.cause = channel.cause or NORMAL
        self.leave(channel)

    def leave(self, channel: Channel) -> None:
        """Remove a channel; idempotent."""
        if channel not in self.members:
            return
        if channel.variables.get("BRIDGEPEER"):
            self._set_peer_variable(channel, "", "")
        if channel.hung_up:
            channel.cause = channel.cause or NORMAL
        del self.members[channel]
        self._inside.remove(channel)
        channel.bridge = None
        source = self._apply_cleared_video()
        if source:
            self._publish_video_source(source)
        self.publish("ChannelLeftBridge", channel)
        self._select_technology()
        if self.members:
            self.set_peer_variables()
        else:  # announcers and recorders leave with the last member
            self._dismiss_hidden()
        if channel.stasis_app is not None:
            self.unsubscribe(channel.stasis_app)
        if self.on_left is not None:
            self.on_left(channel)

    # The video source.

    def show_video_of(self, channel: Channel) -> None:
        """Make a member the video source."""
        before, self.video_source = self.video_source, channel.id
        self.video_mode, self.video_cleared = "single", False
        if before != channel.id:
            self._publish_video_source(before)

    def clear_video_source(self) -> None:
        """Return to the talker as video source; Asterisk publishes that with the next change."""
        self.video_cleared = True

    def _apply_cleared_video(self) -> str:
        """Apply a cleared video source, if any, and return the previous source."""
        if not self.video_cleared:
            return ""
        before, self.video_source = self.video_source, ""
        self.video_mode, self.video_cleared = "talker", False
        return before

    def _publish_video_source(self, before: str) -> None:
        old: dict[str, Any] = {"old_video_source_id": before} if before else {}
        self.publish("BridgeVideoSourceChanged", **old)

    def subscribe(self, app: str) -> None:
        """Subscribe an application whose channel has joined."""
        self.exchange.event_bus.subscribe(app, self.topic)

    def unsubscribe(self, app: str) -> None:
        """Unsubscribe an application whose channel has left."""
        self.exchange.event_bus.unsubscribe(app, self.topic)

    def destroy(self) -> None:
        """Remove all members and leave the exchange; idempotent."""
        if self.gone:
            return
        self.gone = True
        self.exchange.event_bus.stop_repeating(self.topic)
        self.exchange.media.abandon(self.topic)
        for channel in list(self.members):
            app = channel.stasis_app
            self.eject(channel)
            if app is not None:
                self.unsubscribe(app)
        if self.video_source:
            before, self.video_source = self.video_source, ""
            self._publish_video_source(before)
        self.publish("BridgeDestroyed")
        self.exchange.bridges.pop(self.id, None)
        self.exchange.event_bus.forget(self.topic)

    def relay_condition(self, channel: Channel | None, condition: str) -> None:
        """Relay a condition of a called channel, or of an announcer, to waiting members."""
        waiting = [each for each in self.members if each is not channel and each.state == "Ring"]
        for other in waiting:
            if condition == "ANSWER":
                other.answer()
            else:
                other.driver.indicate(other, condition)
        if waiting and condition == "ANSWER":
            self.set_peer_variables()

    def relay_digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Relay a member's DTMF digit to the others and to recordings, unless it is absorbed."""
        member = self.members.get(channel)
        if self.bridge_type == "holding" or member is None or member.absorb_dtmf:
            return
        self.exchange.media.press(self.topic, digit)
        for other in self.members:
            if other is not channel:
                other.driver.digit(other, digit, milliseconds)
