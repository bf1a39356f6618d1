"""``python -m ari_notebook.simulator`` in a shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

COMMAND = [sys.executable, "-m", "ari_notebook.simulator"]


@contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def failed(*arguments: object) -> str:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode not in (0, None)
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulator_prints_its_url_and_ends_cleanly(number: signal.Signals) -> None:
    with started("--port", 0) as (process, line):
        url = line.split()[-1]
        assert process.stdout is not None
        assert process.stderr is not None
        user, password = process.stdout.readline().split(", password ")
        auth = user.removeprefix("User "), password.strip()
        answer = requests.get(f"{url}/asterisk/ping", auth=auth, timeout=30)
        assert answer.json()["ping"] == "pong"
        process.send_signal(number)
        assert process.wait(30) == 0
        assert "Traceback" not in process.stderr.read()


def test_simulator_listens_on_loopback_only() -> None:
    with started("--port", 0) as (_, line):
        assert urlsplit(line.split()[-1]).hostname == "127.0.0.1"


def test_folder_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "http.conf").write_text("[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=1\n")
    (tmp_path / "ari.conf").write_text("[general]\nenabled=yes\n[me]\ntype=user\npassword=secret\n")
    (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Answer()\n")
    with started("--config", tmp_path, "--port", 0) as (_, line):
        url = f"{line.split()[-1]}/channels"
        assert requests.get(url, auth=("me", "secret"), timeout=30).json() == []
        assert requests.get(url, auth=("asterisk", "asterisk"), timeout=30).status_code == 401


def test_port_in_use_is_one_line() -> None:
    with started("--port", 0) as (_, line):
        port = urlsplit(line.split()[-1]).port
        assert f"port {port} of 127.0.0.1 is in use" in failed("--port", port)


def test_bad_configuration_is_one_line_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "http.conf").write_text("[general]\nenabled = yes\nno equals sign\n")
    (tmp_path / "ari.conf").write_text("[general]\nenabled = yes\n")
    (tmp_path / "extensions.conf").write_text("[default]\n")
    said = failed("--config", tmp_path)
    assert "http.conf" in said
    assert "3" in said


def test_folder_that_is_not_there() -> None:
    assert "folder not found" in failed("--config", os.path.join("no", "such", "folder")).lower()


def test_speed_option_makes_time_pass_faster() -> None:
    with started("--port", 0, "--speed", 100_000) as (_, line):
        while True:
            date = requests.get(f"{line.split()[-1]}/asterisk/ping", timeout=30).headers["Date"]
            if parsedate_to_datetime(date).timestamp() > time.time() + 3600:
                break


@pytest.mark.parametrize("speed", ["0", "inf", "fast"])
def test_invalid_speed_option_is_one_line(speed: str) -> None:
    assert f"argument --speed: invalid speed value: '{speed}'" in failed("--speed", speed)


def test_control_option_prints_the_address_and_a_token() -> None:
    with started("--port", 0, "--control", "--paused") as (process, line):
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        said = next(each for each in lines if each.startswith("Control API: "))
        url, token = said.removeprefix("Control API: ").strip().split(", token ")
        assert url == line.split()[-1].replace("/ari", "/_simulator")
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{url}/clock", headers=headers, timeout=30).json()["paused"] is True


def test_version_option_names_the_release() -> None:
    with started("--port", 0, "--version", "22.8") as (_, line):
        answer = requests.get(f"{line.split()[-1]}/asterisk/ping", timeout=30)
        assert answer.headers["Server"] == "Asterisk/22.8.2"


def test_unknown_version_is_one_line() -> None:
    assert "unknown version of Asterisk: '9.9'; known are 18.0 to" in failed("--version", "9.9")
