"""Applications that answer, ring, wait, send DTMF or hang up."""

from __future__ import annotations

import logging

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import keys
from ari_notebook.simulator.dialplan.applications.registry import application, wait
from ari_notebook.simulator.media.tones import tone
from ari_notebook.simulator.numbers import natural, seconds
from ari_notebook.simulator.pbx.channel import NORMAL, Channel
from ari_notebook.simulator.pbx.dtmf import DtmfSequence
from ari_notebook.simulator.pbx.hangup_causes import cause_number

log = logging.getLogger(__name__)

# Answer waits this long for the first audio (main/channel.c, __ast_answer).
_FIRST_AUDIO = 0.5
_CAUSES = {"BUSY": 17, "CONGESTION": 34}


def nothing_more() -> Program:
    """Return a finished program: the application takes no time."""
    return
    yield None


@application("Answer")
def answer(channel: Channel, data: str) -> Program:
    """Answer the call, then wait briefly for its audio."""
    if channel.state == "Up":
        return
    task = channel.task
    if task is not None:
        channel.audio.on_first_audio = task.wake
    channel.answer()
    yield _FIRST_AUDIO
    channel.audio.on_first_audio = None
    yield from wait(channel, (seconds(data) or 0) / 1000)


@application("Hangup")
def hangup(channel: Channel, data: str) -> Program:
    """End the call with a hangup cause, given as a number or a name (``USER_BUSY``)."""
    channel.cause = cause_number(data) or channel.cause or NORMAL
    yield from nothing_more()
    return False


@application("Ringing")
def ringing(channel: Channel, data: str) -> Program:
    """Indicate ringing to the caller."""
    channel.driver.indicate(channel, "RINGING")
    return nothing_more()


@application("Progress")
def progress(channel: Channel, data: str) -> Program:
    """Indicate progress: early media may follow."""
    channel.driver.indicate(channel, "PROGRESS")
    return nothing_more()


@application("Proceeding")
def proceeding(channel: Channel, data: str) -> Program:
    """Indicate that the call proceeds."""
    channel.driver.indicate(channel, "PROCEEDING")
    return nothing_more()


def refuse(channel: Channel, condition: str, seconds: float | None) -> Program:
    """Indicate BUSY or CONGESTION for a time in seconds, or until hangup."""
    channel.driver.indicate(channel, condition)
    if channel.state != "Up":
        channel.set_state("Busy")
        channel.cause = _CAUSES[condition]
    yield from wait(channel, seconds)
    return False


@application("Busy")
def busy(channel: Channel, data: str) -> Program:
    """Indicate busy until the caller hangs up, or for a time in seconds."""
    return refuse(channel, "BUSY", seconds(data) or None)


@application("Congestion")
def congestion(channel: Channel, data: str) -> Program:
    """Indicate congestion until the caller hangs up, or for a time in seconds."""
    return refuse(channel, "CONGESTION", seconds(data) or None)


@application("Wait")
def wait_seconds(channel: Channel, data: str) -> Program:
    """Wait for a time in seconds."""
    return wait(channel, seconds(data) or 0)


@application("MusicOnHold")
def music_on_hold(channel: Channel, data: str) -> Program:
    """Play music on hold until hangup, or for a time in seconds.

    Without music it ends at once, as on a Debian Asterisk, whose package has no music files.
    """
    _music, _, given = data.partition(",")
    if not channel.exchange.config.music_classes:
        log.warning("MusicOnHold: no class in musiconhold.conf, so there is no music to play")
        return nothing_more()
    channel.driver.audio(channel)
    return wait(channel, seconds(given) or None)


@application("StartMusicOnHold")
def start_music(channel: Channel, data: str) -> Program:
    """Start music on hold."""
    channel.driver.audio(channel)
    return nothing_more()


@application("StopMusicOnHold")
def stop_music(channel: Channel, data: str) -> Program:
    """Stop music on hold."""
    return nothing_more()


@application("PlayTones")
def play_tones(channel: Channel, data: str) -> Program:
    """Start a tone; one that cannot be played ends the call."""
    yield from nothing_more()
    if not tone(data):
        log.warning("PlayTones(%s): no such tone", data)
        return False
    channel.driver.audio(channel)
    return True


@application("StopPlayTones")
def stop_tones(channel: Channel, data: str) -> Program:
    """Stop the tone."""
    return nothing_more()


@application("Echo")
def echo(channel: Channel, data: str) -> Program:
    """Send received audio and DTMF back until # is pressed."""
    ended: list[str] = []

    def heard(digit: str) -> None:
        channel.driver.digit(channel, digit, 100)
        if digit == "#":
            ended.append(digit)
            if channel.task is not None:
                channel.exchange.soon(channel.task.wake)

    channel.audio.on_digit, channel.audio.echo = heard, True
    channel.driver.audio(channel)
    try:
        while not ended:
            yield None
    finally:
        channel.audio.on_digit, channel.audio.echo = None, False


@application("AGI", "EAGI", "DeadAGI")
def agi(channel: Channel, data: str) -> Program:
    """Fail, as no program is run; ``agi:async`` waits for AMI, which the simulator lacks."""
    if data.lower().startswith("agi:async"):
        return wait(channel, None)
    log.warning("AGI: no program is run: %s", data)
    channel.set_variable("AGISTATUS", "NOTFOUND")
    return nothing_more()


@application("System", "TrySystem")
def system(channel: Channel, data: str) -> Program:
    """Set SYSTEMSTATUS as if the program had succeeded; the simulator runs none."""
    yield from nothing_more()
    run = channel.dialplan.application[0]
    if not data:
        log.warning("%s requires an argument (command)", run)
        channel.set_variable("SYSTEMSTATUS", "FAILURE")
        return run != "System"
    if data not in ("true", "false"):
        log.warning("%s: no program is run: %s", run, data)
    channel.set_variable("SYSTEMSTATUS", "APPERROR" if data == "false" else "SUCCESS")
    return True


@application("WaitUntil")
def wait_until(channel: Channel, data: str) -> Program:
    """Wait until a time in seconds since 1970."""
    until = seconds(data)
    if until is None:
        channel.set_variable("WAITUNTILSTATUS", "FAILURE")
        return
    left = until - channel.exchange.now
    yield from wait(channel, max(0.0, left))
    channel.set_variable("WAITUNTILSTATUS", "PAST" if left < 0 else "OK")


@application("WaitForSilence")
def wait_for_silence(channel: Channel, data: str) -> Program:
    """Wait for silence of some milliseconds, several times: ``ms,times,seconds``."""
    required, times = [*data.split(","), "", ""][:2]
    yield from wait(channel, natural(required, 1000) / 1000 * max(1, natural(times, 1)))
    channel.set_variable("WAITSTATUS", "SILENCE")


@application("WaitForNoise")
def wait_for_noise(channel: Channel, data: str) -> Program:
    """Wait for sound, at most for a time: ``ms,times,seconds``."""
    patience = [*data.split(","), "", "", ""][2]
    if not channel.audio.source.signal.has_frames and not natural(patience):
        yield from wait(channel, 4)  # without audio, Asterisk treats the channel as hung up
        channel.set_variable("WAITSTATUS", "HANGUP")
        return False
    yield from wait(channel, natural(patience) or None)
    channel.set_variable("WAITSTATUS", "TIMEOUT")
    return True


@application("ReceiveText")
def receive_text(channel: Channel, data: str) -> Program:
    """Wait for text from the far end, which no simulated device sends."""
    yield from wait(channel, seconds(data) or 0)
    channel.set_variable("RECEIVETEXTSTATUS", "FAILURE")


@application("Transfer")
def transfer(channel: Channel, data: str) -> Program:
    """Ask the far end to call another address; no simulated device supports it."""
    yield from nothing_more()
    channel.set_variable("TRANSFERSTATUS", "UNSUPPORTED" if data else "FAILURE")
    channel.set_variable("TRANSFERSTATUSPROTOCOL", "0")


@application("Milliwatt")
def milliwatt(channel: Channel, data: str) -> Program:
    """Send a constant tone until hangup."""
    channel.driver.audio(channel)
    return wait(channel, None)


@application("Incomplete")
def incomplete(channel: Channel, data: str) -> Program:
    """Take the extension for incomplete: answer, and go to ``e``; with option ``n`` wait first."""
    if "n" in data:
        yield from wait(channel, keys.patience(channel, "response"))
    else:
        channel.answer()
    return keys.raise_exception(channel, "INVALID", 0)


@application("NoOp")
def no_op(channel: Channel, data: str) -> Program:
    """Do nothing; the text appears in the log."""
    return nothing_more()


@application("Verbose")
def verbose(channel: Channel, data: str) -> Program:
    """Write to the log: ``level,text``."""
    level, comma, text = data.partition(",")
    log.info("%s", text if comma and level.strip().isdigit() else data)
    return nothing_more()


@application("Log")
def log_text(channel: Channel, data: str) -> Program:
    """Write to the log: ``LEVEL,text``."""
    level, _, text = data.partition(",")
    number = logging.getLevelName(level.strip().upper())
    log.log(number if isinstance(number, int) else logging.INFO, "%s", text)
    return nothing_more()


@application("SendDTMF")
def send_dtmf(channel: Channel, data: str) -> Program:
    """Send DTMF: ``digits,pause in ms,duration in ms,channel``."""
    keys, between, duration, *_ = [*(word.strip() for word in data.split(",")), "", ""]
    sending = DtmfSequence(
        channel,
        keys,
        before=0,
        between=natural(between, 250),
        duration=natural(duration),
        after=0,
    )
    sent: list[bool] = []

    def done() -> None:
        sent.append(True)
        if channel.task is not None:
            channel.task.wake()

    sending.on_end.append(done)
    sending.begin()
    try:
        while not sent:
            yield None
    finally:
        sending.hang_up()
