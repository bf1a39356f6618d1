"""Whom to believe that they are the server: what ``verify`` of `connect` means."""

from __future__ import annotations

import os
from pathlib import Path

from ari_notebook.client.errors import UsageProblem

__all__ = ["trusted"]


def trusted(verify: object) -> bool | str:
    """What both transports verify certificates with.

    Args:
        verify: True for the authorities that this machine trusts, or those of REQUESTS_CA_BUNDLE;
            False for nobody's word at all; or the path of a file or folder of authorities.

    Returns:
        True, False, or a path that is there.

    Raises:
        UsageProblem: it is none of these. Nothing that merely looks false turns verifying off.
    """
    if verify is True:
        verify = os.getenv("REQUESTS_CA_BUNDLE") or True
    if isinstance(verify, bool):
        return verify
    if isinstance(verify, str | os.PathLike) and str(verify) and Path(verify).exists():
        return os.fspath(verify)
    raise UsageProblem(
        f"{verify!r} is no file of certificate authorities",
        "verify is the path of one, or True for those that this machine trusts.",
    )
