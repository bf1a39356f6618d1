"""Configuration objects that ARI reads and, if sorcery.conf allows it, writes.

The class is res_pjsip with the objects of pjsip.conf: endpoints, AORs, auths. Objects defined in a
file cannot be changed by ARI. A line such as ``endpoint=memory`` under ``[res_pjsip]`` in
sorcery.conf makes a type writable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from ari_notebook.simulator.config.syntax import read
from ari_notebook.simulator.messages import AriRefusal

Fields: TypeAlias = dict[str, str]
Changed: TypeAlias = Callable[[str, str, Fields | None], None]

CLASS = "res_pjsip"

# Types that can be requested, though the simulator has no objects of them.
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
# Codecs for `allow` and `disallow`, each with optional "!" before it, or ":" and a packet length in
# ms after it.
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
    """Return every attribute of each type with its default, in Asterisk's order."""
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
        sections: sections of pjsip.conf: name and settings of each object, including ``type``.
        writable: types that sorcery.conf makes writable.
        changed: called with type, name and fields of a written object; fields are None after a
            deletion.
    """

    def __init__(
        self,
        sections: Iterable[tuple[str, Iterable[tuple[str, str]]]] = (),
        writable: Iterable[str] = (),
        changed: Changed | None = None,
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
        """Return an object's attributes.

        Raises:
            AriRefusal: 404, unknown class, type or object.
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
        """Change or create an object.

        Returns:
            Its attributes.

        Raises:
            AriRefusal: 404, unknown class or type; 400, invalid attribute or value, or no fields
                for an existing object; 403, not writable.
        """
        _check(config_class, kind)
        there = self._objects.get((kind, name))
        if there and not fields:
            raise AriRefusal(
                400, f"Fields must be provided to update object '{name}'", reason="Bad request"
            )
        doing, done = ("Update", "update") if there else ("Creation", "create")
        if not _valid(kind, fields, new=there is None):
            raise AriRefusal(
                400, f"{doing} of object '{name}' failed field value validation", "Bad request"
            )
        if kind not in self._writable or (there and there.from_file):
            raise AriRefusal(403, f"Cannot {done} sorcery objects of type '{kind}'")
        merged = fields if there is None else there.fields | fields
        self._objects[kind, name] = _Object(merged, from_file=False)
        if self._changed:
            self._changed(kind, name, dict(merged))
        return self.get(config_class, kind, name)

    def delete(self, config_class: str, kind: str, name: str) -> None:
        """Remove an object.

        Raises:
            AriRefusal: 404, unknown class, type or object; 403, not writable.
        """
        _check(config_class, kind)
        if self._find(kind, name).from_file:
            raise AriRefusal(403, f"Could not delete object with id '{name}'")
        del self._objects[kind, name]
        if self._changed:
            self._changed(kind, name, None)

    def fields(self, kind: str, name: str) -> Fields | None:
        """Return the fields of an object without defaults, or None."""
        found = self._objects.get((kind, name))
        return dict(found.fields) if found else None

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a type."""
        return [name for each, name in self._objects if each == kind]

    def _find(self, kind: str, name: str) -> _Object:
        found = self._objects.get((kind, name))
        if found is None:
            raise AriRefusal(404, f"Object with id '{name}' not found")
        return found


def read_dynamic_config(folder: Path | None, changed: Changed | None = None) -> DynamicConfig:
    """Read pjsip.conf and sorcery.conf of a folder.

    Args:
        folder: folder of configuration files; None: without these files.
        changed: callback, as for `DynamicConfig`.

    Raises:
        ConfigError: invalid file.
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
    """Parse the body of an update: ``{"fields": [{"attribute": ..., "value": ...}]}``.

    A field without an attribute is refused with 400; it crashes a real Asterisk 22.10.

    Raises:
        AriRefusal: 400.
    """
    fields: Fields = {}
    listed = (body or {}).get("fields")
    for field in listed if isinstance(listed, list) else []:
        attribute = field.get("attribute") if isinstance(field, dict) else None
        if not isinstance(attribute, str):
            raise AriRefusal(400, "Every field needs an attribute and a value", "Bad request")
        value = field.get("value")
        fields[attribute] = value if isinstance(value, str) else ""
    return fields


def _check(config_class: str, kind: str) -> None:
    if config_class != CLASS:
        raise AriRefusal(404, f"configClass '{config_class}' not found")
    if kind not in _defaults():
        raise AriRefusal(404, f"objectType '{kind}' not found")


def _valid(kind: str, fields: Fields, *, new: bool) -> bool:
    """Return whether every attribute belongs to the type and has a valid value."""
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
    """Return settings as Asterisk shows them: codecs in brackets, yes and no as true and false."""
    shown = {name: value for name, value in fields.items() if name != "disallow"}
    if "allow" in shown:
        shown["allow"] = "({})".format("|".join(shown["allow"].replace(" ", "").split(",")))
    for name in ("direct_media", "force_rport", "rewrite_contact", "rtp_symmetric"):
        if name in shown:
            shown[name] = {"yes": "true", "no": "false"}.get(shown[name], shown[name])
    return shown
