"""The servers that tests talk to: our simulator, and a real Asterisk.

`real_asterisk` is the one that ARI_URL names, or the one that scripts/asterisk installed in this
checkout (or in the folder ASTERISK_DIR), started for the run on ports of its own. Without either
its tests are skipped, but never in CI.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import websocket

TOP = Path(__file__).parent.parent
SCRIPT = TOP / "scripts" / "asterisk"
ROOT = Path(os.environ.get("ASTERISK_DIR", TOP / ".asterisk"))


def pytest_configure() -> None:
    """Let an interrupt interrupt: a shell starts what runs in its background with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses a real Asterisk is marked so, without being told."""
    for item in items:
        if "real_asterisk" in getattr(item, "fixturenames", ()):
            item.add_marker("asterisk")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class RealAsterisk:
    """A running Asterisk. Only one of ours (``root`` is set) can be configured and killed."""

    url: str
    user: str
    password: str
    root: Path | None = None
    ports: tuple[int, int] = (0, 0)
    _written: dict[Path, str] = field(default_factory=dict)

    @property
    def sip_port(self) -> int:
        return self.ports[1]

    def own(self) -> Path:
        if self.root is None:
            pytest.skip("needs an Asterisk of our own, not the one that ARI_URL names")
        return self.root

    def console(self, command: str) -> str:
        self.own()
        done = subprocess.run(
            [SCRIPT, "console", ROOT, command], capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def start(self) -> None:
        self.own()
        port, sip_port = map(str, self.ports)
        subprocess.run(
            [SCRIPT, "start", ROOT, "--port", port, "--sip-port", sip_port],
            check=True,
            timeout=60,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        self.own()
        subprocess.run([SCRIPT, "stop", ROOT], check=True, timeout=60)

    def kill(self) -> None:
        """``kill -9``, as a crash would."""
        pid = (self.own() / "run/asterisk/asterisk.pid").read_text().strip()
        subprocess.run(["kill", "-9", pid], check=True)
        for _ in range(100):
            if not Path("/proc", pid).exists():
                return
            time.sleep(0.05)

    def restart(self) -> None:
        self.stop()
        self.start()

    def opens_event_sockets(self) -> bool:
        """Whether an application can connect; one connects, and is gone again."""
        name, auth = "does-it-answer", (self.user, self.password)
        url = f"{self.url}/ari/events?app={name}&api_key={':'.join(auth)}".replace("http", "ws", 1)
        try:
            websocket.create_connection(url, timeout=10).close()
            for _ in range(100):
                apps = requests.get(f"{self.url}/ari/applications", auth=auth, timeout=5).json()
                if name not in [app["name"] for app in apps]:
                    return True
                time.sleep(0.02)
        except (OSError, websocket.WebSocketException):
            pass
        return False

    def write_config(self, name: str, text: str) -> None:
        """Replace a file of /etc/asterisk until the test ends."""
        path = self.own() / "etc/asterisk" / name
        self._written.setdefault(path, path.read_text())
        path.write_text(text)

    def reload(self) -> None:
        for command in ("dialplan reload", "module reload res_ari.so", "module reload http"):
            self.console(command)
        time.sleep(0.3)

    def restore_files(self) -> None:
        """Back to the configuration of the repository."""
        if self._written:
            for path, text in self._written.items():
                path.write_text(text)
            self._written.clear()
            self.reload()

    def restore(self) -> None:
        """Back to the configuration of the repository, with nobody on the line.

        Of one of ours, what it keeps goes as well: a device's state outlives its restart.
        """
        self.restore_files()
        if self.root is not None:
            self._delete("deviceStates", "name")
            self._delete("recordings/stored", "name")
        for _ in range(50):  # who is hung up is there for a moment still
            if not self._delete("channels", "id") + self._delete("bridges", "id"):
                return
            time.sleep(0.1)

    def _delete(self, kind: str, key: str) -> int:
        """Delete all of a kind; how many there were."""
        base, auth = f"{self.url}/ari/{kind}", (self.user, self.password)
        found = requests.get(base, auth=auth, timeout=5).json()
        for item in found:
            requests.delete(f"{base}/{quote(item[key], safe='')}", auth=auth, timeout=5)
        return len(found)


@pytest.fixture(scope="session")
def _asterisk_of_the_run() -> Iterator[RealAsterisk]:
    if url := os.environ.get("ARI_URL"):
        user = os.environ.get("ARI_USER", "asterisk")
        yield RealAsterisk(url.rstrip("/"), user, os.environ.get("ARI_PASSWORD", "asterisk"))
        return
    if not (ROOT / "usr/sbin/asterisk").exists() or os.geteuid() != 0:
        reason = "no real Asterisk: set ARI_URL, or as root run scripts/asterisk install"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    ports = free_port(), free_port()
    server = RealAsterisk(f"http://127.0.0.1:{ports[0]}", "asterisk", "asterisk", ROOT, ports)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def real_asterisk(
    _asterisk_of_the_run: RealAsterisk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RealAsterisk]:
    """A real Asterisk with the repository's configuration and nobody on the line.

    Once in many hours of tests it opened no event socket any more, while it answered all else: then
    a new one is started, and that is told.
    """
    ours = _asterisk_of_the_run.root is not None
    if ours and not _asterisk_of_the_run.opens_event_sockets():
        warnings.warn("the real Asterisk opened no event socket: started anew", stacklevel=1)
        _asterisk_of_the_run.kill()
        _asterisk_of_the_run.start()
    monkeypatch.setenv("ARI_PASSWORD", _asterisk_of_the_run.password)
    yield _asterisk_of_the_run
    _asterisk_of_the_run.restore()


@pytest.fixture
def simulator() -> Iterator[object]:
    """Our simulated Asterisk with the repository's configuration."""
    from ari_notebook import simulator

    with simulator.start() as running:
        yield running


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.asterisk)])
def exchange_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    """Either server: what is tested with it has to hold on both."""
    name = "simulator" if request.param == "simulator" else "real_asterisk"
    server = request.getfixturevalue(name)
    monkeypatch.setenv("ARI_PASSWORD", server.password)
    return server
