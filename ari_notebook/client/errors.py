"""What can go wrong between a program and Asterisk, as one tree.

    AriError
     ├── RequestFailed           Asterisk answered, and the answer was no
     │    ├── InvalidParameter       400, 422, or refused here before it was sent
     │    ├── AuthenticationFailed   401
     │    ├── ReadOnly               403, or refused here by a read-only session
     │    ├── NotFound               404
     │    ├── Conflict               409
     │    ├── PreconditionFailed     412
     │    └── ServerError            5xx
     ├── ConnectionLost          no answer
     │    ├── NotSent                Asterisk never saw the request: safe to send again
     │    └── OutcomeUnknown         it may have been carried out: look before sending again
     ├── EventTimeout            a wait ended before its event came
     ├── ApplicationTaken        another program connected under the application's name
     ├── SessionClosed           the session was closed
     └── UsageProblem            something typed makes no sense; nothing was sent

Every error carries ``message`` (Asterisk's own words where it spoke), ``hint`` (what to do about
it), and, where there was one, ``request`` (``"POST /channels"``) and ``status``.
"""

from __future__ import annotations

from ari_notebook.client.advice import advise

__all__ = [
    "ApplicationTaken",
    "AriError",
    "AuthenticationFailed",
    "Conflict",
    "ConnectionLost",
    "EventTimeout",
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


class AriError(Exception):
    """Anything that went wrong; the root of the tree.

    Args:
        message: what happened, in one line; Asterisk's own words where it answered.
        hint: what to do about it, one sentence, or empty.
        request: the request it happened to, as ``"POST /channels"``, or empty.
        status: the HTTP status that Asterisk answered, or None where it did not.
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
            return text
        return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.request, self.status))


def _rebuild(
    kind: type[AriError], message: str, hint: str, request: str, status: int | None
) -> AriError:
    return kind(message, hint, request=request, status=status)


class RequestFailed(AriError):
    """Asterisk answered with an error status."""


class InvalidParameter(RequestFailed):
    """400 or 422, or found wrong against the server's declaration before it was sent."""


class AuthenticationFailed(RequestFailed):
    """401: no such user, or not this password."""


class ReadOnly(RequestFailed):
    """403: the user may only look; or the session was opened read-only."""


class NotFound(RequestFailed):
    """404: there is no such channel, bridge, playback or path (any more)."""


class Conflict(RequestFailed):
    """409: it exists, but not in a condition that allows this."""


class PreconditionFailed(RequestFailed):
    """412: the channel's state does not allow this yet."""


class ServerError(RequestFailed):
    """5xx: Asterisk could not do it."""


class ConnectionLost(AriError):
    """No answer came. See which of the two it is."""


class NotSent(ConnectionLost):
    """The request never reached Asterisk: nothing happened, it is safe to send again."""


class OutcomeUnknown(ConnectionLost):
    """The request left, no answer came: it may or may not have been carried out."""


class EventTimeout(AriError):
    """The event did not come in time. The message says what did."""


class ApplicationTaken(AriError):
    """Another program registered the application's name and gets its events now."""


class SessionClosed(AriError):
    """The session was closed; open another one."""


class UsageProblem(AriError):
    """What was typed makes no sense here; nothing was sent."""


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
    """The error that an answer means.

    Args:
        status: the HTTP status, 300 or above.
        message: Asterisk's own words, from the answer's ``message`` or ``error``.
        request: the request, as ``"POST /channels"``.

    Returns:
        An instance of the class for that status, with advice.
    """
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else RequestFailed)
    return kind(message, advise(status, message, request), request=request, status=status)
