"""Applications that play sounds, read DTMF digits, say values or record."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from ari_notebook.simulator.calls.local import play_to_far_end
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import calls, keys
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import separate, split
from ari_notebook.simulator.media.audio_source import NOTHING
from ari_notebook.simulator.media.recording import RunningRecording
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.numbers import natural, seconds
from ari_notebook.simulator.pbx.audio_inputs import ChannelInput
from ari_notebook.simulator.pbx.channel import Channel, ChannelHungUp

log = logging.getLogger(__name__)


def _play(channel: Channel, uris: list[str], *, stop_on_key: bool = False) -> Program:
    """Play media one after another; return whether all could be played."""
    good = True
    channel.driver.audio(channel)
    try:
        for uri in uris:
            found = channel.exchange.media.find(uri)
            if found.missing or found.unknown:
                log.warning("file %s does not exist", uri)
                good = False
                continue
            play_to_far_end(channel, replace(found.sound, since=channel.exchange.now))
            end = channel.exchange.now + (found.duration or 0) / 1000
            while (left := end - channel.exchange.now) > 0:
                yield left
                if stop_on_key and channel.dialplan.digits:
                    return good
    finally:
        play_to_far_end(channel, NOTHING)
    return good


def _files(text: str) -> list[str]:
    return [f"sound:{name}" for name in text.split("&") if name]


def _answer_first(
    channel: Channel, *, skip: bool, answer: bool
) -> Generator[float | None, Any, bool]:
    """Answer unless the options forbid it; return whether to skip the application."""
    if channel.state != "Up":
        if skip:
            return True
        if answer:
            yield from calls.answer(channel, "")
    return False


@application("Playback")
def playback(channel: Channel, data: str) -> Program:
    """Play sounds: ``name&name,options``."""
    if not data:
        log.warning("Playback requires an argument (filename); the call is ended")
        return False
    files, options = [*data.split(",", 1), ""][:2]
    good = True
    skip, answer = "skip" in options.lower(), "noanswer" not in options.lower()
    try:
        if not (yield from _answer_first(channel, skip=skip, answer=answer)):
            good = yield from _play(channel, _files(files))
    finally:  # a hangup is no failure of the sounds
        channel.set_variable("PLAYBACKSTATUS", "SUCCESS" if good else "FAILED")
    return True


@application("ControlPlayback")
def control_playback(channel: Channel, data: str) -> Program:
    """Play a sound that keys control: ``name,skip in ms,…``; the keys do nothing here."""
    if not data:
        log.warning("ControlPlayback requires an argument (filename); the call is ended")
        return False
    good = yield from _play(channel, _files(data.partition(",")[0]))
    channel.set_variable("CPLAYBACKSTATUS", "SUCCESS" if good else "ERROR")
    channel.set_variable("CPLAYBACKOFFSET", "-1")
    return True


@application("MixMonitor")
def mix_monitor(channel: Channel, data: str) -> Program:
    """Set MIXMONITOR_FILENAME; the call is not recorded."""
    yield from calls.nothing_more()
    name = data.partition(",")[0]
    if not name:
        log.warning("MixMonitor requires an argument (filename)")
        return False
    path = name if name.startswith("/") else f"/var/spool/asterisk/monitor/{name}"
    channel.set_variable("MIXMONITOR_FILENAME", path)
    return True


@application("BackGround")
def background(channel: Channel, data: str) -> Program:
    """Play sounds, and go to the extension of the digits pressed meanwhile.

    Options: ``s`` skips playback if the channel is not up, ``n`` does not answer, ``p`` ignores
    digits.
    """
    files, options = (*split(data), "", "")[:2]
    letters = {"skip": "s", "noanswer": "n"}.get(options.lower(), options)
    channel.dialplan.digits, good = "", True
    if not (yield from _answer_first(channel, skip="s" in letters, answer="n" not in letters)):
        with keys.listening(channel):
            good = yield from _play(channel, _files(files), stop_on_key="p" not in letters)
        channel.dialplan.digits = "" if "p" in letters else channel.dialplan.digits
    channel.set_variable("BACKGROUNDSTATUS", "SUCCESS" if good else "FAILED")
    return (yield from keys.go_there(channel)) if channel.dialplan.digits else True


@application("WaitExten")
def wait_extension(channel: Channel, data: str) -> Program:
    """Wait for the digits of an extension; without any, go to ``t`` or ``e``."""
    channel.dialplan.digits = ""
    patience = seconds(data.partition(",")[0]) or keys.patience(channel, "response")
    end = channel.exchange.now + patience
    with keys.listening(channel):
        while not channel.dialplan.digits and (left := end - channel.exchange.now) > 0:
            yield left
    if channel.dialplan.digits:
        return (yield from keys.go_there(channel))
    dialplan, here = channel.exchange.dialplan, channel.dialplan
    if dialplan.exists(here.context, here.exten, here.priority + 1):
        return True
    if dialplan.exists(here.context, "t"):
        channel.dialplan.exten, channel.dialplan.priority = (
            "t",
            0,
        )  # the dialplan continues with the next priority
        return True
    if keys.raise_exception(channel, "RESPONSETIMEOUT", 0):
        return True
    log.warning("timeout, but no rule 't' or 'e' in context %s", here.context)
    return False


@application("Read")
def read(channel: Channel, data: str) -> Program:
    """Read digits: ``variable,files,maximum,options,attempts,timeout``."""
    name, files, most, options, attempts, given = [*separate(data, 7), *[""] * 6][:6]
    channel.set_variable("READSTATUS", "ERROR")  # replaced on success
    if not name:
        log.warning("Read requires an argument (variable)")
        return True
    letters, arguments = set(_ARGUMENT.sub("", options)), dict(_ARGUMENTS.findall(options))
    if (yield from _answer_first(channel, skip="s" in letters, answer="n" not in letters)):
        channel.set_variable(name, "")
        channel.set_variable("READSTATUS", "SKIPPED")
        return True
    end_keys = arguments.get("t", "") if "t" in letters else "#"
    limit = natural(most)
    limit = limit if 0 < limit <= _MOST_KEYS else _MOST_KEYS
    status, value = "ERROR", ""
    try:
        for _ in range(max(1, natural(attempts, 1))):
            # With option `i`, the first argument names a tone instead of a sound.
            sounds = [] if "i" in letters else _files(files)
            status, value = yield from _keys(
                channel, sounds, end_keys, limit, seconds(given) or None
            )
            if not value and status == "OK" and "e" in letters:
                value = end_keys
            channel.set_variable(name, value)
            if value:
                break
    except ChannelHungUp:
        channel.set_variable(name, channel.dialplan.digits)
        channel.set_variable("READSTATUS", "HANGUP")
        raise
    channel.set_variable("READSTATUS", status)
    return True


_MOST_KEYS = 255
_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


def _keys(
    channel: Channel, sounds: list[str], end_keys: str, limit: int, given: float | None
) -> Generator[float | None, Any, tuple[str, str]]:
    """Play and collect digits; return OK if a key ended them or there are enough."""
    channel.dialplan.digits = ""
    with keys.listening(channel):
        yield from _play(channel, sounds, stop_on_key=True)
        while True:
            typed = channel.dialplan.digits
            ends = next((at for at, key in enumerate(typed) if key in end_keys), None)
            if ends is not None or len(typed) >= limit:
                return "OK", typed[:limit] if ends is None else typed[:ends]
            patience = given or keys.patience(channel, "digit" if typed else "response")
            end = channel.exchange.now + patience
            while channel.dialplan.digits == typed and (left := end - channel.exchange.now) > 0:
                yield left
            if channel.dialplan.digits == typed:
                return "TIMEOUT", typed


def _say(channel: Channel, scheme: str, data: str) -> Program:
    yield from _play(channel, [f"{scheme}:{data.partition(',')[0]}"])


@application("SayDigits")
def say_digits(channel: Channel, data: str) -> Program:
    """Say digits."""
    return _say(channel, "digits", data)


@application("SayNumber")
def say_number(channel: Channel, data: str) -> Program:
    """Say a number."""
    return _say(channel, "number", data)


@application("SayAlpha")
def say_alpha(channel: Channel, data: str) -> Program:
    """Say text letter by letter."""
    return _say(channel, "characters", data)


@application("Record")
def record(channel: Channel, data: str) -> Program:
    """Record the channel: ``name.format,seconds of silence,maximum seconds,options``.

    The key # ends it. ``%d`` in the name is replaced by the first free number.
    """
    name, silence, most, options = [*split(data), "", "", ""][:4]
    stem, dot, form = name.rpartition(".")
    if not dot:
        log.warning("Record(%s): the file name needs a format", data)
        channel.set_variable("RECORD_STATUS", "ERROR")
        return False
    if "%d" in stem:
        media = channel.exchange.media
        stems = (stem.replace("%d", str(number)) for number in itertools.count())
        stem = next(each for each in stems if not media.is_stored(each))
    channel.set_variable("RECORDED_FILE", stem)
    if "n" not in options:
        yield from calls.answer(channel, "")
    limit, patience = natural(most), natural(silence)
    wanted = {
        "name": stem,
        "format": form,
        "maxDurationSeconds": limit,
        "maxSilenceSeconds": patience,
        "ifExists": "append" if "a" in options else "overwrite",
        "beep": "q" not in options,
        "terminateOn": "any" if "y" in options else "none" if "t" in options else "#",
    }
    try:
        recording = channel.exchange.media.record_unlisted(ChannelInput(channel), wanted)
    except AriRefusal as refused:
        log.warning("Record(%s): %s", data, refused.message)
        channel.set_variable("RECORD_STATUS", "ERROR")
        return True
    status = yield from _recorded(channel, recording, limit)
    channel.set_variable("RECORD_STATUS", status)
    # With silence detection, Asterisk does not treat the channel as hung up (app_record.c).
    return status != "HANGUP" or patience > 0


def _recorded(
    channel: Channel, recording: RunningRecording, limit: int
) -> Generator[float | None, Any, str]:
    """Record, and return what ended the recording."""
    pressed: list[str] = []
    ended: list[float] = []

    def key(digit: str) -> None:
        recording.press(digit)
        if ended:
            pressed.append(digit)

    def over() -> None:
        ended.append(channel.exchange.now)
        if channel.task is not None:
            channel.exchange.soon(channel.task.wake)

    recording.on_end.append(over)
    channel.audio.on_digit = key
    begun = channel.exchange.now
    try:
        recording.begin()
        while not ended:
            yield None
    finally:
        channel.audio.on_digit = None
        if not ended:
            recording.hang_up()
    if pressed:
        return "DTMF"
    if not channel.audio.source.signal.has_frames:
        return "HANGUP"  # without any audio, Asterisk treats the channel as hung up
    return "TIMEOUT" if limit and ended[0] - begun >= limit else "SILENCE"
