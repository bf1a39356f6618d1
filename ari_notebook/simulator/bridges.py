"""Bridges: channels that hear each other, or wait together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import NORMAL, Channel
from ari_notebook.simulator.sip_channels import SipChannel
from ari_notebook.simulator.tasks import TaskQueue
from ari_notebook.simulator.voices import Mix

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Bridge", "Member"]


@dataclass(frozen=True, slots=True)
class Member:
    """How a channel is in a bridge."""

    role: str = ""
    absorb_dtmf: bool = False
    mute: bool = False


@dataclass(slots=True, eq=False)
class Bridge:
    """One bridge. Made by `create`.

    Attributes:
        id: its identifier.
        bridge_type: ``mixing`` or ``holding``.
        types: what it was asked to be: mixing, holding, dtmf_events, proxy_media, video_sfu, ….
        members: the channels in it, in the order they came.
        bridge_class: ``stasis``, or ``basic`` for those that Dial makes.
        tasks: what plays to all of it.
        voice: what is said in it, all members together.
        native: whether two phones' media pass by the exchange, which then hears no keys.
        music: whether music on hold plays to all of it.
        unseen: the names of the announcer and the recorders in it, which only BRIDGEPEER tells of.
        announcements: how many playbacks the announcer has to play.
        on_left: called with each that has left.
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
    members: dict[Channel, Member] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    reported: list[str] = field(default_factory=list)
    tasks: TaskQueue = field(default_factory=TaskQueue)
    voice: Mix = field(default_factory=Mix)
    music: bool = False
    unseen: list[str] = field(default_factory=list)
    announcements: int = 0
    on_left: Callable[[Channel], None] | None = None
    video_cleared: bool = False
    native: bool = False
    gone: bool = False

    @property
    def technology(self) -> str:
        """The technology that suits its type and its members."""
        if self.bridge_type == "holding":
            return "holding_bridge"
        if self.native:
            return "native_rtp"
        return "softmix" if len(self.members) > 2 or "video_sfu" in self.types else "simple_bridge"

    def json(self) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {
            "id": self.id,
            "technology": self.technology,
            "bridge_type": self.bridge_type,
            "bridge_class": self.bridge_class,
            "creator": self.creator,
            "name": self.name,
            "channels": [channel.id for channel in self.members if not channel.hidden],
            "creationtime": self.exchange.timestamp(self.created),
            "video_mode": self.video_mode,
        }
        if self.video_source:
            shown["video_source_id"] = self.video_source
        if self.reported:
            shown["bridgevars"] = {name: self.variables.get(name, "") for name in self.reported}
        return shown

    def publish(self, type: str, channel: Channel | None = None, **fields: Any) -> None:
        """Tell an event of this bridge, which is not told to who hears of its channels alone."""
        if channel is not None and channel.hidden:
            return
        fields = {"bridge": self.json(), **fields}
        if channel is not None:
            channel.tell_caller()
            fields["channel"] = channel.json()
        self.exchange.publish(self.exchange.event(type, **fields), [("bridge", self.id)])

    def create(self) -> Bridge:
        """Enter the exchange."""
        self.created = self.exchange.now
        self.exchange.bridges[self.id] = self
        self.publish("BridgeCreated")
        return self

    def set_variable(self, name: str, value: str, *, report: bool) -> None:
        """Set a variable; an empty one is removed.

        Args:
            name: of the variable.
            value: its value.
            report: whether events show it from now on; if not, they do no more.
        """
        self.variables.pop(name, None)
        self.reported = [each for each in self.reported if each != name]
        if value:
            self.variables[name] = value
            if report:
                self.reported.append(name)

    def join(self, channel: Channel, member: Member | None = None) -> None:
        """Take a channel in; it leaves the bridge it was in."""
        if channel.bridge is not None:
            channel.bridge.leave(channel)
        self.members[channel] = member or Member()
        channel.bridge = self
        self.voice.add(channel.voice)
        self.publish("ChannelEnteredBridge", channel)
        for transfer in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            if channel.variables.get(transfer):
                channel.set_variable(transfer, "")  # it is done
        self._settle_technology()
        self._tell_peers()
        for other in self.members:
            if other is not channel:
                channel.hear_audio()
                other.hear_audio()
        # Beside what ARI counts where it adds a channel: Stasis sees its channel in a bridge.
        if channel.control is not None:
            self.subscribe(channel.control.app)

    def _settle_technology(self) -> None:
        heard = {"dtmf_events", "proxy_media"} & set(self.types)
        phones = all(isinstance(each, SipChannel) for each in self.members)
        two = len(self.members) == 2
        self.native = self.bridge_type == "mixing" and two and phones and not heard

    def _tell_peers(self, *, again: bool = False) -> None:
        """Tell each channel's variable BRIDGEPEER the names of the others.

        Args:
            again: whether also where it has them.
        """
        if self.bridge_type == "holding" or len(self.members) + len(self.unseen) < 2:
            return
        for channel in self.members:
            others = [other for other in self.members if other is not channel]
            names = ",".join([*self.unseen, *(other.name for other in others)])
            if again or channel.variables.get("BRIDGEPEER") != names:
                alone = len(others) == 1 and not self.unseen
                self._tell_peer(channel, names, others[0].protocol_id if alone else "")
        if self.bridge_class != "basic":  # Dial has done it before
            self.introduce()

    @staticmethod
    def _tell_peer(channel: Channel, names: str, call_id: str) -> None:
        channel.set_variable("BRIDGEPEER", names)
        if call_id or channel.variables.get("BRIDGEPVTCALLID"):
            channel.set_variable("BRIDGEPVTCALLID", call_id)

    def introduce(self, *, unknown: bool = False) -> None:
        """Show each of two who the other one is, where that has a number.

        Args:
            unknown: whether one without a number is shown as well, in the place of who was there.
        """
        if len(self.members) != 2:
            return
        one, other = self.members
        for channel, peer in ((one, other), (other, one)):
            if (peer.caller.number or unknown) and channel.connected != peer.caller:
                channel.set_connected(peer.caller)
                channel.driver.indicate(channel, "CONNECTED_LINE")

    def swap(self, old: Channel, new: Channel) -> None:
        """Let a channel take another one's place: the bridge goes on, whoever it was made for."""
        on_left, self.on_left = self.on_left, None
        member = self.members.get(old)
        self.leave(old)
        self.join(new, member)
        self.introduce(unknown=True)
        self.on_left = on_left

    def let_in_unseen(self, technology: str) -> str:
        """Let in a channel of Asterisk's own, which ARI does not show; its name."""
        name = f"{technology}/ARI-{self.exchange.local_number():08x};2"
        self.unseen.insert(0, name)
        self._tell_peers()
        return name

    def let_out_unseen(self, name: str) -> None:
        """Let such a channel out."""
        if name in self.unseen:
            self.unseen.remove(name)
            self._tell_peers()

    def leave(self, channel: Channel) -> None:
        """Let a channel out."""
        if channel not in self.members:
            return
        if channel.variables.get("BRIDGEPEER"):
            self._tell_peer(channel, "", "")
        if channel.hung_up:
            channel.cause = channel.cause or NORMAL
        del self.members[channel]
        channel.bridge = None
        self.voice.remove(channel.voice)
        self._settle_video()
        self.publish("ChannelLeftBridge", channel)
        self._settle_technology()
        if len(self.members) > 1:
            self._tell_peers()
        elif not self.members:  # an announcer and a recorder do not stay by themselves
            self.exchange.media.abandon(f"bridge:{self.id}")
        if channel.control is not None:
            self.unsubscribe(channel.control.app)
        if self.on_left is not None:
            self.on_left(channel)

    # Whose video is shown.

    def show(self, channel: Channel) -> None:
        """Show a member's video to all."""
        before, self.video_source = self.video_source, channel.id
        self.video_mode, self.video_cleared = "single", False
        if before != channel.id:
            self._tell_video(before)

    def show_nobody(self) -> None:
        """Show whoever talks again: a real Asterisk lets that be seen at the next change only."""
        self.video_cleared = bool(self.video_source)

    def _settle_video(self) -> None:
        if self.video_cleared:
            before, self.video_source = self.video_source, ""
            self.video_mode, self.video_cleared = "talker", False
            self._tell_video(before)

    def _tell_video(self, before: str) -> None:
        old: dict[str, Any] = {"old_video_source_id": before} if before else {}
        self.publish("BridgeVideoSourceChanged", **old)

    def subscribe(self, app: str) -> None:
        """An application whose channel comes in hears of the bridge."""
        self.exchange.applications.subscribe(app, ("bridge", self.id))

    def unsubscribe(self, app: str) -> None:
        """Its channel went."""
        self.exchange.applications.unsubscribe(app, ("bridge", self.id))

    def destroy(self) -> None:
        """Let everybody out and leave the exchange."""
        if self.gone:
            return
        self.gone = True
        self.exchange.media.abandon(f"bridge:{self.id}")
        for channel in list(self.members):
            control = channel.control
            self.leave(channel)
            if control is not None:
                self.unsubscribe(control.app)
        if self.video_source:
            before, self.video_source = self.video_source, ""
            self._tell_video(before)
        self.publish("BridgeDestroyed")
        self.exchange.bridges.pop(self.id, None)
        self.exchange.applications.forget(("bridge", self.id))

    def pass_condition(self, channel: Channel, condition: str) -> None:
        """One who is called rings or answers: whoever waits for that in the bridge hears so."""
        waiting = [each for each in self.members if each is not channel and each.state == "Ring"]
        for other in waiting:
            if condition == "ANSWER":
                other.answer()
            else:
                other.driver.indicate(other, condition)
        if waiting and condition == "ANSWER":
            self._tell_peers(again=True)

    def pass_digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """A member pressed a key: the others, and recordings, hear it unless it is absorbed."""
        member = self.members.get(channel)
        if self.bridge_type == "holding" or member is None or member.absorb_dtmf:
            return
        self.exchange.media.press(f"bridge:{self.id}", digit)
        for other in self.members:
            if other is not channel:
                other.driver.digit(other, digit, milliseconds)
