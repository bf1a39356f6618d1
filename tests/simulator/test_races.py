"""Races of Asterisk's threads: the order varies with a seed, if enabled."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.rest.event_socket import EventSocket
from tests.demonstration import PASSWORDS, demonstration

_START = 1_800_000_000.0
_USER = f"api_key=asterisk:{PASSWORDS['asterisk']}"
_MOVES = 20
Run = list[tuple[str, str, str]]  # type, application and channel of each event


def _run(seed: int, *, races: bool) -> Run:
    """Return the events of some moves between applications, and of ten calls that end."""
    asterisk = SimulatedAsterisk(demonstration(), _START, seed, races=races)
    socket = asterisk.request(
        Request(
            "GET",
            f"/ari/events?app=x,y&{_USER}",
            (
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Key", "a" * 22 + "=="),
                ("Sec-WebSocket-Version", "13"),
            ),
        )
    )
    assert isinstance(socket, EventSocket)

    def ask(method: str, path: str) -> Any:
        target = f"/ari{path}{'&' if '?' in path else '?'}{_USER}"
        answer = asterisk.request(Request(method, target))
        asterisk.advance(asterisk.now + 0.2)
        return answer

    try:
        ask("POST", "/channels/moved?endpoint=Local/1002@default&app=x")
        for _ in range(_MOVES):
            for app in ("y", "x"):
                ask("POST", f"/channels/moved/move?app={app}")
        for number in range(10):
            ask("POST", f"/channels/c{number}?endpoint=Local/1002@default&app=x")
            ask("DELETE", f"/channels/c{number}")
        events = [orjson.loads(each) for each in socket.take()]
    finally:
        asterisk.close()
    return [
        (event["type"], event["application"], event.get("channel", {}).get("name", ""))
        for event in events
    ]


def _starts_first(run: Run) -> int:
    """Return how many moves began in the new application before they ended in the old one."""
    kinds = [type for type, _, name in run if type.startswith("Stasis") and "00000000;1" in name]
    return sum(
        pair == ("StasisStart", "StasisEnd") for pair in zip(kinds[1::2], kinds[2::2], strict=False)
    )


def _destroyed(run: Run) -> list[str]:
    return [name[-1] for type, _, name in run if type == "ChannelDestroyed"]


@pytest.fixture(scope="module")
def runs() -> dict[int, Run]:
    return {seed: _run(seed, races=True) for seed in (1, 2)}


def test_same_seed_gives_same_order(runs: dict[int, Run]) -> None:
    assert _run(1, races=True) == runs[1]


def test_other_seed_gives_other_order(runs: dict[int, Run]) -> None:
    assert runs[1] != runs[2]
    assert sorted(runs[1]) == sorted(runs[2])  # and the same events


def test_order_is_fixed_without_races() -> None:
    assert _run(1, races=False) == _run(2, races=False)


def test_stasis_start_may_precede_stasis_end_of_move(runs: dict[int, Run]) -> None:
    assert _starts_first(_run(1, races=False)) == 0
    assert all(0 < _starts_first(run) < _MOVES for run in runs.values())


def test_either_half_of_a_local_channel_ends_first(runs: dict[int, Run]) -> None:
    firsts = {_destroyed(run)[place] for run in runs.values() for place in (0, 2, 4, 6, 8)}
    assert firsts == {"1", "2"}


@pytest.mark.parametrize("seed", range(4))
def test_moved_channel_stays_in_the_table(seed: int) -> None:
    with (
        simulator.start(demonstration(), races=True, seed=seed) as asterisk,
        ari_notebook.connect(
            asterisk.url, app="x,y", user=asterisk.user, password=asterisk.password
        ) as ari,
    ):
        channel = ari.channels.originate("Local/1002@default", app="x")
        ari.wait_for("StasisStart", timeout=30, channel=channel)
        for app in ("y", "x") * 5:
            channel.move(app)
            ari.wait_for("StasisStart", timeout=30, channel=channel, application=app)
        ari.wait_for("StasisEnd", timeout=30, channel=channel, application="y")
        assert ari.tables.channels[channel.id]["app_name"] == "x"
