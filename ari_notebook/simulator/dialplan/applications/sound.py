"""Applications that let the caller hear something, press something, or say something."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Generator
from typing import Any

from ari_notebook.simulator.channels import Channel, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import calls, keys
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import separate, split
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.naturals import natural, seconds
from ari_notebook.simulator.playbacks import medium
from ari_notebook.simulator.recordings import Recording

log = logging.getLogger(__name__)


def _length(channel: Channel, uri: str) -> float | None:
    """How long a medium is, in seconds; None where there is no such thing."""
    found = medium(uri, channel.exchange.media.stored.duration)
    if found.missing or found.unknown:
        log.warning("there is no %s", uri)
        return None
    return (found.duration or 0) / 1000


def _play(channel: Channel, uris: list[str], *, stop_on_key: bool = False) -> Program:
    """Play one after another; its result says whether all could be played."""
    good = True
    channel.driver.audio(channel)
    for uri in uris:
        length = _length(channel, uri)
        if length is None:
            good = False
            continue
        end = channel.exchange.now + length
        while (left := end - channel.exchange.now) > 0:
            yield left
            if stop_on_key and channel.typed:
                return good
    return good


def _files(text: str) -> list[str]:
    return [f"sound:{name}" for name in text.split("&") if name]


def _answer_first(
    channel: Channel, *, skip: bool, answer: bool
) -> Generator[float | None, Any, bool]:
    """Answer, unless that is not wanted; whether the rest is to be skipped."""
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
        log.warning("Playback: what to play is missing; the call is ended")
        return False
    files, options = [*data.split(",", 1), ""][:2]
    good = True
    skip, answer = "skip" in options.lower(), "noanswer" not in options.lower()
    if not (yield from _answer_first(channel, skip=skip, answer=answer)):
        good = yield from _play(channel, _files(files))
    channel.set_variable("PLAYBACKSTATUS", "SUCCESS" if good else "FAILED")
    return True


@application("BackGround")
def background(channel: Channel, data: str) -> Program:
    """Play sounds, and go to the extension whose keys are pressed meanwhile.

    Options: ``s`` to skip it where the line is not up, ``n`` not to answer, ``p`` not to listen
    for keys.
    """
    files, options = (*split(data), "", "")[:2]
    letters = {"skip": "s", "noanswer": "n"}.get(options.lower(), options)
    channel.typed, good = "", True
    if not (yield from _answer_first(channel, skip="s" in letters, answer="n" not in letters)):
        with keys.listening(channel):
            good = yield from _play(channel, _files(files), stop_on_key="p" not in letters)
        channel.typed = "" if "p" in letters else channel.typed
    channel.set_variable("BACKGROUNDSTATUS", "SUCCESS" if good else "FAILED")
    return (yield from keys.go_there(channel)) if channel.typed else True


@application("WaitExten")
def wait_extension(channel: Channel, data: str) -> Program:
    """Wait for an extension's keys; without one, go to ``t`` or ``e``."""
    channel.typed = ""
    patience = seconds(data.partition(",")[0]) or keys.patience(channel, "response")
    end = channel.exchange.now + patience
    with keys.listening(channel):
        while not channel.typed and (left := end - channel.exchange.now) > 0:
            yield left
    if channel.typed:
        return (yield from keys.go_there(channel))
    dialplan = channel.exchange.dialplan
    if dialplan.find(channel.context, channel.exten, channel.priority + 1) is not None:
        return True
    if dialplan.find(channel.context, "t", 1) is not None:
        channel.exten, channel.priority = "t", 0  # the dialplan goes to the next one
        return True
    if keys.raise_exception(channel, "RESPONSETIMEOUT", 0):
        return True
    log.warning("time-out, but no rule 't' or 'e' in the context %s", channel.context)
    return False


@application("Read")
def read(channel: Channel, data: str) -> Program:
    """Read keys into a variable: ``variable,files,most,options,attempts,timeout``."""
    name, files, most, options, attempts, given = [*separate(data, 7), *[""] * 6][:6]
    channel.set_variable("READSTATUS", "ERROR")  # until it is known better
    if not name:
        log.warning("Read: the variable is missing")
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
            # With `i`, the first argument names a tone, and no sound.
            sounds = [] if "i" in letters else _files(files)
            status, value = yield from _keys(
                channel, sounds, end_keys, limit, seconds(given) or None
            )
            if not value and status == "OK" and "e" in letters:
                value = end_keys
            channel.set_variable(name, value)
            if value:
                break
    except HungUp:
        channel.set_variable(name, channel.typed)
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
    """Play, and take keys: OK with those pressed where one ended them or there are enough."""
    channel.typed = ""
    with keys.listening(channel):
        yield from _play(channel, sounds, stop_on_key=True)
        while True:
            typed = channel.typed
            ends = next((at for at, key in enumerate(typed) if key in end_keys), None)
            if ends is not None or len(typed) >= limit:
                return "OK", typed[:limit] if ends is None else typed[:ends]
            patience = given or keys.patience(channel, "digit" if typed else "response")
            end = channel.exchange.now + patience
            while channel.typed == typed and (left := end - channel.exchange.now) > 0:
                yield left
            if channel.typed == typed:
                return "TIMEOUT", typed


def _say(channel: Channel, scheme: str, data: str) -> Program:
    yield from _play(channel, [f"{scheme}:{data.partition(',')[0]}"])


@application("SayDigits")
def say_digits(channel: Channel, data: str) -> Program:
    """Say digits one by one."""
    return _say(channel, "digits", data)


@application("SayNumber")
def say_number(channel: Channel, data: str) -> Program:
    """Say a number."""
    return _say(channel, "number", data)


@application("SayAlpha")
def say_alpha(channel: Channel, data: str) -> Program:
    """Spell."""
    return _say(channel, "characters", data)


@application("Record")
def record(channel: Channel, data: str) -> Program:
    """Record the caller: ``name.format,seconds of silence,most seconds,options``; # ends it.

    ``%d`` in the name becomes the first number that is free.
    """
    name, silence, most, options = [*split(data), "", "", ""][:4]
    stem, dot, form = name.rpartition(".")
    if not dot:
        log.warning("Record(%s): no format behind the name", data)
        return False
    if "%d" in stem:
        stored = channel.exchange.media.stored
        stems = (stem.replace("%d", str(number)) for number in itertools.count())
        stem = next(each for each in stems if stored.find(each) is None)
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
        # Nobody is subscribed to it: ARI hears only of recordings that it made.
        recording = channel.exchange.media.new_recording("", channel.voice, wanted)
    except Refused as refused:
        log.warning("Record(%s): %s", data, refused.message)
        channel.set_variable("RECORD_STATUS", "ERROR")
        return True
    channel.exchange.media.recordings.pop(recording.options.name, None)
    status = yield from _recorded(channel, recording, limit)
    channel.set_variable("RECORD_STATUS", status)
    # Where it listened for silence, Asterisk forgets that the line is dead (app_record.c).
    return status != "HANGUP" or patience > 0


def _recorded(
    channel: Channel, recording: Recording, limit: int
) -> Generator[float | None, Any, str]:
    """Record, and say by what it ended."""
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
    channel.digit_heard = key
    begun = channel.exchange.now
    try:
        recording.begin()
        while not ended:
            yield None
    finally:
        channel.digit_heard = None
        if not ended:
            recording.hang_up()
    if pressed:
        return "DTMF"
    if not channel.voice.sound.is_heard:
        return "HANGUP"  # where no audio came at all, Asterisk takes the line for dead
    return "TIMEOUT" if limit and ended[0] - begun >= limit else "SILENCE"
