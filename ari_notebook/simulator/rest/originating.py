"""Making channels by ARI: originate calls at once, create leaves calling to dial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.channels import NORMAL, Channel, Party
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialing import call_program, make_channel, set_variables
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.naturals import is_natural, natural
from ari_notebook.simulator.rest import variables
from ari_notebook.simulator.stasis import stasis

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]

_DEFAULT_TIMEOUT = 30
_LONGEST_ID = 149
_THREAD_STARTS = 0.005


def originate(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels`` and ``POST /channels/{channelId}``."""
    endpoint = args["endpoint"]
    if not endpoint:
        raise Refused(400, "Endpoint must be specified")
    if "/" not in endpoint:
        raise Refused(400, "Invalid endpoint specified")
    _check_originator(exchange, args)
    app, extension = args["app"], args["extension"]
    if not app and not extension:
        raise Refused(400, "Application or extension must be specified")
    ids = _ids(exchange, args, endpoint)
    given = variables.inside(args["variables"])
    caller = Party.parse(args["callerId"]) if args["callerId"] else None
    words = args["appArgs"].split(",") if args["appArgs"] else []
    where = _where(exchange, args) if not app else None
    channel = make_channel(exchange, endpoint, ids=ids, variables=_values(given), caller=caller)
    _report(channel, given)
    _widen(channel, args)
    if app:
        # Before the call begins, and for both halves of a Local channel.
        for half in _halves(channel):
            exchange.applications.subscribe(app, ("channel", half.id))
    timeout: float | None = args["timeout"] or _DEFAULT_TIMEOUT
    if timeout is not None and timeout < 0:
        timeout = None

    def then() -> Program:
        if app:
            yield from _in_stasis(channel, app, words)
        elif where is not None:
            from ari_notebook.simulator.dialplan import run_dialplan

            channel.context, channel.exten, channel.priority = where
            yield from run_dialplan(channel)

    shown = channel.json()
    channel.run(call_program(channel, timeout, then))
    return Reply(200, shown)


def create(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/create``: a channel in Stasis that is Down until it is dialled."""
    endpoint, app = args["endpoint"], args["app"]
    if not endpoint:
        raise Refused(400, "Endpoint must be specified")
    if not app:
        raise Refused(400, "Application must be specified")
    _check_originator(exchange, args)
    ids = _ids(exchange, args, endpoint)
    given = variables.inside(args["variables"])
    channel = make_channel(exchange, endpoint, ids=ids, application=None)
    _widen(channel, args)
    channel.originated_by = app
    words = args["appArgs"].split(",") if args["appArgs"] else []
    exchange.applications.subscribe(app, ("channel", channel.id))
    set_variables(channel, _values(given))
    _report(channel, given)
    shown = channel.json()
    channel.run(_alone(channel, app, words))
    return Reply(200, shown)


def _alone(channel: Channel, app: str, words: list[str]) -> Program:
    """Stasis is all that runs on the channel: its end is the channel's, which is a normal one."""
    try:
        # As long as a real one's new thread takes: whoever made the channel hears of it first.
        yield _THREAD_STARTS
        yield from _in_stasis(channel, app, words)
    finally:
        channel.cause = channel.cause or NORMAL


def _in_stasis(channel: Channel, app: str, words: list[str]) -> Program:
    before = channel.appl
    channel.run_application("Stasis", ",".join([app, *words]))
    try:
        yield from stasis(channel, app, words)
    finally:
        channel.appl = before


def _values(given: list[variables.Given]) -> dict[str, str]:
    return {each.name: each.value for each in given}


def _report(channel: Channel, given: list[variables.Given]) -> None:
    channel.reported += [each.name for each in given if each.report_events]


def _halves(channel: Channel) -> list[Channel]:
    peer = getattr(channel.driver, "peer", None)
    return [channel, peer] if isinstance(peer, Channel) else [channel]


def _widen(channel: Channel, args: Arguments) -> None:
    """Without a word on formats, Asterisk takes the best that a Local channel has."""
    if not args["formats"] and not args["originator"] and len(halves := _halves(channel)) > 1:
        for half in halves:
            half.wideband = True


def _check_originator(exchange: Exchange, args: Arguments) -> None:
    originator = args["originator"]
    if not originator:
        return
    if args["formats"]:
        raise Refused(400, "Originator and formats can't both be specified")
    if originator not in exchange.channels:
        raise Refused(400, "Provided originator channel was not found")


def _ids(exchange: Exchange, args: Arguments, endpoint: str) -> tuple[str | None, str | None]:
    first, second = args["channelId"] or None, args["otherChannelId"] or None
    for id in (first, second):
        if id and len(id.encode()) > _LONGEST_ID:
            raise Refused(400, "Uniqueid length exceeds maximum of 149")
    wanted = {first, second or (f"{first};2" if first and endpoint[:6] == "Local/" else None)}
    if any(id in exchange.channels for id in wanted if id) or (first and first == second):
        raise Refused(409, "Channel with given unique ID already exists")
    return first, second


def _where(exchange: Exchange, args: Arguments) -> tuple[str, str, int]:
    context, exten = args["context"] or "default", args["extension"]
    priority = args["priority"] or 1
    if args["label"]:
        found = exchange.dialplan.label(context, exten, args["label"])
        if found is None:
            if not is_natural(args["label"]):
                raise Refused(404, "Requested label can not be found")
            found = natural(args["label"])
        priority = found
    return context, exten, priority
