"""REST over HTTP, with reused connections."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping

import orjson
import urllib3
import urllib3.exceptions

from ari_notebook.client import diagnosis
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials, unsigned
from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.client.sockets import (
    CONNECT_SECONDS,
    open_pool,
    proxy_of,
    shown,
    with_deadlines,
)
from ari_notebook.client.tls import ssl_context
from ari_notebook.store.plain_text import printable

__all__ = ["HttpTransport"]

log = logging.getLogger(__name__)

# Asterisk closes an idle connection after 15 s (http.conf, session_keep_alive). A request sent at
# that moment is lost without an error, so older connections are not reused.
_IDLE_SECONDS = 10.0
_LARGEST = 64 << 20  # octets of a response
_OF_SIMULATOR = re.compile(r'199 ari-notebook-simulator "([^"]{1,300})"')
_OF_PROXIES = (403, 407, 502, 503, 504)


class HttpTransport:
    """REST over HTTP, with reused connections.

    Args:
        address: address of Asterisk.
        credentials: the ARI user.
        verify: True: verify TLS certificates; False: do not; or the path of a CA bundle.
    """

    def __init__(
        self, address: Address, credentials: Credentials, verify: bool | str = True
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._proxy = proxy_of(address)
        self._pool = open_pool(
            self._proxy, with_deadlines(ssl_context(verify)) if address.secure else None
        )
        self._used = time.monotonic()

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """See `Transport.send`."""
        now = time.monotonic()
        if now - self._used > _IDLE_SECONDS:
            self._pool.clear()
        self._used = now
        started = time.perf_counter()
        failure: BaseException
        # The error is raised after the block, so that it does not reference a frame with the
        # Authorization header as a local variable.
        try:
            status, reason, headers, content = self._exchange(call, timeout)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            failure = _explain(error, self._address, self._proxy, str(call), timeout)
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = unsigned(error)
        else:
            milliseconds = (time.perf_counter() - started) * 1000
            found = _fault(self._address, self._proxy, status, reason, headers, content)
            if not found:
                _log_warnings(headers)
                return RestResponse(status, reason, headers, content, milliseconds)
            # A GET changed nothing, whatever happened to it; a proxy that refuses sent nothing.
            refused = self._proxy and (call.method == "GET" or status in (403, 407))
            failure = (NotSent if refused else OutcomeUnknown)(*found, request=str(call))
        raise failure

    def _exchange(
        self, call: RestRequest, timeout: float
    ) -> tuple[int, str, Mapping[str, str], bytes]:
        headers = {
            "Authorization": self._credentials.header(),
            "Accept-Encoding": "identity",  # a small body could expand to a large one
            "User-Agent": "ari-notebook",
        }
        body = None
        if call.body is not None:
            body, headers["Content-Type"] = orjson.dumps(call.body), "application/json"
        response = self._pool.request(
            call.method,
            self._address.ari + call.uri,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=timeout),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        most = _LARGEST + 1 if call.most is None else call.most
        parts, size = [], 0
        try:
            for part in response.stream(1 << 16, decode_content=False):
                parts.append(part)
                size += len(part)
                if size >= most:
                    break
        except BaseException:
            response.close()
            raise
        if size >= most:
            response.close()
        else:
            response.release_conn()
        return response.status, response.reason or "", response.headers, b"".join(parts)[:most]

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()


def _log_warnings(headers: Mapping[str, str]) -> None:
    """Log what a simulated Asterisk reports about itself; a real one sends no such header."""
    for text in _OF_SIMULATOR.findall(headers.get("Warning", "")):
        log.warning("%s", printable(text))


def _fault(
    address: Address,
    proxy: str,
    status: int,
    reason: str,
    headers: Mapping[str, str],
    content: bytes,
) -> tuple[str, str] | None:
    """Return the fault of a response, and advice; None if it is from Asterisk."""
    if len(content) > _LARGEST:
        return f"the response is larger than {_LARGEST >> 20} MiB", ""
    if headers.get("Content-Encoding", "identity") != "identity":
        return (
            f"the response is compressed ({headers['Content-Encoding'][:20]}) without request",
            "A proxy on the way does that: configure it to pass /ari on unchanged.",
        )
    if proxy and status in _OF_PROXIES and "Asterisk" not in headers.get("Server", ""):
        host = address.base.split("//", 1)[1]
        return diagnosis.unusable_proxy(shown(proxy), host, f"{status} {reason}")
    # Python's http.client accepts a connection that ends within the headers. Asterisk always sends
    # the length of its response (``main/http.c``).
    said = headers.get("Content-Length", "").strip() or "Transfer-Encoding" in headers
    if not (said or content or status == 204):
        return (
            "the connection broke before the response",
            "It may have been carried out: look before sending it again.",
        )
    return None


def _explain(
    error: Exception, address: Address, proxy: str, request: str, timeout: float
) -> AriError:
    """Return the error of a request: not sent or outcome unknown, with advice."""
    host = address.base.split("//", 1)[1]
    through = f" through the proxy {shown(proxy)}" if proxy else ""
    if proxy and isinstance(error, urllib3.exceptions.ProxyError):
        reason = str(error.original_error).rpartition(": ")[2][:100]
        return NotSent(*diagnosis.unusable_proxy(shown(proxy), host, reason), request=request)
    if isinstance(error, urllib3.exceptions.SSLError):
        reason = _reason(str(error))
        found = diagnosis.untrusted_certificate(host, reason) if reason else diagnosis.no_tls(host)
        return NotSent(*found, request=request)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return OutcomeUnknown(
            f"no response from {host} in {timeout:g} s{through}",
            "It may have been carried out: look before sending it again.",
            request=request,
        )
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return NotSent(*diagnosis.unknown_host(host.rsplit(":", 1)[0]), request=request)
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return NotSent(*diagnosis.no_listener(host, secure=address.secure), request=request)
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return NotSent(*diagnosis.no_answer(host), request=request)
    if isinstance(error, urllib3.exceptions.LocationValueError | ValueError):
        return NotSent(f"{address.base} is not a usable URL", "", request=request)
    return OutcomeUnknown(
        f"the connection to {host} broke before the response{through}",
        "It may have been carried out: look before sending it again.",
        request=request,
    )


def _reason(text: str) -> str:
    """Return OpenSSL's reason for a rejected certificate, or "" without TLS."""
    found = re.search(r"certificate verify failed: ([^('\"]+)", text)
    found = found or re.search(r": ([A-Z_]{6,})", text)
    if found is None or found[1] == "WRONG_VERSION_NUMBER":
        return ""
    return found[1].strip().rstrip(",")
