"""``python -m ari_notebook.simulator`` as a shell meets it."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

COMMAND = [sys.executable, "-m", "ari_notebook.simulator"]


@contextmanager
def started(*arguments):
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def failed(*arguments):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode not in (0, None)
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_leaves_cleanly(number):
    with started("--port", 0) as (process, line):
        url = line.split()[-1]
        answer = requests.get(f"{url}/asterisk/ping", auth=("asterisk", "asterisk"), timeout=5)
        assert answer.json()["ping"] == "pong"
        process.send_signal(number)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_it_answers_on_loopback_only():
    with started("--port", 0) as (_, line):
        assert urlsplit(line.split()[-1]).hostname == "127.0.0.1"


def test_a_folder_of_configuration(tmp_path):
    (tmp_path / "http.conf").write_text("[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=1\n")
    (tmp_path / "ari.conf").write_text("[general]\nenabled=yes\n[me]\ntype=user\npassword=secret\n")
    (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Answer()\n")
    with started("--config", tmp_path, "--port", 0) as (_, line):
        url = f"{line.split()[-1]}/channels"
        assert requests.get(url, auth=("me", "secret"), timeout=5).json() == []
        assert requests.get(url, auth=("asterisk", "asterisk"), timeout=5).status_code == 401


def test_a_port_in_use_is_one_line():
    with started("--port", 0) as (_, line):
        port = urlsplit(line.split()[-1]).port
        assert f"port {port} of 127.0.0.1 is in use" in failed("--port", port)


def test_a_bad_configuration_is_one_line_with_file_and_line(tmp_path):
    (tmp_path / "http.conf").write_text("[general]\nenabled = yes\nno equals sign\n")
    (tmp_path / "ari.conf").write_text("[general]\nenabled = yes\n")
    (tmp_path / "extensions.conf").write_text("[default]\n")
    said = failed("--config", tmp_path)
    assert "http.conf" in said
    assert "3" in said


def test_a_folder_that_is_not_there():
    assert "there is no folder" in failed("--config", os.path.join("no", "such", "folder")).lower()
