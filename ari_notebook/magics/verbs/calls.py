"""Verbs that make calls."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb

_GROUP = "Calls"


@verb(
    "call",
    "a caller dials an extension: a simulated phone, or a Local channel on a real Asterisk",
    Argument("EXTEN[@CONTEXT]", required=False, kind="extension"),
    options=(Option("--caller", "who calls", '"Alice <5551>"'),),
    group=_GROUP,
    method='ari.call("1000")',
    examples=("%ari call 1000", '%ari call 1000@default --caller "Alice <5551>"'),
)
def call(context: Context, given: ParsedLine) -> Any:
    """Call an extension as a caller."""
    extension, _, place = str(given["EXTEN[@CONTEXT]"] or "1000").partition("@")
    if not extension:
        raise UsageProblem("call needs an extension", "As in: %ari call 1000")
    return context.session.call(extension, place or "default", caller=given.option("--caller"))


@verb(
    "originate",
    "call an endpoint; the answered channel goes to the application, or into the dialplan",
    Argument("ENDPOINT", "an endpoint, as Local/1002@default or PJSIP/alice", kind="endpoint"),
    options=(
        Option("--app", "the application of the channel; default: the session's", "A"),
        Option("--extension", "the extension to run instead", "EXTEN[@CONTEXT]", "extension"),
        Option("--caller", "caller ID shown to the callee", '"Alice <5551>"'),
        Option("--timeout", "timeout in seconds", "S"),
        Option("--id", "the channel's id", "ID"),
    ),
    fields="channels.originate",
    group=_GROUP,
    method='ari.channels.originate("Local/1002@default", app="hello-world")',
    operation="POST /channels",
    examples=(
        "channel = %ari originate Local/1002@default",
        "%ari originate PJSIP/alice --extension 1000@default",
    ),
)
def originate(context: Context, given: ParsedLine) -> Any:
    """Call an endpoint."""
    session = context.session
    arguments: dict[str, Any] = {"endpoint": str(given["ENDPOINT"]), **given.fields}
    if given.option("--extension"):
        if given.option("--app"):
            raise UsageProblem(
                "originate takes --app or --extension, not both",
                "Asterisk would ignore the extension: omit one of them.",
            )
        exten, _, place = str(given.option("--extension")).partition("@")
        arguments |= {"extension": exten, "context": place or "default"}
    elif "extension" not in arguments:
        arguments.setdefault("app", given.option("--app") or session.apps[0])
    for option, name in (
        ("--caller", "callerId"),
        ("--timeout", "timeout"),
        ("--id", "channelId"),
    ):
        if given.option(option):
            arguments[name] = given.option(option)
    return session.invoke(session.operation("channels.originate"), arguments)


@verb(
    "create",
    "create a channel that is Down, in the application, until it is dialled",
    Argument("ENDPOINT", "an endpoint, as Local/1002@default or PJSIP/alice", kind="endpoint"),
    fields="channels.create",
    group=_GROUP,
    method='ari.channels.create("Local/1002@default", app="hello-world")',
    operation="POST /channels/create",
    examples=("channel = %ari create Local/1002@default",),
)
def create(context: Context, given: ParsedLine) -> Any:
    """Make a channel."""
    session = context.session
    arguments = {"endpoint": str(given["ENDPOINT"]), "app": session.apps[0], **given.fields}
    return session.invoke(session.operation("channels.create"), arguments)


@verb(
    "dial",
    "dial a created channel",
    Argument("CHANNEL", required=False, kind="channel"),
    options=(
        Option("--timeout", "timeout in seconds", "S"),
        Option("--caller", "the channel of the caller", "CHANNEL", "channel"),
    ),
    group=_GROUP,
    method="channel.dial(timeout=30)",
    operation="POST /channels/{channelId}/dial",
    examples=("%ari dial $channel --timeout 30",),
)
def dial(context: Context, given: ParsedLine) -> None:
    """Dial a created channel."""
    channel = context.named_or_current(given["CHANNEL"])
    arguments: dict[str, Any] = {}
    if given.option("--timeout"):
        arguments["timeout"] = str(given.option("--timeout"))  # whole seconds: 0.5 is refused
    if given.option("--caller"):
        arguments["caller"] = context.find_channel(given.option("--caller")).id
    channel.dial(**arguments)
