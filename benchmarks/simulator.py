"""Calls a second through the simulator and through a real Asterisk, side by side in one run.

    python benchmarks/simulator.py [--asterisk URL] [--calls N] [--in-flight N] [--alive N]
                                   [--long N]

A call is: originate a Local channel into the application, StasisStart, play a sound,
PlaybackStarted, hang up, StasisEnd. Requests go over the event WebSocket, as many calls at a time
as --in-flight says; the same client, a process of its own, measures both. --alive is the number of
calls to have at once, --long the number to watch the simulator's memory over.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import websocket

APP = "benchmark"
ENDPOINT = "Local/1002@default"  # answers and stays


class Load:
    """One event WebSocket, and calls made over it.

    Args:
        url: of the server, such as ``http://127.0.0.1:8088``.
        user: who asks.
        password: that user's.
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

    def event(self) -> dict:
        """The next event or answer; an answer that is a refusal ends the run."""
        event = orjson.loads(self._socket.recv())
        if event["type"] == "RESTResponse" and event["status_code"] >= 400:
            sys.exit(f"{event['uri']}: {event['status_code']} {event.get('message_body')}")
        return event

    def originate(self) -> None:
        """Begin a call."""
        self.ask("POST", f"channels?endpoint={ENDPOINT}&app={APP}")

    def cycles(self, calls: int, in_flight: int) -> float:
        """Make so many whole calls; how many there were in a second."""
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
        """Have so many calls at once, then end them; the seconds until all were there."""
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


class Simulator:
    """A simulator in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ari_notebook.simulator", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        self.url = line.split()[-1].removesuffix("/ari")

    @property
    def memory(self) -> float:
        """What it holds, MiB; 0 where the system does not say."""
        statm = Path(f"/proc/{self._process.pid}/statm")
        if not statm.exists():
            return 0.0
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """Tell it to leave, as a terminal does."""
        self._process.send_signal(signal.SIGINT)
        if self._process.wait(10) != 0:
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
    parser.add_argument("--alive", type=int, default=2000, help="calls at once; 0 leaves it out")
    parser.add_argument("--long", type=int, default=0, help="calls to watch the memory over")
    asked = parser.parse_args()
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
