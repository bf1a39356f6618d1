"""The README's programs have the described results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def session() -> Iterator[Any]:
    with ari_notebook.connect() as ari:
        yield ari


@pytest.mark.slow
def test_readme_program_prints_the_whole_call(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAMS[0]],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    types = [line.split()[1] for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert types[0] == "StasisStart"
    assert "PlaybackFinished" in types
    assert types.count("StasisEnd") == 1


@pytest.mark.slow
@pytest.mark.parametrize("connected", [True, False])
def test_readme_test_passes_only_with_an_application(tmp_path: Path, connected: bool) -> None:
    application = "ari_notebook.connect(url, user='asterisk', password=PASSWORD)"
    start = f"sessions.append({application})" if connected else "pass"
    (tmp_path / "test_mine.py").write_text(
        "import ari_notebook\nsessions = []\n\n"
        f"def start_my_application(url):\n    {start}\n\n"
        + PROGRAMS[1].replace(
            "    start_my",
            "    global PASSWORD\n    PASSWORD = simulated_asterisk.credentials[1]\n    start_my",
        )
        + "    for each in sessions: each.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ari_notebook.testing", "test_mine.py"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # others' plugins take seconds
    )
    assert done.returncode == (0 if connected else 1), done.stdout


def test_readme_key_reaches_the_handler(session: Any) -> None:
    session.on("ChannelDtmfReceived", digit="1")(lambda channel: channel.play("sound:hello-world"))
    phone = session.call("1000")
    phone.press("1")
    assert session.wait_for("PlaybackStarted").playback.media_uri == "sound:hello-world"
