"""The simulator causes no warnings in programs that turn them into errors."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ari_notebook import simulator
from ari_notebook.simulator.media import spool

SCRIPT = """
import ari_notebook
from ari_notebook import simulator

with ari_notebook.connect() as ari:
    ari.call("1000")
    ari.wait_for("StasisStart")
    ari.current_channel.hangup()
    ari.wait_for("StasisEnd")
with simulator.start() as asterisk:
    asterisk.restart()
"""

ABANDONED_DAY = """
from ari_notebook import simulator

office = simulator.VirtualSimulator(seed=1)
office.phones.traffic(60)
events = office.run(3600)
for _ in range(200):
    next(events)
"""

# Phones talk to each other when the program ends.
ABANDONED_CALLS = """
from ari_notebook import simulator

office = simulator.VirtualSimulator(seed=7)
office.set_dialplan("[default]\\nexten => a,1,Dial(PJSIP/bob)\\n")
office.phones.add("bob", answer_after=0.1, lines=50)
office.phones.traffic(200, extensions=["a"])
events = office.run(3600)
for _ in range(3000):
    next(events)
with simulator.start() as asterisk:
    asterisk.set_dialplan("[default]\\nexten => a,1,Dial(PJSIP/bob)\\n")
    asterisk.phones.add("bob", answer_after=0)
    call = asterisk.call("a")
    while call.state != "Up":
        pass
"""

# Clients connect, and leave, while the server stops.
STOPPED_AMONG_CLIENTS = """
import logging, socket, threading
from ari_notebook import simulator

logging.disable()
for _ in range(3):
    asterisk = simulator.start()
    port, over = int(asterisk.url.rpartition(":")[2]), threading.Event()
    met = threading.Semaphore(0)

    def connect():
        while not over.is_set():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                continue
            met.release()

    clients = [threading.Thread(target=connect) for _ in range(3)]
    for client in clients:
        client.start()
    for _ in range(20):
        met.acquire()
    asterisk.stop()
    over.set()
    for client in clients:
        client.join()
"""

TEST = """
import requests

def test_ping(simulated_asterisk):
    url = simulated_asterisk.url + "/ari/asterisk/ping"
    assert requests.get(url, auth=simulated_asterisk.credentials, timeout=30).ok
"""


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=folder, env=environment
    )


@pytest.mark.parametrize(
    "script",
    [SCRIPT, ABANDONED_DAY, ABANDONED_CALLS, STOPPED_AMONG_CLIENTS],
    ids=["session", "abandoned day", "abandoned calls", "stopped among clients"],
)
def test_script_leaves_no_warning_and_no_folder(tmp_path: Path, script: str) -> None:
    done = run(sys.executable, "-W", "error", "-c", script, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.glob("ari-notebook-*")) == []


def test_fixture_passes_where_warnings_are_errors(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TEST)
    pytest_command = (sys.executable, "-W", "error", "-m", "pytest", "-q", "-W", "error")
    done = run(
        *pytest_command,
        *("-p", "no:nbval", "-p", "ari_notebook.testing", "test_mine.py"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "Error" not in done.stderr
    assert list(tmp_path.glob("ari-notebook-*")) == []


def test_folder_of_recordings_ends_with_stop_and_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with simulator.start() as running:
        (first,) = tmp_path.glob("ari-notebook-*")
        running.restart()
        (second,) = tmp_path.glob("ari-notebook-*")
        assert second != first
    assert list(tmp_path.iterdir()) == []
    assert not running.url.endswith(":0")  # the object lives on, its folder does not


HOLDS_A_FOLDER = """
from ari_notebook import simulator

running = simulator.start()
print(running.run(lambda asterisk: asterisk.ari.media.stored.directory), flush=True)
input()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs flock")
def test_folder_of_a_killed_process_is_deleted_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_FOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stdin is not None
    left = Path(process.stdout.readline().strip())
    (left / "caller.wav").write_bytes(b"RIFF")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    link = tmp_path / f"{left.name}-link"
    link.symlink_to(outside)
    another = tmp_path / "ari-notebook-notes"
    another.mkdir()
    os.utime(left, (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def start_again() -> None:
        spool._swept.clear()
        simulator.start().stop()

    start_again()
    assert (left / "caller.wav").exists()  # its process lives
    process.kill()
    process.communicate()
    start_again()
    assert not left.exists()
    assert (outside / "kept").exists()
    assert another.exists()
    new = tmp_path / left.name  # a process that has just made its folder may not have locked it yet
    new.mkdir()
    start_again()
    assert new.exists()
