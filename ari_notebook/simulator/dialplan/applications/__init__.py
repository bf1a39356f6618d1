"""What a priority can run: an application to a name."""

from ari_notebook.simulator.dialplan.applications import (
    calls,
    dial,
    digits,
    flow,
    loops,
    sound,
    stasis,
)
from ari_notebook.simulator.dialplan.applications.registry import APPLICATIONS

__all__ = ["APPLICATIONS", "calls", "dial", "digits", "flow", "loops", "sound", "stasis"]
