"""Configuration objects that ARI reads and, where sorcery.conf allows it, writes.

The class is res_pjsip, its objects those of pjsip.conf: endpoints, AORs, auths. What a file says
cannot be changed from outside. A line such as ``endpoint=memory`` under ``[res_pjsip]`` in
sorcery.conf gives a type a place that can be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from ari_notebook.simulator.configfile import read
from ari_notebook.simulator.messages import Refused

Fields: TypeAlias = dict[str, str]

CLASS = "res_pjsip"

# Types that can be asked for, though the simulator has no object of them.
_EMPTY = (
    "system",
    "global",
    "contact",
    "domain_alias",
    "acl",
    "phoneprov",
    "resource_list",
    "registration",
    "subscription_persistence",
    "inbound-publication",
    "asterisk-publication",
)
# What `allow` and `disallow` may list, each with "!" before it or ":" and a packet's ms behind it.
_CODEC_NAMES = (
    "adpcm alaw all amr amrwb codec2 g719 g722 g723 g726 g726aal2 g729 gsm h261 h263 h263p h264 "
    "h265 ilbc jpeg lpc10 mpeg4 none opus png red silk12 silk16 silk24 silk8 siren14 siren7 slin "
    "slin12 slin16 slin192 slin24 slin32 slin44 slin48 slin96 speex speex16 speex32 t140 t38 "
    "ulaw vp8 vp9"
)
_CODECS = frozenset(_CODEC_NAMES.split())
_CODEC = re.compile(r"!?(\w+)(?::\d+)?")
_NUMBERS = frozenset({"max_contacts", "qualify_frequency", "device_state_busy_at"})


@cache
def _defaults() -> Mapping[str, Fields]:
    """Every attribute of each type with its default, in the order in which Asterisk lists them."""
    text = files("ari_notebook.simulator").joinpath("data/pjsip_defaults.tsv").read_text("utf-8")
    defaults: dict[str, Fields] = {each: {} for each in _EMPTY}
    for line in text.splitlines():
        kind, attribute, value = line.split("\t")
        defaults.setdefault(kind, {})[attribute] = value
    return defaults


@dataclass(slots=True)
class _Object:
    fields: Fields
    from_file: bool


class DynamicConfig:
    """The configuration objects.

    Args:
        sections: of pjsip.conf: an object's name and its settings, of which ``type`` is one.
        writable: the types that sorcery.conf gives a place to write to.
        changed: told the type and name of an object that was written (True) or deleted (False).
    """

    def __init__(
        self,
        sections: Iterable[tuple[str, Iterable[tuple[str, str]]]] = (),
        writable: Iterable[str] = (),
        changed: Callable[[str, str, bool], None] | None = None,
    ) -> None:
        self._objects: dict[tuple[str, str], _Object] = {}
        self._writable = frozenset(writable)
        self._changed = changed
        for name, settings in sections:
            fields = dict(settings)
            kind = fields.pop("type", "")
            if kind in _defaults():
                self._objects[kind, name] = _Object(fields, from_file=True)

    def get(self, config_class: str, kind: str, name: str) -> list[dict[str, str]]:
        """An object's attributes.

        Raises:
            Refused: 404, there is no such class, type or object.
        """
        _check(config_class, kind)
        found = self._find(kind, name)
        return [
            {"attribute": attribute, "value": value}
            for attribute, value in (_defaults()[kind] | _shown(found.fields)).items()
        ]

    def update(
        self, config_class: str, kind: str, name: str, fields: Fields
    ) -> list[dict[str, str]]:
        """Change an object, or make one.

        Returns:
            its attributes.

        Raises:
            Refused: 404, there is no such class or type; 400, an attribute or its value is none
                that the type has, or an object is there already and no field is given; 403, it
                cannot be written.
        """
        _check(config_class, kind)
        there = self._objects.get((kind, name))
        if there and not fields:
            raise Refused(
                400, f"Fields must be provided to update object '{name}'", reason="Bad request"
            )
        doing, done = ("Update", "update") if there else ("Creation", "create")
        if not _valid(kind, fields, new=there is None):
            raise Refused(
                400, f"{doing} of object '{name}' failed field value validation", "Bad request"
            )
        if kind not in self._writable or (there and there.from_file):
            raise Refused(403, f"Cannot {done} sorcery objects of type '{kind}'")
        merged = fields if there is None else there.fields | fields
        self._objects[kind, name] = _Object(merged, from_file=False)
        if self._changed:
            self._changed(kind, name, True)
        return self.get(config_class, kind, name)

    def delete(self, config_class: str, kind: str, name: str) -> None:
        """Remove an object.

        Raises:
            Refused: 404, there is no such class, type or object; 403, it cannot be removed.
        """
        _check(config_class, kind)
        if self._find(kind, name).from_file:
            raise Refused(403, f"Could not delete object with id '{name}'")
        del self._objects[kind, name]
        if self._changed:
            self._changed(kind, name, False)

    def fields(self, kind: str, name: str) -> Fields | None:
        """What is set of an object, without defaults; None where there is none."""
        found = self._objects.get((kind, name))
        return dict(found.fields) if found else None

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a type."""
        return [name for each, name in self._objects if each == kind]

    def _find(self, kind: str, name: str) -> _Object:
        found = self._objects.get((kind, name))
        if found is None:
            raise Refused(404, f"Object with id '{name}' not found")
        return found


def read_dynamic_config(
    folder: Path | None, changed: Callable[[str, str, bool], None] | None = None
) -> DynamicConfig:
    """Read pjsip.conf and sorcery.conf of a folder.

    Args:
        folder: of configuration files; None for one without these.
        changed: as for `DynamicConfig`.

    Raises:
        ConfigError: a file cannot be read.
    """
    if folder is None:
        return DynamicConfig(changed=changed)
    sections = [
        (section.name, [(setting.name, setting.value) for setting in section.settings])
        for section in read(folder / "pjsip.conf")
    ]
    writable = [
        setting.name
        for section in read(folder / "sorcery.conf")
        if section.name == CLASS
        for setting in section.settings
        if not setting.value.startswith("config,")
    ]
    return DynamicConfig(sections, writable, changed)


def fields_of(body: Mapping[str, Any] | None) -> Fields:
    """Read the body of an update: ``{"fields": [{"attribute": ..., "value": ...}]}``.

    A field without an attribute is refused here (400); it takes a real Asterisk 22.10 down.

    Raises:
        Refused: 400.
    """
    fields: Fields = {}
    listed = (body or {}).get("fields")
    for field in listed if isinstance(listed, list) else []:
        attribute = field.get("attribute") if isinstance(field, dict) else None
        if not isinstance(attribute, str):
            raise Refused(400, "Every field needs an attribute and a value", "Bad request")
        value = field.get("value")
        fields[attribute] = value if isinstance(value, str) else ""
    return fields


def _check(config_class: str, kind: str) -> None:
    if config_class != CLASS:
        raise Refused(404, f"configClass '{config_class}' not found")
    if kind not in _defaults():
        raise Refused(404, f"objectType '{kind}' not found")


def _valid(kind: str, fields: Fields, *, new: bool) -> bool:
    """Whether every attribute is one of the type's, and has a value that it can have."""
    known = _defaults()[kind]
    if not known or (new and kind == "transport" and not fields.get("bind")):
        return False
    if new and kind == "auth" and not (fields.get("username") and fields.get("password")):
        return False
    return all(
        _are_codecs(value)
        if name in ("allow", "disallow")
        else (name in known and not (name in _NUMBERS and not value.isdecimal()))
        or name == "max_forwards"
        for name, value in fields.items()
    )


def _are_codecs(value: str) -> bool:
    found = [_CODEC.fullmatch(each.strip()) for each in value.split(",")]
    return all(each is not None and each[1].lower() in _CODECS for each in found)


def _shown(fields: Fields) -> Fields:
    """Settings as Asterisk tells them again: codecs in brackets, yes and no as true and false."""
    shown = {name: value for name, value in fields.items() if name != "disallow"}
    if "allow" in shown:
        shown["allow"] = "({})".format("|".join(shown["allow"].replace(" ", "").split(",")))
    for name in ("direct_media", "force_rport", "rewrite_contact", "rtp_symmetric"):
        if name in shown:
            shown[name] = {"yes": "true", "no": "false"}.get(shown[name], shown[name])
    return shown
