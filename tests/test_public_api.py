"""The public names, which users and the documentation import, do not move."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.schema import builtin

TOP = Path(__file__).parent.parent

PUBLIC = {
    "ari_notebook": {
        "ApplicationTaken",
        "AriError",
        "AsyncOutboundServer",
        "AsyncSession",
        "aaccept",
        "accept",
        "aconnect",
        "AudioError",
        "AuthenticationFailed",
        "Bridge",
        "Channel",
        "Conflict",
        "ConnectionLost",
        "EventTimeout",
        "HungUp",
        "InvalidParameter",
        "LiveRecording",
        "NotFound",
        "NotSent",
        "OutcomeUnknown",
        "Playback",
        "PreconditionFailed",
        "ReadOnly",
        "RequestFailed",
        "ServerError",
        "Session",
        "SessionClosed",
        "Sound",
        "UsageProblem",
        "__version__",
        "connect",
        "event",
        "open_capture",
        "replay",
        "serve",
        "to_parquet",
    },
    "ari_notebook.events": {
        "CallerID",
        "ChannelSnapshot",
        "Event",
        "EventName",
        "MissingParams",
        *builtin().events,
    },
    "ari_notebook.simulator": {
        "AriBackend",
        "SimulatedAsterisk",
        "CannotStart",
        "ConfigError",
        "RunningServer",
        "RunningSimulator",
        "VirtualSimulator",
        "WebSocketMedia",
        "dialplan_names",
        "dialplan_reference",
        "read_config",
        "start",
    },
    "ari_notebook.parts": {"Conference", "Queue", "VoiceMail", "dial_out"},
    "ari_notebook.testing": {"simulated_asterisk"},
    "ari_notebook.sessions": {"close_all", "current", "find", "names", "opened", "use"},
}
PAGES = [
    TOP / "README.md",
    TOP / "CHANGELOG.md",
    *sorted((TOP / "docs").rglob("*.md")),
    *sorted((TOP / "notebooks").glob("*.ipynb")),
]
_DOTTED = re.compile(r"(?<![\w./-])ari_notebook(?:\.[A-Za-z]\w*)+")


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_exist(module: str) -> None:
    loaded = importlib.import_module(module)
    assert {name for name in PUBLIC[module] if not hasattr(loaded, name)} == set()


def test_public_modules_load_as_attributes() -> None:
    assert ari_notebook.events.StasisStart.__name__ == "StasisStart"
    assert callable(ari_notebook.sessions.use)
    assert callable(ari_notebook.simulator.start)


def test_package_exports_exactly_its_public_names() -> None:
    assert set(ari_notebook.__all__) == PUBLIC["ari_notebook"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_dotted_names_in_documentation_resolve(page: Path) -> None:
    names = set(_DOTTED.findall(page.read_text(encoding="utf-8")))
    assert [name for name in sorted(names) if not _resolves(name)] == []


def _resolves(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


def test_package_root_is_small_enough_to_overlook() -> None:
    """Else a stranger does not find the place to change."""
    entries = {path.name for path in Path(ari_notebook.__file__).parent.iterdir()}
    assert len(entries - {"__pycache__"}) <= 20
