"""Why does ARI not answer? Step by step from the URL to an event that arrives.

Each step asks one question of the server and needs those before it. The first that fails ends the
examination: it is what has to be changed first, and the finding says in which of Asterisk's files.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator

from ari_notebook.doctor.events import application, cross_origin, event_socket
from ari_notebook.doctor.interface import access, interface, modules, user
from ari_notebook.doctor.network import certificate, name, port, url, web_server
from ari_notebook.doctor.patient import Finding, Patient, State, Step

__all__ = ["STEPS", "Finding", "Patient", "State", "examine"]

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


def examine(patient: Patient) -> Iterator[tuple[str, Finding]]:
    """Examine a server.

    Args:
        patient: which, and as whom.

    Yields:
        Each step's name and what it found; a finding that is `State.ILL` is the last.
    """
    for title, step in STEPS:
        try:
            finding = step(patient)
        except (OSError, http.client.HTTPException) as error:
            finding = Finding.ill(
                f"the connection to {patient.place} broke: {error or type(error).__name__}",
                "Did Asterisk restart just now? Examine it again.",
            )
        yield title, finding
        if finding.state is State.ILL:
            return
