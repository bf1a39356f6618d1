"""The call of the demonstration: a telephone rings, plays a sound and presses keys.

On the simulator the program calls a simulated phone, which the user answers. On a real Asterisk,
where a page cannot be a phone, a Local channel dials the extension 1000 for the user. The audio
that the telephone receives is recorded from a snoop channel, so that it can be played and drawn.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ari_notebook.background import once
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.views.display.html import clean

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.simulator import SimulatorHandle

__all__ = ["CALLER", "EXTENSION", "KEYS", "SOUND", "DemoCall"]

SOUND = "sound:hello-world"
CALLER = "Hello World <1000>"
EXTENSION = "1000"
KEYS = "123456789*0#"
_PHONE = "visitor"
_LOOK_SECONDS = 0.1
_WAIT_SECONDS = 20.0
_LONGEST_SECONDS = 600.0  # after this time the call is hung up


@dataclass(frozen=True, slots=True)
class _Parties:
    """The channel of the call, and the functions that answer, press keys and hang up."""

    channel: str
    phone: Any


class DemoCall:
    """One call, from ringing to its end. It waits in separate threads only.

    Attributes:
        state: ``idle``, ``calling``, ``ringing``, ``talking``, ``over`` or ``failed``.
        problem: why it failed.
        keys: the keys that arrived as events.
        event: the latest event of a key.
        playing: the current medium.
        audio: the audio received by the telephone, as a WAV file; empty until it is recorded.
        missing: why there is no recording.

    Args:
        connection: connection of the call.
        changed: called after each change, beside the cells.
    """

    def __init__(self, connection: Connection, changed: Callable[[], None]) -> None:
        self._connection = connection
        self._background = connection.background
        self._changed = changed
        self._parties: _Parties | None = None
        self._recording = f"ari-notebook-demo-{secrets.token_hex(3)}"
        self._snoop = ""
        self._lock = threading.Lock()
        self.state = "idle"
        self.problem = ""
        self.keys = ""
        self.event: Mapping[str, Any] = {}
        self.playing = ""
        self.audio = b""
        self.missing = ""

    @property
    def has_phone(self) -> bool:
        """Whether there is a simulated phone that rings."""
        return self._connection.simulator is not None

    @property
    def channel(self) -> str:
        """The id of the call's channel; empty until it is known."""
        return self._parties.channel if self._parties else ""

    def begin(self) -> None:
        """Call the user's phone; on a real Asterisk, dial 1000 from a Local channel.

        Raises:
            AriError: the call cannot be made.
        """
        with self._lock:
            if self.state != "idle":
                return
            self.state = "calling"
        first = self._connection.log.count
        try:
            simulator = self._connection.simulator
            self._parties = self._ring_phone(simulator) if simulator else self._dial(first)
        except AriError:
            self.state = "idle"
            raise
        self.state = "ringing"
        self._background.start("ari-demo", lambda: self._follow(first))

    def _ring_phone(self, simulator: SimulatorHandle) -> _Parties:
        phone = simulator.phones.add(_PHONE, "You <1234>", answer_after=None, lines=1)
        phone.hangup()  # of an earlier demonstration
        made = self._connection.channels.originate(
            endpoint=f"PJSIP/{_PHONE}", app=self._connection.apps[0], callerId=CALLER
        )
        end = self._background.monotonic() + _WAIT_SECONDS
        while not any(call.id == made.id and call.state == "Ringing" for call in phone.calls):
            if self._background.monotonic() > end:
                raise UsageProblem("the simulated phone does not ring", "See: %ari events")
            self._background.sleep(_LOOK_SECONDS / 5)
        return _Parties(made.id, phone)

    def _dial(self, first: int) -> _Parties:
        caller = self._connection.call(EXTENSION, caller=CALLER)
        end = self._background.monotonic() + _WAIT_SECONDS
        while self._background.monotonic() < end:
            for event in self._connection.log.since(first):
                channel = event.get("channel") or {}
                if event.get("type") == "StasisStart" and channel.get("id") != caller.id:
                    return _Parties(str(channel["id"]), caller)
            self._background.sleep(_LOOK_SECONDS)
        caller.hangup()
        raise UsageProblem(
            f"the call to {EXTENSION} did not reach {self._connection.apps[0]}",
            f"The dialplan needs: exten => {EXTENSION},1,Stasis({self._connection.apps[0]})",
        )

    # Actions of the user.

    def answer(self) -> None:
        """Answer the ringing phone."""
        call = self._phone_call()
        if call is not None and self.state == "ringing" and call.state == "Ringing":
            call.answer()

    def press(self, key: str) -> None:
        """Press a key of the phone.

        Raises:
            UsageProblem: not a key, or no active call.
        """
        if len(key) != 1 or key not in KEYS:
            raise UsageProblem("a telephone has the keys 0 to 9, * and #")
        if self.state != "talking" or self._parties is None:
            raise UsageProblem("no active call", "Answer the phone first.")
        call = self._phone_call()
        (call or self._parties.phone).press(key)

    def hang_up(self) -> None:
        """Hang up the phone."""
        if self._parties is not None:
            (self._phone_call() or self._parties.phone).hangup()

    def _phone_call(self) -> Any:
        """Return the simulated phone's call; None on a real Asterisk, and after its end."""
        if self._parties is None or not self.has_phone:
            return None
        calls = self._parties.phone.calls
        return next((call for call in calls if call.id == self._parties.channel), None)

    # Actions of the program.

    def _follow(self, position: int) -> Generator[float | None, None, None]:
        """Handle the call's events until its end, like a program's handlers."""
        end = self._background.monotonic() + _LONGEST_SECONDS
        log = self._connection.log
        try:
            while self.state in ("ringing", "talking") and not self._connection.closed:
                if self._background.monotonic() > end:
                    self.hang_up()
                events = log.since(position)
                position += len(events)
                for event in events:
                    self._react(event)
                if events:
                    self._changed()
                yield _LOOK_SECONDS
        except AriError as error:
            self.state, self.problem = "failed", clean(error, 300)
        if self._connection.closed and self.state != "over":
            self.state, self.problem = "over", "The session was closed: run this cell again."
        self._changed()

    def _react(self, event: Mapping[str, Any]) -> None:
        type, channel = event.get("type"), event.get("channel")
        id = channel.get("id") if isinstance(channel, Mapping) else None
        if type == "StasisStart" and id == self.channel:
            self._answered(str((channel or {}).get("state")))
        elif type == "StasisStart" and id == self._snoop:
            # Until its StasisStart, Asterisk refuses to record a snoop channel: 409.
            self._record()
        elif type == "ChannelDtmfReceived" and id == self.channel:
            self.keys += str(event.get("digit"))
            self.event = event
            if self.audio or self.missing:
                with suppress(AriError):  # the caller may have hung up
                    self._connection.channels.play(
                        channelId=self.channel, media=f"digits:{event.get('digit')!s}"
                    )
        elif type in ("PlaybackStarted", "PlaybackFinished"):
            self._played(type, event.get("playback") or {})
        elif type in ("RecordingFinished", "RecordingFailed"):
            # Asterisk answers a stop before the file is complete.
            if (event.get("recording") or {}).get("name") == self._recording:
                self._background.start("ari-demo-sound", once(self._fetch))
        elif type in ("StasisEnd", "ChannelDestroyed") and id == self.channel:
            self.state, self.playing = "over", ""

    def _answered(self, state: str) -> None:
        self.state = "talking"
        if state != "Up":
            self._connection.channels.answer(channelId=self.channel)
        self._changed()
        try:
            snoop = self._connection.channels.snoop_channel(
                channelId=self.channel, spy="out", app=self._connection.apps[0]
            )
            self._snoop = snoop.id
        except AriError as error:
            self.missing = f"not recorded: {clean(error, 200)}"
            self._connection.channels.play(channelId=self.channel, media=SOUND)

    def _record(self) -> None:
        """Record the snoop, which has entered Stasis, and play the sound to the caller."""
        try:
            self._connection.channels.record(
                channelId=self._snoop, name=self._recording, format="wav"
            )
        except AriError as error:
            self.missing = f"not recorded: {clean(error, 200)}"
        self._connection.channels.play(channelId=self.channel, media=SOUND)

    def _played(self, type: str, playback: Mapping[str, Any]) -> None:
        if playback.get("target_uri") != f"channel:{self.channel}":
            return
        media = str(playback.get("media_uri"))
        self.playing = media if type == "PlaybackStarted" else ""
        if media == SOUND and type == "PlaybackFinished" and not self.missing:
            # Beside this, because stopping takes a moment, in which keys may be pressed.
            self._background.start("ari-demo-sound", once(self._stop_recording))

    def _stop_recording(self) -> None:
        connection = self._connection
        try:
            name = {"recordingName": self._recording}
            connection.invoke(connection.operation("recordings.stop"), name)
        except AriError as error:
            self.missing = f"not recorded: {clean(error, 200)}"
        self._changed()

    def _fetch(self) -> None:
        connection, name = self._connection, {"recordingName": self._recording}
        try:
            audio = connection.invoke(connection.operation("recordings.get_stored_file"), name)
            self.audio = audio if isinstance(audio, bytes) else b""
            connection.invoke(connection.operation("recordings.delete_stored"), name)
            connection.channels.hangup(channelId=self._snoop)
        except AriError as error:
            if not self.audio:
                self.missing = f"not recorded: {clean(error, 200)}"
        self._changed()
