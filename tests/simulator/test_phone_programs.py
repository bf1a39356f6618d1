"""Random programs of phones do the same on the simulator and on a real Asterisk.

As for requests (`test_random_programs`), a program differs if no run of the simulator equals any
run of Asterisk.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from tests.conftest import RealAsterisk
from tests.simulator.phone_programs import EXTENSIONS, perform, phone_program
from tests.simulator.random_programs import Notes, differences
from tests.simulator.stage import Ours, Theirs

PROGRAMS = 8
MOST_RUNS = 4

Places = tuple[Ours, Theirs]


@pytest.fixture
def places(_asterisk_of_the_run: RealAsterisk, tmp_path: Path) -> Iterator[Places]:
    ours, theirs = Ours(tmp_path, EXTENSIONS), Theirs(_asterisk_of_the_run, EXTENSIONS)
    yield ours, theirs
    # After some of the programs Asterisk 22.10.1 does not end when asked to: `core stop now` hangs.
    theirs.server.kill()
    theirs.server.start()
    theirs.close()
    ours.close()


def fault(seed: str, places: Places) -> str:
    """Perform a program on both until they agree; where they differ, or ""."""
    acts = phone_program(seed)
    runs: tuple[list[Notes], list[Notes]] = ([], [])
    for _ in range(MOST_RUNS):
        with ThreadPoolExecutor() as pool:  # both wait most of their time
            done = pool.map(lambda place: perform(place.server, place.phones, acts), places)
            for each, notes in zip(runs, done, strict=True):
                each.append(notes)
        found = [list(differences(*pair)) for pair in product(*runs)]
        if not all(found):
            return ""
    steps = [f"{number}: {act}" for number, act in enumerate(acts)]
    return "\n".join([f"phone_program({seed!r}) differs:", *steps, *min(found, key=len)])


@pytest.mark.slow
@pytest.mark.asterisk
@pytest.mark.timeout(600)
def test_phone_programs_of_fixed_seeds_do_the_same(places: Places) -> None:
    found = [fault(f"phones {number}", places) for number in range(PROGRAMS)]
    assert not any(found), "\n\n".join(filter(None, found))


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.asterisk
@pytest.mark.timeout(1200)
def test_phone_programs_of_a_new_seed_do_the_same(places: Places) -> None:
    night = random.SystemRandom().getrandbits(32)
    found = [fault(f"phones {night} {number}", places) for number in range(2 * PROGRAMS)]
    assert not any(found), "\n\n".join(filter(None, found))


def test_a_seed_makes_the_same_phone_program() -> None:
    assert phone_program("x") == phone_program("x") != phone_program("y")


def test_phone_programs_reach_many_acts() -> None:
    acts = [act for number in range(5 * PROGRAMS) for act in phone_program(f"phones {number}")]
    verbs = {act.verb for act in acts if act.phone}
    assert {"call", "answers", "press", "hold", "talk", "message", "refer", "hang_up"} <= verbs
    assert {"POST", "DELETE", "GET"} <= {act.verb for act in acts if not act.phone}
