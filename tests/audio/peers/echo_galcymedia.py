"""An echo with galcymedia, which serves Asterisk's media WebSocket."""

import asyncio
import sys

from galcymedia import Session, serve


class Echo:
    def __init__(self, session: Session) -> None:
        self.session = session

    async def start(self) -> None:
        self.session.accept_audio()
        await self.session.answer()

    async def send_audio(self, chunk: bytes) -> None:
        await self.session.send_audio(chunk)

    async def on_dtmf(self, digit: str) -> None:
        pass

    async def close(self) -> None:
        pass


async def main() -> None:
    async with serve(Echo, "127.0.0.1", int(sys.argv[1])):
        print("listening", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
