"""The audio of one channel for one page: mu-law at 8 kHz, five messages a second.

That is 8 kB/s of audio and less than 8 kB/s of what Jupyter adds to a message, 16 kB/s for each
listener at most. A closed page stops sending beats, which ends the feed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ari_notebook.audio.g711 import ulaw_encode
from ari_notebook.client.errors import AriError
from ari_notebook.connection.call_audio import CallAudio
from ari_notebook.store.plain_text import printable

__all__ = ["BEAT_SECONDS", "RATE", "AudioFeed", "FeedControl", "Send"]

log = logging.getLogger("ari_notebook")

Send: TypeAlias = Callable[[Mapping[str, Any], list[bytes]], None]

RATE = 8000  # samples per second
BEAT_SECONDS = 5.0  # a page sends a beat this often
_SILENT_SECONDS = 3 * BEAT_SECONDS
_FRAMES = 10  # of 20 ms in a message: five messages a second
_BEHIND_SECONDS = 1.0  # older audio is dropped, so that listening stays live


class AudioFeed:
    """Opens a channel's audio and sends it until it is stopped, or the call or the page ends.

    The messages are ``{"kind": "audio", "number": n}`` with a buffer of mu-law, and at the end
    ``{"kind": "audio-end", "reason": text}``.

    Args:
        audio: the audio to open, at 8,000 samples per second.
        send: sends a message with buffers to the page; called by the feed's thread only.
        ticket: of the click that it answers; it is in each message.
    """

    def __init__(self, audio: CallAudio, send: Send, ticket: str = "") -> None:
        self._audio = audio
        self._send = send
        self._ticket = ticket
        self._stopped = threading.Event()
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="ari-listen", daemon=True)
        self._thread.start()

    @property
    def live(self) -> bool:
        """Return whether it has not ended."""
        return self._thread.is_alive()

    def beat(self) -> None:
        """Note that the page is open."""
        self._beat = time.monotonic()

    def stop(self) -> None:
        """Stop, and remove the objects created for it; idempotent."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        reason = ""
        try:
            reason = self._feed()
        except AriError as error:
            reason = str(error)
        except Exception as error:
            log.exception("listening failed")
            reason = f"listening failed: {error!r}"
        end = {"kind": "audio-end", "ticket": self._ticket, "reason": printable(reason)}
        self._send(end, [])

    def _feed(self) -> str:
        """Send the audio; return why it has ended."""
        number = 0
        batch: list[bytes] = []
        with self._audio as stream:
            for frame in stream:
                if self._stopped.is_set():
                    return ""
                if time.monotonic() - self._beat > _SILENT_SECONDS:
                    return "the page has gone"
                if stream.time - frame.time > _BEHIND_SECONDS:
                    continue
                batch.append(ulaw_encode(frame.int16))
                if len(batch) == _FRAMES:
                    message = {"kind": "audio", "ticket": self._ticket, "number": number}
                    self._send(message, [b"".join(batch)])
                    number, batch = number + 1, []
            return stream.reason or "the call has ended"


class FeedControl:
    """The feed of a widget, which its pages start and stop; one at a time.

    Args:
        send: sends a message with buffers to the pages.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._feed: AudioFeed | None = None
        self._changing = threading.Lock()

    @property
    def live(self) -> bool:
        """Return whether audio is being sent."""
        return self._feed is not None and self._feed.live

    def on_message(self, content: Mapping[str, Any], audio: Callable[[], CallAudio]) -> None:
        """Handle a page's message ``listen``, ``beat`` or ``stop``; never raises.

        Args:
            content: the message.
            audio: returns the audio to open.
        """
        kind = content.get("kind")
        if kind == "listen":
            ticket = str(content.get("ticket", ""))
            threading.Thread(target=self._listen, args=(audio, ticket), daemon=True).start()
        elif kind == "beat" and (feed := self._feed) is not None:
            feed.beat()
        elif kind == "stop":
            threading.Thread(target=self.stop, daemon=True).start()

    def _listen(self, audio: Callable[[], CallAudio], ticket: str) -> None:
        with self._changing:
            if self._feed is not None:
                self._feed.stop()
            self._feed = AudioFeed(audio(), self._send, ticket)

    def stop(self) -> None:
        """Stop the feed; a page can start another one."""
        with self._changing:
            if self._feed is not None:
                self._feed.stop()
            self._feed = None
