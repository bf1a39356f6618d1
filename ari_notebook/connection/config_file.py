"""Servers by name, from the user's configuration file.

``~/.config/ari-notebook/config.toml`` (or where XDG_CONFIG_HOME says)::

    default = "office"

    [servers.office]
    url = "https://pbx.example:8089"
    user = "asterisk"
    app = "hello-world"
    read_only = true

Passwords do not belong there: they come from ARI_PASSWORD, the keyring, or a prompt.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema import nearest

__all__ = ["ServerConfig", "config_file", "server", "servers"]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The settings of a connection; None where the environment or a default decides."""

    url: str | None = None
    user: str | None = None
    app: str | list[str] | None = None
    name: str | None = None
    read_only: bool = False


def config_file() -> Path:
    """Return the path of the configuration file, which may not exist."""
    home = os.getenv("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "ari-notebook" / "config.toml"


def servers() -> dict[str, ServerConfig]:
    """Return the named servers.

    Raises:
        UsageProblem: the file cannot be read; the message says where and why.
    """
    found = _read().get("servers", {})
    if not isinstance(found, dict):
        raise UsageProblem(f"{config_file()}: servers must be a table", "Write [servers.NAME].")
    return {name: _server(name, given) for name, given in found.items()}


def server(wanted: str | None) -> ServerConfig:
    """Return the server that a name or URL denotes.

    Args:
        wanted: a URL, a server's name, or None: ARI_URL, else the file's default, else the
            simulator.

    Raises:
        UsageProblem: it is neither a URL nor a name in the file.
    """
    if wanted is None:
        if os.getenv("ARI_URL"):
            return ServerConfig()
        default = _read().get("default")
        return ServerConfig() if default is None else _named(str(default))
    if "/" in wanted or ":" in wanted or "." in wanted or wanted == "localhost":
        return ServerConfig(url=wanted)
    return _named(wanted)


def _named(name: str) -> ServerConfig:
    known = servers()
    if name not in known:
        close = _suggest(name, known)
        raise UsageProblem(
            f"{name!r} is neither a URL nor a server in {config_file()}",
            close or "A URL looks like http://127.0.0.1:8088.",
        )
    return known[name]


def _read() -> dict[str, Any]:
    path = config_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # also for endless numbers and lists
        raise UsageProblem(f"{path} cannot be read: {error}", "Correct it, or move it.") from None


def _server(name: str, given: Any) -> ServerConfig:
    known = [each.name for each in fields(ServerConfig)]
    if not isinstance(given, dict) or "url" not in given:
        raise UsageProblem(f"{config_file()}: [servers.{name}] needs a url")
    for key in given:
        if key == "password":
            raise UsageProblem(
                f"{config_file()}: [servers.{name}] has a password",
                "Remove it: use ARI_PASSWORD or the keyring.",
            )
        if key not in known:
            close = _suggest(key, known) or f"Known keys: {', '.join(known)}."
            raise UsageProblem(f"{config_file()}: [servers.{name}] has unknown key {key!r}", close)
    for key, value in given.items():
        if not _fits(key, value):
            wanted = "true or false" if key == "read_only" else "a text"
            raise UsageProblem(
                f"{config_file()}: [servers.{name}] {key} is {wanted}, not {value!r}"
            )
    return ServerConfig(**{"name": name, **given})


def _fits(key: str, value: Any) -> bool:
    if key == "read_only":
        return isinstance(value, bool)
    several = key == "app" and isinstance(value, list)  # the applications may be a list
    return all(isinstance(each, str) and each for each in (value if several else [value]))


def _suggest(typed: str, known: Iterable[str]) -> str:
    close = nearest(typed, known, 1)
    return f"Did you mean {close[0]}?" if close else ""
