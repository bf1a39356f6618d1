"""Making channels by ARI: originate calls at once, create leaves calling to dial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.channels import LONGEST_ID, NORMAL, Channel, Party
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialing import call_program, make_channel, set_variables
from ari_notebook.simulator.external_media import FORMATS
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.naturals import leading
from ari_notebook.simulator.rest import variables
from ari_notebook.simulator.stasis import stasis

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]

_DEFAULT_TIMEOUT = 30
_NO_APP = "(null)"  # what an application that is not named is called, and nobody registers
_THREAD_STARTS = 0.005


def originate(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels`` and ``POST /channels/{channelId}``."""
    given = variables.inside(args["variables"])
    ids = _ids(args)
    if any(len(id.encode()) > LONGEST_ID for id in ids if id):
        raise Refused(400, f"Uniqueid length exceeds maximum of {LONGEST_ID}")
    if not args["endpoint"]:
        raise Refused(400, "Endpoint must be specified")
    _check_formats_or_originator(args)
    endpoint = _endpoint(args)
    app, extension = args["app"], args["extension"]
    if not app and not extension:
        raise Refused(400, "Application or extension must be specified")
    where = _where(exchange, args) if not app else None
    originator = exchange.channel(args["originator"]) if args["originator"] else None
    if args["originator"] and originator is None:
        raise Refused(400, "Provided originator channel was not found")
    _check_formats(args)
    _check_ids(exchange, ids, endpoint)
    caller = Party.parse(args["callerId"]).shrunk() if args["callerId"] else None
    words = args["appArgs"].split(",") if args["appArgs"] else []
    channel = make_channel(
        exchange,
        endpoint,
        ids=ids,
        variables=_values(given),
        caller=caller,
        originator=originator,
    )
    _report(channel, given)
    _widen(channel, args)
    if app:
        # Before the call begins, and for both halves of a Local channel.
        for half in _halves(channel):
            exchange.applications.subscribe(app, ("channel", half.id))
    timeout: float | None = args["timeout"] if args["timeout"] > 0 else _DEFAULT_TIMEOUT
    if args["timeout"] == -1:
        timeout = None

    def then() -> Program:
        if app:
            yield from _in_stasis(channel, app, words)
        elif where is not None:
            from ari_notebook.simulator.dialplan import run_dialplan

            channel.context, channel.exten, channel.priority = where
            yield from run_dialplan(channel)

    shown = channel.last_told()
    channel.run(call_program(channel, timeout, then))
    return Reply(200, shown)


def create(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/create``: a channel in Stasis that is Down until it is dialled."""
    given = variables.inside(args["variables"])
    _check_formats_or_originator(args)
    if not args["endpoint"]:
        raise Refused(400, "Endpoint must be specified")
    endpoint = _endpoint(args)
    app = args["app"] or _NO_APP
    if args["originator"] and (originator := exchange.channel(args["originator"])) is not None:
        exchange.applications.subscribe(app, ("channel", originator.id))
    _check_formats(args)
    ids = _ids(args)
    _check_ids(exchange, ids, endpoint)
    channel = make_channel(exchange, endpoint, ids=ids, application=None)
    _widen(channel, args)
    channel.originated_by = app
    words = args["appArgs"].split(",") if args["appArgs"] else []
    exchange.applications.subscribe(app, ("channel", channel.id))
    set_variables(channel, _values(given))
    _report(channel, given)
    shown = channel.last_told()
    channel.run(_alone(channel, app, words))
    return Reply(200, shown)


def _alone(channel: Channel, app: str, words: list[str]) -> Program:
    """Stasis is all that runs on the channel: its end is the channel's, a normal one if it was."""
    try:
        # As long as a real one's new thread takes: whoever made the channel hears of it first.
        yield _THREAD_STARTS
        yield from _in_stasis(channel, app, words)
    finally:
        if channel.variable("STASISSTATUS") != "FAILED":
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


def _check_formats_or_originator(args: Arguments) -> None:
    if args["originator"] and args["formats"]:
        raise Refused(400, "Originator and formats can't both be specified")


def _endpoint(args: Arguments) -> str:
    endpoint: str = args["endpoint"]
    technology, _, device = endpoint.partition("/")
    if not technology or not device:
        raise Refused(400, "Invalid endpoint specified")
    return endpoint


def _check_formats(args: Arguments) -> None:
    for format in args["formats"].split(",") if args["formats"] else ():
        if format.strip().lower() not in FORMATS:
            raise Refused(400, f"Provided format ({format.strip()}) was not found")


def _ids(args: Arguments) -> tuple[str | None, str | None]:
    return args["channelId"] or None, args["otherChannelId"] or None


def _check_ids(exchange: Exchange, ids: tuple[str | None, str | None], endpoint: str) -> None:
    first, second = ids
    if not first:
        return  # then an id for the other half counts for nothing
    wanted = {first, second or (f"{first};2" if endpoint[:6] == "Local/" else first)}
    if any(exchange.channel(id, named=False) for id in wanted) or first == second:
        raise Refused(409, "Channel with given unique ID already exists")


def _where(exchange: Exchange, args: Arguments) -> tuple[str, str, int]:
    context, exten, label = args["context"] or "default", args["extension"], args["label"]
    priority = labelled(exchange, context, exten, label) if label else args["priority"]
    return context, exten, max(1, priority)


def labelled(exchange: Exchange, context: str, exten: str, label: str) -> int:
    """The priority that a request's label means, which may begin with a number.

    Raises:
        Refused: 404, no such label; 400, it is priority 0.
    """
    found = leading(label)
    if found is None:
        found = exchange.dialplan.label(context, exten, label)
    if found is None:
        raise Refused(404, "Requested label can not be found")
    if found == 0:
        raise Refused(400, "Requested priority is illegal")
    return found
