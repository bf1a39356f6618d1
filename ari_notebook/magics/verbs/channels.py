"""Verbs that act on a channel: the current one, or the one that ``--channel`` names."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import VERBS, Argument, Option, ParsedLine, verb

CHANNEL = Option("--channel", "the channel: its id, a part of its id or name", "C", "channel")
_GROUP = "A channel"
_KEYS = set("0123456789*#ABCDabcdWw")  # Asterisk ignores others (main/app.c, dtmf_stream)


def _simple(name: str, about: str, method: str, operation: str) -> None:
    """Register a verb for one operation of a channel without arguments."""

    @verb(
        name,
        about,
        Argument("CHANNEL", required=False, kind="channel"),
        options=(CHANNEL,),
        group=_GROUP,
        method=f"channel.{method}()",
        operation=operation,
        examples=(f"%ari {name}", f"%ari {name} $channel"),
    )
    def run(context: Context, given: ParsedLine) -> Any:
        getattr(context.named_or_current(given["CHANNEL"]), method)()


_PATH = "/channels/{channelId}"
for _name, _about, _method, _operation in (
    ("answer", "answer the call", "answer", f"POST {_PATH}/answer"),
    ("ring", "indicate ringing to the caller", "ring", f"POST {_PATH}/ring"),
    ("ringstop", "stop ringing", "ring_stop", f"DELETE {_PATH}/ring"),
    ("progress", "indicate progress", "progress", f"POST {_PATH}/progress"),
    ("hold", "hold the call", "hold", f"POST {_PATH}/hold"),
    ("unhold", "resume the held call", "unhold", f"DELETE {_PATH}/hold"),
):
    _simple(_name, _about, _method, _operation)


@verb(
    "hangup",
    "hang up",
    Argument("CHANNEL", required=False, kind="channel"),
    options=(CHANNEL, Option("--reason", "reason, such as busy or normal", "R", "reason")),
    group=_GROUP,
    method="channel.hangup()",
    operation=f"DELETE {_PATH}",
    examples=("%ari hangup", "%ari hangup --reason busy"),
)
def hangup(context: Context, given: ParsedLine) -> None:
    """Hang up."""
    reason = given.option("--reason")
    channel = context.named_or_current(given["CHANNEL"])
    channel.hangup(**({"reason": reason} if reason else {}))


def _mute(name: str, about: str, method: str) -> None:
    @verb(
        name,
        about,
        Argument("in|out|both", required=False, kind="direction"),
        options=(CHANNEL,),
        group=_GROUP,
        method=f'channel.{name}(direction="both")',
        operation=f"{method} {_PATH}/mute",
        examples=(f"%ari {name}", f"%ari {name} in"),
    )
    def run(context: Context, given: ParsedLine) -> None:
        getattr(context.channel, name)(direction=given["in|out|both"] or "both")


_mute("mute", "mute audio from it, to it, or both", "POST")
_mute("unmute", "unmute it", "DELETE")


def _start_stop(name: str, about: str, start: str, stop: str, argument: str = "") -> None:
    @verb(
        name,
        about,
        Argument("start|stop", required=False, kind="start"),
        *((Argument(argument, required=False),) if argument else ()),
        options=(CHANNEL,),
        group=_GROUP,
        method=f"channel.{start}()",
        operation=f"POST {_PATH}/{name}",
        examples=(f"%ari {name}", f"%ari {name} stop"),
    )
    def run(context: Context, given: ParsedLine) -> None:
        what, *named = [str(word) for word in given.arguments.values() if word] or ["start"]
        if argument and what not in ("start", "stop"):
            what, named = "start", [what, *named]
        if what not in ("start", "stop") or len(named) > (what == "start" and bool(argument)):
            raise UsageProblem(
                f"{name} got an unexpected word {(named or [what])[-1]!r}",
                f"Usage: {VERBS[name].usage}",
            )
        getattr(context.channel, start if what == "start" else stop)(*named)


_start_stop("moh", "music on hold", "start_moh", "stop_moh", "CLASS")
_start_stop("silence", "silence", "start_silence", "stop_silence")


@verb(
    "dtmf",
    "press keys for the far end of a channel; a caller presses keys by caller.press",
    Argument("DIGITS", "the digits to send, as 12#"),
    options=(CHANNEL,),
    fields="channels.send_dtmf",
    group=_GROUP,
    method='channel.send_dtmf("12#")',
    operation=f"POST {_PATH}/dtmf",
    examples=("%ari dtmf 12#", "%ari dtmf 1 duration=200"),
)
def dtmf(context: Context, given: ParsedLine) -> None:
    """Send digits."""
    digits = str(given["DIGITS"])
    if not set(digits) <= _KEYS:
        raise UsageProblem(
            f"not telephone keys: {digits!r}",
            "Keys are 0-9, *, # and A-D; w waits half a second, W a second.",
        )
    context.channel.send_dtmf(digits, **given.fields)


@verb(
    "snoop",
    "listen in on a channel, or speak to it, with a separate channel",
    options=(
        CHANNEL,
        Option("--spy", "direction to listen to", "none|in|out|both", "direction"),
        Option("--whisper", "direction to speak into", "none|in|out|both", "direction"),
        Option("--app", "the application of the snoop channel", "A"),
    ),
    group=_GROUP,
    method='channel.snoop_channel(spy="both", app="hello-world")',
    operation=f"POST {_PATH}/snoop",
    examples=("listener = %ari snoop --spy both",),
)
def snoop(context: Context, given: ParsedLine) -> Any:
    """Create a snoop channel."""
    arguments = {"app": given.option("--app") or context.session.apps[0]}
    for name in ("spy", "whisper"):
        if given.option(f"--{name}"):
            arguments[name] = given.option(f"--{name}")
    if len(arguments) == 1:
        arguments["spy"] = "both"
    return context.channel.snoop_channel(**arguments)


@verb(
    "continue",
    "continue the channel in the dialplan",
    Argument("EXTEN[@CONTEXT]", required=False, kind="extension"),
    options=(CHANNEL, Option("--priority", "priority or label", "P")),
    group=_GROUP,
    method="channel.continue_in_dialplan()",
    operation=f"POST {_PATH}/continue",
    examples=("%ari continue", "%ari continue 1002@default"),
)
def continue_(context: Context, given: ParsedLine) -> None:
    """Leave Stasis."""
    exten, sign, place = str(given["EXTEN[@CONTEXT]"] or "").partition("@")
    if sign and not place:
        raise UsageProblem(
            "continue needs a context after the @", "As in: %ari continue 1002@default"
        )
    arguments: dict[str, Any] = {}
    if exten:
        arguments["extension"] = exten
    if place:
        arguments["context"] = place
    priority = given.option("--priority")
    if priority:
        arguments["priority" if str(priority).isdigit() else "label"] = priority
    context.channel.continue_in_dialplan(**arguments)


@verb(
    "redirect",
    "redirect the caller to another endpoint, by the channel's technology",
    Argument("ENDPOINT", "an endpoint, as PJSIP/alice", kind="endpoint"),
    options=(CHANNEL,),
    group=_GROUP,
    method='channel.redirect("PJSIP/alice")',
    operation=f"POST {_PATH}/redirect",
    examples=("%ari redirect PJSIP/alice",),
)
def redirect(context: Context, given: ParsedLine) -> None:
    """Redirect a channel."""
    context.channel.redirect(str(given["ENDPOINT"]))


@verb(
    "move",
    "move the channel to another application",
    Argument("APP", "the name of a Stasis application", kind="application"),
    Argument("ARGS", required=False),
    options=(CHANNEL,),
    group=_GROUP,
    method='channel.move("queue", appArgs="vip,3")',
    operation=f"POST {_PATH}/move",
    examples=("%ari move queue vip,3",),
)
def move(context: Context, given: ParsedLine) -> None:
    """Move a channel."""
    more = {"appArgs": str(given["ARGS"])} if given["ARGS"] else {}
    context.channel.move(str(given["APP"]), **more)


@verb(
    "select",
    "make a channel the current one for all verbs; without one, the newest in Stasis",
    Argument("CHANNEL", required=False, kind="channel"),
    group=_GROUP,
    method="ari.current_channel = channel",
    examples=("%ari select $channel",),
)
def select(context: Context, given: ParsedLine) -> Any:
    """Choose the current channel."""
    named = given["CHANNEL"]
    session = context.session
    channel = session.current_channel = context.find_channel(named) if named else None
    return channel or session.current_channel


@verb(
    "variable",
    "a channel's variable or function: read it, or set it with name=value",
    Argument("NAME", required=False),
    options=(CHANNEL,),
    fields="variable",
    group=_GROUP,
    method='channel.get_channel_var("COLOUR")["value"]',
    operation=f"GET {_PATH}/variable",
    examples=("%ari variable COLOUR", "%ari variable COLOUR=red"),
)
def variable(context: Context, given: ParsedLine) -> Any:
    """Read or set a variable."""
    if not given.fields and not given["NAME"]:
        raise UsageProblem("variable needs a name", "As in: %ari variable CHANNEL(state)")
    if given.fields and given["NAME"]:
        name, value = list(given.fields.items())[-1]
        raise UsageProblem(
            f"variable either sets or reads, and {str(given['NAME'])!r} is an extra word",
            f'A value with blanks needs quotes: %ari variable {name}="{value} {given["NAME"]}"',
        )
    channel = context.channel
    for name, value in given.fields.items():
        channel.set_channel_var(name, value=str(value))
    if given["NAME"]:
        return channel.get_channel_var(str(given["NAME"]))["value"]
    return None
