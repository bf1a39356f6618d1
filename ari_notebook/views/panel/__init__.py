"""The live panel: a widget, its state, its commands, and its page."""
