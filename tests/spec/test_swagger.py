from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook import spec

KEYS = st.sampled_from(
    ["apis", "path", "operations", "httpMethod", "nickname", "parameters", "paramType", "name"]
) | st.sampled_from(
    ["models", "properties", "subTypes", "errorResponses", "code", "allowableValues", "min"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "query", "GET"])
ALMOST = st.recursive(  # JSON that looks like a declaration at first sight
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)
)


def newer_server() -> dict[str, Any]:
    return {
        "resources.json": {"swaggerVersion": "1.2", "apiVersion": "13.0.0", "novelty": True},
        "holograms.json": {
            "swaggerVersion": "1.2",
            "apis": [
                {
                    "path": "/holograms/{hologramId}",
                    "color": "green",
                    "operations": [
                        {
                            "httpMethod": "post",
                            "nickname": "projectHologram",
                            "cost": 3,
                            "parameters": [
                                {"name": "hologramId", "paramType": "path"},
                                {"name": "size", "paramType": "query", "dataType": "int"},
                            ],
                            "errorResponses": [{"code": "418"}],
                        }
                    ],
                }
            ],
            "models": {"Hologram": {"properties": {"depth": {"new": 1}}}},
        },
    }


def test_a_newer_server_is_understood() -> None:
    declaration = spec.from_api_docs(newer_server())
    assert declaration.version == "13.0.0"
    project = declaration.operation("holograms.project_hologram")
    assert project.method == "POST"
    assert project.response == "void"
    assert project.errors == (spec.ErrorCode(418, ""),)
    assert project.parameter("hologramId").required
    assert project.parameter("hologramId").type == "string"
    assert not project.parameter("size").required
    assert declaration.model("Hologram").fields == (spec.Field("depth"),)
    assert project.check({"hologramId": "x", "size": "2"}).path == "/holograms/x"
    assert "projectHologram".lower() not in project.docstring()


def test_file_names_may_lack_their_suffix() -> None:
    files = {name.removesuffix(".json"): file for name, file in spec.builtin_files().items()}
    assert spec.from_api_docs(files) == spec.builtin()


def test_a_server_without_a_listing_has_no_version() -> None:
    files = spec.builtin_files()
    del files["resources.json"]
    declaration = spec.from_api_docs(files)
    assert declaration.version == ""
    assert declaration.operations == spec.builtin().operations


@pytest.mark.parametrize(
    "content",
    [{}, [], None, "text", {"swaggerVersion": "2.0"}, {"swagger": "2.0"}, {"openapi": "3.1.0"}],
)
def test_what_is_no_swagger_1_is_named(content: Any) -> None:
    with pytest.raises(ValueError, match=r"channels\.json is not a Swagger 1\.x declaration"):
        spec.from_api_docs({"channels.json": content})


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"apis": [{"operations": [{"httpMethod": "GET", "nickname": "x"}]}]}, "path"),
        ({"apis": [{"path": "/x", "operations": [{"httpMethod": "GET"}]}]}, "nickname"),
        ({"apis": 5}, "not iterable"),
        ({"models": [1]}, "items"),
    ],
)
def test_a_damaged_file_is_named(damage: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=rf"x\.json is not a complete Swagger.*{reason}"):
        spec.from_api_docs({"x.json": {"swaggerVersion": "1.1", "models": {}} | damage})


def test_a_parameter_that_travels_nowhere_is_refused() -> None:
    files = newer_server()
    operation = files["holograms.json"]["apis"][0]["operations"][0]
    operation["parameters"][1]["paramType"] = "pigeon"
    with pytest.raises(ValueError, match=r"holograms\.json .*'size' travels in 'pigeon'"):
        spec.from_api_docs(files)


@settings(deadline=None)
@given(st.dictionaries(KEYS, ALMOST, max_size=3), st.sampled_from(["x.json", "resources.json"]))
def test_any_json_is_read_or_refused(content: dict[str, Any], file: str) -> None:
    try:
        declaration = spec.from_api_docs({file: {"swaggerVersion": "1.1"} | content})
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = f"{file}: none" if isinstance(declaration, spec.Declaration) else ""
    assert file in refusal
