"""The server around a backend: the only package of the simulator that uses asyncio."""
