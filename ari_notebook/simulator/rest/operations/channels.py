"""ARI's operations on channels."""

from __future__ import annotations

from functools import partial

from ari_notebook.simulator.calls.dial import (
    DIAL_STATUSES,
    NO_ANSWER,
    dial_event,
    inherit_from_caller,
)
from ari_notebook.simulator.calls.external_media import open_channel
from ari_notebook.simulator.calls.local import play_to_far_end
from ari_notebook.simulator.calls.pjsip import SipChannel
from ari_notebook.simulator.calls.snoop import snoop
from ari_notebook.simulator.media.audio_source import NOTHING, SILENCE
from ari_notebook.simulator.media.registry import check_durations
from ari_notebook.simulator.messages import AriRefusal, Deferred, Reply
from ari_notebook.simulator.numbers import leading
from ari_notebook.simulator.pbx.audio_inputs import ChannelInput
from ari_notebook.simulator.pbx.channel import EXPLICIT, NORMAL, Channel, Unreachable
from ari_notebook.simulator.pbx.dtmf import DtmfSequence
from ari_notebook.simulator.rest.context import Arguments, AriContext, OperationHandler
from ari_notebook.simulator.rest.operations import originate, variables
from ari_notebook.simulator.rest.operations.playbacks import queued_playback
from ari_notebook.simulator.rest.operations.recordings import queued_recording
from ari_notebook.simulator.stasis.control import StasisControl, controlled, find

# Seconds that answering takes before a recording begins.
_SETTLE = 0.5
# Hangup reasons and their causes.
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


def list_channels(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the channels: ``GET /channels``."""
    return Reply(200, [channel.snapshot() for channel in ari.exchange.channels.values()])


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one channel: ``GET /channels/{channelId}``."""
    channel = ari.exchange.channel(args["channelId"], named=False)
    if channel is None:
        raise AriRefusal(404, "Channel not found")
    return Reply(200, channel.snapshot())


def hangup(ari: AriContext, args: Arguments) -> Reply:
    """Hang up a channel: ``DELETE /channels/{channelId}``."""
    channel = find(ari.exchange, args["channelId"])
    reason, code = args["reason"], args["reason_code"]
    if reason and code:
        raise AriRefusal(400, "The reason and reason_code can't both be specified")
    if code:
        cause = leading(code)
        if cause is None:
            message = "Invalid reason for hangup reason code provided"
            raise AriRefusal(400, message, reason="Invalid Reason Code")
    elif reason:
        cause = _REASONS.get(reason)
        if cause is None:
            message = "Invalid reason for hangup reason provided"
            raise AriRefusal(400, message, reason="Invalid Reason")
    else:
        cause = NORMAL
    channel.cause = cause
    channel.request_hangup(cause, soft=EXPLICIT)
    return Reply(204)


def continue_in_dialplan(ari: AriContext, args: Arguments) -> Reply:
    """Continue in the dialplan: ``POST /channels/{channelId}/continue``."""
    control = controlled(ari.exchange, args["channelId"], up=True)
    channel = control.channel
    context, exten = args["context"], args["extension"]
    label, priority = args["label"], args["priority"]
    where: tuple[str, str, int] | None = None
    if context or exten or label or priority:
        at = context or channel.dialplan.context
        to = exten or ("s" if context else channel.dialplan.exten)
        if label:
            priority = originate.labelled(ari, at, to, label)
        where = (at, to, priority or 1)

    def go_on() -> None:
        if where is None:
            return
        channel.dialplan.context, channel.dialplan.exten, wanted = where
        # The dialplan continues with the next priority. A negative priority is ignored: the
        # channel's priority stays, and a running dialplan continues after it.
        if wanted > 0 or not channel.dialplan.running:
            channel.dialplan.priority = (wanted if wanted > 0 else channel.dialplan.priority) - 1

    def go_there() -> None:
        if where is None:
            channel.dialplan.priority += 1 - channel.dialplan.running
        elif where[2] > 0:
            channel.dialplan.context, channel.dialplan.exten, priority = where
            channel.dialplan.priority = priority - channel.dialplan.running

    def too_late() -> None:
        control.on_hangup = go_there  # its last events show where it would have gone on

    ari.exchange.soon(lambda: control.tasks.run(lambda: control.leave(go_on), too_late))
    return Reply(204)


def move(ari: AriContext, args: Arguments) -> Reply:
    """Move a channel to another application; drop empty arguments.

    ``POST /channels/{channelId}/move``.
    """
    control = controlled(ari.exchange, args["channelId"])
    words = [word for word in (args["appArgs"] or "").split(",") if word]
    ari.exchange.soon(lambda: control.tasks.run(lambda: control.move(args["app"] or "", words)))
    return Reply(204)


def redirect(ari: AriContext, args: Arguments) -> Reply:
    """Redirect a channel: ``POST /channels/{channelId}/redirect``."""
    control = controlled(ari.exchange, args["channelId"], up=True)
    endpoint = args["endpoint"] or ""
    if not endpoint:
        message = "Required parameter 'endpoint' not provided."
        raise AriRefusal(400, message, reason="Not Found")
    technology, slash, rest = endpoint.partition("/")
    if not technology or not slash:
        raise AriRefusal(422, f"Endpoint parameter '{endpoint}' does not contain tech/resource")
    if not rest:
        raise AriRefusal(422, f"No resource provided in endpoint parameter '{endpoint}'")
    own = control.channel.name.partition("/")[0]
    if not own.lower().startswith(technology.lower()):
        message = f"Endpoint technology '{technology}' does not match channel technology '{own}'"
        raise AriRefusal(422, message)
    control.channel.driver.indicate(control.channel, f"TRANSFER {rest}")
    return Reply(204)


def answer(ari: AriContext, args: Arguments) -> Deferred[Reply]:
    """Answer a channel: ``POST /channels/{channelId}/answer``."""
    control = controlled(ari.exchange, args["channelId"], up=True)
    return control.run_in_turn(control.channel.answer)


def _indicate(condition: str) -> OperationHandler:
    def handler(ari: AriContext, args: Arguments) -> Reply:
        control = controlled(ari.exchange, args["channelId"], up=True)
        channel = control.channel

        def act() -> None:
            if channel.audio.intercepts_hold and condition in ("HOLD", "UNHOLD"):
                music = {"musicclass": "N/A"} if condition == "HOLD" else {}
                channel.publish(f"Channel{condition.title()}", **music)
            else:
                channel.driver.indicate(channel, condition)

        ari.exchange.soon(lambda: control.tasks.run(act))
        return Reply(204)

    return handler


def ring_stop(ari: AriContext, args: Arguments) -> Reply:
    """Stop ringing: ``DELETE /channels/{channelId}/ring``."""
    controlled(ari.exchange, args["channelId"], up=True)
    return Reply(204)


def _mute(on: bool) -> OperationHandler:
    def handler(ari: AriContext, args: Arguments) -> Reply:
        channel = controlled(ari.exchange, args["channelId"], up=True).channel
        direction = args["direction"]
        if not direction:
            raise AriRefusal(400, "Direction is required")
        if direction not in ("in", "out", "both"):
            raise AriRefusal(400, "Invalid direction specified")
        ways = {"in", "out"} if direction == "both" else {direction}
        channel.audio.muted = channel.audio.muted | ways if on else channel.audio.muted - ways
        channel.set_audio_hook("mute", on=bool(channel.audio.muted))
        return Reply(204)

    return handler


def _sound(*, starts: bool, silence: bool = False) -> OperationHandler:
    """Return a handler that starts or stops music or silence, without an event.

    Before the answer, early media starts. Silence is sent; music is not simulated. Either ends the
    silence or ringing tone before.
    """

    def handler(ari: AriContext, args: Arguments) -> Reply:
        control = controlled(ari.exchange, args["channelId"], up=True)
        channel = control.channel

        def do() -> None:
            if starts:
                control.start_early_media()
            play_to_far_end(channel, SILENCE if silence else NOTHING)
            channel.audio.source.wakes = silence

        ari.exchange.soon(lambda: control.tasks.run(do))
        return Reply(204)

    return handler


def get_variable(ari: AriContext, args: Arguments) -> Reply:
    """Return a variable or function: ``GET /channels/{channelId}/variable``."""
    name = args["variable"]
    if not name:
        raise AriRefusal(400, "Variable name is required")
    return Reply(200, {"value": _read(ari, _provided(ari, args), name)})


def _provided(ari: AriContext, args: Arguments) -> Channel:
    message, reason = "Provided channel was not found", "Channel Not Found"
    return find(ari.exchange, args["channelId"], message, reason)


def _read(ari: AriContext, channel: Channel, name: str) -> str:
    value = ari.exchange.evaluate(channel, name, from_outside=True)
    if value is None and name.endswith(")"):
        raise AriRefusal(500, "Unable to read provided function", reason="Error With Function")
    if value is None:
        raise AriRefusal(404, "Provided variable was not found", reason="Variable Not Found")
    return value


def set_variable(ari: AriContext, args: Arguments) -> Deferred[Reply]:
    """Set a variable or function: ``POST /channels/{channelId}/variable``."""
    name = args["variable"]
    if not name:
        raise AriRefusal(400, "Variable name is required")
    control = controlled(ari.exchange, args["channelId"])
    channel = control.channel

    def do() -> None:
        _report(channel.reported_variables, name, args["report_events"])
        # A refusal by a function appears only in the log.
        ari.exchange.assign(channel, name, args["value"], from_outside=True)

    return control.run_in_turn(do, at_end=True)


def _report(reported: list[str], name: str, wanted: bool) -> None:
    """Include a variable in events from now on, or no longer."""
    if wanted and name not in reported:
        reported.append(name)
    elif not wanted and name in reported:
        reported.remove(name)


def get_variables(ari: AriContext, args: Arguments) -> Reply:
    """Return variables: ``GET /channels/{channelId}/variables``."""
    names = variables.names(args["variables"])
    channel = _provided(ari, args)
    return Reply(200, {"variables": {name: _read(ari, channel, name) for name in names}})


def set_variables(ari: AriContext, args: Arguments) -> Deferred[Reply]:
    """Set variables: ``POST /channels/{channelId}/variables``."""
    if args["variables"] is None:
        raise AriRefusal(400, "The 'variables' field is required")
    _provided(ari, args)
    control = controlled(ari.exchange, args["channelId"])
    channel = control.channel
    asked = list(variables.inside(args["variables"], required=True))

    def do() -> None:
        for each in asked:
            _report(channel.reported_variables, each.name, each.report_events)
            ari.exchange.assign(channel, each.name, each.value, from_outside=True)

    return control.run_in_turn(do, at_end=True)


def dial(ari: AriContext, args: Arguments) -> Reply:
    """Dial a created channel: ``POST /channels/{channelId}/dial``."""
    control = controlled(ari.exchange, args["channelId"])
    channel = control.channel
    if channel.state not in ("Down", "Rsrved"):
        raise AriRefusal(409, "Channel is not in the 'Down' state")
    if not channel.originated_by:
        raise AriRefusal(409, "Dialing a channel not created by ARI")
    caller = ari.exchange.channel(args["caller"]) if args["caller"] else None
    if caller is not None and inherit_from_caller(channel, caller):
        channel.publish("ChannelConnectedLine")
    ari.exchange.soon(lambda: control.tasks.run(lambda: _dial(control, args["timeout"])))
    return Reply(204)


def _dial(control: StasisControl, timeout: int) -> None:
    """Call the far end while the channel waits in Stasis."""
    channel = control.channel

    def on_condition(condition: str) -> None:
        if condition == "RINGING":
            channel.set_state("Ringing")
        if condition == "ANSWER":
            channel.on_control = None
            channel.set_state("Up")
        if condition == "ANSWER" or condition in DIAL_STATUSES:
            dial_event(channel, condition, named=False)
            if channel.bridge is not None:
                channel.bridge.relay_condition(channel, condition)

    def too_late() -> None:
        if channel.state != "Up":
            channel.cause = NO_ANSWER
            channel.request_hangup(soft=EXPLICIT)

    channel.on_control = on_condition
    control.in_dial_bridge = True
    try:
        channel.driver.call(channel)
    except Unreachable:
        channel.request_hangup(NORMAL, publish=False)
        return
    dial_event(channel, "")
    if timeout > 0:
        channel.on_gone.append(channel.exchange.after(timeout, too_late).cancel)


def rtp_statistics(ari: AriContext, args: Arguments) -> Reply:
    """Return RTP statistics: ``GET /channels/{channelId}/rtp_statistics``."""
    channel = find(ari.exchange, args["channelId"])
    if isinstance(channel, SipChannel):
        if statistics := channel.rtp_statistics():
            return Reply(200, statistics)
        raise AriRefusal(404, "RTP info not found")
    if channel.name.startswith("UnicastRTP/"):
        raise AriRefusal(404, "RTP info not found")
    raise AriRefusal(403, "Unsupported channel type")


def transfer_progress(ari: AriContext, args: Arguments) -> Reply:
    """Report the progress of a transfer: ``POST /channels/{channelId}/transfer_progress``."""
    states = ("channel_progress", "channel_answered", "channel_unavailable", "channel_declined")
    control = controlled(ari.exchange, args["channelId"])
    if not args["states"]:
        raise AriRefusal(400, "states must not be empty")
    if args["states"].lower() not in states:
        raise AriRefusal(400, "Invalid states value")
    control.channel.driver.indicate(control.channel, f"TRANSFER_{args['states'].upper()}")
    return Reply(204)


def play(ari: AriContext, args: Arguments) -> Reply:
    """Play media, with or without a playback id: ``POST /channels/{channelId}/play``."""
    control = controlled(ari.exchange, args["channelId"], up=True)
    channel, media = control.channel, args["media"]
    for name in ("skipms", "offsetms"):
        if args[name] < 0:
            raise AriRefusal(400, f"{name} cannot be negative")
    if not media or not all(media):
        raise AriRefusal(500, "Failed to queue media for playback")
    playback = ari.media.new_playback(
        channel.topic,
        media,
        args["lang"] or channel.language,
        id=args["playbackId"] or None,
        offset=args["offsetms"],
        skip=args["skipms"],
        on_signal=partial(play_to_far_end, channel),
    )
    reply = queued_playback(playback)
    control.enqueue(playback)
    return reply


def record(ari: AriContext, args: Arguments) -> Reply:
    """Record a channel; answer it first: ``POST /channels/{channelId}/record``."""
    check_durations(args)
    control = controlled(ari.exchange, args["channelId"])
    channel = control.channel
    settle = _SETTLE if channel.state in ("Ring", "Ringing") else 0.0
    recording = ari.media.new_recording(channel.topic, ChannelInput(channel), args, settle)
    reply = queued_recording(recording)
    if channel.bridge is not None or control.in_dial_bridge:
        ari.exchange.soon(lambda: recording.fail("Cannot record channel while in bridge"))
        return reply
    ari.exchange.soon(channel.answer)
    ari.exchange.soon(lambda: control.tasks.add(recording))
    return reply


def send_dtmf(ari: AriContext, args: Arguments) -> Reply:
    """Send digits in order, after earlier tasks: ``POST /channels/{channelId}/dtmf``."""
    control = controlled(ari.exchange, args["channelId"], up=True)
    if not args["dtmf"]:
        raise AriRefusal(400, "DTMF is required")
    digits = DtmfSequence(
        control.channel,
        args["dtmf"],
        before=args["before"],
        between=args["between"],
        duration=args["duration"],
        after=args["after"],
    )
    ari.exchange.soon(lambda: control.tasks.run(control.start_early_media))
    ari.exchange.soon(lambda: control.tasks.add(digits))
    return Reply(204)


def snoop_channel(ari: AriContext, args: Arguments) -> Reply:
    """Snoop on a channel, with or without a snoop id: ``POST /channels/{channelId}/snoop``."""
    made = snoop(
        ari.exchange,
        args["channelId"],
        spy=args["spy"],
        whisper=args["whisper"],
        app=args["app"],
        app_args=args["appArgs"],
        id=args["snoopId"] or None,
    )
    return Reply(200, made.json())


def external_media(ari: AriContext, args: Arguments) -> Reply:
    """Create an external media channel: ``POST /channels/externalMedia``."""
    given = variables.inside(args["variables"])
    values = {each.name: each.value for each in given}
    reported = [each.name for each in given if each.report_events]
    return Reply(200, open_channel(ari.exchange, args, values, reported))


OPERATIONS: dict[str, OperationHandler] = {
    "list": list_channels,
    "originate": originate.originate,
    "create": originate.create,
    "get": get,
    "originateWithId": originate.originate,
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
    "startMoh": _sound(starts=True),
    "stopMoh": _sound(starts=False),
    "startSilence": _sound(starts=True, silence=True),
    "stopSilence": _sound(starts=False),
    "getChannelVar": get_variable,
    "setChannelVar": set_variable,
    "getChannelVars": get_variables,
    "setChannelVars": set_variables,
    "dial": dial,
    "rtpstatistics": rtp_statistics,
    "transfer_progress": transfer_progress,
    "play": play,
    "playWithId": play,
    "record": record,
    "sendDTMF": send_dtmf,
    "snoopChannel": snoop_channel,
    "snoopChannelWithId": snoop_channel,
    "externalMedia": external_media,
}
