"""Verbs that send any request, and show requests and events."""

from __future__ import annotations

import sys
from typing import Any

import orjson

from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.magics.cell_output import place_of
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import INSIST, Argument, Option, ParsedLine, verb
from ari_notebook.magics.trace import start, stop

_GROUP = "The wire"


def _raw(method: str, path: str, field: str = "") -> None:
    name, _, value = field.partition("=")
    query = f', {{"{name}": "{value}"}}' if field else ""

    @verb(
        method.lower(),
        f"send {method}, and show the status line",
        Argument("PATH", "a path below /ari, as /channels"),
        options=(Option("--body", "a JSON body", "JSON"), INSIST),
        fields="query",
        group=_GROUP,
        method=f'ari.request("{method}", "{path}"{query})',
        operation=f"{method} /…",
        examples=(f"%ari {method.lower()} {path} {field}".rstrip(),),
    )
    def run(context: Context, given: ParsedLine) -> Any:
        answer = context.session.request(
            method, str(given["PATH"]), given.fields or None, _body(given)
        )
        sys.stdout.write(f"HTTP {answer.status} {answer.reason}\n")
        if not answer.content:
            return None
        return answer.json() if answer.is_json else answer.content


def _body(given: ParsedLine) -> Any:
    text = given.option("--body")
    if text is None:
        return None
    value = getattr(text, "value", text)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        raise UsageProblem(f"--body takes JSON, not {value!r}") from None


_raw("GET", "/channels")
_raw("POST", "/bridges", "type=mixing")
_raw("PUT", "/deviceStates/Stasis:lamp", "deviceState=INUSE")
_raw("DELETE", "/deviceStates/Stasis:lamp")


class CurlCommand(str):
    """A shell command, shown unquoted."""

    def __repr__(self) -> str:
        return str(self)


@verb(
    "curl",
    "the last request as a curl command, without the password; other secrets are ***",
    group=_GROUP,
    method="ari.requests.last.curl()",
    examples=("%ari curl",),
)
def curl(context: Context, given: ParsedLine) -> CurlCommand:
    """Return the last request as a curl command."""
    last = context.session.requests.last
    if last is None:
        raise NotFound("no request was sent yet", "Try: %ari get /channels")
    return CurlCommand(last.curl())


@verb(
    "trace",
    "print requests and events, in the form of curl and wscat",
    Argument("on|off", "on or off", kind="switch"),
    group=_GROUP,
    method="",
    examples=("%ari trace on",),
)
def trace(context: Context, given: ParsedLine) -> None:
    """Enable or disable the trace."""
    switch = str(given["on|off"])
    if switch == "on":
        start(context.session, place_of(context.shell))
    elif switch == "off":
        stop(context.session)
    else:
        raise UsageProblem(f"trace takes on or off, not {switch!r}")
