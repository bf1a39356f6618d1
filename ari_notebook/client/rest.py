"""ARI's REST side over HTTP: send a request, return the answer or raise what it means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson
import requests
import requests.adapters
import requests.utils
import urllib3.exceptions

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials, unsigned
from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown, ServerError, error_for

__all__ = ["Answer", "Call", "HttpTransport", "Rest", "Transport", "encode"]

# Asterisk closes an idle connection after 15 s (http.conf, session_keep_alive). A request sent in
# that very moment is lost without a trace, so that older connections are not used again.
_IDLE_SECONDS = 10.0
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what is sent, whatever it travels over.

    ``path`` is below ``/ari`` and percent-encoded; ``params`` are the query's, ``body`` becomes
    JSON.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def uri(self) -> str:
        """Path and query, as they go over the wire."""
        return (
            f"{self.path}?{urlencode(self.params, quote_via=quote)}" if self.params else self.path
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Asterisk answered."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes
    milliseconds: float

    @property
    def is_json(self) -> bool:
        """Whether the body is declared as JSON."""
        return "json" in self.headers.get("Content-Type", "")

    def json(self) -> Any:
        """The decoded body; None where there is none.

        Raises:
            ServerError: the body is declared as JSON and is not.
        """
        if not self.content:
            return None
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            pass
        raise ServerError(
            f"the answer is not the JSON it claims to be: {self.content[:60]!r}",
            "Something between here and Asterisk may have changed or cut it.",
            status=self.status,
        )

    @property
    def message(self) -> str:
        """Asterisk's own words about an error."""
        if self.is_json:
            try:
                body = self.json()
            except AriError:
                body = None
            if isinstance(body, dict):
                text = body.get("message", body.get("error"))
                if isinstance(text, str):
                    return text
        title = re.search(rb"<title>(?:\d+ )?([^<]{1,200})</title>", self.content)
        return title[1].decode("utf-8", "replace") if title else self.reason


class Transport(Protocol):
    """Carries calls to Asterisk and answers back."""

    def send(self, call: Call, timeout: float) -> Answer:
        """Send a call and return its answer, of whatever status.

        Raises:
            NotSent: it never reached Asterisk.
            OutcomeUnknown: it left, and no answer came.
        """

    def close(self) -> None:
        """Let go of connections."""


def encode(value: Any) -> str:
    """A query parameter's value as Asterisk reads it: lists with commas, booleans as words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set):
        return ",".join(encode(item) for item in value)
    return str(value)


class HttpTransport:
    """REST over HTTP, with connections kept and reused.

    Args:
        address: where Asterisk answers.
        credentials: the ARI user.
        verify: True to verify TLS certificates, False not to, or a CA bundle's path.
    """

    def __init__(
        self, address: Address, credentials: Credentials, verify: bool | str = True
    ) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.auth = credentials
        # Asked once here instead of at every request, which halves a request's time.
        self._session.trust_env = False
        self._session.proxies = requests.utils.get_environ_proxies(address.base)
        self._session.verify = verify
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=16))
        self._used = time.monotonic()

    def send(self, call: Call, timeout: float) -> Answer:
        """See `Transport.send`."""
        now = time.monotonic()
        if now - self._used > _IDLE_SECONDS:
            self._session.close()
        self._used = now
        data, headers = None, {}
        if call.body is not None:
            data, headers = orjson.dumps(call.body), {"Content-Type": "application/json"}
        started = time.perf_counter()
        failure: BaseException
        # The error is raised after the block, so that it drags no frame along in which the
        # Authorization header is a local variable.
        try:
            response = self._session.request(
                call.method,
                self._address.ari + call.uri,
                data=data,
                headers=headers,
                timeout=(_CONNECT_SECONDS, timeout),
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            failure = _explain(error, self._address, str(call), timeout)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            failure = unsigned(error)
        else:
            if not _is_cut_off(response):
                return Answer(
                    response.status_code,
                    response.reason or "",
                    response.headers,
                    response.content,
                    (time.perf_counter() - started) * 1000,
                )
            failure = _explain(requests.ConnectionError(), self._address, str(call), timeout)
        raise failure

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()


def _is_cut_off(response: requests.Response) -> bool:
    """Whether the connection ended among the headers, which Python's http.client does not mind.

    Asterisk always says how long its answer is (``main/http.c``).
    """
    headers = response.headers
    said = headers.get("Content-Length", "").strip() or "Transfer-Encoding" in headers
    return not (said or response.content or response.status_code == 204)


def _explain(error: Exception, address: Address, request: str, timeout: float) -> AriError:
    """Tell a request that never left from one whose outcome is unknown, and say what to do."""
    text = str(error)
    host = address.base.split("//", 1)[1]
    if isinstance(error, requests.exceptions.SSLError):
        reason = _reason(text)
        return NotSent(
            f"TLS with {host} failed: {reason or 'it is not spoken there'}",
            "Give the CA's file with verify=PATH, or check the host name in the certificate."
            if reason
            else "Type http:// instead, or the port that tlsbindaddr in http.conf names.",
            request=request,
        )
    if isinstance(error, requests.exceptions.ReadTimeout):
        return OutcomeUnknown(
            f"no answer from {host} in {timeout:g} s",
            "It may have been carried out: look before sending it again.",
            request=request,
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent(
            f"{host} does not answer",
            "Check the host and the port, and whether a firewall stands between.",
            request=request,
        )
    if "Name or service not known" in text or "NameResolutionError" in text:
        return NotSent(
            f"no host is called {host.rsplit(':', 1)[0]}",
            "Correct the name in the URL, or use the IP address.",
            request=request,
        )
    if "Connection refused" in text or "Failed to establish" in text:
        return NotSent(
            f"nothing listens on {host}",
            "Start Asterisk, with enabled=yes in http.conf, and use its bindaddr and bindport.",
            request=request,
        )
    if isinstance(error, requests.exceptions.InvalidURL | ValueError):
        return NotSent(f"{address.base} is not a usable URL", "", request=request)
    return OutcomeUnknown(
        f"the connection to {host} broke before the answer",
        "It may have been carried out: look before sending it again.",
        request=request,
    )


def _reason(text: str) -> str:
    found = re.search(r"certificate verify failed: ([^('\"]+)|: ([A-Z_]{6,})", text)
    if found is None or found[2] == "WRONG_VERSION_NUMBER":
        return ""  # what answered was no TLS
    return (found[1] or found[2]).strip()


class Rest:
    """Sends calls over a transport and turns error answers into errors.

    Args:
        transport: what carries them.
        observe: called with every call, its answer (None where none came) and its error; the
            request log's place.
        timeout: seconds to wait for an answer.
    """

    def __init__(
        self,
        transport: Transport,
        observe: Callable[[Call, Answer | None, AriError | None, float], None] | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self._observe = observe

    def send(self, call: Call) -> Answer:
        """Send a call.

        Returns:
            The answer, of a status below 300.

        Raises:
            RequestFailed: the class that fits the status.
            NotSent: Asterisk never saw it.
            OutcomeUnknown: no answer came.
        """
        answer: Answer | None = None
        failure: AriError | None = None
        sent = time.time()
        # Asking again changes nothing, so that a question without an answer is asked once more.
        for _ in range(2 if call.method == "GET" else 1):
            try:
                answer, failure = self.transport.send(call, self.timeout), None
                break
            except OutcomeUnknown as error:
                failure = error
            except AriError as error:
                failure = error
                break
        # ARI never says that something is elsewhere (3xx); whoever does carried nothing out.
        if answer is not None and answer.status >= 300:
            failure = error_for(answer.status, answer.message, str(call))
        if self._observe:
            self._observe(call, answer, failure, sent)
        if failure is not None:
            raise failure
        assert answer is not None  # noqa: S101  one of the two is set
        return answer
