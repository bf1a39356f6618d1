"""What came in and what lives now: the event log, the live tables, and DataFrames of both."""

from ari_notebook.live.log import EventLog
from ari_notebook.live.tables import KINDS, Changes, Tables

__all__ = ["KINDS", "Changes", "EventLog", "Tables"]
