"""Exceptions of requests, connections and waits, as one tree.

    AriError
     ├── RequestFailed           Asterisk answered with an error status
     │    ├── InvalidParameter       400, 422, or refused locally before sending
     │    ├── AuthenticationFailed   401
     │    ├── ReadOnly               403, or refused locally by a read-only session
     │    ├── NotFound               404
     │    ├── Conflict               409
     │    ├── PreconditionFailed     412
     │    └── ServerError            5xx
     ├── ConnectionLost          no response
     │    ├── NotSent                the request did not reach Asterisk: safe to repeat
     │    └── OutcomeUnknown         it may have been executed: check before repeating it
     ├── EventTimeout            a wait ended without its event
     ├── ApplicationTaken        another program connected under the application's name
     ├── HungUp                  the call of a flow has ended
     ├── SessionClosed           the session was closed
     └── UsageProblem            invalid input; nothing was sent

Every error has ``message`` (from Asterisk, if it answered), ``hint`` (what to do) and, for a failed
request, ``request`` (``"POST /channels"``) and ``status``.
"""

from __future__ import annotations

from ari_notebook.client.advice import advise
from ari_notebook.client.tracebacks import ShortTraceback
from ari_notebook.store.plain_text import printable

__all__ = [
    "ApplicationTaken",
    "AriError",
    "AuthenticationFailed",
    "Conflict",
    "ConnectionLost",
    "EventTimeout",
    "HungUp",
    "InvalidParameter",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "PreconditionFailed",
    "ReadOnly",
    "RequestFailed",
    "ServerError",
    "SessionClosed",
    "UsageProblem",
    "error_for",
]


class AriError(ShortTraceback, Exception):
    """Base class of all errors of this package.

    Args:
        message: what happened, in one line; Asterisk's message if it answered.
        hint: what to do about it, in one sentence, or "".
        request: the failed request, such as ``"POST /channels"``, or "".
        status: HTTP status of the response, or None.
    """

    def __init__(
        self, message: str, hint: str = "", *, request: str = "", status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.request = request
        self.status = status

    def __str__(self) -> str:
        head = f"{self.status} {self.message}" if self.status else self.message
        where = f" ({self.request})" if self.request else ""
        text = f"{head}{where}"
        if not self.hint:
            return printable(text)
        return printable(f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {self.hint}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.request, self.status))


def _rebuild(
    kind: type[AriError], message: str, hint: str, request: str, status: int | None
) -> AriError:
    return kind(message, hint, request=request, status=status)


class RequestFailed(AriError):
    """Asterisk answered with an error status."""


class InvalidParameter(RequestFailed):
    """400 or 422, or rejected by the server's declaration before sending."""


class AuthenticationFailed(RequestFailed):
    """401: unknown user or wrong password."""


class ReadOnly(RequestFailed):
    """403: the user is read-only; or the session was opened read-only."""


class NotFound(RequestFailed):
    """404: no such channel, bridge, playback or path, or no longer."""


class Conflict(RequestFailed):
    """409: the object's state conflicts with the request."""


class PreconditionFailed(RequestFailed):
    """412: the channel's state does not allow this yet."""


class ServerError(RequestFailed):
    """5xx: Asterisk could not do it."""


class ConnectionLost(AriError):
    """No response. The subclasses say whether the request was sent."""


class NotSent(ConnectionLost):
    """The request did not reach Asterisk: safe to send again."""


class OutcomeUnknown(ConnectionLost):
    """The request was sent without a response: it may or may not have been executed."""


class EventTimeout(AriError):
    """The event did not arrive in time. The message lists those that did."""


class ApplicationTaken(AriError):
    """Another program registered the application's name and receives its events now."""


class HungUp(AriError):
    """The call of a flow has left: raised in the flow by its step, or the next one."""


class SessionClosed(AriError):
    """The session was closed; open another one."""


class UsageProblem(AriError):
    """Invalid input; nothing was sent."""


_BY_STATUS: dict[int, type[RequestFailed]] = {
    400: InvalidParameter,
    401: AuthenticationFailed,
    403: ReadOnly,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: InvalidParameter,
}


def error_for(status: int, message: str, request: str) -> RequestFailed:
    """Return the error of a response.

    Args:
        status: the HTTP status, 300 or above.
        message: the response's ``message`` or ``error``.
        request: the request, as ``"POST /channels"``.

    Returns:
        An instance of the class for that status, with advice.
    """
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else RequestFailed)
    return kind(message, advise(status, message, request), request=request, status=status)
