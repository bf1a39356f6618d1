"""Simulated phones, their calls, scenarios and random traffic."""
