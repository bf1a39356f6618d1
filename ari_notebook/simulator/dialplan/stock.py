"""The applications and functions that a stock Asterisk 22.10.1 has (Debian's, all modules)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = ["explain_missing"]


@cache
def _names() -> dict[tuple[str, str], str]:
    text = files("ari_notebook.simulator").joinpath("data/dialplan_names.tsv").read_text("utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return {(kind, name.lower()): name for kind, name in pairs}


def explain_missing(exchange: Exchange, kind: str, name: str) -> str:
    """Return how a warning about a missing application or function ends.

    One that a real Asterisk has is also reported to the next client.

    Args:
        exchange: the exchange that lacks it.
        kind: ``application`` or ``function``.
        name: its name, in any case.
    """
    stock = _names().get((kind, name.lower()))
    if stock is None:
        return ""
    exchange.unsupported.add(kind, stock)
    return ": a real Asterisk has it, this simulator has not"
