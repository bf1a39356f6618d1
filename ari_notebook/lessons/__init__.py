"""The checks of the course's exercises: predicates over what really happened in the log."""
