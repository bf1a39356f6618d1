"""The event log, the live tables, and DataFrames of both."""
