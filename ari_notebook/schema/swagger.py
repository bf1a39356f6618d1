"""Reader of the Swagger 1.1 files that Asterisk serves under ``/ari/api-docs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from ari_notebook.schema.model import (
    LOCATIONS,
    Declaration,
    ErrorCode,
    Location,
    Model,
    ModelField,
    Operation,
    Parameter,
    identifier,
    snake_case,
)

LISTING = "resources"  # the file with the list of the others and the API's version


def from_api_docs(files: Mapping[str, Any]) -> Declaration:
    """Read the declaration of a server.

    Declarations of newer servers can be read: unknown members are ignored, and missing ones have
    Swagger's default.

    Args:
        files: the decoded JSON of each file by name, with or without ``.json``
            (``resources.json``, ``channels.json`` …). ``resources.json`` may be absent; the
            declaration then has no version.

    Raises:
        ValueError: a file is not a Swagger 1.x declaration; the message names it.
    """
    version, about = "", dict[str, str]()
    operations: list[Operation] = []
    models: dict[str, Model] = {}
    for file, content in files.items():
        name = file.removesuffix(".json")
        swagger = content.get("swaggerVersion") if isinstance(content, Mapping) else None
        if not isinstance(swagger, str) or not swagger.startswith("1."):
            found = f"swaggerVersion {swagger!r}" if swagger else "no swaggerVersion"
            raise ValueError(f"{file} is not a Swagger 1.x declaration ({found})")
        try:
            if name == LISTING:
                version = str(content.get("apiVersion", ""))
                for api in content.get("apis") or ():
                    resource = identifier(snake_case(_last_part(str(api["path"]))))
                    about[resource] = str(api.get("description") or "")
            else:
                resource = _last_part(str(content.get("resourcePath") or name))
                operations += _operations(resource, content)
                models |= _models(resource, content)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{file} is not a complete Swagger declaration: {reason}") from error
    return Declaration(version, tuple(operations), models, about)


def _last_part(path: str) -> str:
    """Return ARI's name of the resource in ``/api-docs/deviceStates.{format}``."""
    return path.rpartition("/")[2].partition(".")[0]


def _operations(resource: str, content: Mapping[str, Any]) -> Iterable[Operation]:
    for api in content.get("apis") or ():
        for raw in api.get("operations") or ():
            yield Operation(
                resource=resource,
                method=str(raw.get("httpMethod") or raw["method"]).upper(),
                path=str(api["path"]),
                nickname=str(raw["nickname"]),
                summary=str(raw.get("summary") or ""),
                notes=str(raw.get("notes") or ""),
                parameters=tuple(_parameters(raw.get("parameters") or ())),
                response=str(raw.get("responseClass") or raw.get("type") or "void"),
                errors=tuple(
                    ErrorCode(int(each["code"]), str(each.get("reason") or ""))
                    for each in raw.get("errorResponses") or ()
                ),
                since=tuple(str(each) for each in raw.get("since") or ()),
                websocket=raw.get("upgrade") == "websocket",
            )


def _parameters(declared: Iterable[Mapping[str, Any]]) -> Iterable[Parameter]:
    """Read an operation's parameters, each name once, with distinct Python names."""
    by_name: dict[str, Parameter] = {}
    for parameter in map(_parameter, declared):
        if parameter.name not in by_name or parameter.location == "path":
            by_name[parameter.name] = parameter
    taken = {"self"}
    for parameter in by_name.values():
        name, number = parameter.python_name, 1
        while name in taken:
            number += 1
            name = f"{parameter.python_name}_{number}"
        taken.add(name)
        yield parameter if number == 1 else replace(parameter, alias=name)


def _parameter(raw: Mapping[str, Any]) -> Parameter:
    location = str(raw["paramType"])
    if location not in LOCATIONS:
        raise ValueError(f"parameter {raw['name']!r} has unknown location {location!r}")
    limits = raw.get("allowableValues") or {}
    return Parameter(
        name=str(raw["name"]),
        location=cast("Location", location),
        type=str(raw.get("dataType") or raw.get("type") or "string"),
        # Asterisk omits `required` of some path parameters; a path has no optional parts.
        required=location == "path" or bool(raw.get("required", False)),
        multiple=bool(raw.get("allowMultiple", False)),
        default=raw.get("defaultValue"),
        allowed=_allowed(limits),
        minimum=_limit(limits, "min"),
        maximum=_limit(limits, "max"),
        description=str(raw.get("description") or ""),
    )


def _models(resource: str, content: Mapping[str, Any]) -> dict[str, Model]:
    return {
        name: Model(
            name=name,
            resource=resource,
            description=str(raw.get("description") or ""),
            fields=tuple(_field(*each) for each in (raw.get("properties") or {}).items()),
            subtypes=tuple(raw.get("subTypes") or ()),
            discriminator=raw.get("discriminator"),
        )
        for name, raw in (content.get("models") or {}).items()
    }


def _field(name: str, raw: Mapping[str, Any]) -> ModelField:
    return ModelField(
        name=name,
        type=str(raw.get("type") or "string"),
        required=bool(raw.get("required", False)),
        allowed=_allowed(raw.get("allowableValues") or {}),
        description=str(raw.get("description") or ""),
    )


def _limit(limits: Mapping[str, Any], which: str) -> float | None:
    limit = limits.get(which)
    return None if limit is None else float(limit)


def _allowed(limits: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in limits.get("values") or ())
