"""`connect`: from what a user gives, or leaves to the environment, to an open session."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

from ari_notebook import sessions
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.trust import trusted
from ari_notebook.session import Session
from ari_notebook.settings import Server
from ari_notebook.settings import server as named

__all__ = ["connect", "password_for"]


def connect(
    url: str | None = None,
    app: str | Iterable[str] | None = None,
    user: str | None = None,
    password: str | None = None,
    name: str | None = None,
    subscribe_all: bool = False,
    read_only: bool = False,
    transport: Literal["http", "websocket"] = "http",
    verify: bool | str = True,
    keep: int | None = 1_000_000,
    tidy: bool | None = None,
) -> Session:
    """Connect to an Asterisk, or start the embedded exchange and connect to that.

    Args:
        url: ``http://host:8088``, or a server's name in the user's configuration file, which then
            gives what is not given here; if None, ARI_URL; without that the simulator starts inside
            this process, whatever default the file has: a program says what it connects to.
        app: the Stasis applications to register: a name, names with commas, or a list; if None,
            the named server's, ARI_APP, else ``hello-world``.
        user: the ARI user, a section of ari.conf; if None, the named server's, ARI_USER, else
            ``asterisk``.
        password: its password; if None, ARI_PASSWORD, then keyring where installed, then asked
            for. It is never shown or stored.
        name: what to call the session; if None, the named server's name, else the host and port.
        subscribe_all: be told about every channel, bridge, endpoint and device.
        read_only: refuse everything that could change something.
        transport: ``"http"``, or ``"websocket"`` for REST over the event socket (Asterisk 20.14,
            21.9, 22.4 and later).
        verify: verify TLS certificates; or the path of a CA bundle; False not to.
        keep: how many events to hold; None for all of them.
        tidy: when the session closes, or the kernel exits, take away the channels, snoops, bridges
            and subscriptions that it made; None: only where it is used with ``with``.

    Returns:
        The session; also a context manager.

    Raises:
        AriError: it could not be opened; the message says what to change.
    """
    # IPython's %xmode Verbose prints the variables of a frame that an error passes, and whatever a
    # line near it names: so the password is in none from here on, and nothing names os.environ.
    server = named(url) if url else Server()
    user = user or server.user or os.getenv("ARI_USER") or "asterisk"
    credentials = None if password is None else Credentials(user, password)
    password = None
    app = app or server.app or os.getenv("ARI_APP") or "hello-world"
    name, read_only = name or server.name, read_only or server.read_only
    url = server.url or os.getenv("ARI_URL") or None
    if url is None:
        return _embedded(app, name, subscribe_all, read_only, transport, keep, tidy)
    address = Address.parse(url)
    verify = trusted(verify)
    credentials = credentials or Credentials(user, password_for(user, address))
    if verify is False and address.secure:
        _warn_unverified(address)
    return Session(
        address.base,
        app,
        credentials,
        name=name,
        subscribe_all=subscribe_all,
        read_only=read_only,
        transport=transport,
        verify=verify,
        keep=keep,
        tidy=tidy,
    )


def _warn_unverified(address: Address) -> None:
    """Say it at every connection, not only once as Python's warnings do."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(
            f"{address.base} is not verified: whoever answers there gets the password;"
            " give its CA's file with verify=PATH",
            stacklevel=3,
        )


def _embedded(
    app: str | Iterable[str],
    name: str | None,
    subscribe_all: bool,
    read_only: bool,
    transport: Literal["http", "websocket"],
    keep: int | None,
    tidy: bool | None,
) -> Session:
    from ari_notebook import simulator

    running = simulator.start()
    try:
        return Session(
            running.url,
            app,
            Credentials(running.user, running.password),
            name=sessions.free_name(name or "simulator"),
            subscribe_all=subscribe_all,
            read_only=read_only,
            transport=transport,
            keep=keep,
            tidy=tidy,
            embedded=running,
        )
    except BaseException:
        running.stop()
        raise


def password_for(user: str, address: Address) -> str:
    """The password of a user: from ARI_PASSWORD, the keyring, or the person.

    Raises:
        UsageProblem: none of them has it.
    """
    given = os.getenv("ARI_PASSWORD")
    if given is not None:
        return given
    try:
        import keyring
        import keyring.errors
    except ImportError:
        pass
    else:
        # A keyring that is locked, or that has no backend on a server, is as good as none.
        with suppress(keyring.errors.KeyringError):
            if kept := keyring.get_password(f"ari-notebook {address.base}", user):
                return str(kept)
    import getpass

    try:
        with warnings.catch_warnings():
            # Where it cannot hide what is typed, there is no terminal and hardly a person.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"Password of ARI user {user}: ")
    except (EOFError, OSError, getpass.GetPassWarning):
        pass
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":
            raise
    raise UsageProblem(
        f"no password for {user}, and nobody here to ask", "Set ARI_PASSWORD before starting."
    )
