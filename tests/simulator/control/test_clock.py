"""The simulated time under a test's control, with connected programs."""

from __future__ import annotations

import json
import threading

import pytest

from ari_notebook import simulator
from ari_notebook.simulator import RunningSimulator
from tests.simulator.control.test_journal import connect, send

PAUSED = pytest.mark.simulated_asterisk(clock="paused")


@PAUSED
def test_paused_clock_moves_by_advance_only(simulated_asterisk: RunningSimulator) -> None:
    begin = simulated_asterisk.clock.now
    call = simulated_asterisk.call("1001", hangup_after=30)
    simulated_asterisk.clock.advance(29)
    assert (call.state, simulated_asterisk.clock.paused) == ("Up", True)
    simulated_asterisk.clock.advance(5)
    assert call.state == "Gone"
    assert (simulated_asterisk.clock.now - begin).total_seconds() == pytest.approx(34, abs=0.1)


@PAUSED
def test_connected_program_reacts_at_its_event_times(
    simulated_asterisk: RunningSimulator,
) -> None:
    """It plays twice, one after the other: the second begins where the first has ended."""
    socket = connect(simulated_asterisk, "hello-world")

    def program() -> None:
        ended = 0
        while ended < 2:
            event = json.loads(socket.recv())
            ended += event["type"] == "PlaybackFinished"
            if event["type"] == "StasisStart" or (
                event["type"] == "PlaybackFinished" and ended < 2
            ):
                where = event.get("playback", {}).get("target_uri") or event["channel"]["id"]
                path = f"/channels/{where.removeprefix('channel:')}/play"
                send(simulated_asterisk, "POST", path, params={"media": "sound:hello-world"})

    thread = threading.Thread(target=program)
    thread.start()
    simulated_asterisk.call("1000")
    quiet = 1  # the program gets the processor within a second on a busy machine as well
    simulated_asterisk.clock.advance(10, quiet=quiet)
    simulated_asterisk.requests.verify("channels.play", times=2)
    thread.join()
    first, second = simulated_asterisk.requests.matching("channels.play")
    assert second.time - first.time > 1  # the length of the sound
    socket.shutdown()


@PAUSED
def test_run_until_idle_ends_with_nothing_scheduled(
    simulated_asterisk: RunningSimulator,
) -> None:
    call = simulated_asterisk.call("1001", hangup_after=600)
    assert simulated_asterisk.clock.run_until_idle()
    assert call.state == "Gone"
    simulated_asterisk.traffic(60)
    assert not simulated_asterisk.clock.run_until_idle(limit=20)


@PAUSED
def test_recording_without_limits_is_idle(simulated_asterisk: RunningSimulator) -> None:
    socket, clock = connect(simulated_asterisk, "hello-world"), simulated_asterisk.clock
    simulated_asterisk.call("1000")
    clock.advance(1)
    channel = send(simulated_asterisk, "GET", "/channels").json()[0]["id"]
    path, given = f"/channels/{channel}/record", {"format": "wav"}
    send(simulated_asterisk, "POST", path, params={"name": "endless", **given})
    assert clock.run_until_idle()
    send(simulated_asterisk, "POST", "/recordings/live/endless/stop")
    limited = {"name": "limited", "maxDurationSeconds": "20", **given}
    send(simulated_asterisk, "POST", path, params=limited)
    begin = clock.now
    assert clock.run_until_idle()
    assert 19 < (clock.now - begin).total_seconds() < 22
    socket.shutdown()


def test_clock_pauses_and_resumes(simulated_asterisk: RunningSimulator) -> None:
    simulated_asterisk.clock.pause()
    now = simulated_asterisk.clock.now
    assert simulated_asterisk.clock.now == now
    simulated_asterisk.clock.resume()
    while simulated_asterisk.clock.now == now:
        pass
    with pytest.raises(ValueError, match="forward only"):
        simulated_asterisk.clock.advance(-1)


def test_invalid_clock_and_token_are_refused() -> None:
    with pytest.raises(ValueError, match="invalid clock: 'fast'; use 'real' or 'paused'"):
        simulator.start(clock="fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 8"):
        simulator.start(token="short")
