"""The REST requests of a session, with their outcome."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import numpy as np
import orjson

from ari_notebook.store.arrow_stream import ArrowStream
from ari_notebook.store.plain_text import printable
from ari_notebook.store.redaction import without_secrets, without_secrets_in_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RequestLog", "SentRequest", "made_by"]

_KEEP = 10_000


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request.

    ``status`` is None without a response; ``message`` then has the reason. ``made`` is the id of
    the created object, from the response.
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

    @property
    def shown(self) -> SentRequest:
        """The request with redacted secrets, as shown by every view."""
        params = without_secrets(self.params)
        url = without_secrets_in_path(self.url)
        if params != self.params:
            url = f"{url.partition('?')[0]}?{urlencode(params, quote_via=quote, safe='*')}"
        return replace(
            self,
            path=without_secrets_in_path(self.path),
            params=params,
            body=without_secrets(self.body),
            url=url,
        )

    def curl(self) -> str:
        """Return the request as a curl command, with ``***`` for secrets.

        curl asks for the password.
        """
        shown = self.shown
        parts = ["curl", "-v", "-u", shown.user, "-X", shown.method]
        if shown.body is not None:
            parts += [
                "-H",
                "Content-Type: application/json",
                "-d",
                orjson.dumps(shown.body).decode(),
            ]
        return shlex.join([*parts, shown.url])

    def __str__(self) -> str:
        outcome = self.message if self.status is None else f"{self.status} {self.message}".strip()
        return printable(f"{self.method} {without_secrets_in_path(self.path)} -> {outcome}")

    def __repr__(self) -> str:
        shown = self.shown
        fields = (f"{name}={getattr(shown, name)!r}" for name in self.__slots__)
        return printable(f"SentRequest({', '.join(fields)})")


def made_by(method: str, body: Any) -> str:
    """Return the id of the object created by a request, or the name of a recording.

    Args:
        method: HTTP method of the request.
        body: decoded body of the response.
    """
    if method != "POST" or not isinstance(body, dict):
        return ""
    return str(body.get("id") or body.get("name") or "")


class RequestLog(ArrowStream):
    """The last requests, oldest first.

    Args:
        keep: maximum number; None: all.
    """

    _json_columns = frozenset({"params"})

    def __init__(self, keep: int | None = _KEEP) -> None:
        self._requests: deque[SentRequest] = deque(maxlen=keep)
        self.count = 0

    def append(self, request: SentRequest) -> None:
        """Append a request."""
        self.count += 1
        self._requests.append(request)

    def clear(self) -> None:
        """Remove all requests; the count continues."""
        self._requests.clear()

    @property
    def last(self) -> SentRequest | None:
        """The newest request, or None."""
        return self._requests[-1] if self._requests else None

    @property
    def df(self) -> pd.DataFrame:
        """The requests as a DataFrame: time, method, path, params, status, milliseconds, curl."""
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        rows = [request.shown for request in self._requests]
        return pd.DataFrame(
            {
                "time": pd.array(
                    np.array([round(r.at * 1e6) for r in rows], dtype="datetime64[us]"),
                    dtype=pd.DatetimeTZDtype("us", "UTC"),
                ),
                "method": pd.Categorical([r.method for r in rows]),
                "path": pd.array([r.path for r in rows], dtype="str"),
                "params": pd.Series(
                    [{**r.params, **({"body": r.body} if r.body else {})} for r in rows],
                    dtype=object,
                ),
                "status": pd.array([r.status for r in rows], dtype="Int16"),
                "milliseconds": pd.array([r.milliseconds for r in rows], dtype="Float64"),
                "message": pd.array([r.message for r in rows], dtype="str"),
                "curl": pd.array([r.curl() for r in rows], dtype="str"),
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
