"""HTTP/1.1 and WebSocket frames as sans-IO codecs."""
