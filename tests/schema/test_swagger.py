from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import schema

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


def test_newer_server_is_understood() -> None:
    declaration = schema.from_api_docs(newer_server())
    assert declaration.version == "13.0.0"
    project = declaration.operation("holograms.project_hologram")
    assert project.method == "POST"
    assert project.response == "void"
    assert project.errors == (schema.ErrorCode(418, ""),)
    assert project.parameter("hologramId").required
    assert project.parameter("hologramId").type == "string"
    assert not project.parameter("size").required
    assert declaration.model("Hologram").fields == (schema.ModelField("depth"),)
    assert schema.check(project, {"hologramId": "x", "size": "2"}).path == "/holograms/x"
    assert "projectHologram".lower() not in schema.docstring(project)


def test_file_names_may_lack_their_suffix() -> None:
    files = {name.removesuffix(".json"): file for name, file in schema.builtin_files().items()}
    assert schema.from_api_docs(files) == schema.builtin()


def test_server_without_a_listing_has_no_version() -> None:
    files = schema.builtin_files()
    del files["resources.json"]
    declaration = schema.from_api_docs(files)
    assert declaration.version == ""
    assert declaration.operations == schema.builtin().operations


@pytest.mark.parametrize(
    "content",
    [{}, [], None, "text", {"swaggerVersion": "2.0"}, {"swagger": "2.0"}, {"openapi": "3.1.0"}],
)
def test_file_other_than_swagger_1_is_refused_by_name(content: Any) -> None:
    with pytest.raises(ValueError, match=r"channels\.json is not a Swagger 1\.x declaration"):
        schema.from_api_docs({"channels.json": content})


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"apis": [{"operations": [{"httpMethod": "GET", "nickname": "x"}]}]}, "path"),
        ({"apis": [{"path": "/x", "operations": [{"httpMethod": "GET"}]}]}, "nickname"),
        ({"apis": 5}, "not iterable"),
        ({"models": [1]}, "items"),
    ],
)
def test_damaged_file_is_named(damage: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=rf"x\.json is not a complete Swagger.*{reason}"):
        schema.from_api_docs({"x.json": {"swaggerVersion": "1.1", "models": {}} | damage})


def test_parameter_that_travels_nowhere_is_refused() -> None:
    files = newer_server()
    operation = files["holograms.json"]["apis"][0]["operations"][0]
    operation["parameters"][1]["paramType"] = "pigeon"
    with pytest.raises(ValueError, match=r"holograms\.json .*'size' has unknown location 'pigeon'"):
        schema.from_api_docs(files)


@given(st.dictionaries(KEYS, ALMOST, max_size=3), st.sampled_from(["x.json", "resources.json"]))
def test_any_json_is_read_or_refused(content: dict[str, Any], file: str) -> None:
    try:
        declaration = schema.from_api_docs({file: {"swaggerVersion": "1.1"} | content})
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = f"{file}: none" if isinstance(declaration, schema.Declaration) else ""
    assert file in refusal
