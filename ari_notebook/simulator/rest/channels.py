"""What ARI's channels operations do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.channels import EXPLICIT, NORMAL, Channel, Unreachable
from ari_notebook.simulator.dialing import NO_ANSWER, TOLD, dial_event, take_after
from ari_notebook.simulator.messages import Later, Refused, Reply
from ari_notebook.simulator.naturals import leading
from ari_notebook.simulator.rest import channel_media, originating, variables
from ari_notebook.simulator.sip_channels import SipChannel
from ari_notebook.simulator.stasis import controlled, find

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply | Later[Reply]]"

_GONE = Reply(404, {"message": "Channel not found"})
# Reasons that a hangup may name, and their causes.
_REASONS = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "no_answer": 19,
    "timeout": 18,
    "rejected": 21,
    "unallocated": 1,
    "normal_unspecified": 31,
    "number_incomplete": 28,
    "codec_mismatch": 58,
    "interworking": 127,
    "failure": 38,
    "answered_elsewhere": 26,
}


def list_channels(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /channels``."""
    return Reply(200, [channel.last_told() for channel in exchange.channels.values()])


def get(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /channels/{channelId}``."""
    channel = exchange.channel(args["channelId"], named=False)
    if channel is None:
        raise Refused(404, "Channel not found")
    return Reply(200, channel.last_told())


def hangup(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /channels/{channelId}``."""
    channel = find(exchange, args["channelId"])
    reason, code = args["reason"], args["reason_code"]
    if reason and code:
        raise Refused(400, "The reason and reason_code can't both be specified")
    if code:
        cause = leading(code)
        if cause is None:
            message = "Invalid reason for hangup reason code provided"
            raise Refused(400, message, reason="Invalid Reason Code")
    elif reason:
        cause = _REASONS.get(reason)
        if cause is None:
            message = "Invalid reason for hangup reason provided"
            raise Refused(400, message, reason="Invalid Reason")
    else:
        cause = NORMAL
    channel.cause = cause
    channel.request_hangup(cause, soft=EXPLICIT)
    return Reply(204)


def continue_in_dialplan(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/continue``."""
    control = controlled(exchange, args["channelId"], up=True)
    channel = control.channel
    context, exten = args["context"], args["extension"]
    label, priority = args["label"], args["priority"]
    where: tuple[str, str, int] | None = None
    if context or exten or label or priority:
        at = context or channel.context
        to = exten or ("s" if context else channel.exten)
        if label:
            priority = originating.labelled(exchange, at, to, label)
        where = (at, to, priority or 1)

    def go_on() -> None:
        if where is None:
            return
        channel.context, channel.exten, wanted = where
        # The dialplan goes to the next one. A negative priority is none: the channel's own stays,
        # and a dialplan that runs already goes on behind it.
        if wanted > 0 or not channel.in_dialplan:
            channel.priority = (wanted if wanted > 0 else channel.priority) - 1

    exchange.soon(lambda: control.tasks.run(lambda: control.leave(go_on)))
    return Reply(204)


def move(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/move``; empty arguments are left out."""
    control = controlled(exchange, args["channelId"])
    words = [word for word in (args["appArgs"] or "").split(",") if word]
    exchange.soon(lambda: control.tasks.run(lambda: control.move(args["app"] or "", words)))
    return Reply(204)


def redirect(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/redirect``."""
    control = controlled(exchange, args["channelId"], up=True)
    endpoint = args["endpoint"] or ""
    if not endpoint:
        message = "Required parameter 'endpoint' not provided."
        raise Refused(400, message, reason="Not Found")
    technology, slash, rest = endpoint.partition("/")
    if not technology or not slash:
        raise Refused(422, f"Endpoint parameter '{endpoint}' does not contain tech/resource")
    if not rest:
        raise Refused(422, f"No resource provided in endpoint parameter '{endpoint}'")
    own = control.channel.name.partition("/")[0]
    if not own.lower().startswith(technology.lower()):
        message = f"Endpoint technology '{technology}' does not match channel technology '{own}'"
        raise Refused(422, message)
    control.channel.driver.indicate(control.channel, f"TRANSFER {rest}")
    return Reply(204)


def answer(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /channels/{channelId}/answer``."""
    control = controlled(exchange, args["channelId"], up=True)
    return control.in_turn(control.channel.answer)


def _indicate(condition: str) -> Handler:
    def handler(exchange: Exchange, args: Arguments) -> Reply:
        control = controlled(exchange, args["channelId"], up=True)
        channel = control.channel

        def act() -> None:
            if channel.intercepts_hold and condition in ("HOLD", "UNHOLD"):
                music = {"musicclass": "N/A"} if condition == "HOLD" else {}
                channel.publish(f"Channel{condition.title()}", **music)
            elif (
                condition == "PROGRESS" or channel.state != "Up" or condition in ("HOLD", "UNHOLD")
            ):
                channel.driver.indicate(channel, condition)

        exchange.soon(lambda: control.tasks.run(act))
        return Reply(204)

    return handler


def ring_stop(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /channels/{channelId}/ring``."""
    controlled(exchange, args["channelId"], up=True)
    return Reply(204)


def _mute(on: bool) -> Handler:
    def handler(exchange: Exchange, args: Arguments) -> Reply:
        channel = controlled(exchange, args["channelId"], up=True).channel
        direction = args["direction"]
        if not direction:
            raise Refused(400, "Direction is required")
        if direction not in ("in", "out", "both"):
            raise Refused(400, "Invalid direction specified")
        ways = {"in", "out"} if direction == "both" else {direction}
        channel.muted = channel.muted | ways if on else channel.muted - ways
        channel.hook("mute", on=bool(channel.muted))
        return Reply(204)

    return handler


def _begin_sound(exchange: Exchange, args: Arguments) -> Reply:
    """Music and silence have no event; before the answer the other end hears of the sound."""
    control = controlled(exchange, args["channelId"], up=True)
    exchange.soon(lambda: control.tasks.run(control.announce_sound))
    return Reply(204)


def _end_sound(exchange: Exchange, args: Arguments) -> Reply:
    """The end of music and silence leaves no trace that ARI shows."""
    controlled(exchange, args["channelId"], up=True)
    return Reply(204)


def get_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /channels/{channelId}/variable``."""
    name = args["variable"]
    if not name:
        raise Refused(400, "Variable name is required")
    return Reply(200, {"value": _read(exchange, _provided(exchange, args), name)})


def _provided(exchange: Exchange, args: Arguments) -> Channel:
    message, reason = "Provided channel was not found", "Channel Not Found"
    return find(exchange, args["channelId"], message, reason)


def _read(exchange: Exchange, channel: Channel, name: str) -> str:
    from ari_notebook.simulator.dialplan import evaluate

    value = evaluate(exchange, channel, name, from_outside=True)
    if value is None and name.endswith(")"):
        raise Refused(500, "Unable to read provided function", reason="Error With Function")
    if value is None:
        raise Refused(404, "Provided variable was not found", reason="Variable Not Found")
    return value


def set_variable(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /channels/{channelId}/variable``."""
    from ari_notebook.simulator.dialplan import assign

    name = args["variable"]
    if not name:
        raise Refused(400, "Variable name is required")
    control = controlled(exchange, args["channelId"])
    channel = control.channel

    def do() -> None:
        _report(channel.reported, name, args["report_events"])
        # A function that refuses says so in the log alone.
        assign(exchange, channel, name, args["value"], from_outside=True)

    return control.in_turn(do, _GONE)


def _report(reported: list[str], name: str, wanted: bool) -> None:
    """Show a variable in events from now on; one that is set without being so wished no more."""
    if wanted and name not in reported:
        reported.append(name)
    elif not wanted and name in reported:
        reported.remove(name)


def get_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /channels/{channelId}/variables``."""
    names = variables.names(args["variables"])
    channel = _provided(exchange, args)
    return Reply(200, {"variables": {name: _read(exchange, channel, name) for name in names}})


def set_variables(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /channels/{channelId}/variables``."""
    from ari_notebook.simulator.dialplan import assign

    if args["variables"] is None:
        raise Refused(400, "The 'variables' field is required")
    _provided(exchange, args)
    control = controlled(exchange, args["channelId"])
    channel = control.channel
    asked = list(variables.inside(args["variables"], required=True))

    def do() -> None:
        for each in asked:
            _report(channel.reported, each.name, each.report_events)
            assign(exchange, channel, each.name, each.value, from_outside=True)

    return control.in_turn(do, _GONE)


def dial(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/dial``."""
    control = controlled(exchange, args["channelId"])
    channel = control.channel
    if channel.state not in ("Down", "Rsrved"):
        raise Refused(409, "Channel is not in the 'Down' state")
    if not channel.originated_by:
        raise Refused(409, "Dialing a channel not created by ARI")
    caller = exchange.channel(args["caller"]) if args["caller"] else None
    if caller is not None and take_after(channel, caller):
        channel.publish("ChannelConnectedLine")
    exchange.soon(lambda: control.tasks.run(lambda: _dial(channel, args["timeout"])))
    return Reply(204)


def _dial(channel: Channel, timeout: int) -> None:
    """Call while the channel waits in Stasis; whom it calls decides nothing but to answer."""

    def heard(condition: str) -> None:
        if condition == "RINGING":
            channel.set_state("Ringing")
        if condition == "ANSWER":
            channel.on_control = None
            channel.set_state("Up")
        if condition == "ANSWER" or condition in TOLD:
            dial_event(channel, condition, named=False)
            if channel.bridge is not None:
                channel.bridge.pass_condition(channel, condition)

    def too_late() -> None:
        if channel.state != "Up":
            channel.cause = NO_ANSWER
            channel.request_hangup(soft=EXPLICIT)

    channel.on_control = heard
    try:
        channel.driver.call(channel)
    except Unreachable:
        channel.request_hangup(NORMAL, tell=False)
        return
    dial_event(channel, "")
    if timeout > 0:
        channel.on_gone.append(channel.exchange.after(timeout, too_late).cancel)


def rtp_statistics(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /channels/{channelId}/rtp_statistics``."""
    channel = find(exchange, args["channelId"])
    if isinstance(channel, SipChannel):
        if statistics := channel.rtp_statistics():
            return Reply(200, statistics)
        raise Refused(404, "RTP info not found")
    if channel.name.startswith("UnicastRTP/"):
        raise Refused(404, "RTP info not found")
    raise Refused(403, "Unsupported channel type")


def transfer_progress(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/transfer_progress``."""
    states = ("channel_progress", "channel_answered", "channel_unavailable", "channel_declined")
    control = controlled(exchange, args["channelId"])
    if not args["states"]:
        raise Refused(400, "states must not be empty")
    if args["states"].lower() not in states:
        raise Refused(400, "Invalid states value")
    control.channel.driver.indicate(control.channel, f"TRANSFER_{args['states'].upper()}")
    return Reply(204)


OPERATIONS: dict[str, Handler] = {
    "list": list_channels,
    "originate": originating.originate,
    "create": originating.create,
    "get": get,
    "originateWithId": originating.originate,
    "hangup": hangup,
    "continueInDialplan": continue_in_dialplan,
    "move": move,
    "redirect": redirect,
    "answer": answer,
    "ring": _indicate("RINGING"),
    "ringStop": ring_stop,
    "progress": _indicate("PROGRESS"),
    "mute": _mute(True),
    "unmute": _mute(False),
    "hold": _indicate("HOLD"),
    "unhold": _indicate("UNHOLD"),
    "startMoh": _begin_sound,
    "stopMoh": _end_sound,
    "startSilence": _begin_sound,
    "stopSilence": _end_sound,
    "getChannelVar": get_variable,
    "setChannelVar": set_variable,
    "getChannelVars": get_variables,
    "setChannelVars": set_variables,
    "dial": dial,
    "rtpstatistics": rtp_statistics,
    "transfer_progress": transfer_progress,
    **channel_media.OPERATIONS,
}
