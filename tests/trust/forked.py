"""Programs of `test_forked`: ``python -m tests.trust.forked NAME`` runs a function of this module.

Each is a separate process, since a child runs every exit handler of its parent: those of a test
run (jedi's, for one) wait for threads that the child does not have.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import pytest

import ari_notebook
from ari_notebook import simulator as simulators
from ari_notebook.simulator import RunningSimulator


def in_child(do: Callable[[], None]) -> int:
    """Run a function in a forked child that exits like a program; return its exit code."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            do()
            status = 0
        finally:
            import atexit

            atexit._run_exitfuncs()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def exit_of_a_child_keeps_what_the_parent_made(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        ari.bridges.create(type="mixing")
        assert in_child(lambda: None) == 0
        assert len(ari.bridges.list()) == 1


def exit_of_a_child_keeps_the_recordings(simulator: RunningSimulator) -> None:
    folder = simulator.run(lambda asterisk: asterisk.ari.media.stored.directory)
    (folder / "greeting.wav").write_bytes(b"RIFF")
    assert in_child(lambda: None) == 0
    assert (folder / "greeting.wav").exists()


def close_in_a_child_leaves_the_parent_connected_and_idle(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:

        def leave() -> None:
            ari.close()
            assert ari.closed
            with pytest.raises(ari_notebook.SessionClosed):
                ari.request("GET", "/asterisk/ping")

        assert in_child(leave) == 0
        began = time.process_time()
        time.sleep(1)
        assert time.process_time() - began < 0.7
        assert ari.connected
        ari.call("1000")
        assert ari.wait_for("StasisStart")


def child_may_connect_for_itself(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password):

        def connect() -> None:
            with ari_notebook.connect(simulator.url, app="own", password=simulator.password) as own:
                own.call("1000")

        assert in_child(connect) == 0
        assert "ari_notebook" in sys.modules


if __name__ == "__main__":
    with simulators.start() as running:
        globals()[sys.argv[1]](running)
