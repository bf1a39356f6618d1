"""Creation of channels by ARI: originate calls at once, create leaves the call to dial."""

from __future__ import annotations

from ari_notebook.simulator.calls.dial import call_program, make_channel, set_variables
from ari_notebook.simulator.calls.local import halves_of
from ari_notebook.simulator.calls.media_channels import FORMATS
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.numbers import leading
from ari_notebook.simulator.pbx.channel import LONGEST_ID, NORMAL, CallerId, Channel
from ari_notebook.simulator.rest.context import Arguments, AriContext
from ari_notebook.simulator.rest.operations import variables
from ari_notebook.simulator.rest.parameters import separate
from ari_notebook.simulator.stasis.control import stasis
from ari_notebook.simulator.utf8 import octets

_DEFAULT_TIMEOUT = 30
_NO_APP = "(null)"  # Asterisk's name for a missing application, which is never registered
_THREAD_STARTS = 0.001


def originate(ari: AriContext, args: Arguments) -> Reply:
    """Originate a channel: ``POST /channels`` and ``POST /channels/{channelId}``."""
    given = variables.inside(args["variables"])
    ids = _ids(args)
    if any(len(octets(id)) > LONGEST_ID for id in ids if id):
        raise AriRefusal(400, f"Uniqueid length exceeds maximum of {LONGEST_ID}")
    if not args["endpoint"]:
        raise AriRefusal(400, "Endpoint must be specified")
    _check_formats_or_originator(args)
    endpoint = _endpoint(args)
    app, extension = args["app"], args["extension"]
    if not app and not extension:
        raise AriRefusal(400, "Application or extension must be specified")
    where = _where(ari, args) if not app else None
    originator = ari.exchange.channel(args["originator"]) if args["originator"] else None
    if args["originator"] and originator is None:
        raise AriRefusal(400, "Provided originator channel was not found")
    _check_formats(args)
    _check_ids(ari, ids, endpoint)
    caller = CallerId.parse(args["callerId"]).shrunk() if args["callerId"] else None
    given_args = args["appArgs"] or ""
    channel = make_channel(
        ari.exchange,
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
        for half in halves_of(channel):
            ari.exchange.event_bus.subscribe(app, half.topic)
    timeout: float | None = args["timeout"] if args["timeout"] > 0 else _DEFAULT_TIMEOUT
    if args["timeout"] == -1:
        timeout = None

    def then() -> Program:
        if app:
            yield from _in_stasis(channel, app, given_args)
        elif where is not None:
            yield _THREAD_STARTS  # in which the device states of the answer are determined
            channel.dialplan.location = where
            yield from ari.exchange.dialplan.run(channel)

    shown = channel.snapshot()
    channel.run(call_program(channel, timeout, then))
    return Reply(200, shown)


def create(ari: AriContext, args: Arguments) -> Reply:
    """Create a channel in Stasis that stays Down until dialled: ``POST /channels/create``."""
    given = variables.inside(args["variables"])
    _check_formats_or_originator(args)
    if not args["endpoint"]:
        raise AriRefusal(400, "Endpoint must be specified")
    endpoint = _endpoint(args)
    app = _NO_APP if args["app"] is None else args["app"]
    if args["originator"] and (originator := ari.exchange.channel(args["originator"])) is not None:
        ari.exchange.event_bus.subscribe(app, originator.topic)
    _check_formats(args)
    ids = _ids(args)
    _check_ids(ari, ids, endpoint)
    channel = make_channel(ari.exchange, endpoint, ids=ids, application=None)
    _widen(channel, args)
    channel.originated_by = app
    given_args = args["appArgs"] or ""
    ari.exchange.event_bus.subscribe(app, channel.topic)
    set_variables(channel, _values(given))
    _report(channel, given)
    shown = channel.snapshot()
    channel.run(_alone(channel, app, given_args))
    return Reply(200, shown)


def _alone(channel: Channel, app: str, given_args: str) -> Program:
    """Run only Stasis on a channel; the channel ends with it."""
    try:
        # The time a new thread takes in Asterisk: the response precedes StasisStart.
        yield _THREAD_STARTS + channel.exchange.races.delay()
        yield from _in_stasis(channel, app, given_args)
    finally:
        if channel.variable("STASISSTATUS") != "FAILED" and not channel.hung_up:
            channel.cause = channel.cause or NORMAL


def _in_stasis(channel: Channel, app: str, given_args: str) -> Program:
    """Run Stasis on a channel; quotes, brackets and backslashes keep commas in an argument."""
    words = separate(given_args) if given_args else []
    before = channel.dialplan.application
    channel.run_application("Stasis", f"{app},{given_args}" if given_args else app)
    try:
        yield from stasis(channel, app, words)
    finally:
        channel.dialplan.application = before


def _values(given: list[variables.GivenVariable]) -> dict[str, str]:
    return {each.name: each.value for each in given}


def _report(channel: Channel, given: list[variables.GivenVariable]) -> None:
    channel.reported_variables += [each.name for each in given if each.report_events]


def _widen(channel: Channel, args: Arguments) -> None:
    """Choose the best format of a Local channel if none is given, as Asterisk does."""
    if not args["formats"] and not args["originator"] and len(halves := halves_of(channel)) > 1:
        for half in halves:
            half.audio.wideband = True


def _check_formats_or_originator(args: Arguments) -> None:
    if args["originator"] and args["formats"]:
        raise AriRefusal(400, "Originator and formats can't both be specified")


def _endpoint(args: Arguments) -> str:
    endpoint: str = args["endpoint"]
    technology, _, device = endpoint.partition("/")
    if not technology or not device:
        raise AriRefusal(400, "Invalid endpoint specified")
    return endpoint


def _check_formats(args: Arguments) -> None:
    for format in args["formats"].split(",") if args["formats"] else ():
        if format.strip().lower() not in FORMATS:
            raise AriRefusal(400, f"Provided format ({format.strip()}) was not found")


def _ids(args: Arguments) -> tuple[str | None, str | None]:
    return args["channelId"] or None, args["otherChannelId"] or None


def _check_ids(ari: AriContext, ids: tuple[str | None, str | None], endpoint: str) -> None:
    first, second = ids
    if not first:
        return  # the id for the other half is then ignored
    wanted = {first, second or (f"{first};2" if endpoint[:6] == "Local/" else first)}
    if any(ari.exchange.channel(id, named=False) for id in wanted) or first == second:
        raise AriRefusal(409, "Channel with given unique ID already exists")


def _where(ari: AriContext, args: Arguments) -> tuple[str, str, int]:
    context, exten, label = args["context"] or "default", args["extension"], args["label"]
    priority = labelled(ari, context, exten, label) if label else args["priority"]
    return context, exten, max(1, priority)


def labelled(ari: AriContext, context: str, exten: str, label: str) -> int:
    """Return the priority of a request's label, which may begin with a number.

    Raises:
        AriRefusal: 404, no such label; 400, it is priority 0.
    """
    found = leading(label)
    if found is None:
        found = ari.exchange.dialplan.label(context, exten, label)
    if found is None:
        raise AriRefusal(404, "Requested label can not be found")
    if found == 0:
        raise AriRefusal(400, "Requested priority is illegal")
    return found
