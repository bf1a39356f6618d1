"""The factor by which a simulator's time passes faster than real time."""

from __future__ import annotations

import math
import time
from datetime import datetime

import pytest

import ari_notebook
from ari_notebook import simulator as simulators
from ari_notebook.simulator.server.pace import PacedTime


def test_speed_shortens_a_call_and_keeps_its_timestamps() -> None:
    began = time.monotonic()
    with (
        simulators.start(speed=100) as running,
        ari_notebook.connect(running.url, password=running.password) as ari,
    ):
        running.call("1000", hangup_after=120)
        start = ari.wait_for("StasisStart", timeout=60)
        end = ari.wait_for("StasisEnd", timeout=60)
    began_at, ended_at = (datetime.fromisoformat(each.timestamp) for each in (start, end))
    assert (ended_at - began_at).total_seconds() >= 119  # it began to ring before
    assert time.monotonic() - began < 120


def test_time_goes_on_after_a_restart() -> None:
    with simulators.start(speed=10_000) as running:
        while (before := running.run(lambda asterisk: asterisk.now)) < time.time() + 3600:
            time.sleep(0.05)
        running.restart()
        assert running.run(lambda asterisk: asterisk.now) >= before


@pytest.mark.parametrize("speed", [0, -1, math.inf, math.nan])
def test_invalid_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="invalid speed"):
        simulators.start(speed=speed)


@pytest.mark.parametrize(("speed", "longest"), [(0.5, 200), (1, 100), (4, 25)])
def test_delay_is_in_real_seconds(speed: float, longest: float) -> None:
    paced = PacedTime(speed)
    until = paced() + 100
    delay = paced.delay(until)
    assert delay is not None
    assert longest - 60 / speed < delay <= longest + 0.001
    assert paced.delay(until - 1000) == 0


def test_paused_time_moves_forward_only_and_resumes_there() -> None:
    paced = PacedTime(paused=True)
    begin = paced()
    paced.forward(begin + 100)
    paced.forward(begin)
    assert (paced(), paced.delay(begin + 200), paced.delay(begin)) == (begin + 100, None, 0)
    paced.resume()
    assert begin + 100 <= paced() < begin + 200
    assert not paced.paused
