"""Verbs about the embedded simulator."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import ParsedLine, verb
from ari_notebook.magics.verbs.docs import DocsText

_GROUP = "The simulator"


@verb(
    "dialplan",
    "show the simulator's extensions.conf; with a cell, replace it",
    group=_GROUP,
    method="ari.simulator.set_dialplan(text)",
    cell="optional",
    examples=("%ari dialplan", "%%ari dialplan\n[default]\nexten => 1000,1,Stasis(hello-world)"),
)
def dialplan(context: Context, given: ParsedLine) -> Any:
    """Show or replace the dialplan."""
    simulator = context.session.simulator
    if simulator is None:
        raise UsageProblem(
            "the dialplan of a real Asterisk is in its extensions.conf",
            "Change it there, then: asterisk -rx 'dialplan reload'.",
        )
    if given.cell is None:
        return DocsText(simulator.dialplan)
    from ari_notebook.simulator import ConfigError  # noqa: PLC0415  takes 70 ms

    try:
        simulator.set_dialplan(given.cell)
    except ConfigError as error:
        raise UsageProblem(str(error), "The previous dialplan is still in use.") from None
    return None
