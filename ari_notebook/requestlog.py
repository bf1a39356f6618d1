"""Every REST request that a session sent, and what came of it."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RequestLog", "SentRequest", "made_by"]

_KEEP = 10_000


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request.

    ``status`` is None where no answer came, ``message`` then says why. ``made`` is the id of what
    came to be by it, as the answer says.
    """

    at: float
    method: str
    path: str
    params: dict[str, str]
    body: Any
    status: int | None
    milliseconds: float | None
    message: str
    url: str
    user: str
    made: str = ""

    def curl(self) -> str:
        """The same request for a shell; curl asks for the password, which is left out."""
        parts = ["curl", "-v", "-u", self.user, "-X", self.method]
        if self.body is not None:
            parts += [
                "-H",
                "Content-Type: application/json",
                "-d",
                orjson.dumps(self.body).decode(),
            ]
        return shlex.join([*parts, self.url])

    def __str__(self) -> str:
        outcome = self.message if self.status is None else f"{self.status} {self.message}".strip()
        return f"{self.method} {self.path} -> {outcome}"


def made_by(method: str, body: Any) -> str:
    """The id of what a request made: a POST is answered with it, a recording has only a name.

    Args:
        method: of the request.
        body: the answer's, decoded.
    """
    if method != "POST" or not isinstance(body, dict):
        return ""
    return str(body.get("id") or body.get("name") or "")


class RequestLog:
    """The last requests, oldest first.

    Args:
        keep: how many; None for all.
    """

    def __init__(self, keep: int | None = _KEEP) -> None:
        self._requests: deque[SentRequest] = deque(maxlen=keep)
        self.count = 0

    def append(self, request: SentRequest) -> None:
        """Keep one more."""
        self.count += 1
        self._requests.append(request)

    def clear(self) -> None:
        """Forget the requests so far; the count goes on."""
        self._requests.clear()

    @property
    def last(self) -> SentRequest | None:
        """The latest one; None where none was sent."""
        return self._requests[-1] if self._requests else None

    @property
    def df(self) -> pd.DataFrame:
        """The requests as a DataFrame: time, method, path, params, status, milliseconds, curl."""
        import pandas as pd

        rows = list(self._requests)
        return pd.DataFrame(
            {
                "time": pd.to_datetime([r.at for r in rows], unit="s", utc=True),
                "method": pd.Categorical([r.method for r in rows]),
                "path": [r.path for r in rows],
                "params": [{**r.params, **({"body": r.body} if r.body else {})} for r in rows],
                "status": pd.array([r.status for r in rows], dtype="Int16"),
                "milliseconds": pd.array([r.milliseconds for r in rows], dtype="Float64"),
                "message": [r.message for r in rows],
                "curl": [r.curl() for r in rows],
            }
        )

    def __len__(self) -> int:
        return len(self._requests)

    def __getitem__(self, index: int) -> SentRequest:
        return self._requests[index]

    def __iter__(self) -> Iterator[SentRequest]:
        return iter(list(self._requests))

    def __repr__(self) -> str:
        return f"{len(self)} requests" + (f", last {self.last}" if self.last else "")
