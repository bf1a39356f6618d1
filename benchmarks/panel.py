"""Response times, messages and memory of the panel: JupyterLab, Chromium, a thousand calls.

    python -m benchmarks.panel [--channels 1000] [--rate 2000] [--minutes 5]

The simulator runs in a separate process; the notebook's kernel connects to it and shows the panel
in Chromium. First one call at a time: the time from its event to its row. Then a number of live
channels at a rate of events: the time of a click, the messages per second that the kernel sends,
and the page's memory after garbage collection. Meanwhile no request may leave this machine and no
error may occur on the page.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ari_notebook.simulator import SimulatedAsterisk
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, chromium, open_notebook, run_done, running_lab

_TICKS = 50  # a second, at each of which the simulator says something
_CHANGED = 5  # calls per second that end, and start again
_ROW_SHOWN = """() => {
    window.shownAt = 0;
    new MutationObserver((_, watch) => {
        if (!document.querySelector(".ari-panel li.channel")) return;
        window.shownAt = Date.now();
        watch.disconnect();
    }).observe(document.querySelector(".ari-panel"), {childList: true, subtree: true});
}"""
# From the click as the page gets it to the frames in which the button says that it was pressed,
# and in which its answer is drawn.
_CLICK_ANSWERED = """() => {
    const panel = document.querySelector(".ari-panel");
    window.took = window.pressed = 0;
    const click = (event) => {
        const button = event.target.closest("button");
        const read = () => button.textContent + button.getAttribute("aria-pressed");
        const before = read();
        const look = () => {
            const passed = performance.now() - event.timeStamp;
            if (button.getAttribute("aria-busy")) window.pressed ||= passed;
            if (read() !== before) window.took = passed;
            else requestAnimationFrame(look);
        };
        look();
    };
    panel.addEventListener("click", click, {once: true, capture: true});
}"""


_PASSWORD = "of the measurement"


def exchange(pipe: Connection) -> None:
    """Run the simulator's process: print its URL, then execute commands."""
    from ari_notebook import simulator

    with simulator.start(password=_PASSWORD) as running:
        pipe.send(running.url)
        calls: deque[Any] = deque()
        rate, numbers = 0, count()
        while (asked := pipe.recv() if pipe.poll() else None) != "stop":
            if asked == "call":
                running.call("1000", caller="Alice <5551>")
            elif asked is not None:
                channels, rate = asked
                while len(calls) < channels:
                    number = next(numbers)
                    calls.append(running.call("1000", caller=f"Caller {number} <{number}>"))
            began = time.monotonic()
            if rate:
                running.run(partial(_speak, number=next(numbers), events=rate // _TICKS))
                if next(numbers) % (_TICKS // _CHANGED) == 0:
                    calls.popleft().hangup()
                    calls.append(running.call("1000", caller=f"Caller {next(numbers)} <1>"))
            time.sleep(max(0.0, 1 / _TICKS - (time.monotonic() - began)))


def _speak(asterisk: SimulatedAsterisk, number: int, events: int) -> None:
    """Publish events, two for each channel: a key, and a variable that no row shows."""
    channels = list(asterisk.exchange.channels.values())
    for place in range(events // 2):
        channel = channels[(number * events + place) % len(channels)]
        channel.set_variable("ROUND", str(number))
        channel.on_dtmf(str(number % 10), 100)


@contextmanager
def exchange_process() -> Iterator[tuple[str, Connection]]:
    """Start a simulator in another process; return its URL and its command channel."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=exchange, args=(there,))
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send("stop")
        process.join(timeout=20)
        process.kill()


@dataclass
class Figures:
    """The measurements; times in milliseconds."""

    row: list[float] = field(default_factory=list)
    select: list[float] = field(default_factory=list)
    pressed: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    events: float = 0.0  # a second, as the session counted them
    messages: list[int] = field(default_factory=list)  # in each second
    megabytes: list[float] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the figures as lines of text."""
        for words, taken in (
            ("from event to shown row", self.row),
            ("from click to chosen row, under load", self.select),
            ("from click to a button that says it was pressed, under load", self.pressed),
            ("from click to what its request changed, under load", self.request),
        ):
            yield f"{words}: median {statistics.median(taken):.0f} ms, most {max(taken):.0f} ms"
        yield f"events: {self.events:.0f} a second"
        yield f"messages to the page: at most {max(self.messages)} in any second"
        yield f"page's heap, MB: {' '.join(f'{size:.1f}' for size in self.megabytes)}"
        yield f"page's nodes: {' '.join(map(str, self.nodes))}"
        yield f"errors on the page: {self.errors or 'none'}"
        yield f"requests that left this machine: {self.left or 'none'}"


class Watch:
    """A page, its kernel, and the measurements."""

    def __init__(self, page: Any, kernel: Kernel, pipe: Connection) -> None:
        self.page, self.kernel, self.pipe = page, kernel, pipe
        self.figures = Figures()
        self.panel = page.locator(".ari-panel").first
        self._protocol = page.context.new_cdp_session(page)
        kernel.run("counted, panel = [], ari.panel()")

    def measure_rows(self, times: int) -> None:
        """Measure the time from a call's event to its row, one call after the other."""
        for _ in range(times):
            self.page.evaluate(_ROW_SHOWN)
            self.pipe.send("call")
            self.panel.locator("li.channel").first.wait_for(timeout=10_000)
            received = self.kernel.ask(
                "ari.events.df.query('type == \"StasisStart\"')['received'].iloc[-1].timestamp()"
            )
            self.figures.row.append(self.page.evaluate("window.shownAt") - received * 1000)
            self.kernel.run("[ari.channels.hangup(id) for id in list(ari.channels)]")
            self.panel.locator("li.channel").first.wait_for(state="detached", timeout=10_000)

    def fill(self, channels: int, rate: int) -> None:
        """Create live channels, then publish events at a rate."""
        self.pipe.send((channels, 0))
        while self.kernel.ask("len(ari.channels)") < channels:
            time.sleep(0.5)
        self.pipe.send((channels, rate))
        time.sleep(3)

    def load(self, seconds: float) -> None:
        """Watch for a while, and click from time to time."""
        self.kernel.run(_COUNT_MESSAGES)
        begun, first = time.monotonic(), self.kernel.ask("ari.log.count")
        while time.monotonic() - begun < seconds:
            self._weigh()
            for _ in range(3):
                self._click()
            rest = min(20.0, seconds - (time.monotonic() - begun))
            time.sleep(max(0.0, rest))
        taken = time.monotonic() - begun
        self._weigh()
        self.figures.events = (self.kernel.ask("ari.log.count") - first) / taken
        stamps = self.kernel.ask("stamps")
        self.figures.messages = [sum(at <= t < at + 1 for t in stamps) for at in stamps]

    def _click(self) -> None:
        rows = self.panel.locator("li.channel:not(.chosen) button.card")
        self.figures.select.append(self._took(rows.nth(1)))
        switch = self.panel.locator('.inspector [data-action$="mute"]')
        self.figures.request.append(self._took(switch))
        self.figures.pressed.append(float(self.page.evaluate("window.pressed")))

    def _took(self, button: Any) -> float:
        self.page.evaluate(_CLICK_ANSWERED)
        button.click(timeout=10_000)
        self.page.wait_for_function("() => window.took > 0", timeout=10_000)
        return float(self.page.evaluate("window.took"))

    def _weigh(self) -> None:
        self._protocol.send("HeapProfiler.collectGarbage")
        heap = self._protocol.send("Runtime.getHeapUsage")
        nodes = self._protocol.send("Memory.getDOMCounters")
        self.figures.megabytes.append(heap["usedSize"] / 1e6)
        self.figures.nodes.append(nodes["nodes"])


# In the kernel: when each message left, from where it leaves.
_COUNT_MESSAGES = """
import time
stamps, _send = [], panel.send
def counting(*args, **more):
    stamps.append(time.time())
    _send(*args, **more)
panel.send = counting
"""


def measure(browser: Any, channels: int, rate: int, seconds: float, rows: int = 10) -> Figures:
    """Measure.

    Args:
        browser: of Playwright.
        channels: number of live channels under load.
        rate: events per second under load.
        seconds: duration of the load.
        rows: number of calls that are timed before.
    """
    with (
        exchange_process() as (url, pipe),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_lab(Path(folder), {"ARI_PASSWORD": _PASSWORD}) as lab,
        watched_page(browser) as (page, notes),
    ):
        connect = f"%load_ext ari_notebook\n%ari connect {url} --app hello-world;"
        open_notebook(page, lab, lab.write("panel.ipynb", connect, "%ari panel"))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        watch = Watch(page, kernel, pipe)
        watch.measure_rows(rows)
        watch.fill(channels, rate)
        watch.load(seconds)
        kernel.close()
        watch.figures.errors, watch.figures.left = notes.errors, notes.left
        return watch.figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="what the panel's page takes")
    parser.add_argument("--channels", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=2000, help="events a second")
    parser.add_argument("--minutes", type=float, default=5.0)
    asked = parser.parse_args()
    with chromium() as browser:
        figures = measure(browser, asked.channels, asked.rate, asked.minutes * 60)
    print("\n".join(figures.lines()))


if __name__ == "__main__":
    main()
