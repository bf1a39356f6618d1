"""Versions of Asterisk, and what of ARI each of them has.

``since.tsv`` names every operation (``GET /channels``), parameter (``GET /channels name``), model
(``Channel``) and field (``Channel.id``) that came after the first release of a branch, and the
release of each branch that brought it. It was made from the api-docs of all releases; nothing was
ever removed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

__all__ = ["NEWEST", "AsteriskVersion", "parse_version"]

# The latest patch of each minor release of a branch, from x.0 on.
_PATCHES = {
    18: (1, 1, 2, 0, 0, 1, 0, 1, 0, 0, 1, 3, 1, 0, 0, 1, 0, 1, 1, 0, 2, 0, 0, 1, 3, 0, 4),
    20: (1, 0, 1, 1, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 1, 2, 0, 0, 2, 0, 1),
    21: (2, 0, 0, 1, 3, 0, 1, 0, 0, 1, 2, 0, 3),
    22: (0, 1, 0, 0, 1, 2, 0, 0, 2, 0, 1),
    23: (0, 0, 2, 0, 1),
}


@dataclass(frozen=True, slots=True, order=True)
class AsteriskVersion:
    """A release, such as 22.10.1."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def has(self, *since: str) -> bool:
        """Return whether it has what these releases brought, one of each branch.

        Args:
            since: such as ``22.4`` or ``22.10.1``; a branch that is not named never got it.
        """
        for each in since:
            numbers = tuple(map(int, each.split(".")))
            if numbers[0] == self.major:
                return (self.minor, self.patch)[: len(numbers) - 1] >= numbers[1:]
        return False

    def lacks(self) -> frozenset[str]:
        """Return what of the newest declaration it lacks, under the names of ``since.tsv``."""
        return _lacking(self)


@functools.cache
def _since() -> dict[str, tuple[str, ...]]:
    text = resources.files("ari_notebook.schema").joinpath("since.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {name: tuple(each for each in when.split() if "-" not in each) for name, when in rows}


@functools.cache
def _lacking(version: AsteriskVersion) -> frozenset[str]:
    return frozenset(name for name, since in _since().items() if not version.has(*since))


NEWEST = AsteriskVersion(22, 10, 1)


def parse_version(text: str) -> AsteriskVersion:
    """Parse a release number.

    Args:
        text: ``22.10.1``; without a patch, the latest of that minor release; without a minor
            release, the latest of that branch.

    Raises:
        ValueError: there is no such release, or none whose declaration is known.
    """
    found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?", text.strip(), re.ASCII)
    if found is not None and int(found[1]) in _PATCHES:
        major = int(found[1])
        patches = _PATCHES[major]
        minor = len(patches) - 1 if found[2] is None else int(found[2])
        if minor < len(patches):
            patch = patches[minor] if found[3] is None else int(found[3])
            if patch <= patches[minor]:
                return AsteriskVersion(major, minor, patch)
    raise ValueError(f"unknown version of Asterisk: {text[:40]!r}; known are {_known(_PATCHES)}")


def _known(majors: Iterable[int]) -> str:
    return ", ".join(f"{each}.0 to {each}.{len(_PATCHES[each]) - 1}" for each in majors)
