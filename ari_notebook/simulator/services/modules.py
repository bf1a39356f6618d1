"""The table of Asterisk's modules.

It contains the modules running in Debian's Asterisk and the mailbox module, which Debian lacks.
Loading and unloading changes only the table. An application's use count is the number of channels
that run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ari_notebook.simulator.messages import AriRefusal

Running = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class AsteriskModule:
    """A module.

    Attributes:
        name: name of its file, or of a part of the core.
        support_level: core, extended, deprecated or unknown.
        uses: number of modules that need it, without channels.
        reloadable: whether it can reload its configuration.
        description: its purpose.
    """

    name: str
    support_level: str
    uses: int
    reloadable: bool
    description: str


def _builtin() -> dict[str, AsteriskModule]:
    text = files("ari_notebook.simulator").joinpath("data/modules.tsv").read_text("utf-8")
    modules = {}
    for line in text.splitlines():
        name, level, uses, reloadable, description = line.split("\t")
        modules[name] = AsteriskModule(name, level, int(uses), reloadable == "1", description)
    return modules


class ModuleRegistry:
    """The loaded modules.

    Args:
        running: returns the dialplan application of every channel (``Echo``).
        unloaded: modules not loaded at the start, with or without ``.so``.
    """

    def __init__(self, running: Running, unloaded: Iterable[str] = ()) -> None:
        self._known = _builtin()
        self._loaded = dict.fromkeys(self._known)
        for name in unloaded:
            self._loaded.pop(f"{name.removesuffix('.so')}.so", None)
        self._running = running

    def is_loaded(self, name: str) -> bool:
        """Return whether a module of exactly that name is loaded."""
        return name in self._loaded

    def list(self) -> list[dict[str, Any]]:
        """Return every loaded module, sorted by name."""
        return [self._describe(self._known[name]) for name in sorted(self._loaded)]

    def get(self, name: str) -> dict[str, Any]:
        """Return one loaded module.

        Raises:
            AriRefusal: 404; 409 for an inexact name of a loaded module.
        """
        found = self._find(name)
        if found is None:
            raise AriRefusal(404, "Module could not be found in running modules")
        if found != name:
            raise AriRefusal(409, "Module information could not be retrieved")
        return self._describe(self._known[name])

    def load(self, name: str) -> None:
        """Load a module that was unloaded.

        Raises:
            AriRefusal: 409, already loaded or unknown.
        """
        if self._find(name) is not None:
            raise AriRefusal(409, "Module is already loaded")
        file = f"{name.removesuffix('.so')}.so"
        if file not in self._known:
            raise AriRefusal(409, "Module load declined")
        self._loaded[file] = None

    def unload(self, name: str) -> None:
        """Unload a module.

        Raises:
            AriRefusal: 404, not loaded; 409, in use.
        """
        found = self._running_module(name)
        if self._use_count(self._known[found]):
            raise AriRefusal(409, "Module could not be unloaded")
        del self._loaded[found]

    def reload(self, name: str) -> None:
        """Reload a module.

        Raises:
            AriRefusal: 404, not loaded; 409, not reloadable.
        """
        if not self._known[self._running_module(name)].reloadable:
            raise AriRefusal(409, "Module does not support reloading")

    def _running_module(self, name: str) -> str:
        found = self._find(name)
        if found is None:
            raise AriRefusal(404, "Module not found in running modules")
        return found

    def _find(self, name: str) -> str | None:
        """Return a loaded module by name, ignoring case and ``.so``."""
        if name in self._loaded:
            return name
        wanted = name.lower().removesuffix(".so")
        found = (each for each in self._loaded if each.lower().removesuffix(".so") == wanted)
        return next(found, None)

    def _use_count(self, module: AsteriskModule) -> int:
        if not module.name.startswith("app_"):
            return module.uses
        application = module.name.removeprefix("app_").removesuffix(".so")
        return module.uses + sum(each.lower() == application for each in self._running())

    def _describe(self, module: AsteriskModule) -> dict[str, Any]:
        return {
            "name": module.name,
            "description": module.description,
            "use_count": self._use_count(module),
            "status": "Running",
            "support_level": module.support_level,
        }
