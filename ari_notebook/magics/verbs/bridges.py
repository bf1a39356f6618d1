"""Verbs about bridges."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import NotFound
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.media import RECORD_OPTIONS, WAIT, play_on, record_from

_GROUP = "Bridges"
_PATH = "/bridges/{bridgeId}"
BRIDGE = Option("--bridge", "the bridge; default: the newest", "B", "bridge")


def _bridge(context: Context, given: ParsedLine) -> Any:
    """Return the bridge of ``--bridge``, or the newest."""
    named = given.options.get("--bridge")
    session = context.session
    if named:
        return context.find_bridge(named)
    session.synchronizer.refresh_bridges()
    ids = list(session.tables.bridges)
    if not ids:
        raise NotFound("there is no bridge", "Make one: bridge = %ari bridge create")
    return session.bridges[ids[-1]]


@verb(
    "bridge create",
    "make a bridge",
    Argument("TYPE", required=False, kind="bridge type"),
    options=(Option("--name", "its name", "N"), Option("--id", "its id", "ID")),
    group=_GROUP,
    method='ari.bridges.create(type="mixing")',
    operation="POST /bridges",
    examples=("bridge = %ari bridge create", "%ari bridge create holding --name waiting"),
)
def create(context: Context, given: ParsedLine) -> Any:
    """Make a bridge."""
    session = context.session
    arguments = {"type": str(given["TYPE"] or "mixing")}
    for option, name in (("--name", "name"), ("--id", "bridgeId")):
        if given.option(option):
            arguments[name] = str(given.option(option))
    return session.invoke(session.operation("bridges.create"), arguments)


def _channels(context: Context, given: ParsedLine) -> list[str]:
    """Return the ids of the named channels, or of the current one."""
    words = given["CHANNEL"]
    if not words:
        return [context.session.current_channel.id]
    # A list in a variable becomes names with commas; a single object is unchanged.
    named = [each for word in words for each in (str(word).split(",") if "," in word else [word])]
    return [context.find_channel(each).id for each in named]


@verb(
    "bridge add",
    "put channels into a bridge",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(BRIDGE,),
    fields="bridges.add_channel",
    group=_GROUP,
    method="bridge.add_channel([alice, bob])",
    operation=f"POST {_PATH}/addChannel",
    examples=("%ari bridge add $alice $bob", "%ari bridge add $alice --bridge waiting"),
)
def add(context: Context, given: ParsedLine) -> Any:
    """Put channels into a bridge."""
    bridge = _bridge(context, given)
    channels = _channels(context, given)
    bridge.add_channel(channels, **given.fields)
    context.settle(lambda: set(channels) <= set(bridge.channels))
    return bridge


@verb(
    "bridge remove",
    "take channels out of a bridge",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(BRIDGE,),
    group=_GROUP,
    method="bridge.remove_channel(alice)",
    operation=f"POST {_PATH}/removeChannel",
    examples=("%ari bridge remove $alice",),
)
def remove(context: Context, given: ParsedLine) -> Any:
    """Take channels out."""
    bridge = _bridge(context, given)
    channels = _channels(context, given)
    bridge.remove_channel(channels)
    context.settle(lambda: not set(channels) & set(bridge.channels))
    return bridge


@verb(
    "bridge destroy",
    "end a bridge; its channels stay in Stasis",
    Argument("BRIDGE", required=False, kind="bridge"),
    options=(BRIDGE,),
    group=_GROUP,
    method="bridge.destroy()",
    operation=f"DELETE {_PATH}",
    examples=("%ari bridge destroy",),
)
def destroy(context: Context, given: ParsedLine) -> None:
    """End a bridge."""
    named = given["BRIDGE"]
    bridge = context.find_bridge(named) if named else _bridge(context, given)
    bridge.destroy()


@verb(
    "bridge play",
    "play to all in a bridge",
    Argument("MEDIA", "what to play, as hello-world or tone:ring", many=True, kind="media"),
    options=(BRIDGE, WAIT),
    fields="bridges.play",
    group=_GROUP,
    method='bridge.play("sound:hello-world")',
    operation=f"POST {_PATH}/play",
    examples=("%ari bridge play hello-world",),
)
def play(context: Context, given: ParsedLine) -> Any:
    """Play to a bridge."""
    return play_on(context, given, _bridge(context, given))


@verb(
    "bridge record",
    "record the audio of a bridge",
    Argument("NAME", "a name for the recording"),
    options=(BRIDGE, *RECORD_OPTIONS),
    fields="bridges.record",
    group=_GROUP,
    method='bridge.record("meeting", format="wav")',
    operation=f"POST {_PATH}/record",
    examples=("%ari bridge record meeting",),
)
def record(context: Context, given: ParsedLine) -> Any:
    """Record a bridge."""
    return record_from(given, _bridge(context, given))


@verb(
    "bridge moh",
    "music on hold for all in a bridge",
    Argument("start|stop", required=False, kind="start"),
    options=(BRIDGE,),
    group=_GROUP,
    method="bridge.start_moh()",
    operation=f"POST {_PATH}/moh",
    examples=("%ari bridge moh", "%ari bridge moh stop"),
)
def moh(context: Context, given: ParsedLine) -> None:
    """Play or stop music on hold in a bridge."""
    bridge, what = _bridge(context, given), given["start|stop"]
    if what == "stop":
        bridge.stop_moh()
    elif what in (None, "start"):
        bridge.start_moh()
    else:
        bridge.start_moh(str(what))
