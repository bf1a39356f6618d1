"""The audio of a channel whose far end is another program, without I/O.

`MediaSession` paces: each 20 ms it takes a frame from the program out of its queue and gives the
program what the channel is sent. `WebSocketMedia` adds the messages of chan_websocket. Carriers in
`server` move the bytes.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ari_notebook.audio import websocket_media
from ari_notebook.audio.codecs import Codec
from ari_notebook.audio.sound import Sound
from ari_notebook.simulator.media.audio_source import SILENCE, SPEECH
from ari_notebook.simulator.media.renderer import Frame
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.mixer import AudioTap, Mixer

__all__ = ["MediaSession", "WebSocketMedia"]

log = logging.getLogger(__name__)

MOST_FRAMES = 1000  # in the queue: the rest is dropped (chan_websocket.c)
_LOOK_AHEAD = 0.006  # seconds that a change of the rate needs beyond the frame
_SILENT = 0.008 * 32768  # the peak below which a frame is silence


def _is_loud(frame: Frame) -> bool:
    return len(frame) > 0 and bool(frame.max() > _SILENT or frame.min() < -_SILENT)


class MediaSession:
    """What a program sends and is sent.

    Args:
        channel: the channel.
        codec: its format.
        mixer: computes what the channel is sent.
        send: called with each encoded frame for the program.
        cushion: frames that wait before the first is played, where the program's own pace counts.
        near: whether the program is at the channel's near end, as an application of the dialplan,
            and receives the audio from the far end.

    Attributes:
        queue: frames and marks (as text) from the program, not played yet.
        paused: whether the queue is paused.
        dropped: number of frames that were one too many.
    """

    def __init__(
        self,
        channel: Channel,
        codec: Codec,
        mixer: Mixer,
        send: Callable[[bytes], None],
        *,
        cushion: int = 1,
        near: bool = False,
    ) -> None:
        self.codec = codec
        self.queue: deque[bytes | str] = deque()
        self.paused = False
        self.dropped = 0
        self.on_mark: Callable[[str], None] = lambda name: None
        self.on_played: Callable[[], None] = lambda: None
        self._channel = channel
        self._mixer = mixer
        self._send = send
        self._rest = b""
        self._cushion = cushion
        self._waited = 0  # frames since the first of those that wait
        self._playing = False
        self._frames = 0  # in the queue
        self._at = -1  # number of the frame that was taken last
        self._quiet = np.zeros(codec.frame_samples, np.int16)
        self._before: Frame | None = None
        self._current: Frame | None = None
        self._near = near
        if near:
            channel.audio.near = self._sent
        else:
            channel.audio.far = self._sent
            channel.audio.source.set(SILENCE)
        read = partial(mixer.incoming if near else mixer.outgoing, channel)
        self._listener: AudioTap | None = mixer.listen(read, codec.rate, self._on_frame)
        channel.on_gone.append(self.close)

    @property
    def length(self) -> int:
        """Return the number of frames in the queue."""
        return self._frames

    def feed(self, data: bytes, *, whole: bool = False) -> None:
        """Queue audio from the program.

        Args:
            data: encoded audio.
            whole: whether to fill the last frame with silence; else the rest waits for more.
        """
        if not self.codec.width:  # a packet for each frame
            self._put([data] if data else [])
            return
        data = self._rest + data
        size = self.codec.frame_octets
        end = len(data) // size * size
        frames = [data[at : at + size] for at in range(0, end, size)]
        self._rest = data[end:]
        if whole and self._rest:
            samples = self.codec.decode(self._rest)
            filled = np.concatenate([samples, np.zeros(size, np.int16)])[: self.codec.frame_samples]
            frames.append(self.codec.encode(filled))
            self._rest = b""
        self._put(frames)

    def _put(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self._frames >= MOST_FRAMES:
                self.dropped += 1
            else:
                self._frames += 1
                self.queue.append(frame)

    def mark(self, name: str) -> None:
        """Queue a mark."""
        self.queue.append(name)
        self._pass_marks()

    def flush(self) -> None:
        """Drop the queue, with its marks."""
        self.queue.clear()
        self._frames, self._rest = 0, b""
        self.on_played()

    def _sent(self, mixer: Any, rate: int) -> Frame | None:
        """Return the frame that the program sends now, at any rate."""
        self._advance(mixer.frame)
        current, own = self._current, self.codec.rate
        if current is not None and rate == own:
            return current
        size = round(rate * 0.02)
        if current is None and (self._before is None or rate == own):
            return np.zeros(size, np.int16)
        both = [each if each is not None else self._quiet for each in (self._before, current)]
        made = Sound(np.concatenate(both), own).resample(rate).int16
        later = round(rate * _LOOK_AHEAD)
        return made[len(made) - later - size : len(made) - later]

    def _advance(self, frame: int) -> None:
        if self._at == frame:
            return
        self._at = frame
        self._before, self._current = self._current, None
        if not self.paused:
            self._pass_marks()
            if self._may_play():
                taken = self.queue.popleft()
                assert isinstance(taken, bytes)  # noqa: S101  marks are passed
                self._frames -= 1
                self._current = self._whole(self.codec.decode(taken))
                if self._before is None:
                    self._begin_audio()
                self._pass_marks()
                self.on_played()
        if self._near:
            return
        source = self._channel.audio.source
        loud = source.subscribed and self._current is not None and _is_loud(self._current)
        if loud != (source.signal is SPEECH):
            source.set(SPEECH if loud else SILENCE)

    def _whole(self, frame: Frame) -> Frame:
        """Return a frame of 20 ms; a packet may be shorter or longer."""
        size = len(self._quiet)
        return frame if len(frame) == size else np.concatenate([frame, self._quiet])[:size]

    def _may_play(self) -> bool:
        """Return whether a frame is played now; after a gap a few have to wait first."""
        if not self.queue:
            self._playing, self._waited = False, 0
            return False
        if not self._playing:
            self._waited += 1
            self._playing = self._frames >= self._cushion or self._waited >= self._cushion
        return self._playing

    def _begin_audio(self) -> None:
        """Report that audio comes: an Answer() at the other end of the bridge waits for it."""
        if self._near:
            self._channel.driver.audio(self._channel)
            return
        self._channel.on_audio()
        bridge = self._channel.bridge
        for other in tuple(bridge.members) if bridge is not None else ():
            if other is not self._channel:
                other.driver.audio(other)

    def _pass_marks(self) -> None:
        while self.queue and isinstance(self.queue[0], str):
            self.on_mark(str(self.queue.popleft()))

    def _on_frame(self, frame: Frame | None) -> None:
        self._advance(self._mixer.frame)
        if frame is not None:
            self._send(self.codec.encode(frame))

    def close(self) -> None:
        """Stop; idempotent."""
        if self._listener is not None:
            self._mixer.leave(self._listener)
            self._listener = None
            if self._near:
                self._channel.audio.near = None


class WebSocketMedia:
    """A media WebSocket of the simulated Asterisk; a carrier exchanges its messages.

    Args:
        channel: the channel that waits for it.
        codec: its format.
        mixer: computes what the channel is sent.
        accept: headers of the 101 response that opens it.
        json_messages: whether text messages are JSON.

    Attributes:
        accept: headers of the 101 response that opens it.
        closed: whether it is closed.
        code: close code, once it is to be closed by the exchange.
    """

    def __init__(
        self,
        channel: Channel,
        codec: Codec,
        mixer: Mixer,
        accept: list[tuple[str, str]],
        *,
        json_messages: bool,
    ) -> None:
        self.accept = accept
        self.closed = False
        self._channel = channel
        self._json = json_messages
        self._waiting: list[tuple[bool, bytes]] = []  # whether binary, and the message
        self._on_ready: Callable[[], None] = lambda: None
        self._full = False
        self._bulk = False
        self._drained = False
        self.session = MediaSession(channel, codec, mixer, self._audio)
        self.session.on_mark = self._marked
        self.session.on_played = self._played
        channel.on_gone.append(self.finish)
        self._event(
            "MEDIA_START",
            connection_id=channel.variable("MEDIA_WEBSOCKET_CONNECTION_ID") or "",
            channel=channel.name,
            channel_id=channel.id,
            format=codec.name,
            optimal_frame_size=codec.frame_octets,
            ptime=20,
        )

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Attach a carrier: ``on_ready`` is called when messages are queued for `take`."""
        self._on_ready = on_ready

    def take(self) -> list[tuple[bool, bytes]]:
        """Return and remove the queued messages, each with whether it is binary."""
        taken, self._waiting = self._waiting, []
        return taken

    def receive(self, text: bytes) -> None:
        """Handle a command."""
        if len(text) > websocket_media.LONGEST_COMMAND:
            log.warning("media WebSocket: a command of %d octets is ignored", len(text))
            return
        name, fields = websocket_media.event(text, "command")
        session = self.session
        match name:
            case "ANSWER":
                self._channel.control_frame("ANSWER")
            case "HANGUP":
                self._channel.request_hangup()
            case "FLUSH_MEDIA":
                session.flush()
            case "PAUSE_MEDIA" | "CONTINUE_MEDIA":
                session.paused = name == "PAUSE_MEDIA"
            case "MARK_MEDIA":
                session.mark(str(fields.get("correlation_id", "")))
            case "START_MEDIA_BUFFERING":
                self._bulk = True
            case "STOP_MEDIA_BUFFERING":
                self._bulk = False
                session.feed(b"", whole=True)
                id = {k: v for k, v in fields.items() if k == "correlation_id"}
                self._event("MEDIA_BUFFERING_COMPLETED", channel_id=self._channel.id, **id)
            case "REPORT_QUEUE_DRAINED":
                self._drained = True
            case "GET_STATUS":
                self._event(
                    "STATUS",
                    channel_id=self._channel.id,
                    queue_length=session.length,
                    xon_level=websocket_media.XON,
                    xoff_level=websocket_media.XOFF,
                    queue_full=self._full,
                    bulk_media=self._bulk,
                    media_paused=session.paused,
                )
            case _:
                log.warning("media WebSocket: unknown command %.40r", text)

    def receive_binary(self, data: bytes) -> None:
        """Queue audio; a message that is too long ends the call."""
        if len(data) > websocket_media.LONGEST_MESSAGE:
            self._channel.request_hangup()
            return
        self.session.feed(data)
        if not self._full and self.session.length >= websocket_media.XOFF:
            self._full = True
            self._event("MEDIA_XOFF", channel_id=self._channel.id)

    def digit(self, digit: str, milliseconds: int) -> None:
        """Report a DTMF digit to the program."""
        self._event("DTMF_END", channel_id=self._channel.id, digit=digit, duration_ms=milliseconds)

    def _marked(self, name: str) -> None:
        self._event("MEDIA_MARK_PROCESSED", channel_id=self._channel.id, correlation_id=name)

    def _played(self) -> None:
        if self._full and self.session.length <= websocket_media.XON:
            self._full = False
            self._event("MEDIA_XON", channel_id=self._channel.id)
        if self._drained and not self.session.length:
            self._drained = False
            self._event("QUEUE_DRAINED", channel_id=self._channel.id)

    def _audio(self, frame: bytes) -> None:
        self._put(True, frame)

    def _event(self, name: str, **fields: Any) -> None:
        if self._json:
            text = json.dumps({"event": name, **fields}, separators=(",", ":"))
        else:
            text = " ".join([name, *(f"{key}:{value}" for key, value in fields.items())])
        self._put(False, text.encode())

    def _put(self, binary: bool, message: bytes) -> None:
        if not self.closed:
            self._waiting.append((binary, message))
            self._on_ready()

    def finish(self) -> None:
        """End it, because the channel has left the exchange."""
        self.session.close()
        self.closed = True
        self._on_ready()

    def close(self) -> None:
        """Hang up after the connection was lost; idempotent."""
        if not self.closed:
            self.closed = True
            self.session.close()
            self._channel.request_hangup()
