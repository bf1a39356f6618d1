"""The OpenAPI document of the control API, made from its routes."""

from __future__ import annotations

import re
from typing import Any

from ari_notebook.simulator.control.routes import BASE, ROUTES, Field, Route

__all__ = ["document"]


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(f"{BASE}{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of the simulated Asterisk of ari-notebook",
            "version": "1",
            "description": "Off unless the simulator is started with a token.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {"message": {"type": "string"}},
                }
            },
        },
        "security": [{"token": []}],
        "paths": paths,
    }


def _operation(route: Route) -> dict[str, Any]:
    shown: dict[str, Any] = {"operationId": route.handler, "summary": route.summary}
    if route.open:
        shown["security"] = []
    variables = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    query = [
        {
            "name": field.name,
            "in": "query",
            "description": field.text,
            "schema": {"type": field.type},
        }
        for field in route.query
    ]
    if variables or query:
        shown["parameters"] = variables + query
    if route.body:
        required = any(field.required for field in route.body)
        schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": _fields(route.body),
        }
        if required:
            schema["required"] = [field.name for field in route.body if field.required]
        shown["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": schema}},
        }
    shown["responses"] = {
        "2XX": {"description": route.answer or "done"},
        "default": {
            "description": "refused",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        },
    }
    return shown


def _fields(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        field.name: {
            "type": [field.type, "null"] if field.nullable else field.type,
            "description": field.text,
        }
        for field in fields
    }
