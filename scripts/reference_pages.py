"""Pages of the reference that are generated from the code, so that they describe it as it is."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import fields

import ari_notebook
from ari_notebook.connection.config_file import ServerConfig
from ari_notebook.magics.config import AriMagics
from ari_notebook.magics.grammar import VERBS, Verb
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.simulator.config import settings
from ari_notebook.simulator.control.routes import BASE, ROUTES, Field
from ari_notebook.simulator.dialplan.applications import APPLICATIONS
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS
from ari_notebook.simulator.dialplan.reference import FUNCTIONS
from scripts.column_descriptions import COLUMNS

__all__ = ["generated_pages"]

# Page of the Python API → its introduction, and the objects whose docstrings it shows.
API = {
    "connecting": (
        "`connect` opens a session; `replay` opens one on a capture.",
        ["ari_notebook.connect", "ari_notebook.replay"],
    ),
    "session": (
        "The object that `connect` returns, usually named `ari`.",
        ["ari_notebook.Session", "ari_notebook.connection.timers.Timer"],
    ),
    "objects": (
        "An id with ARI's operations as methods and the latest state as attributes. The resources"
        " (`ari.channels`, `ari.bridges`) have the same operations with the id as a parameter.",
        [
            "ari_notebook.Channel",
            "ari_notebook.Bridge",
            "ari_notebook.Playback",
            "ari_notebook.LiveRecording",
        ],
    ),
    "errors": (
        "Every error of the package is an `AriError`; its message says what to do.",
        ["ari_notebook.client.errors"],
    ),
    "captures": (
        "See [Record and replay a session](../../how-to/record-and-replay.md).",
        [
            "ari_notebook.captures.recorder.Capture",
            "ari_notebook.sessions.opened_capture",
            "ari_notebook.to_parquet",
            "ari_notebook.sessions.replay_session",
            "ari_notebook.captures.charts.Pictures",
            "ari_notebook.store.calls.Calls",
        ],
    ),
    "simulator": (
        "See [Run the simulator](../simulator/running.md).",
        [
            "ari_notebook.simulator.start",
            "ari_notebook.simulator.runner.RunningSimulator",
            "ari_notebook.simulator.virtual.VirtualSimulator",
            "ari_notebook.simulator.server.faults.Faults",
            "ari_notebook.simulator.control.remote.Requests",
            "ari_notebook.simulator.rest.journal.JournalEntry",
            "ari_notebook.simulator.control.remote.RemoteClock",
        ],
    ),
    "testing": (
        "See [Test an ARI application](../../how-to/test-an-application.md).",
        ["ari_notebook.testing"],
    ),
}
# The methods of these are mostly inherited.
INHERITING = {
    "ari_notebook.Session",
    "ari_notebook.Channel",
    "ari_notebook.Bridge",
    "ari_notebook.Playback",
    "ari_notebook.LiveRecording",
}

VERBS_HEAD = """# Verbs of `%ari`

`%load_ext ari_notebook` loads the magics `%ari` and `%%ari`. `%ari help VERB`, `%ari VERB --help`
and Tab show the same as this page. Each verb also has the option `--on NAME`, which selects a
session if several are open. Each operation of the connected server is a verb as well:
`%ari channels.play channelId=$channel media=sound:hello-world`.

`$name` and `{expression}` are replaced with variables: of the function in which the line is, then
of the notebook. Quotes keep words together. A `;` at the end suppresses the result, and a `#`
between spaces begins a comment. Verbs act on the channel that entered Stasis last, on the one that
`%ari select` chose, or in a handler on the channel of its event.

In the Python column, `channel`, `bridge`, `playback` are live objects, as the verbs return them.
"""

CONTROL_HEAD = """# Control API of the simulator

Requests below `/_simulator` control a simulator that runs with `--control`, or
`simulator.start(token=…)`. [Test an ARI application in any
language](../../how-to/test-in-any-language.md) has examples.

Each request needs the header `Authorization: Bearer TOKEN`, except those marked. A body is a JSON
object with `Content-Type: application/json`; for `scenario` and `dialplan` it can also be the text
itself, as `curl --data-binary @FILE` sends it. Answers are JSON. A refusal has a status from 400 on
and a `message` of one line, and has changed nothing. The [OpenAPI document](control-api.json) is
also served at `/_simulator/openapi.json`.

A pattern of requests (`operation`, `method`, `path`, `channel`, `parameters`) matches where
everything given matches. One that no request could match, because of a misspelled name, is refused.
"""

CONFIGURATION_HEAD = """# Configuration and environment variables

A setting is taken from the argument or option, else the named server of the configuration file,
else the environment variable, else the default.
"""

# Variable → what reads it, and for what.
ENVIRONMENT = {
    "ARI_URL": "URL of the Asterisk to connect to; without it `connect()` starts the simulator",
    "ARI_USER": "ARI user, a section of `ari.conf` (default: `asterisk`)",
    "ARI_PASSWORD": "password of the ARI user; the simulator without `--config` uses it as well",
    "ARI_OUTBOUND_PASSWORD": "password that Asterisk gives `accept`; random if unset",
    "ARI_APP": "Stasis application (default: `hello-world`)",
    "PIPER_VOICE": "path of the voice with which piper speaks for `Sound.speech`",
    "ARI_SIMULATOR": "`inprocess`: `connect()` without a URL uses a simulator without sockets",
    "ARI_SIMULATOR_TOKEN": "token of the simulator's control API, which `--control` switches on",
    "XDG_CONFIG_HOME": "folder of the configuration file's folder (default: `~/.config`)",
    "XDG_STATE_HOME": "folder of the course's progress (default: `~/.local/state`)",
    "SSL_CERT_FILE": "file of certificate authorities in place of this machine's, read by Python",
    "SSL_CERT_DIR": "folder of certificate authorities in place of this machine's, read by Python",
    "REQUESTS_CA_BUNDLE": "file of certificate authorities for `verify=True`",
    "HTTP_PROXY": "HTTP proxy for `http://` URLs; never used for loopback addresses",
    "HTTPS_PROXY": "HTTP proxy for `https://` URLs; never used for loopback addresses",
    "ALL_PROXY": "HTTP proxy for both",
    "NO_PROXY": "hosts that are requested without a proxy",
}

# Field of ServerConfig → its description.
SERVER = {
    "url": "URL such as `https://pbx.example:8089`; required",
    "user": "ARI user",
    "app": "Stasis application, or a list of them",
    "name": "name of the session (default: the server's name)",
    "read_only": "`true`: refuse everything but GET",
}

# File of `--config` → setting → its meaning, and Asterisk's default.
SIMULATOR_SETTINGS = {
    "http.conf": {
        "enabled": "`yes` is required: without it there is no ARI (`no`)",
        "bindaddr": "address, or `address:port` (`127.0.0.1`)",
        "bindport": "port; 0 for a free one (8088)",
        "prefix": "path before `/ari` (none)",
        "servername": "value of the header `Server` (`Asterisk/22.10.1`)",
        "sessionlimit": "simultaneous connections (100)",
        "session_inactivity": "milliseconds for an incomplete request (30000)",
        "session_keep_alive": "milliseconds for an idle connection (15000)",
        "tlsenable": "`yes` enables HTTPS (`no`)",
        "tlsbindaddr": "address, or `address:port`, of HTTPS (`bindaddr`, 8089)",
        "tlscertfile": "certificate, PEM",
        "tlsprivatekey": "private key, PEM",
    },
    "ari.conf": {
        "enabled": "`no` disables ARI (`yes`)",
        "pretty": "`yes` indents JSON (`no`)",
        "auth_realm": "realm of HTTP authentication (`Asterisk REST Interface`)",
        "allowed_origins": "origins of web pages that may read answers (none)",
        "websocket_write_timeout": "milliseconds in which a client must read an event (100)",
        "channelvars": "variables in each snapshot of a channel (none)",
    },
}
# Programs of the command line, as they are started.
PROGRAMS = {
    "ari-notebook lab": (
        "-c",
        "from ari_notebook.sessions.command_line import main; main()",
        "lab",
    ),
    "ari-notebook doctor": (
        "-c",
        "from ari_notebook.sessions.command_line import main; main()",
        "doctor",
    ),
    "python -m ari_notebook.simulator": ("-m", "ari_notebook.simulator"),
    "python -m ari_notebook.captures": ("-m", "ari_notebook.captures"),
}

DIALPLAN_HEAD = """# Dialplan applications and functions

The simulator's dialplan has these. `%ari docs NAME` shows them in a notebook. Expressions `$[...]`,
patterns (`_X.`, `_[1-5]!`), includes, hints, `same =>`, labels, `#include` and the special
extensions `s`, `i`, `t`, `e`, `h` work as in Asterisk.
"""


def generated_pages() -> dict[str, str]:
    """Return the text of each generated page, by its path below ``docs/reference``."""
    pages = {f"python/{name}.md": _api(name, *page) for name, page in API.items()}
    pages["verbs.md"] = verbs_page()
    pages["columns.md"] = columns_page()
    pages["configuration.md"] = configuration_page()
    pages["simulator/dialplan.md"] = dialplan_page()
    pages["simulator/control.md"] = control_page()
    return pages


def _api(name: str, introduction: str, objects: list[str]) -> str:
    blocks = [
        f"::: {each}" + ("\n    options:\n      inherited_members: true" * (each in INHERITING))
        for each in objects
    ]
    return "\n\n".join([f"# {name.capitalize()}", introduction, *blocks]) + "\n"


def verbs_page() -> str:
    """Return the page that lists the verbs, from the grammar."""
    load_verbs()
    shown = [verb for verb in VERBS.values() if verb.name != "overview"]
    groups: dict[str, list[Verb]] = {}
    for verb in shown:
        groups.setdefault(verb.group, []).append(verb)
    parts = [VERBS_HEAD]
    for group, verbs in groups.items():
        rows = [
            (_usage(v.usage), _text(v.about), _code(v.method), _code(v.operation)) for v in verbs
        ]
        parts.append(f"## {group}\n\n{_table(('verb', 'effect', 'Python', 'operation'), rows)}")
    return "\n".join(parts)


def columns_page() -> str:
    """Return the page of the tables' columns.

    Raises:
        ValueError: a table has other columns than `COLUMNS` describes.
    """
    parts = [
        "# Columns of the tables\n\n`ari.NAME.df` is a pandas DataFrame. All times are UTC."
        " `ari.NAME` is read by consumers of Arrow as well.\n"
    ]
    with ari_notebook.connect() as ari:
        for name, described in COLUMNS.items():
            frame = getattr(ari, name).df
            types = {column: str(frame[column].dtype) for column in frame.columns}
            if frame.index.name:
                types = {frame.index.name: "index", **types}
            if list(types) != list(described):
                raise ValueError(f"scripts/column_descriptions.py: ari.{name}.df has {list(types)}")
            rows = [(f"`{c}`", _text(about), f"`{types[c]}`") for c, about in described.items()]
            parts.append(f"## {name}\n\n{_table(('column', 'content', 'type'), rows)}")
    return "\n".join(parts)


def configuration_page() -> str:
    """Return the page of environment variables, configuration files and command-line options."""
    environment = [(f"`{name}`", _text(about)) for name, about in ENVIRONMENT.items()]
    server = [(f"`{each.name}`", SERVER[each.name]) for each in fields(ServerConfig)]
    traits = [
        (f"`{name}`", _text(trait.help), f"`{trait.default_value!r}`")
        for name, trait in sorted(AriMagics.class_traits(config=True).items())
    ]
    parameters = [
        (f"`{each.name}`", f"`{each.default!r}`")
        for each in inspect.signature(ari_notebook.connect).parameters.values()
    ]
    return "\n".join(
        [
            CONFIGURATION_HEAD,
            f"## Environment variables\n\n{_table(('variable', 'meaning'), environment)}",
            "## Configuration file\n\n`~/.config/ari-notebook/config.toml`. `default` names the"
            " server for `%ari connect` without a URL; each `[servers.NAME]` has\n\n"
            + _table(("key", "meaning"), server),
            "## Arguments of connect\n\n"
            "[Connecting](python/connecting.md) describes them.\n\n"
            + _table(("argument", "default"), parameters),
            "## The magics\n\n`%config AriMagics` shows these, `%config AriMagics.NAME = VALUE`"
            f" sets one.\n\n{_table(('setting', 'meaning', 'default'), traits)}",
            "## Command line\n",
            *(_help(name) for name in PROGRAMS),
            "## Simulator\n\n`--config DIR` reads these settings of the section `[general]`, in"
            " Asterisk's syntax and with Asterisk's defaults (in parentheses):\n",
            *(_settings(file, known) for file, known in SIMULATOR_SETTINGS.items()),
        ]
    )


def dialplan_page() -> str:
    """Return the page of the simulator's dialplan applications and functions."""
    applications = [
        (f"`{each.name}`", _text(inspect.getdoc(each.program) or ""))
        for each in sorted(APPLICATIONS.values(), key=lambda each: each.name.lower())
    ]
    functions = [
        (_code(f"{name}{form}"), _access(name), _text(about))
        for name, (form, about) in sorted(FUNCTIONS.items())
    ]
    return "\n".join(
        [
            DIALPLAN_HEAD,
            f"## Applications\n\n{_table(('application', 'effect'), applications)}",
            f"## Functions\n\n{_table(('function', 'access', 'value'), functions)}",
        ]
    )


def _access(name: str) -> str:
    words = [word for word, known in (("read", READERS), ("write", WRITERS)) if name in known]
    return ", ".join(words)


def _help(program: str) -> str:
    """Return what a program prints for --help, without the values of this environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    done = subprocess.run(
        [sys.executable, *PROGRAMS[program], "--help"],
        env={**environment, "COLUMNS": "90"},
        capture_output=True,
        text=True,
        check=True,
    )
    return f"### `{program}`\n\n```text\n{done.stdout.rstrip()}\n```\n"


def _settings(file: str, known: dict[str, str]) -> str:
    """Return the table of a file's settings.

    Raises:
        ValueError: the simulator reads others.
    """
    reader = settings._http if file == "http.conf" else settings._ari
    read = set(re.findall(r'general(?:\.get\(|, )"(\w+)"', inspect.getsource(reader)))
    if read != set(known):
        raise ValueError(f"SIMULATOR_SETTINGS: {file} has {sorted(read)}")
    rows = [(f"`{name}`", about) for name, about in known.items()]
    return f"### `{file}`\n\n{_table(('setting', 'meaning'), rows)}"


def control_page() -> str:
    """Return the page of the simulator's control API."""
    rows = [
        (
            _code(f"{route.method} {BASE}{route.path}") + (" (no token)" if route.open else ""),
            _text(route.summary),
            "<br>".join(_control_field(field) for field in (*route.query, *route.body)),
            _text(route.answer),
        )
        for route in ROUTES
    ]
    heads = ("request", "effect", "parameters", "answer")
    return f"{CONTROL_HEAD}\n{_table(heads, rows)}"


def _control_field(field: Field) -> str:
    return f"`{field.name}`{' (required)' if field.required else ''}: {_text(field.text)}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _text(text: str) -> str:
    """Return a docstring's or help's text as one line of Markdown for a table's cell."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.replace("``", "`").split()))
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("|", "&#124;")
        for part in parts
    )


def _usage(usage: str) -> str:
    """Return a verb's usage, each option as code of its own, so that none is broken."""
    return " ".join(map(_code, re.findall(r"\[(?:[^][]|\[[^]]*])*]|[^[]+(?<! )", usage)))


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
