"""Sockets to Asterisk: time limits for a whole response, proxies, the REST connection pool.

A socket's timeout applies to each read, so that a server which sends one octet a second holds a
reader forever. `DeadlineSocket` limits all reads of a response together.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import requests.utils
import urllib3
import urllib3.connection
import urllib3.util

from ari_notebook.client.address import Address
from ari_notebook.client.errors import UsageProblem

__all__ = [
    "CONNECT_SECONDS",
    "DeadlineSocket",
    "listening_socket",
    "open_pool",
    "open_socket",
    "proxy_of",
    "shown",
    "with_deadlines",
]

CONNECT_SECONDS = 5.0


class _Deadline(socket.socket):
    """Limits the total time of all reads after `limit`."""

    _deadline: float | None = None

    def limit(self, seconds: float | None) -> None:
        """Limit the total time of all reads from now on, in seconds; None: no limit."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def _prepare(self) -> None:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.settimeout(left)

    def recv_into(self, *arguments: Any) -> int:
        """Read as a socket does."""
        self._prepare()
        return super().recv_into(*arguments)

    def recv(self, *arguments: Any) -> bytes:
        """Read as a socket does."""
        self._prepare()
        return super().recv(*arguments)


class DeadlineSocket(_Deadline):
    """A TCP socket with a total time limit for several reads."""


class _SecureDeadlineSocket(_Deadline, ssl.SSLSocket):
    """A TLS socket with a total time limit for several reads."""


def with_deadlines(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context create sockets that have `limit`."""
    context.sslsocket_class = _SecureDeadlineSocket
    return context


def _limited(plain: socket.socket) -> DeadlineSocket:
    timeout = plain.gettimeout()
    made = DeadlineSocket(fileno=plain.detach())
    made.settimeout(timeout)
    return made


class _Connection(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _limited(super()._new_conn())

    def getresponse(self) -> Any:
        _limit(self)
        return super().getresponse()


class _SecureConnection(urllib3.connection.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        # `ari_notebook.connect` has warned of a certificate that is not verified; urllib3 would do
        # so at each request.
        self.is_verified = True

    def _new_conn(self) -> socket.socket:
        return _limited(super()._new_conn())

    def getresponse(self) -> Any:
        _limit(self)
        return super().getresponse()


def _limit(connection: urllib3.connection.HTTPConnection) -> None:
    seconds = connection.timeout
    if isinstance(connection.sock, _Deadline) and isinstance(seconds, int | float):
        connection.sock.limit(seconds)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def proxy_of(address: Address) -> str:
    """Return the URL of the environment's proxy for a server, or "".

    A loopback address never uses a proxy, whatever NO_PROXY says: the proxy would receive the
    password of a server that it cannot reach.

    Raises:
        UsageProblem: unsupported type of proxy.
    """
    if address.loopback:
        return ""
    host = urlsplit(address.base).hostname or ""
    proxies = requests.utils.get_environ_proxies(address.base)
    proxy = requests.utils.select_proxy(address.base, proxies) or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and not proxy.startswith(("http://", "https://")):
        raise UsageProblem(
            f"the proxy {shown(proxy)} is not an HTTP proxy",
            f"Set NO_PROXY={host}, or HTTP_PROXY and HTTPS_PROXY to one.",
        )
    return proxy


def shown(proxy: str) -> str:
    """Return a proxy's URL for messages, without a password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def open_pool(proxy: str, context: ssl.SSLContext | None) -> urllib3.PoolManager:
    """Return the connection pool for REST: no redirects, retries or cookies."""
    options: dict[str, Any] = {"maxsize": 16, "retries": False, "ssl_context": context}
    if proxy:
        made: urllib3.PoolManager = urllib3.ProxyManager(
            proxy, proxy_headers=_proxy_headers(proxy), **options
        )
    else:
        made = urllib3.PoolManager(**options)
    made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return made


def _proxy_headers(proxy: str) -> dict[str, str]:
    user = urlsplit(proxy).netloc.rpartition("@")[0]
    return dict(urllib3.util.make_headers(proxy_basic_auth=user)) if user else {}


def open_socket(
    address: Address, context: ssl.SSLContext | None, proxy: str, seconds: float
) -> Any:
    """Connect to a server, through a proxy with CONNECT if there is one.

    Args:
        address: address of the server.
        context: TLS context; None: no TLS.
        proxy: result of `proxy_of`.
        seconds: time limit for connecting and for all reads until `limit` is called.

    Returns:
        A `DeadlineSocket`, or its TLS variant.

    Raises:
        OSError: it cannot be reached, or the proxy refuses.
    """
    parts = urlsplit(address.base)
    host, port = parts.hostname or "", parts.port or (443 if address.secure else 80)
    if proxy:
        way = urlsplit(proxy)
        tunnel = http.client.HTTPConnection(way.hostname or "", way.port or 8080, timeout=seconds)
        tunnel.set_tunnel(host, port, _proxy_headers(proxy))
        tunnel.connect()
        plain = tunnel.sock
    else:
        plain = socket.create_connection((host, port), timeout=min(seconds, CONNECT_SECONDS))
    plain.settimeout(seconds)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made: Any = _limited(plain)
    if context is not None:
        try:
            made = context.wrap_socket(made, server_hostname=host)
        except BaseException:
            made.close()
            raise
    made.limit(seconds)
    return made


def listening_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: address of this machine.
        port: port; 0: any free one.
        family: the address's family.

    Raises:
        OSError: the port cannot be bound.
        OverflowError: there is no such port.
    """
    if not 0 <= port < 1 << 16:  # socket.create_server would leave its socket open
        raise OverflowError("a port is 0 to 65535")
    return socket.create_server((host, port), family=family, backlog=128)
