"""Patterns that select requests: for the journal's verification and for faults of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ari_notebook.schema import Declaration, Operation
from ari_notebook.schema.suggest import did_you_mean, nearest

__all__ = ["RequestPattern"]

_LONGEST = 500  # characters of a pattern's text


@dataclass(frozen=True)
class RequestPattern:
    """Selects requests. Everything that is given must match.

    Attributes:
        method: ``POST``, ...; "": any.
        path: path below ``/ari``, in which ``*`` matches any text of one segment; "": any.
        operation: ``channels.play``; "": any.
        parameters: values by name, from the query, the form or the JSON body; ``*`` matches any
            text, and values other than texts must be equal.
        channel: id or name of the channel that the request is about; "": any.
    """

    method: str = ""
    path: str = ""
    operation: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    channel: str = ""

    def __str__(self) -> str:
        words = [self.operation, self.method, self.path]
        words += [f"{name}={value}" for name, value in self.parameters.items()]
        words += [f"of channel {self.channel}"] if self.channel else []
        return " ".join(word for word in words if word) or "any request"

    def check(self, declaration: Declaration) -> None:
        """Raise if no request to a server with this declaration could match.

        Raises:
            ValueError: the reason, in one line.
        """
        if len(f"{self}") > _LONGEST:
            raise ValueError(f"the pattern is longer than {_LONGEST} characters")
        possible = list(declaration.operations)
        if self.operation:
            possible = [each for each in possible if _has_name(each, self.operation)]
            if not possible:
                names = [f"{each.resource}.{each.nickname}" for each in declaration.operations]
                near = did_you_mean(nearest(self.operation, names))
                raise ValueError(f"ARI has no operation {self.operation}{near}")
        if self.method:
            possible = [each for each in possible if each.method == self.method.upper()]
        if self.path:
            if not self.path.startswith("/") or self.path.startswith("/ari/"):
                raise ValueError(f"path begins with / and is below /ari, unlike {self.path}")
            possible = [each for each in possible if _could_be(self.path, each.path)]
        if not possible:
            words = " ".join(filter(None, (self.operation, self.method, self.path)))
            raise ValueError(f"no operation of ARI is {words}")
        for name in self.parameters:
            if not any(_takes(each, name) for each in possible):
                known = {each.name for one in possible for each in one.parameters}
                near = did_you_mean(nearest(name, sorted(known)))
                raise ValueError(f"{self.operation or self.path} takes no {name}{near}")
        if self.channel and not any(_takes(each, "channelId", "channel") for each in possible):
            raise ValueError(f"{self.operation or self.path} is not about a channel")

    def matches(
        self,
        operation: Operation | None,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        channels: tuple[str, ...] = (),
    ) -> bool:
        """Return whether a request matches.

        Args:
            operation: its operation, or None.
            method: in upper case.
            path: decoded path below ``/ari``, with a leading slash.
            parameters: its parameters by name.
            channels: ids and names of the channels it is about.
        """
        if self.operation and (operation is None or not _has_name(operation, self.operation)):
            return False
        if self.method and self.method.upper() != method:
            return False
        if self.path and not self._path_expression.fullmatch(path):
            return False
        if self.channel and self.channel not in channels:
            return False
        return all(
            name in parameters and _equal(wanted, parameters[name])
            for name, wanted in self.parameters.items()
        )

    @cached_property
    def _path_expression(self) -> re.Pattern[str]:
        return _glob(self.path, "[^/]*")


def _glob(text: str, wildcard: str) -> re.Pattern[str]:
    return re.compile(wildcard.join(map(re.escape, text.split("*"))), re.DOTALL)


def _equal(wanted: object, value: object) -> bool:
    if isinstance(wanted, str) and not isinstance(value, (dict, list)):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return _glob(wanted, ".*").fullmatch(text) is not None
    if isinstance(value, str) and not isinstance(wanted, (dict, list)):
        wanted = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return wanted == value


def _has_name(operation: Operation, name: str) -> bool:
    """Compare an operation's name with ``channels.sendDTMF`` or ``channels.send_dtmf``."""
    full = f"{operation.resource}.{operation.nickname}"
    return _flat(full) == _flat(name)


def _flat(name: str) -> str:
    return name.replace("_", "").lower()


def _could_be(pattern: str, template: str) -> bool:
    """Return whether a path pattern can match a path of a template."""
    parts, segments = pattern.strip("/").split("/"), template.strip("/").split("/")
    return len(parts) == len(segments) and all(
        segment.startswith("{") or _glob(part, ".*").fullmatch(segment)
        for part, segment in zip(parts, segments, strict=True)
    )


def _takes(operation: Operation, *names: str) -> bool:
    """Return whether an operation takes one of these parameters; a JSON body may have any."""
    return any(
        parameter.name in names or parameter.location == "body"
        for parameter in operation.parameters
    )
