"""What ARI's sounds operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator import sounds
from ari_notebook.simulator.messages import Refused, Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


def list_sounds(exchange: Exchange, args: Mapping[str, Any]) -> Reply:  # noqa: ARG001
    """``GET /sounds``."""
    language, format = args["lang"] or "", args["format"] or ""
    found = (sounds.describe(name, language, format) for name in sounds.catalogue())
    matching = [sound for sound in found if sound is not None]
    if not matching:
        raise Refused(404, "No sounds found that matched the query")
    return Reply(200, matching)


def get(exchange: Exchange, args: Mapping[str, Any]) -> Reply:  # noqa: ARG001
    """``GET /sounds/{soundId}``."""
    sound = sounds.describe(args["soundId"])
    if sound is None:
        raise Refused(404, "Sound not found")
    return Reply(200, sound)


OPERATIONS = {"list": list_sounds, "get": get}
