from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.services.dynamic_config import DynamicConfig, fields_of

SECTIONS = [
    ("loopback", [("type", "endpoint"), ("context", "default"), ("allow", "ulaw,alaw")]),
    ("loopback", [("type", "aor"), ("max_contacts", "10")]),
]
ENDPOINT = ("res_pjsip", "endpoint")


def values(attributes: list[dict[str, str]]) -> dict[str, str]:
    return {each["attribute"]: each["value"] for each in attributes}


@pytest.fixture
def config() -> DynamicConfig:
    return DynamicConfig(SECTIONS)


@pytest.fixture
def writable() -> DynamicConfig:
    return DynamicConfig(SECTIONS, writable=("endpoint", "aor", "auth"))


def test_object_of_the_file_is_shown_with_all_its_attributes(config: DynamicConfig) -> None:
    shown = values(config.get(*ENDPOINT, "loopback"))
    assert len(shown) == 138
    assert (shown["context"], shown["allow"]) == ("default", "(ulaw|alaw)")
    assert values(config.get("res_pjsip", "aor", "loopback"))["max_contacts"] == "10"


@pytest.mark.parametrize(
    ("status", "message", "act"),
    [
        (404, "configClass 'x' not found", lambda c: c.get("x", "endpoint", "a")),
        (404, "objectType 'x' not found", lambda c: c.delete("res_pjsip", "x", "a")),
        (404, "Object with id 'a' not found", lambda c: c.get(*ENDPOINT, "a")),
        (
            400,
            "Fields must be provided to update object 'loopback'",
            lambda c: c.update(*ENDPOINT, "loopback", {}),
        ),
        (
            400,
            "Creation of object 'a' failed field value validation",
            lambda c: c.update(*ENDPOINT, "a", {"bogus": "1"}),
        ),
        (
            403,
            "Cannot create sorcery objects of type 'endpoint'",
            lambda c: c.update(*ENDPOINT, "a", {}),
        ),
        (
            403,
            "Cannot update sorcery objects of type 'endpoint'",
            lambda c: c.update(*ENDPOINT, "loopback", {"context": "other"}),
        ),
        (
            403,
            "Could not delete object with id 'loopback'",
            lambda c: c.delete(*ENDPOINT, "loopback"),
        ),
    ],
)
def test_invalid_dynamic_request_is_refused(
    config: DynamicConfig, status: int, message: str, act: Callable[[DynamicConfig], object]
) -> None:
    with pytest.raises(AriRefusal) as refused:
        act(config)
    assert (refused.value.status, refused.value.message) == (status, message)


def test_writable_type_takes_objects_and_gives_them_up(writable: DynamicConfig) -> None:
    made = values(writable.update(*ENDPOINT, "alice", {"context": "sales"}))
    assert made["context"] == "sales"
    assert values(writable.update(*ENDPOINT, "alice", {"allow": "opus"}))["context"] == "sales"
    assert writable.names("endpoint") == ["loopback", "alice"]
    writable.delete(*ENDPOINT, "alice")
    assert writable.fields("endpoint", "alice") is None


def test_objects_of_the_file_cannot_be_changed(writable: DynamicConfig) -> None:
    with pytest.raises(AriRefusal, match="Could not delete object with id 'loopback'"):
        writable.delete(*ENDPOINT, "loopback")


def test_value_of_number_field_must_be_a_number(writable: DynamicConfig) -> None:
    with pytest.raises(AriRefusal, match="failed field value validation"):
        writable.update("res_pjsip", "aor", "alice", {"max_contacts": "many"})


def test_owner_is_called_on_changes() -> None:
    heard = []
    config = DynamicConfig(writable=["aor"], changed=lambda *change: heard.append(change))
    config.update("res_pjsip", "aor", "alice", {})
    config.delete("res_pjsip", "aor", "alice")
    assert heard == [("aor", "alice", {}), ("aor", "alice", None)]


def test_body_is_a_list_of_fields() -> None:
    body = {"fields": [{"attribute": "context", "value": "a"}, {"attribute": "allow"}]}
    assert fields_of(body) == {"context": "a", "allow": ""}
    assert fields_of(None) == fields_of({"fields": "x"}) == {}
    with pytest.raises(AriRefusal, match="needs an attribute"):
        fields_of({"fields": [{"value": "x"}]})


@pytest.mark.parametrize("codecs", ["!all,ulaw:20,alaw", "ulaw, alaw", "ULAW", "all"])
def test_valid_codecs_are_accepted(codecs: str, writable: DynamicConfig) -> None:
    writable.update(*ENDPOINT, "a", {"allow": codecs})
    writable.update(*ENDPOINT, "b", {"disallow": codecs})


@pytest.mark.parametrize("codecs", ["BLECH", "ulaw,nope", "", "!nope", "ulaw&alaw", "ulaw:x"])
def test_invalid_codecs_are_refused(codecs: str, writable: DynamicConfig) -> None:
    for attribute in ("allow", "disallow"):
        with pytest.raises(AriRefusal, match="failed field value validation"):
            writable.update(*ENDPOINT, "a", {attribute: codecs})
