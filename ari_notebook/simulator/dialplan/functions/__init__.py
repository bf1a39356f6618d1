"""The dialplan's functions: ``CALLERID(num)``, ``LEN(text)``, and their like."""

from ari_notebook.simulator.dialplan.functions import channel, logic, stores, texts
from ari_notebook.simulator.dialplan.functions.registry import (
    READERS,
    WRITERS,
    Rejected,
    separate,
    split,
)

__all__ = [
    "READERS",
    "WRITERS",
    "Rejected",
    "channel",
    "logic",
    "separate",
    "split",
    "stores",
    "texts",
]
