"""Scenarios: TOML files that define phones and their timed actions.

    [phones.alice]
    caller = "Alice <5551>"
    answer_after = 3

    [[actions]]
    at = 1.5
    phone = "alice"
    do = "call"
    to = "1000"

`read_scenario` validates the whole file before any action runs.
"""

from __future__ import annotations

import logging
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.numbers import LARGEST, is_measure
from ari_notebook.simulator.phones.call import KEYS, NotPossible
from ari_notebook.simulator.phones.phone import Behaviour, Phone
from ari_notebook.simulator.phones.traffic import TrafficSettings

__all__ = ["VERBS", "Action", "Scenario", "check_verb", "parse_scenario", "read_scenario"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Verb:
    """An action of phones: function, required and optional arguments."""

    do: Callable[..., object]
    needs: Mapping[str, type] = field(default_factory=dict)
    optional: Mapping[str, type] = field(default_factory=dict)


def _call(phone: Phone, to: str, **conversation: Any) -> None:
    caller = conversation.pop("caller", None)
    phone.call(to, caller, **conversation)


VERBS = {
    "register": _Verb(lambda phone: phone.register()),
    "unregister": _Verb(lambda phone: phone.unregister()),
    "call": _Verb(
        _call, {"to": str}, {"caller": str, "press": str, "talk": bool, "hangup_after": float}
    ),
    "answer": _Verb(lambda phone: phone.answer()),
    "reject": _Verb(lambda phone, how="decline": phone.reject(how), {}, {"how": str}),
    "press": _Verb(lambda phone, digits: phone.current.press(digits), {"digits": str}),
    "talk": _Verb(lambda phone: phone.current.talk()),
    "quiet": _Verb(lambda phone: phone.current.quiet()),
    "hold": _Verb(lambda phone: phone.current.hold()),
    "unhold": _Verb(lambda phone: phone.current.unhold()),
    "transfer": _Verb(lambda phone, to: phone.current.transfer(to), {"to": str}),
    "attended_transfer": _Verb(lambda phone: phone.attended_transfer()),
    "hangup": _Verb(lambda phone, cause=None: phone.current.hangup(cause), {}, {"cause": int}),
    "send": _Verb(lambda phone, to, text: phone.send(to, text), {"to": str, "text": str}),
}

_COMMON = {"at": float, "phone": str, "do": str}
_PHONE = {"caller": str, "context": str, "register": bool}
_BEHAVIOUR = [each.name for each in fields(Behaviour)]
_TRAFFIC: dict[str, type] = {
    "calls_per_minute": float,
    "mean_duration": float,
    "extensions": list,
    "context": str,
    "seed": int,
}
_WORDS = {float: "a number", str: "text", bool: "true or false", int: "a whole number"}


class PhonesByName(Protocol):
    """Phones by the names of their endpoints."""

    def __getitem__(self, name: str, /) -> Phone:
        """Return the phone of an endpoint.

        Raises:
            LookupError: unknown endpoint.
        """


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a phone.

    Attributes:
        at: seconds from the beginning of the scenario.
        phone: name of the phone.
        do: one of `VERBS`.
        arguments: arguments of the verb.
    """

    at: float
    phone: str
    do: str
    arguments: Mapping[str, Any]

    def perform(self, phones: PhonesByName) -> None:
        """Perform the action; log it if it is not possible now."""
        try:
            VERBS[self.do].do(phones[self.phone], **self.arguments)
        except (NotPossible, LookupError) as fault:
            log.warning("at %g s %s cannot %s: %s", self.at, self.phone, self.do, fault.args[0])


@dataclass(frozen=True, slots=True)
class Scenario:
    """The contents of a scenario file.

    Attributes:
        phones: name → settings of `Phones.add`, and ``register``.
        actions: actions sorted by time.
        traffic: additional random calls, or None.
    """

    phones: Mapping[str, Mapping[str, Any]]
    actions: tuple[Action, ...]
    traffic: TrafficSettings | None = None


class _TableReader:
    """Validates TOML tables and locates errors in the file."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file

    def fault(self, header: str, number: int, reason: str) -> ConfigError:
        """Return an error at the nth table with a header."""
        # The header as written or, if absent, that of a subtable.
        wanted = (header, header.rstrip("]") + ".")
        found = [
            line
            for line, content in enumerate(self._lines, 1)
            if re.sub(r"[\s\"']", "", content.partition("#")[0]).startswith(wanted)
        ]
        place = f":{found[number]}" if number < len(found) else ""
        return ConfigError(f"{self._file}{place}: {header}: {reason}")

    def check(
        self,
        header: str,
        table: object,
        needs: Mapping[str, type],
        optional: Mapping[str, type],
        number: int = 0,
    ) -> dict[str, Any]:
        """Return a table after checking its keys and their types."""
        if not isinstance(table, dict):
            raise self.fault(header, number, "must be a table")
        for name in needs:
            if name not in table:
                raise self.fault(header, number, f"{name} is missing")
        kinds = {**needs, **optional}
        for name, value in table.items():
            if name not in kinds:
                known = ", ".join(kinds) or "nothing"
                raise self.fault(header, number, f"{name!r} is unknown here; use one of {known}")
            kind = kinds[name]
            if kind is float and type(value) is int:
                value = table[name] = float(value) if abs(value) <= LARGEST else math.inf
            if kind in _WORDS and type(value) is not kind:
                reason = f"{name} must be {_WORDS[kind]}, not {value!r}"
                raise self.fault(header, number, reason)
        return table


def check_verb(do: str, arguments: Mapping[str, Any]) -> None:
    """Check the arguments of an action.

    Args:
        do: one of `VERBS`.
        arguments: its arguments by name.

    Raises:
        ValueError: the reason, in one line.
    """
    verb = VERBS[do]
    kinds = {**verb.needs, **verb.optional}
    for name in verb.needs:
        if name not in arguments:
            raise ValueError(f"{name} is missing")
    for name, value in arguments.items():
        if name not in kinds:
            raise ValueError(f"{do} takes no {name}; it takes {', '.join(kinds) or 'nothing'}")
        if kinds[name] is float and (value is None or is_measure(value)):
            continue
        if type(value) is not kinds[name]:
            raise ValueError(f"{name} must be {_WORDS[kinds[name]]}, not {value!r}")
    wrong = _wrong_key(arguments)
    if wrong:
        raise ValueError(f"{wrong!r} is not a key; use {KEYS}")
    Behaviour(refuse=arguments.get("how"))


def _wrong_key(arguments: Mapping[str, Any]) -> str:
    """Return the first character of ``digits`` or ``press`` that is not a key, or ""."""
    for name in ("digits", "press"):
        for key in arguments.get(name, ""):
            if key not in KEYS:
                return str(key)
    return ""


def read_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ConfigError: invalid file, with file, line and reason.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or "is not UTF-8 text"
        raise ConfigError(f"{path}: {reason}") from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, file: str = "scenario") -> Scenario:
    """Read a scenario.

    Args:
        text: TOML text.
        file: file name, for errors.

    Raises:
        ConfigError: file, line and reason.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError(_placed(file, text, str(fault))) from None
    except (ValueError, RecursionError):  # what Python reads no further, TOML or not
        reason = "there is a number of thousands of digits, or lists in lists without end"
        raise ConfigError(f"{file}: {reason}") from None
    reader = _TableReader(text, file)
    for name in document:
        if name not in ("phones", "actions", "traffic"):
            reason = f"{name!r} is unknown; there is phones, actions and traffic"
            raise reader.fault(f"[{name}]", 0, reason)
    phones = {
        name: _phone(reader, f"[phones.{name}]", table)
        for name, table in _table(reader, document, "phones").items()
    }
    actions = document.get("actions", [])
    if not isinstance(actions, list):
        raise reader.fault("[actions]", 0, "write [[actions]], once for each")
    read = [_action(reader, table, number) for number, table in enumerate(actions)]
    traffic = None
    if "traffic" in document:
        settings = reader.check(
            "[traffic]", document["traffic"], {"calls_per_minute": float}, _TRAFFIC
        )
        try:
            traffic = TrafficSettings(**settings)
        except ValueError as fault:
            raise reader.fault("[traffic]", 0, str(fault)) from None
    return Scenario(phones, tuple(sorted(read, key=lambda each: each.at)), traffic)


def _placed(file: str, text: str, fault: str) -> str:
    """Return an error of the TOML parser in the form of ours."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", fault)
    if found is None:
        return f"{file}: {fault}"
    line = found.group(2) or len(text.splitlines())
    return f"{file}:{line}: {found.group(1)}"


def _table(reader: _TableReader, document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise reader.fault(f"[{name}]", 0, "must be a table")
    return table


def _phone(reader: _TableReader, header: str, table: object) -> dict[str, Any]:
    behaviour: dict[str, type] = dict.fromkeys(_BEHAVIOUR, object)
    settings = reader.check(header, table, {}, {**_PHONE, **behaviour})
    # TOML has no null: "never" is what None is in Python.
    for name in ("ring_after", "answer_after", "hangup_after"):
        if settings.get(name) == "never":
            settings[name] = None
    try:
        Behaviour(**{name: value for name, value in settings.items() if name in behaviour})
    except ValueError as fault:
        raise reader.fault(header, 0, str(fault)) from None
    return settings


def _action(reader: _TableReader, table: object, number: int) -> Action:
    header = "[[actions]]"
    if not isinstance(table, dict):
        raise reader.fault(header, number, "must be a table")
    verb = VERBS.get(table.get("do", ""))
    if "do" in table and verb is None:
        reason = f"do is one of {', '.join(VERBS)}, not {table['do']!r}"
        raise reader.fault(header, number, reason)
    needs = {**_COMMON, **(verb.needs if verb else {})}
    table = reader.check(header, table, needs, verb.optional if verb else {}, number)
    if not is_measure(table["at"]):
        raise reader.fault(header, number, f"at is a number from 0 on, not {table['at']:g}")
    if wrong := _wrong_key(table):
        raise reader.fault(header, number, f"{wrong!r} is not a key; use {KEYS}")
    try:
        Behaviour(refuse=table.get("how"))
    except ValueError as fault:
        raise reader.fault(header, number, f"how: {fault}") from None
    arguments = {name: value for name, value in table.items() if name not in _COMMON}
    return Action(table["at"], table["phone"], table["do"], arguments)
