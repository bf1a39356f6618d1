"""What a priority can run: an application to a name."""

from ari_notebook.simulator.dialplan.applications import (
    bridge,
    calls,
    dial,
    digits,
    flow,
    loops,
    sound,
    stasis,
)
from ari_notebook.simulator.dialplan.applications.registry import APPLICATIONS

__all__ = ["APPLICATIONS", "bridge", "calls", "dial", "digits", "flow", "loops", "sound", "stasis"]
