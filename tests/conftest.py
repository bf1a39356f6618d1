"""The servers that tests talk to: our simulator, and a real Asterisk.

`real_asterisk` is the one that ARI_URL names, or the one that scripts/asterisk installed in this
checkout (or in the folder ASTERISK_DIR), started for the run on separate ports. Without either
its tests are skipped, but never in CI.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import hypothesis
import pytest
import requests
import websocket

from tests.demonstration import demonstration

if TYPE_CHECKING:
    from ari_notebook.sessions.session import Session
    from ari_notebook.simulator import InProcessSimulator, RunningSimulator
    from tests.helpers.servers import Server

TOP = Path(__file__).parent.parent
SCRIPT = TOP / "scripts" / "asterisk"
INSTALLED = Path(os.environ.get("ASTERISK_DIR", TOP / ".asterisk"))
# Tests configure, kill and restart it, so each of several processes that run tests has a copy.
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
ROOT = INSTALLED if WORKER is None else INSTALLED.with_name(f"{INSTALLED.name}-{WORKER}")


# Each run tries a few random examples, and the night's CI many: --hypothesis-profile=many.
# Hypothesis' own profile for CI, chosen by the variable CI, allows slow examples as well.
hypothesis.settings.register_profile(
    "few",
    hypothesis.settings(),
    max_examples=25,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "many",
    hypothesis.settings.get_profile("few"),
    max_examples=300,
    derandomize=False,
    print_blob=True,
)
hypothesis.settings.load_profile("few")


def pytest_configure() -> None:
    """Enable SIGINT, which a shell disables in background processes; delay garbage collection."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # while modules are imported


def pytest_collection_finish() -> None:
    """Exempt the imported modules from garbage collection, which takes half a second with them."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Save the coverage data: xdist kills workers that end slowly."""
    if "coverage" in sys.modules:
        from coverage import Coverage

        if (running := Coverage.current()) is not None:
            running.save()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a real Asterisk automatically."""
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
    password: str = field(repr=False)
    root: Path | None = None
    ports: tuple[int, int] = (0, 0)
    observer_password: str = field(default="observer", repr=False)
    _written: dict[Path, str] = field(default_factory=dict)

    @property
    def sip_port(self) -> int:
        return self.ports[1]

    def password_of(self, user: str) -> str:
        return self.observer_password if user == "observer" else self.password

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
            env=os.environ
            | {"ARI_PASSWORD": self.password, "ARI_OBSERVER_PASSWORD": self.observer_password},
        )

    def stop(self) -> None:
        self.own()
        subprocess.run([SCRIPT, "stop", ROOT], check=True, timeout=60)

    def kill(self) -> None:
        """Kill it with SIGKILL, like a crash."""
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
        """Return whether an application can connect; connect and disconnect one."""
        name, auth = "does-it-answer", (self.user, self.password)
        url = f"{self.url}/ari/events?app={name}&api_key={':'.join(auth)}".replace("http", "ws", 1)
        try:
            websocket.create_connection(url, timeout=10).close()
            for _ in range(1000):
                apps = requests.get(f"{self.url}/ari/applications", auth=auth, timeout=30).json()
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
        for command in (
            "dialplan reload",
            "module reload res_ari.so",
            "module reload http",
            "module reload features",
        ):
            self.console(command)
        time.sleep(0.3)

    def restore_files(self) -> None:
        """Restore the configuration of the repository."""
        if self._written:
            for path, text in self._written.items():
                path.write_text(text)
            self._written.clear()
            self.reload()

    def restore(self) -> None:
        """Restore the repository's configuration and end all calls.

        On an Asterisk of this run, persistent device states and recordings are deleted as well.

        Raises:
            AssertionError: a channel or bridge did not end; the message names it.
        """
        self.restore_files()
        if self.root is not None:
            self._delete("deviceStates", "name")
            self._delete("recordings/stored", "name")
        end = time.monotonic() + 30
        while left := self._delete("channels", "id") + self._delete("bridges", "id"):
            assert time.monotonic() < end, f"still there after 30 s: {', '.join(left)}"
            time.sleep(0.1)  # a channel that was hung up is listed for a moment

    def _delete(self, kind: str, key: str) -> list[str]:
        """Delete all objects of a kind; return their keys."""
        base, auth = f"{self.url}/ari/{kind}", (self.user, self.password)
        found = [item[key] for item in requests.get(base, auth=auth, timeout=30).json()]
        for each in found:
            requests.delete(f"{base}/{quote(each, safe='')}", auth=auth, timeout=30)
        return found


@pytest.fixture(scope="session")
def _asterisk_of_the_run() -> Iterator[RealAsterisk]:
    if url := os.environ.get("ARI_URL"):
        user = os.environ.get("ARI_USER", "asterisk")
        yield RealAsterisk(
            url.rstrip("/"),
            user,
            os.environ.get("ARI_PASSWORD", "asterisk"),
            observer_password=os.environ.get("ARI_OBSERVER_PASSWORD", "observer"),
        )
        return
    if not (INSTALLED / "usr/sbin/asterisk").exists() or os.geteuid() != 0:
        reason = "no real Asterisk: set ARI_URL, or as root run scripts/asterisk install"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    if not (ROOT / "usr/sbin/asterisk").exists():
        subprocess.run(["cp", "-a", INSTALLED, ROOT], check=True)
    ports = free_port(), free_port()
    server = RealAsterisk(f"http://127.0.0.1:{ports[0]}", "asterisk", "asterisk", ROOT, ports)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def real_asterisk(
    _asterisk_of_the_run: RealAsterisk, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RealAsterisk]:
    """A real Asterisk with the repository's configuration and without calls.

    Rarely, in many hours of tests, it no longer opened event sockets, but still answered REST
    requests: then it is restarted, with a warning.
    """
    ours = _asterisk_of_the_run.root is not None
    if ours and not _asterisk_of_the_run.opens_event_sockets():
        warnings.warn("the real Asterisk opened no event socket: started again", stacklevel=1)
        _asterisk_of_the_run.kill()
        _asterisk_of_the_run.start()
    if ours:
        _asterisk_of_the_run.restore()  # from what tests left that use it without this fixture
    monkeypatch.setenv("ARI_PASSWORD", _asterisk_of_the_run.password)
    yield _asterisk_of_the_run
    _asterisk_of_the_run.restore()


# Folders and modules whose tests run in the second mode as well: the exchange is called directly,
# no thread may start, and no socket may be used. A test of threads or sockets is marked `threads`.
BOTH_MODES = (
    "tests/captures/test_recorder.py",
    "tests/connection/test_event_order.py",
    "tests/connection/test_timers.py",
    "tests/connection/test_waits.py",
    "tests/lessons/",
    "tests/magics/",
    "tests/sessions/test_session.py",
)
IN_PROCESS = "in-process"
# Quick runs have these folders in one mode. The full run has the magics in the other as well, and
# the night's has the lessons, which the notebooks do with threads in each full run.
SECOND_MODES = {
    "tests/lessons/": ("threads", pytest.mark.nightly),
    "tests/magics/": (IN_PROCESS, pytest.mark.slow),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests their servers and modes."""
    place = metafunc.definition.nodeid
    both = (
        place.startswith(BOTH_MODES) and metafunc.definition.get_closest_marker("threads") is None
    )
    modes = ["threads", *([IN_PROCESS] if both else [])]
    marks: dict[str, list[pytest.MarkDecorator]] = {mode: [] for mode in modes}
    for folder, (mode, mark) in SECOND_MODES.items():
        if both and place.startswith(folder):
            marks[mode].append(mark)
    if "exchange_server" in metafunc.fixturenames:
        names = {"threads": "simulator", IN_PROCESS: IN_PROCESS}
        servers = [
            pytest.param("simulator", mode, marks=marks[mode], id=names[mode]) for mode in modes
        ]
        real = pytest.param("real", "threads", marks=pytest.mark.asterisk, id="real")
        metafunc.parametrize(("exchange_server", "mode"), [*servers, real], indirect=True)
    elif both and "mode" in metafunc.fixturenames:
        both_modes = [pytest.param(mode, marks=marks[mode]) for mode in modes]
        metafunc.parametrize("mode", both_modes, indirect=True)


@pytest.fixture
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the simulator runs: ``threads``, or ``in-process``, where neither these nor sockets work.

    See `BOTH_MODES`.
    """
    chosen: str = getattr(request, "param", "threads")
    if chosen == IN_PROCESS:

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("neither threads nor sockets are needed in process")

        monkeypatch.setenv("ARI_SIMULATOR", "inprocess")
        monkeypatch.setattr(threading.Thread, "start", refuse)
        for name in ("bind", "connect", "connect_ex", "listen"):
            monkeypatch.setattr(socket.socket, name, refuse)
    return chosen


@pytest.fixture
def simulator(mode: str) -> Iterator[RunningSimulator | InProcessSimulator]:
    """Our simulated Asterisk with the repository's configuration, and passwords that tests know.

    It answers pages from elsewhere as Asterisk does.
    """
    from ari_notebook import simulator

    if mode == IN_PROCESS:
        with simulator.in_process(demonstration()) as inside:
            yield inside
    else:
        with simulator.start(demonstration(), check_origin=False) as running:
            yield running


@pytest.fixture
def exchange_server(
    request: pytest.FixtureRequest, mode: str, monkeypatch: pytest.MonkeyPatch
) -> Server:
    """Either server; tests with it run on both."""
    name = "simulator" if request.param == "simulator" else "real_asterisk"
    server: Server = request.getfixturevalue(name)
    monkeypatch.setenv("ARI_PASSWORD", server.password)
    return server


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    """A session on either server. Modules that need another session override it."""
    import ari_notebook

    with ari_notebook.connect(exchange_server.url) as session:
        yield session
