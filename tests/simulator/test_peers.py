"""Programs written with other people's libraries, unmodified, run on the simulator.

The greeters are one program in nine libraries, and a watcher in a tenth. They run on both servers,
and an observer that is subscribed to everything compares the results: the events of each object
in order, and the fields of each event. Not among them: py3ari, whose dependency swaggerpy is
written for Python 2 (``import urlparse``). The calls of grandstream carry media; its greeter uses
its ARI client alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.servers import Server
from tests.simulator.driver import Driver

PEERS = Path(__file__).parent / "peers"
DONE = {"played": "done", "recorded": "done", "members": True}


def run(command: list[str | Path], simulated_asterisk: RunningSimulator, **environment: Any) -> Any:
    done = subprocess.run(
        [*command, simulated_asterisk.url, *simulated_asterisk.credentials],
        capture_output=True,
        text=True,
        timeout=60,
        **environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "program"), [("aioari", "with_aioari.py"), ("ari_client", "with_ari_client.py")]
)
def test_python_peer(module: str, program: str, simulated_asterisk: RunningSimulator) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install -e '.[peers]'")
    assert run([sys.executable, PEERS / program], simulated_asterisk) == DONE


@pytest.mark.slow
def test_node_peer_builds_itself_from_our_api_docs(
    simulated_asterisk: RunningSimulator, tmp_path: Path
) -> None:
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    (tmp_path / "package.json").write_text("{}")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "ari-client@2"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=100,
    )
    program = shutil.copy(PEERS / "with_ari_client.js", tmp_path)
    assert run(["node", program], simulated_asterisk, cwd=tmp_path) == DONE


@dataclass(frozen=True)
class Peer:
    """A library of another project.

    Attributes:
        package: its name at its registry, with the version that is known to work.
        program: the greeter written with it.
        beside: a further package that it needs in a certain version.
    """

    package: str
    program: str
    beside: str = ""

    def __str__(self) -> str:
        return self.package


PYTHON = [
    Peer("aioari==0.10.2", "greet_aioari.py"),
    Peer("ari-client==0.9.0", "greet_pypi_ari_client.py"),
    Peer("asterisk-agent==1.1.0", "watch_asterisk_agent.py"),
    Peer("asterkit==0.1b1", "greet_asterkit.py"),
    Peer("asyncari==0.20.6", "greet_asyncari.py"),
    Peer("grandstream==0.3.0", "greet_grandstream.py"),
    Peer("trio-ari==0.2.9", "greet_trio_ari.py", "trio<0.23"),
]
NODE = [
    Peer("ari-client@2.2.0", "greet_ari_client.js"),
    Peer("awry@8.0.0", "greet_awry.js"),
    Peer("@ipcom/asterisk-ari@1.0.0", "greet_ipcom.js"),
]
# Device states are published by another thread of Asterisk, in any order with other events.
BESIDES = ("DeviceStateChanged", "ApplicationRegistered", "ApplicationUnregistered")


@pytest.fixture(scope="module")
def python_peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """A library of PyPI in a separate environment, because their requirements conflict."""
    peer: Peer = request.param
    python = tmp_path_factory.getbasetemp() / peer.package / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True, timeout=100)
    packages = [each for each in (peer.package, peer.beside) if each]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages],
        capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"{peer} cannot be installed: {done.stderr.splitlines()[-1]}")
    return peer


@pytest.fixture(scope="module")
def node_peers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the libraries of npm and their programs."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text("{}")
    names = [peer.package for peer in NODE]
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", *names],
        cwd=folder, check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    for peer in NODE:
        shutil.copy(PEERS / peer.program, folder)
    return folder


@pytest.fixture(scope="module")
def ours() -> Iterator[Server]:
    with simulator.start(demonstration()) as running:
        yield running


def greeted(command: list[str | Path], server: Server) -> tuple[list[list[str]], Mapping[str, Any]]:
    """Run a greeter for one call; return the events of each object and their shapes."""
    watches = any("watch_" in str(each) for each in command)
    app = "AsteriskAgentPython" if watches else f"peer-{uuid.uuid4().hex[:8]}"
    observer = Driver(server, subscribe_all=True)
    asked = [*command, server.url, server.user, server.password, app]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        while app not in [each["name"] for each in observer.send("GET", "/applications").json()]:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        observer.settle()
        observer.events.clear()
        serving = observer.app if watches else app
        made = observer.send("POST", "/channels", endpoint="Local/1002@default", app=serving).json()
        if watches:
            observer.until("ChannelDialplan", dialplan_app="Wait")
            observer.send("DELETE", f"/channels/{made['id']}")
        observer.until("ChannelDestroyed", channel__id=made["id"])
        observer.settle(1)
        said, complaint = process.communicate(timeout=60)
        assert (process.returncode, said.split()[-1:]) == (0, ["done"]), complaint
    finally:
        process.kill()
        process.wait()
        process.communicate()
        observer.close()
    observer.events = [each for each in observer.events if each["type"] not in BESIDES]
    return observer.story(), observer.keys()


def compare(command: list[str | Path], ours: Server, theirs: Server) -> None:
    (our_story, our_keys), (their_story, their_keys) = (
        greeted(command, each) for each in (ours, theirs)
    )
    assert our_story == their_story
    assert our_keys == their_keys


@pytest.mark.slow
@pytest.mark.parametrize("python_peer", PYTHON, ids=str, indirect=True)
def test_python_greeter_causes_the_same_events(
    python_peer: Peer,
    tmp_path_factory: pytest.TempPathFactory,
    ours: Server,
    real_asterisk: RealAsterisk,
) -> None:
    python = tmp_path_factory.getbasetemp() / python_peer.package / "bin" / "python"
    compare([python, PEERS / python_peer.program], ours, real_asterisk)


@pytest.mark.slow
@pytest.mark.parametrize("peer", NODE, ids=str)
def test_node_greeter_causes_the_same_events(
    peer: Peer, node_peers: Path, ours: Server, real_asterisk: RealAsterisk
) -> None:
    compare(["node", node_peers / peer.program], ours, real_asterisk)
