"""The dialplan: what happens when an extension is called."""

from ari_notebook.simulator.dialplan.parse import Dialplan, Step
from ari_notebook.simulator.dialplan.run import run_dialplan
from ari_notebook.simulator.dialplan.values import assign, evaluate

__all__ = ["Dialplan", "Step", "assign", "evaluate", "run_dialplan"]
