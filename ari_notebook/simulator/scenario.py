"""Scenarios: a TOML file that says which phones there are and what they do, and when.

    [phones.alice]
    caller = "Alice <5551>"
    answer_after = 3

    [[actions]]
    at = 1.5
    phone = "alice"
    do = "call"
    to = "1000"

`read_scenario` checks everything before anything happens.
"""

from __future__ import annotations

import logging
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.configfile import ConfigError
from ari_notebook.simulator.naturals import LARGEST, is_measure
from ari_notebook.simulator.phone import Behaviour, Phone
from ari_notebook.simulator.phone_calls import KEYS, NotPossible
from ari_notebook.simulator.traffic import Traffic

if TYPE_CHECKING:
    from ari_notebook.simulator.phones import Phones

__all__ = ["Action", "Scenario", "parse_scenario", "read_scenario"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Verb:
    """Something a phone can be made to do: how, with which arguments, which of them needed."""

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


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a phone does.

    Attributes:
        at: seconds from the beginning of the scenario.
        phone: whose name.
        do: one of `VERBS`.
        arguments: of that.
    """

    at: float
    phone: str
    do: str
    arguments: Mapping[str, Any]

    def perform(self, phones: Phones) -> None:
        """Do it; what cannot be done now is logged."""
        try:
            VERBS[self.do].do(phones[self.phone], **self.arguments)
        except (NotPossible, LookupError) as fault:
            log.warning("at %g s %s cannot %s: %s", self.at, self.phone, self.do, fault.args[0])


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to happen.

    Attributes:
        phones: name → settings: of `Phones.add`, and ``register``.
        actions: in the order of their times.
        traffic: random calls besides; None for none.
    """

    phones: Mapping[str, Mapping[str, Any]]
    actions: tuple[Action, ...]
    traffic: Traffic | None = None


class _Reader:
    """Checks tables, and tells where something is wrong."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file

    def fault(self, header: str, number: int, reason: str) -> ConfigError:
        """An error at the table with that header, the number-th of its kind."""
        # The header as it was written, or where that is not there, of a table within.
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
        """A table whose keys are of these kinds."""
        if not isinstance(table, dict):
            raise self.fault(header, number, "is to be a table")
        for name in needs:
            if name not in table:
                raise self.fault(header, number, f"{name} is missing")
        kinds = {**needs, **optional}
        for name, value in table.items():
            if name not in kinds:
                known = ", ".join(kinds) or "nothing"
                raise self.fault(header, number, f"{name!r} is unknown here; there is {known}")
            kind = kinds[name]
            if kind is float and type(value) is int:
                value = table[name] = float(value) if abs(value) <= LARGEST else math.inf
            if kind in _WORDS and type(value) is not kind:
                reason = f"{name} is to be {_WORDS[kind]}, not {value!r}"
                raise self.fault(header, number, reason)
        return table


def read_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ConfigError: it cannot be read: file, line and reason.
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
        text: TOML.
        file: its name, for errors.

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
    reader = _Reader(text, file)
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
            traffic = Traffic(**settings)
        except ValueError as fault:
            raise reader.fault("[traffic]", 0, str(fault)) from None
    return Scenario(phones, tuple(sorted(read, key=lambda each: each.at)), traffic)


def _placed(file: str, text: str, fault: str) -> str:
    """An error of the TOML parser, in the form of ours."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", fault)
    if found is None:
        return f"{file}: {fault}"
    line = found.group(2) or len(text.splitlines())
    return f"{file}:{line}: {found.group(1)}"


def _table(reader: _Reader, document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise reader.fault(f"[{name}]", 0, "is to be a table")
    return table


def _phone(reader: _Reader, header: str, table: object) -> dict[str, Any]:
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


def _action(reader: _Reader, table: object, number: int) -> Action:
    header = "[[actions]]"
    if not isinstance(table, dict):
        raise reader.fault(header, number, "is to be a table")
    verb = VERBS.get(table.get("do", ""))
    if "do" in table and verb is None:
        reason = f"do is one of {', '.join(VERBS)}, not {table['do']!r}"
        raise reader.fault(header, number, reason)
    needs = {**_COMMON, **(verb.needs if verb else {})}
    table = reader.check(header, table, needs, verb.optional if verb else {}, number)
    if not is_measure(table["at"]):
        raise reader.fault(header, number, f"at is a number from 0 on, not {table['at']:g}")
    for name in ("digits", "press"):
        wrong = [key for key in table.get(name, "") if key not in KEYS]
        if wrong:
            raise reader.fault(header, number, f"{wrong[0]!r} is no key; use {KEYS}")
    try:
        Behaviour(refuse=table.get("how"))
    except ValueError as fault:
        raise reader.fault(header, number, f"how: {fault}") from None
    arguments = {name: value for name, value in table.items() if name not in _COMMON}
    return Action(table["at"], table["phone"], table["do"], arguments)
