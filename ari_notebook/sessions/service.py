"""`serve`: flows as a service, until it is stopped.

It takes over calls that were left in the application, survives lost connections, and on SIGTERM or
SIGINT starts no more flows, lets the running ones end, and leaves. A local port answers health
checks and gives figures in Prometheus' text format.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session, connect

__all__ = ["Service", "load_flows", "serve"]

log = logging.getLogger("ari_notebook.sessions.service")

_CHECK_SECONDS = 0.5


def serve(
    url: str,
    flows: Iterable[Callable[..., Any]],
    *,
    drain: float = 30,
    health_port: int | None = None,
    take_over: bool = True,
    **connecting: Any,
) -> None:
    """Run flows until SIGINT or SIGTERM, or the end of `Service.stop`.

    Args:
        url: ``http://host:8088``.
        flows: functions of a call; `ari_notebook.flows.flow` says for which
            calls, else every call.
        drain: seconds that running flows have to end by themselves.
        health_port: a port of this machine for ``/health`` and ``/metrics``; None: none.
        take_over: start flows for the calls that are in the application already.
        **connecting: of `connect`: ``app``, ``user`` and so on.

    Raises:
        AriError: the first connection failed.
    """
    with Service(
        url, flows, drain=drain, health_port=health_port, take_over=take_over, **connecting
    ) as service:
        service.run()


class Service:
    """Flows as a service; see `serve`. A context manager, whose end drains and disconnects.

    Attributes:
        ari: its session.
    """

    def __init__(
        self,
        url: str,
        flows: Iterable[Callable[..., Any]],
        *,
        drain: float = 30,
        health_port: int | None = None,
        take_over: bool = True,
        **connecting: Any,
    ) -> None:
        chosen = list(flows)
        if not chosen:
            raise UsageProblem("there are no flows to serve", "Give functions of a call.")
        self._drain = drain
        self._stopping = threading.Event()
        self._health: ThreadingHTTPServer | None = None

        def add(ari: Session) -> None:
            for function in chosen:
                ari.flows.add(function, **getattr(function, "ari_flow", {}))

        # A call that enters the application now would lose keys until it is taken over.
        self.ari: Session = connect(url, prepare=add, **connecting)
        try:
            if health_port is not None:
                self._health = _health_server(self, health_port)
            log.info("serving %s at %s", ", ".join(self.ari.flows), self.ari.url)
            if take_over and (count := self.ari.flows.take_over()):
                log.info("took over %d calls that were in the application", count)
        except BaseException:
            self.close(0)
            raise

    @property
    def health_port(self) -> int:
        """The port of health checks; 0 without one."""
        return self._health.server_address[1] if self._health is not None else 0

    def run(self) -> None:
        """Serve until a signal or `stop`; in the main thread it handles the signals.

        A second signal ends the draining.
        """
        before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, self._on_signal)
        try:
            while not self._stopping.wait(_CHECK_SECONDS):
                if self.ari.synchronizer.state.value == "replaced":
                    log.error("another program has taken the application over")
                    return
            self._wait_for_flows()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """End `run`: start no more flows, and let the running ones end; from any thread."""
        self.ari.flows.draining = True
        self._stopping.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._stopping.is_set():
            log.warning("a second signal: calls in flows are hung up")
            self._drain = 0
        log.info("%s: draining", signal.Signals(number).name)
        self.stop()

    def _wait_for_flows(self) -> None:
        waited = 0.0
        while self.ari.flows.running and waited < self._drain:
            self.ari.flows.drain(_CHECK_SECONDS)
            waited += _CHECK_SECONDS
        if self.ari.flows.running:
            log.warning("%d calls are hung up after %g s", self.ari.flows.running, self._drain)

    def close(self, drain: float | None = None) -> None:
        """Drain, and disconnect; idempotent.

        Args:
            drain: seconds for running flows to end; None: as given to `serve`.
        """
        self._drain = self._drain if drain is None else drain
        if not self.ari.closed:
            self.stop()
            self._wait_for_flows()
            self.ari.close()
        if self._health is not None:
            self._health.shutdown()
            self._health.server_close()
            self._health = None

    @property
    def healthy(self) -> bool:
        """Whether it is connected and takes calls."""
        return self.ari.connected and not self._stopping.is_set()

    def metrics(self) -> str:
        """Return its figures in Prometheus' text format."""
        status, runs = self.ari.status, self.ari.flows.runs
        states = Counter((run.flow.name, run.state) for run in runs)
        lines = [
            "# HELP ari_connected Whether the event socket is connected.",
            "# TYPE ari_connected gauge",
            f"ari_connected {int(self.ari.connected)}",
            "# TYPE ari_channels gauge",
            f"ari_channels {status.channels}",
            "# TYPE ari_events_total counter",
            f"ari_events_total {status.events}",
            "# TYPE ari_requests_total counter",
            f"ari_requests_total {status.requests}",
            "# TYPE ari_reconnects_total counter",
            f"ari_reconnects_total {status.reconnects}",
            "# HELP ari_flow_calls Calls in flows: running, and the last thousand by their end.",
            "# TYPE ari_flow_calls gauge",
        ]
        lines += [
            f'ari_flow_calls{{flow="{_escaped(name)}",state="{state}"}} {count}'
            for (name, state), count in sorted(states.items())
        ]
        return "\n".join(lines) + "\n"

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<service of {', '.join(self.ari.flows)}: {self.ari.flows.running} calls>"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _health_server(service: Service, port: int) -> ThreadingHTTPServer:
    """Return a running HTTP server on loopback for health checks and metrics."""

    class Health(BaseHTTPRequestHandler):
        """Answers GET /health and GET /metrics."""

        def do_GET(self) -> None:
            """Answer."""
            if self.path == "/health":
                healthy = service.healthy
                self._answer(200 if healthy else 503, "ok\n" if healthy else "not connected\n")
            elif self.path == "/metrics":
                self._answer(200, service.metrics())
            else:
                self._answer(404, "there are /health and /metrics\n")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log checks at the level DEBUG only."""
            log.debug(format, *args)

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Health)
    except OSError as error:
        raise UsageProblem(
            f"port {port} for health checks is not free: {error.strerror}", "Choose another."
        ) from None
    threading.Thread(target=server.serve_forever, name="ari-health", daemon=True).start()
    return server


def load_flows(target: str) -> list[Callable[..., Any]]:
    """Return the flows that a command line names.

    Args:
        target: ``module:flow,flow``; without names all functions that `flow` of
            `ari_notebook.flows` decorates.

    Raises:
        UsageProblem: no such module or flow; the message says what there is.
    """
    module_name, _, names = target.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageProblem(
            f"there is no module {error.name}", "Start in its folder, or install it."
        ) from None
    marked = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and hasattr(value, "ari_flow")
    ]
    chosen = names.split(",") if names else marked
    missing = [name for name in chosen if not callable(getattr(module, name, None))]
    if missing or not chosen:
        raise UsageProblem(
            f"{module_name} has no flow {', '.join(missing)}".rstrip(),
            f"Decorated flows there: {', '.join(marked) or 'none'}.",
        )
    return [getattr(module, name) for name in chosen]
