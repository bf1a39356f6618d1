"""Talking to Asterisk: REST requests, the event stream, and what can go wrong with them."""
