"""TLS verification: the meaning of ``verify`` of `connect`."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from ari_notebook.client.errors import UsageProblem

__all__ = ["server_context", "ssl_context", "trusted"]


def trusted(verify: object) -> bool | str:
    """Return the value of ``verify`` for both transports.

    Args:
        verify: True: the host's certificate authorities, or those of REQUESTS_CA_BUNDLE; False: no
            verification; or the path of a file or folder of authorities.

    Returns:
        True, False, or an existing path.

    Raises:
        UsageProblem: another value. Only False itself turns verification off.
    """
    if verify is True:
        verify = os.getenv("REQUESTS_CA_BUNDLE") or True
    if isinstance(verify, bool):
        return verify
    if isinstance(verify, str | os.PathLike) and str(verify) and Path(verify).exists():
        return os.fspath(verify)
    raise UsageProblem(
        f"{verify!r} is not a file of certificate authorities",
        "Use the path of such a file, or True for the authorities that this host trusts.",
    )


def ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Return the TLS context of both transports.

    Args:
        verify: result of `trusted`. True: the host's authorities, or those of SSL_CERT_FILE and
            SSL_CERT_DIR.
    """
    if isinstance(verify, str):
        folder = os.path.isdir(verify)
        context = ssl.create_default_context(
            cafile=None if folder else verify, capath=verify if folder else None
        )
    else:
        context = ssl.create_default_context()
    # Python 3.13 rejects a CA without the extension Key Usage, which many private CAs lack,
    # including those installed on the host.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def server_context(certificate: str, key: str | None = None) -> ssl.SSLContext:
    """Return the TLS context of a server.

    Args:
        certificate: PEM file of the certificate, with its chain.
        key: PEM file of the private key; None: it is in the same file.

    Raises:
        UsageProblem: a file is missing or is not a certificate and its key.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise UsageProblem(
            f"{certificate!r} is not a certificate with its key: {error.reason or error}",
            "Give PEM files as certificate= and key=, of a key without a passphrase.",
        ) from None
    except OSError as error:
        raise UsageProblem(
            f"{certificate!r} or its key cannot be read: {error.strerror}", "Check their paths."
        ) from None
    return context
