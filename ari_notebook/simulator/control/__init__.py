"""The control API below ``/_simulator``: tests in any language drive the simulator through it."""
