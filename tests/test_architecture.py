"""The rules of docs/architecture.md: a room imports only from the rooms below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import ari_notebook

PACKAGE = Path(ari_notebook.__file__).parent

# The floor of every room. What is a single module and not named here is part of the session.
FLOORS = {
    "spec": 1,
    "live": 1,
    "client": 2,
    "simulator": 2,
    "session": 3,
    "views": 4,
    "lessons": 4,
    "magics": 5,  # shows views and checks lessons, so that it stands on them
    "cli": 5,
}
COMMAND_LINE = {"cli", "doctor", "course"}
# The package's own face: it names everything, and loads it when it is asked for.
FACE = {"__init__", "_version"}

# `ari.panel()` is typed on a session. The view is loaded when somebody wants to look, never before.
WHEN_ASKED_FOR = {("session", "views")}

NETWORK = {"aiohttp", "http", "requests", "socket", "ssl", "tornado", "urllib3", "websocket"}
NOTEBOOK = {"IPython", "anywidget", "ipykernel", "ipywidgets", "traitlets"}
NEVER = {
    "spec": NETWORK | NOTEBOOK | {"asyncio", "pandas", "threading"},
    "live": NETWORK | NOTEBOOK | {"asyncio"},
    "client": NOTEBOOK | {"pandas"},
    "simulator": NOTEBOOK | {"pandas", "requests", "websocket"},
    "session": NETWORK | NOTEBOOK | {"html"},
    "views": NETWORK,
    "lessons": NETWORK | NOTEBOOK,
    "magics": NETWORK | {"html"},
}
# The simulator's exchange is sans-IO: only its shell, and what stands around it, meets the network.
SHELL = {"carrier", "connection", "outbound", "running", "shell"}


class Import(NamedTuple):
    path: Path
    line: int
    module: str
    at_top: bool

    @property
    def room(self) -> str:
        return room_of(self.path)

    def __str__(self) -> str:
        return f"{self.path.relative_to(PACKAGE.parent)}:{self.line} imports {self.module}"


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return room_named(parts[0], is_package=len(parts) > 1)


def room_named(name: str, *, is_package: bool = False) -> str:
    if name in COMMAND_LINE:
        return "cli"
    if name in FACE and not is_package:
        return "face"
    return name if name in FLOORS else "session"


def modules() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(function)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        at_top = id(node) not in inside
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name, at_top)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                yield Import(path, node.lineno, f"{node.module}.{alias.name}", at_top)


def _for_types(node: ast.AST) -> bool:
    """What is imported to name types alone is never loaded."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


ALL = [found for path in modules() for found in imports(path)]


def test_the_rooms_are_there() -> None:
    rooms = {room_of(path) for path in modules()}
    assert set(FLOORS) <= rooms
    assert len(ALL) > 500


def is_allowed(found: Import) -> bool:
    parts = found.module.split(".")
    if parts[0] != "ari_notebook" or found.room == "face":
        return True
    target = room_named(parts[1]) if len(parts) > 1 else "face"
    if target in ("face", found.room):
        return True
    if (found.room, target) in WHEN_ASKED_FOR:
        return not found.at_top
    return FLOORS[target] < FLOORS[found.room]


def test_a_room_imports_only_from_the_rooms_below() -> None:
    assert [str(found) for found in ALL if not is_allowed(found)] == []


@pytest.mark.parametrize("room", NEVER)
def test_what_a_room_never_uses(room: str) -> None:
    wrong = [
        str(found)
        for found in ALL
        if found.room == room and found.module.split(".")[0] in NEVER[room]
    ]
    assert wrong == []


def test_the_exchange_meets_no_network() -> None:
    wrong = [
        str(found)
        for found in ALL
        if found.room == "simulator"
        and found.path.stem not in SHELL
        and found.module.split(".")[0] in NETWORK | {"asyncio", "selectors"}
    ]
    assert wrong == []


def test_the_log_and_the_tables_start_no_thread() -> None:
    for path in (PACKAGE / "live").rglob("*.py"):
        used = {
            n.attr for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)
        }
        assert not used & {"Thread", "Timer", "ThreadPoolExecutor"}, path


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    long = {str(p): n for p in modules() if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("live/log.py: from ari_notebook.client import rest", False),
        ("live/log.py: from ari_notebook import spec", False),
        ("client/rest.py: import ari_notebook.simulator.shell", False),
        ("simulator/exchange.py: from ari_notebook.spec import builtin", True),
        ("views/panel.py: from ari_notebook.magics import load", False),
        ("session.py: from ari_notebook.live import EventLog", True),
        ("magics/verbs.py: from ari_notebook.views import panel", True),
    ],
)
def test_the_rule_itself(source: str, allowed: bool) -> None:
    name, _, line = source.partition(": ")
    node = ast.parse(line).body[0]
    if isinstance(node, ast.ImportFrom):
        module = f"{node.module}.{node.names[0].name}"
    else:
        assert isinstance(node, ast.Import)
        module = node.names[0].name
    assert is_allowed(Import(PACKAGE / name, 1, module, True)) is allowed
