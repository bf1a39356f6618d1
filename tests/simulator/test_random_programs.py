"""Random programs do the same on the simulator and on a real Asterisk.

Asterisk's threads race, and with `races` so does the simulator: a program differs if no run of the
simulator equals any run of Asterisk.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import requests

from ari_notebook import simulator
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.servers import Server
from tests.simulator.random_programs import (
    DIALPLAN,
    Notes,
    Step,
    differences,
    perform,
    program,
)

PROGRAMS = 60
AT_ONCE = 12
MOST_RUNS = 5


@pytest.fixture
def racing_simulator() -> Iterator[RunningSimulator]:
    with simulator.start(demonstration(), check_origin=False, races=True) as running:
        running.set_dialplan(DIALPLAN)
        yield running


def possible(seed: str, server: Server) -> tuple[Step, ...]:
    """Return a seed's program without the operations that a build of Asterisk lacks."""
    with_mailboxes = requests.get(
        f"{server.url}/ari/mailboxes", auth=(server.user, server.password), timeout=10
    ).ok
    return tuple(
        step for step in program(seed) if with_mailboxes or not step.path.startswith("/mailboxes")
    )


def fault(seed: str, ours: RunningSimulator, theirs: RealAsterisk) -> str:
    """Perform a program on both until they agree; return the difference, or ""."""
    runs: tuple[list[Notes], list[Notes]] = ([], [])
    made = possible(seed, theirs)
    for _ in range(MOST_RUNS):
        runs[0].append(perform(ours, made))
        runs[1].append(perform(theirs, made))
        found = [list(differences(*pair)) for pair in product(*runs)]
        if not all(found):
            return ""
    steps = [f"{number}: {' '.join(map(str, step))}" for number, step in enumerate(made)]
    return "\n".join([f"program({seed!r}) differs:", *steps, *min(found, key=len)])


def faults(seeds: list[str], ours: RunningSimulator, theirs: RealAsterisk) -> list[str]:
    theirs.write_config("extensions.conf", DIALPLAN)
    theirs.reload()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda seed: fault(seed, ours, theirs), seeds)
        return [each for each in found if each]


@pytest.mark.slow
@pytest.mark.asterisk
@pytest.mark.timeout(600)
def test_programs_of_fixed_seeds_do_the_same(
    racing_simulator: RunningSimulator, real_asterisk: RealAsterisk
) -> None:
    seeds = [f"fixed {number}" for number in range(PROGRAMS)]
    assert not (found := faults(seeds, racing_simulator, real_asterisk)), "\n\n".join(found)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.asterisk
@pytest.mark.timeout(1200)
def test_programs_of_a_new_seed_do_the_same(
    racing_simulator: RunningSimulator, real_asterisk: RealAsterisk
) -> None:
    night = random.SystemRandom().getrandbits(32)
    seeds = [f"night {night} {number}" for number in range(3 * PROGRAMS)]
    assert not (found := faults(seeds, racing_simulator, real_asterisk)), "\n\n".join(found)


def test_seed_makes_the_same_program() -> None:
    assert program("x") == program("x") != program("y")


def test_programs_reach_many_operations() -> None:
    steps = [step for number in range(PROGRAMS) for step in program(f"fixed {number}")]
    resources = {step.path.split("/")[1] for step in steps if "/" in step.path}
    assert {"channels", "bridges", "playbacks", "recordings", "deviceStates", "events"} <= resources
    assert {"APP", "APP-b"} <= {step.by_socket for step in steps}
    assert {"CONNECT", "DISCONNECT"} <= {step.method for step in steps}
    assert len({(step.method, step.path.split("/")[-1]) for step in steps}) > PROGRAMS


def test_difference_names_step_and_object() -> None:
    ours = Notes([[200, "OK", {"a": 1}]], {"channel x": ["one", "two"], "bridge y": ["three"]})
    theirs = Notes([[404, "Not Found", {}]], {"channel x": ["one"], "bridge y": ["three"]})
    response, event = differences(ours, theirs)
    assert response.startswith("step 0: [200,")
    assert event == "channel x, event 1: ['two']\n    Asterisk: []"
    assert not list(differences(ours, ours))
