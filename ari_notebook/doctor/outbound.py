"""Check of the way from Asterisk to this machine, for outbound WebSockets."""

from __future__ import annotations

import queue

from ari_notebook.client.accepted_websocket import AcceptedWebSocket, AcceptingSocket, Refusal
from ari_notebook.client.errors import UsageProblem
from ari_notebook.doctor.target import Finding, Target

__all__ = ["way_here"]

_WAIT_SECONDS = 10.0  # Asterisk connects again every half second
_MODULE = "res_websocket_client.so"


def way_here(target: Target) -> Finding:
    """Check that Asterisk's persistent outbound WebSocket reaches this machine."""
    if target.ask("GET", f"/ari/asterisk/modules/{_MODULE}").status == 404:
        return Finding.failed(
            f"Asterisk has no {_MODULE}, so it cannot connect to programs",
            f"Outbound WebSockets need Asterisk 20.15, 21.10 or 22.5; `module load {_MODULE}` on"
            " its console, and see modules.conf for a noload.",
        )
    came: queue.SimpleQueue[AcceptedWebSocket | Refusal] = queue.SimpleQueue()
    assert target.accept is not None  # noqa: S101  otherwise the step is left out
    try:
        listener = AcceptingSocket("", target.accept, accepted=came.put, refused=came.put)
    except UsageProblem as error:
        return Finding.failed(error.message, "Stop the program that uses accept() now.")
    try:
        first = came.get(timeout=_WAIT_SECONDS)
    except queue.Empty:
        return Finding.failed(
            f"Asterisk did not connect to port {target.accept} of this machine in"
            f" {_WAIT_SECONDS:g} s",
            "In websocket_client.conf: uri with an address of this machine as Asterisk reaches it"
            " (not behind NAT), connection_type = persistent; in ari.conf a section with type ="
            " outbound_websocket; a firewall here has to let the port through. `ari show"
            " outbound-websockets` on Asterisk's console lists what it has.",
        )
    finally:
        listener.close()
    if isinstance(first, Refusal):
        return Finding.failed(f"{first.peer} connects, but {first.reason}", first.advice)
    first.close()
    first.release()
    return Finding.ok(
        f"Asterisk {first.version} connects as {first.user or 'no user'}, with {first.application}"
    )
