"""Applications that let the caller hear something, press something, or say something."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Generator
from typing import Any

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import calls, keys
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split
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


def _answer_first(channel: Channel, options: str) -> Generator[float | None, Any, bool]:
    """Answer, unless the options keep it from that; whether sounds are to be skipped."""
    if channel.state != "Up" and "noanswer" not in options and "n" not in options.split(","):
        if "skip" in options:
            return True
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
    if not (yield from _answer_first(channel, options)):
        good = yield from _play(channel, _files(files))
    channel.set_variable("PLAYBACKSTATUS", "SUCCESS" if good else "FAILED")
    return True


@application("BackGround")
def background(channel: Channel, data: str) -> Program:
    """Play sounds, and go to the extension whose keys are pressed meanwhile."""
    files, options = (*data.split(",", 1), "")[:2]
    if (yield from _answer_first(channel, options)):
        return True
    channel.typed = ""
    with keys.listening(channel):
        good = yield from _play(channel, _files(files), stop_on_key=True)
    channel.set_variable("BACKGROUNDSTATUS", "SUCCESS" if good else "FAILED")
    return (yield from keys.go_there(channel)) if channel.typed else True


@application("WaitExten")
def wait_extension(channel: Channel, data: str) -> Program:
    """Wait for an extension's keys; without one, go to ``t``."""
    given = seconds(data.partition(",")[0])
    channel.typed = ""
    patience = keys.patience(channel, "response") if given is None else given
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
    log.warning("time-out, but no rule 't' in the context %s", channel.context)
    return False


@application("Read")
def read(channel: Channel, data: str) -> Program:
    """Read keys into a variable: ``variable,files,most,options,attempts,timeout``."""
    name, files, most, _options, attempts, given = [*split(data), "", "", "", "", "", ""][:6]
    limit = natural(most)
    patience = seconds(given)
    patience = keys.patience(channel, "response") if patience is None else patience
    channel.typed, status = "", "TIMEOUT"
    channel.set_variable("READSTATUS", "ERROR")  # until it is known better
    yield from calls.answer(channel, "")
    with keys.listening(channel):
        for _ in range(max(1, natural(attempts, 1))):
            yield from _play(channel, _files(files), stop_on_key=True)
            end = channel.exchange.now + patience
            before = channel.typed
            while (left := end - channel.exchange.now) > 0:
                if "#" in channel.typed or (limit and len(channel.typed) >= limit):
                    status = "OK"
                    break
                if channel.typed != before:
                    before, end = channel.typed, channel.exchange.now + patience
                yield left
            if channel.typed:
                status = "OK"
                break
    value = channel.typed.partition("#")[0]
    channel.typed = ""
    channel.set_variable(name.strip(), value[:limit] if limit else value)
    channel.set_variable("READSTATUS", status)
    return True


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
