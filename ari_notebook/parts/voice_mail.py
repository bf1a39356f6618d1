"""Voice mail: callers leave messages in boxes, whose owners listen to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import NotFound
from ari_notebook.flows import media
from ari_notebook.flows.call import Call
from ari_notebook.flows.media import Media
from ari_notebook.parts.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VoiceMail"]

_COLUMNS = ("name", "box", "begin", "caller", "format")


class VoiceMail:
    """Boxes of messages, stored as recordings ``FOLDER/BOX/TIME-CALLER``.

    Args:
        pins: PIN by box; a box without one is open to every caller.
        folder: the folder of the recordings.
        greeting: media before the beep; "" where a box is to be named is filled in.
        most: seconds of a message.

    In a flow: ``mail.leave(call, "100")`` and ``mail.listen(call, "100")``.
    """

    def __init__(
        self,
        pins: dict[str, str] | None = None,
        *,
        folder: str = "voicemail",
        greeting: Media = ("vm-theperson", "", "vm-isunavail", "vm-intro"),
        most: int = 180,
    ) -> None:
        self.pins = dict(pins or {})
        self.folder, self.greeting, self.most = folder, greeting, most

    def leave(self, call: Call, box: str, *, review: bool = True) -> str:
        """Record a message.

        Returns:
            The recording's name.

        Raises:
            HungUp: the caller left before the beep; a message that was begun is kept.
        """
        call.answer()
        greeting = self.greeting if isinstance(self.greeting, tuple) else (self.greeting,)
        call.say(*(media.digits(box) if part == "" else part for part in greeting), interrupt="#")
        caller = "".join(c for c in call.caller if c.isalnum()) or "unknown"
        name = f"{self.folder}/{box}/{time.time():.0f}-{caller}"
        made = call.record(name, until="#", silence=5, seconds=self.most, review=review)
        if not call.gone:
            call.say("vm-msgsaved" if made.seconds else "vm-tooshort")
        return made.name

    def listen(self, call: Call, box: str | None = None) -> int:
        """Play the messages of a box to its owner: 1 again, 2 delete, 3 forward, # next.

        Args:
            call: the owner's call.
            box: the box; asked for if None.

        Returns:
            The number of messages played; 0 as well if the PIN was wrong.

        Raises:
            HungUp: the owner has hung up.
        """
        call.answer()
        box = box or call.digits(prompt="vm-login")
        pin = self.pins.get(box)
        if pin is not None:
            given = call.digits(
                len(pin), prompt="vm-password", accept=[pin], invalid="vm-incorrect"
            )
            if given != pin:
                call.say("vm-goodbye")
                return 0
        names = self._names(call.ari, box)
        call.say("vm-youhave", len(names), "vm-messages")
        heard = 0
        for name in names:
            key = "1"
            while key == "1":
                call.say(f"recording:{name}", interrupt="12#")
                key = call.ask("vm-repeat", keys="123#", tries=1)
            if key == "2":
                call.ari.recordings.delete_stored(name)
                call.say("vm-deleted")
            elif key == "3":
                self._forward(call, name)
            heard += 1
        call.say("vm-nomore")
        return heard

    def _forward(self, call: Call, name: str) -> None:
        to = call.digits(prompt="vm-extension")
        if not to:
            return
        new = f"{self.folder}/{to}/{name.rpartition('/')[2]}"
        call.ari.recordings.copy_stored(name, new)
        call.say("vm-msgforwarded")

    def _names(self, ari: Any, box: str) -> list[str]:
        prefix = f"{self.folder}/{box}/"
        stored = [str(each.name) for each in ari.recordings.list_stored()]
        return sorted(name for name in stored if name.startswith(prefix))

    def messages(self, ari: Any) -> pd.DataFrame:
        """Return the messages of all boxes: name, box, begin, caller, format."""
        rows = []
        for each in ari.recordings.list_stored():
            folder, _, rest = str(each.name).partition("/")
            box, _, message = rest.partition("/")
            begin, _, caller = message.partition("-")
            if folder == self.folder and begin.isdecimal():
                rows.append(
                    {
                        "name": each.name,
                        "box": box,
                        "begin": float(begin),
                        "caller": caller,
                        "format": each.format,
                    }
                )
        return table(rows, _COLUMNS)

    def read(self, ari: Any, name: str) -> bytes:
        """Return a message's file, as for an e-mail's attachment.

        Raises:
            NotFound: there is no such message.
        """
        if not name.startswith(f"{self.folder}/"):
            raise NotFound(f"{self.folder} has no message {name!r}")
        return bytes(ari.recordings.get_stored_file(name))
