"""The simulator runs with orjson alone: its wheel, the image, the action."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import textwrap
import time
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.conftest import free_port

TOP = Path(__file__).parent.parent

# Everything but the standard library, the package and orjson is absent.
BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        own = top in ("ari_notebook", "orjson") or top.startswith("_sysconfigdata")
        if own or top in sys.stdlib_module_names:
            return None
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""

CALL = """
import json, urllib.request
from ari_notebook import simulator

with simulator.start(token="token-of-a-test") as asterisk:
    asterisk.set_dialplan("[default]\\nexten => 1,1,Answer()\\n same => n,Wait(600)\\n")
    call = asterisk.call("1")
    asterisk.clock.advance(1)
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    manager.add_password(None, asterisk.url, *asterisk.credentials)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    (channel,) = json.load(opener.open(asterisk.url + "/ari/channels"))
    asterisk.requests.verify("channels.list", times=1)
    print(channel["state"], call.state)
"""


def run(*command: object, **options: Any) -> str:
    words = [str(each) for each in command]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        words, capture_output=True, text=True, timeout=110, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_simulator_runs_with_orjson_alone() -> None:
    assert run(sys.executable, "-c", BLOCKED + CALL, cwd=TOP) == "Up Up\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", folder, TOP / "packaging" / "simulator")
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path, wheel: Path) -> Path:
    """Create an environment with the wheel and orjson; return its folder of programs."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / "bin" / "python"
    packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    run(sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps", wheel)
    for part in Path(sysconfig.get_path("platlib")).glob("orjson*"):
        (packages / part.name).symlink_to(part)
    return folder / "bin"


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@contextmanager
def started(command: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def reached(url: str) -> Any:
    while True:
        try:
            with urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except URLError:
            time.sleep(0.05)


@pytest.mark.slow
def test_simulator_wheel_has_the_simulator_and_its_command(wheel: Path, tmp_path: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "ari_notebook/simulator/data/sounds.tsv" in names
    assert not [name for name in names if "/views/" in name or "__pycache__" in name]
    programs = environment(tmp_path / "env", wheel)
    assert run(programs / "python", "-c", CALL, env=clean(), cwd=tmp_path) == "Up Up\n"
    version = "import ari_notebook; print(ari_notebook.__version__)"
    run(programs / "python", "-c", version, env=clean(), cwd=tmp_path)
    port = free_port()
    command = [str(programs / "ari-simulator"), "--port", str(port), "--control"]
    with started(command, clean()):
        health = reached(f"http://127.0.0.1:{port}/_simulator/health")
    assert health["status"] == "up"


def instructions(name: str) -> list[str]:
    text = (TOP / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"(?m)^{name} (.*)$", text)


@pytest.mark.slow
def test_steps_of_the_dockerfile_give_a_healthy_simulator(wheel: Path, tmp_path: Path) -> None:
    """The image's steps run in an environment of this machine instead of the base image."""
    build = next(each for each in instructions("RUN") if "pip wheel" in each)
    words = shlex.split(build.replace("/src", str(TOP)).replace("/dist", str(tmp_path / "dist")))
    run(sys.executable, *words[1:])
    (built,) = (tmp_path / "dist").glob("*.whl")
    assert built.name == wheel.name
    programs = environment(tmp_path / "env", built)
    port = str(free_port())
    (entry,) = (json.loads(each) for each in instructions("ENTRYPOINT"))
    entry = [str(programs / entry[0]), *(each.replace("8088", port) for each in entry[1:])]
    (check,) = (json.loads(each.partition("CMD ")[2]) for each in instructions("HEALTHCHECK"))
    check = [str(programs / check[0]), *(each.replace("8088", port) for each in check[1:])]
    with started(entry, clean()):
        reached(f"http://127.0.0.1:{port}/_simulator/health")
        run(*check, env=clean())
    (user,) = instructions("USER")
    assert int(user.partition(":")[0]) > 0


@pytest.mark.slow
def test_steps_of_the_action_start_a_simulator(wheel: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path / "env", wheel)
    action = (TOP / "action.yml").read_text()
    step = action[action.index("- id: start") :]
    names = re.findall(r"(?m)^        ([A-Z_]+): ", step)
    script = textwrap.dedent(step.partition("run: |\n")[2])
    output, port = tmp_path / "output", free_port()
    given = {
        "FOLDER": str(programs.parent), "CONFIG": "", "PORT": str(port), "ASTERISK_VERSION": "",
        "OPTIONS": "--speed 2", "GITHUB_OUTPUT": str(output),
    }  # fmt: skip
    assert set(names) == set(given) - {"GITHUB_OUTPUT"}
    stop = "trap 'kill -TERM $!; wait $!' EXIT"
    masked = run("bash", "-e", "-c", f"{stop}\n{script}", env=clean() | given)
    values = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert values["url"] == f"http://127.0.0.1:{port}"
    assert all(f"::add-mask::{values[name]}" in masked for name in ("password", "token"))
    outputs = action[action.index("outputs:") : action.index("runs:")]
    assert set(re.findall(r"steps\.start\.outputs\.(\w+)", outputs)) == set(values)


@pytest.mark.simulated_asterisk(token="token-of-a-test")
def test_image_health_check_needs_no_token(simulated_asterisk: Any) -> None:
    asked = Request(f"{simulated_asterisk.control_url}/health")
    with urlopen(asked, timeout=30) as answer:
        assert answer.status == 200
