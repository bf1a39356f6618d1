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
        technology: what mixes it; events tell the one that was there before who comes or goes.
        bridge_class: ``stasis``, or ``basic`` for those that Dial makes.
        tasks: what plays to all of it.
        voice: what is said in it, all members together.
        music: whether music on hold plays to all of it.
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
    announcements: int = 0
    on_left: Callable[[Channel], None] | None = None
    video_cleared: bool = False
    technology: str = field(init=False)
    gone: bool = False
    _inside: list[Channel | str] = field(default_factory=list)  # members and unseen, as it has them

    def __post_init__(self) -> None:
        self.technology = self._suitable_technology()

    @property
    def native(self) -> bool:
        """Whether two phones' media pass by the exchange, which then hears no keys."""
        return self.technology == "native_rtp"

    @property
    def unseen(self) -> list[str]:
        """The names of the announcers and the recorders in it, which only BRIDGEPEER tells of."""
        return [each for each in self._inside if isinstance(each, str)]

    @property
    def has_announcer(self) -> bool:
        """Whether somebody speaks to all: music, what ARI plays, a member of that role."""
        roles = [member.role for member in self.members.values()]
        return "announcer" in roles or any(each.startswith("Announcer") for each in self.unseen)

    def json(self) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {
            "id": self.id,
            "technology": self.technology,
            "bridge_type": self.bridge_type,
            "bridge_class": self.bridge_class,
            "creator": self.creator,
            "name": self.name,
            "channels": sorted(channel.id for channel in self.members if not channel.hidden),
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
        member = member or Member()
        refused = self.refuses(member.role)
        self.members[channel] = member
        self._inside.append(channel)
        channel.bridge = self
        self.voice.add(channel.voice)
        source = self._forget_video()
        self.publish("ChannelEnteredBridge", channel)
        if source:
            self._tell_video(source)
        for transfer in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            if channel.variables.get(transfer):
                channel.set_variable(transfer, "")  # it is done
        self._settle_technology(channel)
        self._tell_peers()
        for other in self.members:
            if other is not channel:
                channel.hear_audio()
                other.hear_audio()
        # Beside what ARI counts where it adds a channel: Stasis sees its channel in a bridge.
        if channel.control is not None:
            self.subscribe(channel.control.app)
        if refused:
            self.leave(channel)

    def refuses(self, role: str) -> bool:
        """Whether it is a holding bridge that has an announcer: that lets in no second one."""
        return self.bridge_type == "holding" and role == "announcer" and self.has_announcer

    def _settle_technology(self, newcomer: Channel | str | None = None) -> None:
        """Mix as suits those who are in it now.

        Args:
            newcomer: who has come in; where that changes the technology, those who were there
                join the new one after them.
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
        heard = {"dtmf_events", "proxy_media"} & set(self.types)
        phones = [each for each in self._inside if isinstance(each, SipChannel)]
        return "native_rtp" if len(phones) == 2 and not heard else "simple_bridge"

    def tell_peers_again(self) -> None:
        """Tell each channel who else is there, though it knows."""
        self._tell_peers(again=True)

    def _tell_peers(self, *, again: bool = False) -> None:
        """Tell each channel's variable BRIDGEPEER the names of the others.

        Args:
            again: whether also where it has them.
        """
        if self.bridge_type == "holding" or len(self._inside) < 2:
            return
        for channel in [each for each in self._inside if isinstance(each, Channel)]:
            others = [other for other in self._inside if other is not channel]
            names = ",".join(each if isinstance(each, str) else each.name for each in others)
            if again or channel.variables.get("BRIDGEPEER") != names:
                alone = others[0] if len(others) == 1 else ""
                call_id = "" if isinstance(alone, str) else alone.protocol_id
                self._tell_peer(channel, names, call_id)
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

    def let_in_unseen(self, purpose: str) -> str:
        """Let in a channel of Asterisk's own, which ARI does not show.

        Args:
            purpose: ``Announcer/ARI``, ``Announcer/ARI_MOH`` or ``Recorder/ARI``.

        Returns:
            its name.
        """
        name = f"{purpose}-{self.exchange.local_number():08x};2"
        self._inside.append(name)
        self._settle_technology(name)
        self._tell_peers()
        return name

    def let_out_unseen(self, name: str) -> None:
        """Let such a channel out, or all whose names begin so."""
        found = [each for each in self.unseen if each.startswith(name)]
        self._inside = [each for each in self._inside if each not in found]
        self._settle_technology()
        if found:
            self._tell_peers()

    def start_music(self) -> None:
        """Let music on hold play to all of it."""
        self.music = True
        self.let_in_unseen("Announcer/ARI_MOH")

    def stop_music(self) -> None:
        """Let it end."""
        self.music = False
        self.let_out_unseen("Announcer/ARI_MOH")

    def put_out(self, channel: Channel) -> None:
        """Let a channel out that did not ask: its end has a cause now, however far off that is."""
        channel.cause = channel.cause or NORMAL
        self.leave(channel)

    def leave(self, channel: Channel) -> None:
        """Let a channel out."""
        if channel not in self.members:
            return
        if channel.variables.get("BRIDGEPEER"):
            self._tell_peer(channel, "", "")
        if channel.hung_up:
            channel.cause = channel.cause or NORMAL
        del self.members[channel]
        self._inside.remove(channel)
        channel.bridge = None
        self.voice.remove(channel.voice)
        source = self._forget_video()
        if source:
            self._tell_video(source)
        self.publish("ChannelLeftBridge", channel)
        self._settle_technology()
        if self.members:
            self._tell_peers()
        else:  # announcers and recorders do not stay by themselves
            self.exchange.media.abandon(f"bridge:{self.id}")
            self.stop_music()
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

    def _forget_video(self) -> str:
        """Show whoever talks from now on, where that was asked for; whose video was shown."""
        if not self.video_cleared:
            return ""
        before, self.video_source = self.video_source, ""
        self.video_mode, self.video_cleared = "talker", False
        return before

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
            self.put_out(channel)
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
            self.tell_peers_again()

    def pass_digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """A member pressed a key: the others, and recordings, hear it unless it is absorbed."""
        member = self.members.get(channel)
        if self.bridge_type == "holding" or member is None or member.absorb_dtmf:
            return
        self.exchange.media.press(f"bridge:{self.id}", digit)
        for other in self.members:
            if other is not channel:
                other.driver.digit(other, digit, milliseconds)
