"""The declaration of each release is that of its own api-docs.

versions.json has the facts of each minor release from its api-docs, as the project of Asterisk
published them: the numbers of operations and models, and a digest of the sorted names of
operations, parameters, models and fields.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ari_notebook.schema import builtin, builtin_files
from ari_notebook.schema.versions import NEWEST, parse_version

FACTS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "versions.json").read_text())


def names(files: dict[str, Any]) -> list[str]:
    """Return the names of operations, parameters, models and fields in api-docs files."""
    found = []
    for name, document in files.items():
        if name == "resources.json":
            continue
        for api in document["apis"]:
            for operation in api["operations"]:
                called = f"{operation['httpMethod']} {api['path']}"
                found.append(called)
                found += [f"{called} {each['name']}" for each in operation.get("parameters", [])]
        for model, content in document.get("models", {}).items():
            found += [model, *(f"{model}.{each}" for each in content["properties"])]
    return sorted(found)


@pytest.mark.parametrize("version", FACTS)
def test_declaration_is_that_of_the_release(version: str) -> None:
    expected = FACTS[version]
    found = names(builtin_files(parse_version(version)))
    assert len(found) == len(set(found))
    assert hashlib.sha256("\n".join(found).encode()).hexdigest() == expected["sha256"]
    declared = builtin(parse_version(version))
    counts = (len(declared.operations), len(declared.models))
    assert counts == (expected["operations"], expected["models"])


def test_newest_declaration_lacks_nothing() -> None:
    assert NEWEST.lacks() == frozenset()
    assert builtin() == builtin(NEWEST) == builtin(parse_version("23.4.1"))


@pytest.mark.parametrize(
    ("text", "version"),
    [("22", "22.10.1"), ("22.8", "22.8.2"), ("22.8.0", "22.8.0"), (" 20.20 ", "20.20.1")],
)
def test_version_is_completed(text: str, version: str) -> None:
    assert str(parse_version(text)) == version


@pytest.mark.parametrize("text", ["", "19", "22.11", "22.8.3", "22.x", "999", "22.8.2.1", "٢٢"])
def test_unknown_version_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="unknown version of Asterisk") as refused:
        parse_version(text)
    assert "22.0 to 22.10" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_release_has_what_its_branch_got_before() -> None:
    since = ("20.14", "22.4", "22.10.1")
    had = {text: parse_version(text).has(*since) for text in ("20.13", "20.14", "22.4.1", "21.12")}
    assert had == {"20.13": False, "20.14": True, "22.4.1": True, "21.12": False}
    assert not parse_version("22.10.0").has("22.10.1")
