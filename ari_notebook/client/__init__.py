"""Client of Asterisk: REST requests, the event stream, and their errors."""
