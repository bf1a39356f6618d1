"""ARI's operations on sounds."""

from __future__ import annotations

from ari_notebook.simulator.media import sounds
from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext


def list_sounds(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the sounds: ``GET /sounds``."""
    language, format = args["lang"] or "", args["format"] or ""
    found = (sounds.describe(name, language, format) for name in sounds.catalogue())
    matching = [sound for sound in found if sound is not None]
    if not matching:
        raise AriRefusal(404, "No sounds found that matched the query")
    return Reply(200, matching)


def get(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """Return one sound: ``GET /sounds/{soundId}``."""
    sound = sounds.describe(args["soundId"])
    if sound is None:
        raise AriRefusal(404, "Sound not found")
    return Reply(200, sound)


OPERATIONS = {"list": list_sounds, "get": get}
