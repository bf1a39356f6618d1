"""What the package uses of msgspec, in Python, for a Pyodide without its wheel: tests only."""

from __future__ import annotations

import inspect
import json as _json
import sys
import types
import typing
from typing import Any


class MsgspecError(Exception):
    """Base of the errors."""


class DecodeError(MsgspecError):
    """The text is not JSON."""


class ValidationError(DecodeError):
    """A value has another type than declared."""


class UnsetType:
    """The type of `UNSET`."""

    def __bool__(self) -> bool:
        return False


UNSET = UnsetType()
_REQUIRED = object()


class _Field:
    def __init__(self, default: Any = _REQUIRED, name: str | None = None) -> None:
        self.default, self.name = default, name


def field(*, default: Any = _REQUIRED, name: str | None = None) -> Any:
    """Declare a field with another name in JSON."""
    return _Field(default, name)


class Struct:
    """A class with typed fields."""

    _fields: typing.ClassVar[dict[str, tuple[str, Any]]] = {}  # name → name in JSON, default
    _tag: typing.ClassVar[Any] = None
    _tag_field: typing.ClassVar[str | None] = None

    def __init_subclass__(
        cls, *, tag: Any = None, tag_field: str | None = None, **_options: Any
    ) -> None:
        if tag_field is not None:
            cls._tag_field = tag_field
        if tag is not None:
            cls._tag = staticmethod(tag) if callable(tag) else tag
        own: dict[str, tuple[str, Any]] = {}
        for name, annotation in inspect.get_annotations(cls).items():
            if "ClassVar" in str(annotation):
                continue
            given = cls.__dict__.get(name, _REQUIRED)
            if isinstance(given, _Field):
                own[name] = given.name or name, given.default
            else:
                own[name] = name, given
        cls._fields = {**cls._fields, **own}
        for name, (_, default) in own.items():  # a default of the class would hide a property
            if name in cls.__dict__ and not isinstance(cls.__dict__[name], property):
                setattr(cls, name, default) if default is not _REQUIRED else delattr(cls, name)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = type(self)._fields
        given = dict(zip(fields, values, strict=False)) | named
        for name, (_, default) in fields.items():
            value = given.pop(name, default)
            if value is _REQUIRED:
                raise TypeError(f"Missing required argument '{name}'")
            object.__setattr__(self, name, list(value) if value == [] else value)
        if given:
            raise TypeError(f"Unexpected keyword argument '{next(iter(given))}'")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = object.__hash__


_hints: dict[type, dict[str, Any]] = {}


def _types(kind: type[Struct]) -> dict[str, Any]:
    if kind not in _hints:
        found: dict[str, Any] = {}
        for base in reversed(kind.__mro__):
            space = vars(sys.modules.get(base.__module__, types.ModuleType("")))
            for name, annotation in inspect.get_annotations(base).items():
                if name in kind._fields:
                    found[name] = eval(str(annotation), {**space, "Any": Any})
        _hints[kind] = found
    return _hints[kind]


def _fit(value: Any, kind: Any) -> Any:
    if kind is Any:
        return value
    if isinstance(kind, types.UnionType):
        for each in typing.get_args(kind):
            if each is UnsetType:
                continue
            try:
                return _fit(value, each)
            except ValidationError:
                continue
        raise ValidationError("no type of the union")
    if kind is None or kind is type(None):
        if value is None:
            return None
        raise ValidationError("not null")
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(value, kind)
    origin = typing.get_origin(kind)
    if origin is list:
        if not isinstance(value, list):
            raise ValidationError("no array")
        (inner,) = typing.get_args(kind)
        return [_fit(each, inner) for each in value]
    if origin is not None:
        kind = origin
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValidationError(f"expected {kind}")
    return value


def _struct(value: Any, kind: type[Struct]) -> Struct:
    if not isinstance(value, dict):
        raise ValidationError("no object")
    hints, made = _types(kind), kind.__new__(kind)
    for name, (key, default) in kind._fields.items():
        if key in value:
            object.__setattr__(made, name, _fit(value[key], hints[name]))
        elif default is _REQUIRED:
            raise ValidationError(f"{key} is missing")
        else:
            object.__setattr__(made, name, list(default) if default == [] else default)
    return made


class Decoder:
    """Decodes JSON into a type."""

    def __init__(self, kind: Any = Any) -> None:
        self._kind = kind
        self._by_tag: dict[Any, type[Struct]] = {}
        if isinstance(kind, types.UnionType):
            for each in typing.get_args(kind):
                tag = each._tag
                self._by_tag[tag(each.__name__) if callable(tag) else tag] = each
                self._tag_field = each._tag_field

    def decode(self, text: bytes) -> Any:
        """Return the value of a JSON text."""
        try:
            value = _json.loads(bytes(text).decode())
        except UnicodeDecodeError:
            raise
        except ValueError as error:
            raise DecodeError(str(error)) from None
        if not self._by_tag:
            return _fit(value, self._kind)
        tag = value.get(self._tag_field) if isinstance(value, dict) else None
        found = self._by_tag.get(tag) if isinstance(tag, str) else None
        if found is None:
            raise ValidationError("unknown tag")
        return _struct(value, found)


def convert(value: Any, kind: Any) -> Any:
    """Return a decoded value as a type."""
    return _fit(value, kind)


def _replace(struct: Struct, **changes: Any) -> Struct:
    made = type(struct).__new__(type(struct))
    for name in type(struct)._fields:
        object.__setattr__(made, name, changes.get(name, getattr(struct, name)))
    return made


json = types.SimpleNamespace(Decoder=Decoder)
structs = types.ModuleType("msgspec.structs")
structs.replace = _replace  # type: ignore[attr-defined]
sys.modules["msgspec.structs"] = structs
