"""Checks of an ARI server, step by step, from the URL to a received event.

Each step requires the ones before it. The first failed step ends the checks; its finding names the
file of Asterisk to change.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator

from ari_notebook.doctor.ari import access, interface, modules, user
from ari_notebook.doctor.events import application, cross_origin, event_socket
from ari_notebook.doctor.network import certificate, name, port, url, web_server
from ari_notebook.doctor.outbound import way_here
from ari_notebook.doctor.target import Finding, FindingState, Step, Target

__all__ = ["STEPS", "Finding", "FindingState", "Target", "examine"]

STEPS: tuple[tuple[str, Step], ...] = (
    ("URL", url),
    ("name", name),
    ("port", port),
    ("certificate", certificate),
    ("web server", web_server),
    ("ARI", interface),
    ("user", user),
    ("access", access),
    ("modules", modules),
    ("application", application),
    ("event socket", event_socket),
    ("web pages", cross_origin),
)
# Only for a program that Asterisk is to connect to.
_WAY_HERE: tuple[str, Step] = ("Asterisk to here", way_here)


def examine(target: Target) -> Iterator[tuple[str, Finding]]:
    """Check a server.

    Args:
        target: server and user to check.

    Yields:
        Each step's name and finding; `FindingState.FAILED` is the last one.
    """
    for title, step in STEPS if target.accept is None else (*STEPS, _WAY_HERE):
        try:
            finding = step(target)
        except (OSError, http.client.HTTPException) as error:
            finding = Finding.failed(
                f"the connection to {target.place} broke: {error or type(error).__name__}",
                "Asterisk may have restarted: check it again.",
            )
        yield title, finding
        if finding.state is FindingState.FAILED:
            return
