"""Dialplan functions: ``CALLERID(num)``, ``LEN(text)`` and others."""

from ari_notebook.simulator.dialplan.functions import (
    aes,
    channel,
    logic,
    parties,
    services,
    shared_state,
    storage,
    strings,
)
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
    "aes",
    "channel",
    "logic",
    "parties",
    "separate",
    "services",
    "shared_state",
    "split",
    "storage",
    "strings",
]
