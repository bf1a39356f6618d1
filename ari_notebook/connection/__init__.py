"""One connection to one Asterisk: events, requests, handlers, waits, live objects."""
