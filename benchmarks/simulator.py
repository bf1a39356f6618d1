"""Calls per second of the simulator and of a real Asterisk in one run.

    python -m benchmarks.simulator [--asterisk URL] [--calls N] [--in-flight N] [--alive N]
                                   [--clients N] [--starts N] [--long N]

A call is: originate a Local channel into the application, StasisStart, play a sound,
PlaybackStarted, hang up, StasisEnd. Requests go over the event WebSocket, as many calls at a time
as --in-flight says; the same client, a separate process, measures both. --alive is the number of
calls to have at once, --clients that of event WebSockets that receive the same events, --starts how
often the simulator is started, --long the number of calls to watch its memory over: a million takes
about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import websocket

import ari_notebook

APP = "benchmark"
ENDPOINT = "Local/1002@default"  # answers and stays


class Load:
    """One event WebSocket, and calls made over it.

    Args:
        url: of the server, such as ``http://127.0.0.1:8088``.
        user: ARI user.
        password: password of the user.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        place = urlsplit(url)
        self._socket = websocket.create_connection(
            f"ws://{place.netloc}/ari/events?app={APP}&api_key={user}:{password}",
            skip_utf8_validation=True,
            timeout=60,
        )

    def ask(self, method: str, uri: str) -> None:
        """Send a request; its answer comes among the events."""
        self._socket.send(orjson.dumps({"type": "RESTRequest", "method": method, "uri": uri}))

    def event(self) -> dict[str, Any]:
        """Return the next event or answer; an answer that is a refusal ends the run."""
        event: dict[str, Any] = orjson.loads(self._socket.recv())
        if event["type"] == "RESTResponse" and event["status_code"] >= 400:
            sys.exit(f"{event['uri']}: {event['status_code']} {event.get('message_body')}")
        return event

    def originate(self) -> None:
        """Begin a call."""
        self.ask("POST", f"channels?endpoint={ENDPOINT}&app={APP}")

    def cycles(self, calls: int, in_flight: int) -> float:
        """Make a number of whole calls; return the calls per second."""
        begun = ended = 0
        start = time.perf_counter()
        while begun < min(in_flight, calls):
            self.originate()
            begun += 1
        while ended < calls:
            event = self.event()
            match event["type"]:
                case "StasisStart":
                    self.ask("POST", f"channels/{event['channel']['id']}/play?media=sound:beep")
                case "PlaybackStarted":
                    channel = event["playback"]["target_uri"].removeprefix("channel:")
                    self.ask("DELETE", f"channels/{channel}")
                case "StasisEnd":
                    ended += 1
                    if begun < calls:
                        self.originate()
                        begun += 1
        return calls / (time.perf_counter() - start)

    def alive(self, calls: int) -> float:
        """Make simultaneous calls, then end them; return the seconds until all were up."""
        start = time.perf_counter()
        channels: list[str] = []
        begun = 0
        while len(channels) < calls:
            while begun < calls and begun - len(channels) < 100:
                self.originate()
                begun += 1
            event = self.event()
            if event["type"] == "StasisStart":
                channels.append(event["channel"]["id"])
        taken = time.perf_counter() - start
        for count, channel in enumerate(channels):
            self.ask("DELETE", f"channels/{channel}")
            if count >= 100:
                self._until("StasisEnd")
        for _ in range(min(100, calls)):
            self._until("StasisEnd")
        return taken

    def _until(self, kind: str) -> None:
        while self.event()["type"] != kind:
            pass


def listen(url: str, user: str, password: str, clients: int) -> tuple[float, int]:
    """Open event WebSockets, each of an application subscribed to everything.

    Returns:
        Seconds until each has the events of 20 bridges, and the number of events received.
    """
    place = urlsplit(url)
    sockets = []
    for number in range(clients):
        address = f"ws://{place.netloc}/ari/events?app=client-{number}&subscribeAll=true"
        address += f"&api_key={user}:{password}"
        sockets.append(websocket.create_connection(address, timeout=60, skip_utf8_validation=True))
    start = time.perf_counter()
    for _ in range(20):
        request = {"type": "RESTRequest", "method": "POST", "uri": "bridges"}
        sockets[0].send(orjson.dumps(request))
    received = 0
    for socket in sockets:
        created = 0
        while created < 20:
            received += 1
            created += orjson.loads(socket.recv())["type"] == "BridgeCreated"
    taken = time.perf_counter() - start
    for socket in sockets:
        socket.shutdown()
    return taken, received


class Simulator:
    """A simulator in a separate process, without a limit of connections.

    Attributes:
        url: its address.
        password: password of its user ``asterisk``.
        start_seconds: time from the start of the process until it answers.
        start_processor_seconds: processor time of the process until then; 0 where it is not known.
    """

    password = "asterisk"

    def __init__(self) -> None:
        begin = time.perf_counter()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        shutil.copytree(
            Path(ari_notebook.__file__).parent / "simulator/sample_config",
            folder,
            dirs_exist_ok=True,
        )
        with (folder / "http.conf").open("a") as file:
            file.write("\nsessionlimit = 2000\n")
        users = (
            (folder / "ari.conf")
            .read_text()
            .replace(";password =", f"password = {self.password} ;")
        )
        (folder / "ari.conf").write_text(users)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ari_notebook.simulator", "--port", "0", "--config", folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.start_seconds = time.perf_counter() - begin
        self.start_processor_seconds = self.processor_seconds
        self.url = line.split()[-1].removesuffix("/ari")

    @property
    def processor_seconds(self) -> float:
        """Processor time of the process; 0 if the system does not report it."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return 0.0
        ticks = stat.read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Memory of the process in MiB; 0 if the system does not report it."""
        statm = Path(f"/proc/{self._process.pid}/statm")
        if not statm.exists():
            return 0.0
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """Interrupt it, like a terminal."""
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(60)
        self._folder.cleanup()
        if status != 0:
            sys.exit("the simulator did not leave cleanly")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asterisk", default=os.environ.get("ARI_URL", ""), metavar="URL")
    parser.add_argument("--user", default="asterisk")
    parser.add_argument("--password", default="asterisk")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alive", type=int, default=5000, help="calls at once; 0 leaves it out")
    parser.add_argument("--clients", type=int, default=500, help="event WebSockets at once")
    parser.add_argument("--starts", type=int, default=5, help="starts of a simulator")
    parser.add_argument("--long", type=int, default=0, help="calls to watch the memory over")
    asked = parser.parse_args()
    starts = []
    for _ in range(asked.starts):
        started = Simulator()
        starts.append((started.start_seconds * 1000, started.start_processor_seconds * 1000))
        started.stop()
    if starts:
        starts.sort()
        median, processor = starts[len(starts) // 2]
        print(
            f"simulator  ready {median:.0f} ms after its start, {processor:.0f} ms of CPU time"
            f" (of {len(starts)} starts: {starts[0][0]:.0f} to {starts[-1][0]:.0f} ms)"
        )
    simulator = Simulator()
    servers = {"simulator": simulator.url, "Asterisk": asked.asterisk}
    loads = {name: Load(url, asked.user, asked.password) for name, url in servers.items() if url}
    figures: dict[str, list[float]] = {name: [] for name in loads}
    for load in loads.values():
        load.cycles(200, asked.in_flight)  # warm
    for _ in range(asked.rounds):  # in turn, so that a busy moment of the machine meets both
        for name, load in loads.items():
            figures[name].append(load.cycles(asked.calls, asked.in_flight))
    for name, speeds in figures.items():
        speeds.sort()
        print(
            f"{name:10} {speeds[len(speeds) // 2]:8.0f} calls/s (of {len(speeds)} rounds: "
            f"{speeds[0]:.0f} to {speeds[-1]:.0f})"
        )
    if asked.alive:
        taken = loads["simulator"].alive(asked.alive)
        print(
            f"simulator  {asked.alive} calls alive at once after {taken:.1f} s; "
            f"{simulator.memory:.0f} MiB"
        )
    if asked.clients:
        before = simulator.memory
        taken, received = listen(simulator.url, asked.user, asked.password, asked.clients)
        print(
            f"simulator  {asked.clients} WebSocket clients: {received} events in {taken:.1f} s; "
            f"{before:.0f} MiB before, {simulator.memory:.0f} MiB after they left"
        )
    if asked.long:
        loads["simulator"].cycles(asked.long // 5, asked.in_flight)
        before = simulator.memory
        speed = loads["simulator"].cycles(asked.long - asked.long // 5, asked.in_flight)
        print(
            f"simulator  {asked.long} calls at {speed:.0f}/s: {before:.1f} MiB after a fifth, "
            f"{simulator.memory:.1f} MiB at the end"
        )
    simulator.stop()
    if len(figures) == 2:
        ours, theirs = (max(figures[name]) for name in ("simulator", "Asterisk"))
        print(json.dumps({"simulator": round(ours), "Asterisk": round(theirs)}))
        sys.exit(ours < theirs)


if __name__ == "__main__":
    main()
