"""The table of modules: what an exchange like this one is made of, told in Asterisk's names.

It lists what a Debian Asterisk has running, and what keeps mailboxes, which Debian leaves out. What
is loaded and unloaded is told, and nothing else follows from it. An application's use count is the
number of channels that run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ari_notebook.simulator.messages import Refused

Running = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Module:
    """A module.

    Attributes:
        name: of its file, or of a part of the core.
        support_level: core, extended, deprecated or unknown.
        uses: how many others need it, apart from channels.
        reloadable: whether it can read its configuration again.
        description: what it is.
    """

    name: str
    support_level: str
    uses: int
    reloadable: bool
    description: str


def _builtin() -> dict[str, Module]:
    text = files("ari_notebook.simulator").joinpath("data/modules.tsv").read_text("utf-8")
    modules = {}
    for line in text.splitlines():
        name, level, uses, reloadable, description = line.split("\t")
        modules[name] = Module(name, level, int(uses), reloadable == "1", description)
    return modules


class Modules:
    """Which modules are loaded.

    Args:
        running: tells the application of every channel there is (``Echo``).
        unloaded: those that are not loaded as it starts, with ``.so`` or without.
    """

    def __init__(self, running: Running, unloaded: Iterable[str] = ()) -> None:
        self._known = _builtin()
        self._loaded = dict.fromkeys(self._known)
        for name in unloaded:
            self._loaded.pop(f"{name.removesuffix('.so')}.so", None)
        self._running = running

    def list(self) -> list[dict[str, Any]]:
        """Every loaded module, by name."""
        return [self._describe(self._known[name]) for name in sorted(self._loaded)]

    def get(self, name: str) -> dict[str, Any]:
        """One loaded module.

        Raises:
            Refused: 404; 409 for a name that means a loaded one, and is not quite its own.
        """
        found = self._find(name)
        if found is None:
            raise Refused(404, "Module could not be found in running modules")
        if found != name:
            raise Refused(409, "Module information could not be retrieved")
        return self._describe(self._known[name])

    def load(self, name: str) -> None:
        """Load a module that was unloaded.

        Raises:
            Refused: 409, it is loaded, or there is none of that name.
        """
        if self._find(name) is not None:
            raise Refused(409, "Module is already loaded")
        file = f"{name.removesuffix('.so')}.so"
        if file not in self._known:
            raise Refused(409, "Module load declined")
        self._loaded[file] = None

    def unload(self, name: str) -> None:
        """Unload a module.

        Raises:
            Refused: 404, it is not loaded; 409, something uses it.
        """
        found = self._running_module(name)
        if self._use_count(self._known[found]):
            raise Refused(409, "Module could not be unloaded")
        del self._loaded[found]

    def reload(self, name: str) -> None:
        """Let a module read its configuration again.

        Raises:
            Refused: 404, it is not loaded; 409, it cannot.
        """
        if not self._known[self._running_module(name)].reloadable:
            raise Refused(409, "Module does not support reloading")

    def _running_module(self, name: str) -> str:
        found = self._find(name)
        if found is None:
            raise Refused(404, "Module not found in running modules")
        return found

    def _find(self, name: str) -> str | None:
        """The loaded module that a name means: its ending, and capital letters, do not matter."""
        if name in self._loaded:
            return name
        wanted = name.lower().removesuffix(".so")
        found = (each for each in self._loaded if each.lower().removesuffix(".so") == wanted)
        return next(found, None)

    def _use_count(self, module: Module) -> int:
        if not module.name.startswith("app_"):
            return module.uses
        application = module.name.removeprefix("app_").removesuffix(".so")
        return module.uses + sum(each.lower() == application for each in self._running())

    def _describe(self, module: Module) -> dict[str, Any]:
        return {
            "name": module.name,
            "description": module.description,
            "use_count": self._use_count(module),
            "status": "Running",
            "support_level": module.support_level,
        }
