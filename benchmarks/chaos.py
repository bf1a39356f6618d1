"""Faults of a connection under traffic, and a comparison of tables and server afterwards.

    ASTERISK_DIR=FOLDER python -m benchmarks.chaos [--minutes 10] [--seed 1] [--simulator]

FOLDER is what scripts/asterisk installed (.asterisk in this checkout unless given). A real Asterisk
is killed and started again, and a proxy between it and a session drops, resets, truncates, freezes
and fills the connection, while sipp and the session itself make calls. Afterwards the tables have
to equal the server's lists, every loss has to be a recorded gap, and nothing may be left over.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests

import ari_notebook
from ari_notebook.client.errors import AriError
from ari_notebook.sessions.session import Session
from benchmarks.reconnects import open_sockets
from tests.trust.proxy import Proxy, wait_until

FLOOD = 10  # seconds of filling at most
SETTLE = 40  # seconds that everything may take to be well again; a silent connection takes 20


class Server(Protocol):
    """An Asterisk, real or simulated, as the run uses it."""

    @property
    def url(self) -> str:
        """Its URL."""

    @property
    def user(self) -> str:
        """Return whether a client is admitted."""

    @property
    def password(self) -> str:
        """The user's password."""


@dataclass
class Report:
    """The counts of a run, and its failures."""

    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    handler_runs: int = 0
    handler_failures: int = 0
    malformed: int = 0
    channels: int = 0
    settled: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        def counted(numbers: Counter[str]) -> str:
            return ", ".join(f"{n} {name}" for name, n in sorted(numbers.items())) or "none"

        return (
            f"faults:            {counted(self.faults)}\n"
            f"events:            {self.events:,}; {self.malformed} malformed\n"
            f"requests:          {self.requests:,}; reported as errors: {counted(self.refused)}\n"
            f"handler:           {self.handler_runs:,} runs, {self.handler_failures} reported"
            " failures\n"
            f"gaps recorded:     {self.gaps}\n"
            f"tables = server:   after {self.settled:.1f} s, {self.channels} channels\n"
            f"wrong:             {'; '.join(self.wrong) or 'nothing'}"
        )


class Chaos:
    """One run.

    Args:
        server: the server.
        again: kills and restarts the server.
        seed: of the order of faults.
        sip_port: where sipp calls; None for none.
    """

    def __init__(
        self, server: Server, again: Callable[[], None], seed: int, sip_port: int | None = None
    ) -> None:
        self.report = Report()
        self._server = server
        self._again = again
        self._chance = random.Random(seed)
        self._sip_port = sip_port
        self._auth = (server.user, server.password)
        self._stop = threading.Event()

    def run(self, seconds: float) -> Report:
        """Run for that time."""
        gc.collect()
        threads, sockets = set(threading.enumerate()), open_sockets()
        with (
            _noted(self.report.wrong),
            Proxy(self._server.url, record=False) as proxy,
            ari_notebook.connect(
                proxy.url,
                app="hello-world",
                user=self._server.user,
                password=self._server.password,
                subscribe_all=True,
            ) as ari,
        ):
            self._disturb(ari, proxy, seconds)
        gc.collect()
        wait_until(lambda: set(threading.enumerate()) <= threads, 10)
        left = [each.name for each in set(threading.enumerate()) - threads]
        if left:
            self.report.wrong.append(f"threads left: {left}")
        # A simulator in this process closes its ends in its own thread.
        wait_until(lambda: open_sockets() <= sockets, 10)
        if (more := open_sockets() - sockets) > 0:
            self.report.wrong.append(f"{more} sockets left")
        return self.report

    def _disturb(self, ari: Session, proxy: Proxy, seconds: float) -> None:
        @ari.on("StasisStart")
        def serve(channel: Any) -> None:
            self.report.handler_runs += 1
            channel.answer()
            channel.play(media="tone:ring;tonezone=us" if self._sip_port else "tone:ring")
            time.sleep(0.2)
            channel.hangup()

        caller = threading.Thread(target=self._call, args=(ari,), name="chaos-calls")
        caller.start()
        until = time.monotonic() + seconds
        with self._sipp():
            while time.monotonic() < until or not self.report.faults["restart"]:
                self._one_fault(proxy)
                time.sleep(self._chance.uniform(0.5, 4))
        self._stop.set()
        caller.join()
        proxy.freeze(False)
        self._check(ari)

    def _one_fault(self, proxy: Proxy) -> None:
        names = ["drop", "reset", "truncate", "freeze", "fill", "restart"]
        weights = [4, 4, 4, 3, 3, 1]
        if not self.report.faults["restart"] and sum(self.report.faults.values()) >= 3:
            names, weights = ["restart"], [1]  # even the shortest run has one
        name = self._chance.choices(names, weights)[0]
        self.report.faults[name] += 1
        if name == "restart":
            self._again()
        elif name in ("freeze", "fill"):
            proxy.freeze()
            if name == "fill":
                self._flood()
            time.sleep(self._chance.choice([0.2, 1, 1, 3, 3, 25] if name == "freeze" else [0.5]))
            proxy.freeze(False)
        else:
            getattr(proxy, name)()

    def _flood(self) -> None:
        """Send more events than the socket's buffers hold, without reading."""
        url = f"{self._server.url}/ari/events/user/Flood?application=hello-world"
        body = {"variables": {"text": "x" * 20_000}}
        until = time.monotonic() + FLOOD  # an Asterisk that is busy takes seconds for each
        with requests.Session() as direct, contextlib.suppress(requests.RequestException):
            direct.auth = self._auth
            for _ in range(300):
                if time.monotonic() > until:
                    return
                direct.post(url, json=body, timeout=5)

    def _call(self, ari: Session) -> None:
        """Make calls like a user; every error must be an `AriError`."""
        while not self._stop.wait(self._chance.uniform(0.05, 0.5)):
            try:
                ari.channels.originate(
                    endpoint=f"Local/100{self._chance.randrange(2, 6)}@default",
                    app="hello-world",
                )
                bridge = ari.bridges.create()
                ari.wait_for("StasisStart", timeout=2)
                bridge.destroy()
            except AriError as error:
                self.report.refused[type(error).__name__] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                self.report.wrong.append(f"a user's call raised {error!r}")

    @contextlib.contextmanager
    def _sipp(self) -> Iterator[None]:
        if self._sip_port is None:
            yield
            return
        command = ["sipp", "-sn", "uac", "-s", "1000", "-r", "3", "-l", "20", "-d", "1500"]
        command += ["-i", "127.0.0.1", "-aa", "-nostdin", f"127.0.0.1:{self._sip_port}"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    # Afterwards.

    def _check(self, ari: Session) -> None:
        report, started = self.report, time.monotonic()
        ari.off("serve")
        differences: dict[str, Any] = {}

        def equal() -> bool:
            differences.clear()
            differences.update(self._differences(ari))
            return not differences and ari.connected

        # Some that live: equality of nothing proves little.
        alive = threading.Event()

        def begin() -> bool:
            url = f"{self._server.url}/ari/channels"
            query = {"endpoint": "Local/1002@default", "app": "hello-world"}
            with contextlib.suppress(requests.RequestException):
                for _ in range(5):
                    requests.post(url, params=query, auth=self._auth, timeout=5)
                alive.set()
            return alive.is_set()

        wait_until(begin, SETTLE, 0.5)
        if not wait_until(equal, SETTLE, 0.3):
            report.wrong.append(f"{ari.status.state}; tables differ: {differences}")
        report.settled = time.monotonic() - started
        status = ari.status
        report.channels = len(ari.tables.channels)
        report.events, report.requests = status.events, status.requests
        report.malformed, report.gaps = status.malformed, len(status.gaps)
        failures = [e for e in ari.log.since(0) if e.get("type") == "HandlerFailed"]
        report.handler_failures = len(failures)
        for event in failures:
            if "ari_notebook.client.errors" not in event["traceback"].splitlines()[-1]:
                report.wrong.append(f"a handler failed: {event['traceback'].splitlines()[-1]}")
        rows = sum(1 for event in ari.log.since(0) if event.get("type") == "Gap")
        if not report.gaps or rows != report.gaps:
            report.wrong.append(f"{report.gaps} gaps, {rows} rows of them in the log")
        if status.reconnects < report.faults["restart"]:
            report.wrong.append(f"{status.reconnects} reconnects")

    def _differences(self, ari: Session) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind in ("channels", "bridges", "endpoints"):
            try:
                answer = requests.get(f"{self._server.url}/ari/{kind}", auth=self._auth, timeout=5)
            except requests.RequestException as error:
                return {"server": error}

            def identity(item: Any) -> str:
                return str(item.get("id") or f"{item['technology']}/{item['resource']}")

            theirs = {identity(item): item for item in answer.json()}
            ours = dict(getattr(ari.tables, kind))
            if theirs.keys() != ours.keys():
                found[f"{kind} that only the server has"] = sorted(theirs.keys() - ours.keys())[:5]
                found[f"{kind} that only we have"] = sorted(ours.keys() - theirs.keys())[:5]
                continue
            for id, item in theirs.items():
                published = {"channels": "state", "bridges": "channels", "endpoints": "state"}[kind]
                pair = item.get(published), ours[id].get(published)
                if kind == "bridges":
                    pair = sorted(pair[0] or ()), sorted(pair[1] or ())
                if pair[0] != pair[1]:
                    found[f"{kind} {id}"] = pair
        return found


@contextlib.contextmanager
def _noted(wrong: list[str]) -> Iterator[None]:
    """Record every uncaught exception, in any thread."""
    before = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda args: wrong.append(f"in {args.thread}: {args.exc_value!r}")
    sys.unraisablehook = lambda args: wrong.append(f"unraisable: {args.exc_value!r}")
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def main() -> int:
    """Run it and print the report; return the exit code."""
    parser = argparse.ArgumentParser(description="chaos between a session and an Asterisk")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--simulator", action="store_true", help="against the simulator instead")
    asked = parser.parse_args()
    if asked.simulator:
        from ari_notebook import simulator

        with simulator.start(traffic=120) as running:
            chaos = Chaos(running, lambda: running.faults.restart(0.5), asked.seed)
            report = chaos.run(asked.minutes * 60)
    else:
        from tests.conftest import ROOT, RealAsterisk, free_port

        ports = free_port(), free_port()
        url = f"http://127.0.0.1:{ports[0]}"
        real = RealAsterisk(url, "asterisk", "asterisk", ROOT, ports)
        real.start()

        def again() -> None:
            real.kill()
            real.start()

        sip_port = ports[1] if shutil.which("sipp") else None
        try:
            report = Chaos(real, again, asked.seed, sip_port).run(asked.minutes * 60)
        finally:
            real.stop()
    print(f"{asked.minutes:g} minutes, seed {asked.seed}, process {os.getpid()}\n{report}")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
