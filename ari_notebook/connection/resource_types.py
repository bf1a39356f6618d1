"""Types of ARI objects that have an identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ARGUMENT_OBJECTS", "MEDIA_PREFIX", "RESOURCE_TYPES", "TARGETS", "ResourceType"]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of ARI object that has an identity.

    ``model`` is ARI's name of it, ``resource`` the session's attribute, ``path`` the path of an
    object, ``identity`` the fields that fill that path, ``table`` its live table.
    """

    model: str
    resource: str
    path: str
    identity: tuple[str, ...] = ("id",)
    table: str = ""

    def id_of(self, item: Mapping[str, Any]) -> str:
        """Return an object's identity as one text."""
        return "/".join(str(item[name]) for name in self.identity)

    @property
    def event_field(self) -> str:
        """Return the field of events that contains it: ``channel``, ``bridge``, …."""
        return self.table.removesuffix("s")

    def path_arguments(self, id: str) -> tuple[str, ...]:
        """Return the parts of an identity as path arguments."""
        return tuple(id.split("/", len(self.identity) - 1))


RESOURCE_TYPES = {
    kind.model: kind
    for kind in (
        ResourceType("Channel", "channels", "/channels/{channelId}", table="channels"),
        ResourceType("Bridge", "bridges", "/bridges/{bridgeId}", table="bridges"),
        ResourceType("Playback", "playbacks", "/playbacks/{playbackId}", table="playbacks"),
        ResourceType(
            "LiveRecording",
            "recordings",
            "/recordings/live/{recordingName}",
            ("name",),
            table="recordings",
        ),
        ResourceType(
            "StoredRecording", "recordings", "/recordings/stored/{recordingName}", ("name",)
        ),
        ResourceType(
            "Endpoint", "endpoints", "/endpoints/{tech}/{resource}", ("technology", "resource")
        ),
        ResourceType("DeviceState", "device_states", "/deviceStates/{deviceName}", ("name",)),
        ResourceType("Mailbox", "mailboxes", "/mailboxes/{mailboxName}", ("name",)),
        ResourceType("Sound", "sounds", "/sounds/{soundId}"),
        ResourceType("Application", "applications", "/applications/{applicationName}", ("name",)),
    )
}
# Ids of the channels that carry a call's audio to this program begin so: they are parts of a
# stream (`connection.call_audio`), not calls, and handlers get no events of them.
MEDIA_PREFIX = "ari-audio-"
# A handler's parameter name → model, and the event fields that may contain it.
ARGUMENT_OBJECTS = {
    "channel": ("Channel", ("channel", "peer", "transferee")),
    "bridge": ("Bridge", ("bridge",)),
    "playback": ("Playback", ("playback",)),
    "recording": ("LiveRecording", ("recording",)),
}
# Possible targets of a playback or a recording.
TARGETS = ("channel", "bridge")
