"""Applications that answer, ring, wait, hang up."""

from __future__ import annotations

import logging

from ari_notebook.simulator.causes import cause_number
from ari_notebook.simulator.channels import NORMAL, Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.registry import application, wait
from ari_notebook.simulator.naturals import seconds

log = logging.getLogger(__name__)

# Answer waits that long for the first audio (main/channel.c, __ast_answer).
_FIRST_AUDIO = 0.5
_CAUSES = {"BUSY": 17, "CONGESTION": 34}


def nothing_more() -> Program:
    """A program that takes no time."""
    return
    yield None


@application("Answer")
def answer(channel: Channel, data: str) -> Program:
    """Answer the call, and wait a little for its audio."""
    if channel.state == "Up":
        return
    task = channel.task
    if task is not None:
        channel.audio_heard = task.wake
    channel.answer()
    yield _FIRST_AUDIO
    channel.audio_heard = None
    yield from wait(channel, (seconds(data) or 0) / 1000)


@application("Hangup")
def hangup(channel: Channel, data: str) -> Program:
    """End the call, with a cause's number or name (``USER_BUSY``)."""
    channel.cause = cause_number(data) or channel.cause or NORMAL
    yield from nothing_more()
    return False


@application("Ringing")
def ringing(channel: Channel, data: str) -> Program:
    """Let the caller hear that it rings."""
    channel.driver.indicate(channel, "RINGING")
    return nothing_more()


@application("Progress")
def progress(channel: Channel, data: str) -> Program:
    """Let the caller hear what comes before the answer."""
    channel.driver.indicate(channel, "PROGRESS")
    return nothing_more()


@application("Proceeding")
def proceeding(channel: Channel, data: str) -> Program:
    """Tell the caller that the call goes its way."""
    channel.driver.indicate(channel, "PROCEEDING")
    return nothing_more()


def refuse(channel: Channel, condition: str, seconds: float | None) -> Program:
    """Let the caller hear BUSY or CONGESTION, for so long or until it hangs up."""
    channel.driver.indicate(channel, condition)
    if channel.state != "Up":
        channel.set_state("Busy")
        channel.cause = _CAUSES[condition]
    yield from wait(channel, seconds)
    return False


@application("Busy")
def busy(channel: Channel, data: str) -> Program:
    """Say busy until the caller hangs up, or for so many seconds."""
    return refuse(channel, "BUSY", seconds(data) or None)


@application("Congestion")
def congestion(channel: Channel, data: str) -> Program:
    """Say congestion until the caller hangs up, or for so many seconds."""
    return refuse(channel, "CONGESTION", seconds(data) or None)


@application("Wait")
def wait_seconds(channel: Channel, data: str) -> Program:
    """Wait."""
    return wait(channel, seconds(data) or 0)


@application("MusicOnHold")
def music_on_hold(channel: Channel, data: str) -> Program:
    """Let the caller hear music, for ever or for so many seconds."""
    _music, _, given = data.partition(",")
    channel.driver.audio(channel)
    return wait(channel, seconds(given) or None)


@application("StartMusicOnHold")
def start_music(channel: Channel, data: str) -> Program:
    """Let the caller hear music from now on."""
    channel.driver.audio(channel)
    return nothing_more()


@application("StopMusicOnHold")
def stop_music(channel: Channel, data: str) -> Program:
    """No more music."""
    return nothing_more()


@application("PlayTones")
def play_tones(channel: Channel, data: str) -> Program:
    """Let the caller hear a tone from now on."""
    channel.driver.audio(channel)
    return nothing_more()


@application("StopPlayTones")
def stop_tones(channel: Channel, data: str) -> Program:
    """No more tone."""
    return nothing_more()


@application("Echo")
def echo(channel: Channel, data: str) -> Program:
    """Send back what comes, until # is pressed."""
    ended: list[str] = []

    def heard(digit: str) -> None:
        channel.driver.digit(channel, digit, 100)
        if digit == "#":
            ended.append(digit)
            if channel.task is not None:
                channel.exchange.soon(channel.task.wake)

    channel.digit_heard = heard
    channel.driver.audio(channel)
    try:
        while not ended:
            yield None
    finally:
        channel.digit_heard = None


@application("AGI")
def agi(channel: Channel, data: str) -> Program:
    """Run a program, which fails here; ``agi:async`` waits for a manager, of whom there is none."""
    if data.lower().startswith("agi:async"):
        return wait(channel, None)
    log.warning("AGI: no program is run: %s", data)
    channel.set_variable("AGISTATUS", "NOTFOUND")
    return nothing_more()


@application("NoOp")
def no_op(channel: Channel, data: str) -> Program:
    """Do nothing; the text is to be read in the log."""
    return nothing_more()


@application("Verbose")
def verbose(channel: Channel, data: str) -> Program:
    """Say something in the log: ``level,text``."""
    level, comma, text = data.partition(",")
    log.info("%s", text if comma and level.strip().isdigit() else data)
    return nothing_more()


@application("Log")
def log_text(channel: Channel, data: str) -> Program:
    """Say something in the log: ``LEVEL,text``."""
    level, _, text = data.partition(",")
    number = logging.getLevelName(level.strip().upper())
    log.log(number if isinstance(number, int) else logging.INFO, "%s", text)
    return nothing_more()
