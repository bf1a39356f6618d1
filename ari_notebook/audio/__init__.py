"""Audio as numpy arrays: `Sound`, the codecs of telephony, and the protocols that carry it.

Nothing here opens a socket. `sound` is the value that users hold; `codecs` and `files` turn samples
into bytes and back; `websocket_media`, `audiosocket` and `rtp` are the protocols without I/O.
"""
