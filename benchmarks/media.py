"""Simultaneous audio streams: processor time, gaps and latency.

    python benchmarks/media.py [--streams 20] [--seconds 10] [--url URL --user USER]
    python benchmarks/media.py --carried 500 [--seconds 10]

Each stream is an echo: a call whose far end sends back what the stream plays, at 16 kHz both ways.
Without ``--url`` a simulator runs in a separate process. The password comes from ARI_PASSWORD.

The first form measures the client: ``channel.audio()`` of each call. Five of the streams measure
the latency: from `play` to the arrival of the frame in which the echo begins, there and back. The
second measures the simulator: media WebSockets of a program that does nothing but send and count.
"""

from __future__ import annotations

import argparse
import os
import secrets
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import numpy as np

import ari_notebook
from ari_notebook import Session, Sound
from ari_notebook.client.errors import NotSent
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.client.websocket_frames import BINARY, BinaryMessage, Splitter, frame

RATE = 16000
PROBES = 5  # streams that measure the latency
SECONDS_A_TICK = 1 / os.sysconf("SC_CLK_TCK")


@contextmanager
def simulator() -> Iterator[tuple[str, int]]:
    """Run a simulator in another process; yield its URL and process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ari_notebook.simulator", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * SECONDS_A_TICK


def connected(url: str, user: str | None) -> ari_notebook.Session:
    """Connect, once the server answers."""
    for _ in range(200):
        try:
            return ari_notebook.connect(url, user=user)
        except NotSent:
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


def measure(url: str, pid: int | None, user: str | None, streams: int, seconds: float) -> None:
    """Open the streams, play and record on all at once, and print the figures."""
    noise = np.random.default_rng(1).normal(0, 0.1, int(RATE * 0.2))
    click = Sound(noise, RATE).resample(8000).resample(RATE)
    begun = time.monotonic()
    with connected(url, user) as ari, ExitStack() as opened:
        audios = []
        for _ in range(streams):
            channel = _echo_channel(ari)
            audios.append(opened.enter_context(ari.channels[channel].audio(RATE)))
        print(f"{streams} streams opened in {time.monotonic() - begun:.1f} s")
        long = Sound.silence(1.0, RATE) + click + Sound.tone(440, max(0.1, seconds - 1.2), RATE)
        heard: list[Sound] = []
        delays: list[float] = []
        ours, theirs = time.process_time(), processor_seconds(pid) if pid else 0.0
        before = [audio._silence for audio in audios]
        threads = [
            threading.Thread(target=_probe, args=(audio, seconds, delays))
            for audio in audios[:PROBES]
        ] + [
            threading.Thread(target=_play_and_record, args=(audio, long, seconds, heard))
            for audio in audios[PROBES:]
        ]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        ours, theirs = time.process_time() - ours, (processor_seconds(pid) if pid else 0) - theirs
        gaps = sum(a._silence - b for a, b in zip(audios, before, strict=True)) / RATE
        alike = [sound.find(click)[1] for sound in heard]
    total = streams * seconds
    print(f"client:    {1000 * ours / total:.2f} ms of processor time for each second of a stream")
    if pid:
        print(f"simulator: {1000 * theirs / total:.2f} ms")
    if delays:
        middle, worst = 1000 * statistics.median(delays), 1000 * max(delays)
        print(f"there and back: median {middle:.0f} ms, worst {worst:.0f} ms, of {len(delays)}")
    print(f"whole in {sum(each > 0.95 for each in alike)} of {len(alike)}; {gaps:.2f} s of gaps")
    print(f"{seconds:g} s took {took:.2f} s")


def _echo_channel(ari: Session) -> str:
    """Return the id of a channel in the application whose far end is an echo."""
    channel = ari.channels.originate(
        endpoint="Local/1001@default/n", app=ari.apps[0], formats="slin16"
    )
    ari.wait_for("StasisStart", channel=channel.id, timeout=30)
    return channel.id


def _play_and_record(audio: AudioStream, sound: Sound, seconds: float, heard: list[Sound]) -> None:
    audio.play(sound)
    heard.append(audio.record(seconds))


def _probe(audio: AudioStream, seconds: float, delays: list[float]) -> None:
    """Measure from playing a tone of 60 ms to the arrival of its echo, again and again."""
    tone = Sound.tone(440, 0.06, RATE)
    end = time.monotonic() + seconds
    sent, following = 0.0, time.monotonic() + 1.0
    for received in audio:
        now = time.monotonic()
        if now > end:
            return
        if sent and received.level > -30:
            delays.append(now - sent)
            sent, following = 0.0, now + 0.5
        elif not sent and now > following:
            audio.play(tone)
            sent = now


def carry(url: str, pid: int, user: str | None, streams: int, seconds: float) -> None:
    """Send and count frames of many media WebSockets, and print the simulator's figures."""
    begun = time.monotonic()
    with connected(url, user) as ari, selectors.DefaultSelector() as selector:
        sockets = []
        for _ in range(streams):
            sockets.append(_media_socket(ari, url))
            selector.register(sockets[-1], selectors.EVENT_READ, Splitter())
        print(f"{streams} streams opened in {time.monotonic() - begun:.1f} s")
        audio = Sound.tone(440, 0.1, RATE).int16.tobytes()
        message = frame(BINARY, audio)
        counts = dict.fromkeys(sockets, 0)
        theirs, begun = processor_seconds(pid), time.monotonic()
        turn = 0
        while turn < seconds * 10:
            due = begun + turn / 10
            if time.monotonic() >= due:
                turn += 1
                for each in sockets:
                    each.sendall(message)
            for key, _ in selector.select(max(0.0, due - time.monotonic())):
                received = key.data.feed(key.fileobj.recv(1 << 16))  # type: ignore[union-attr]
                counts[key.fileobj] += sum(isinstance(m, BinaryMessage) for m in received)  # type: ignore[index]
        took = time.monotonic() - begun
        theirs = processor_seconds(pid) - theirs
        for each in sockets:
            each.close()
    print(f"simulator: {1000 * theirs / (streams * seconds):.2f} ms of processor time for each")
    print("second of a stream")
    wanted = 50 * seconds
    least, middle = min(counts.values()), statistics.median(counts.values())
    print(f"frames that came back in {took:.2f} s: {middle:.0f}, at least {least}, of {wanted:.0f}")


def _media_socket(ari: Session, url: str) -> socket.socket:
    """Return the media WebSocket of a new call whose far end is an echo."""
    parts = urlsplit(url)
    channel = _echo_channel(ari)
    params = {
        "app": ari.apps[0],
        "external_host": "INCOMING",
        "encapsulation": "none",
        "transport": "websocket",
        "connection_type": "server",
        "format": "slin16",
        "transport_data": "f(json)",
    }
    made = ari.request("POST", "/channels/externalMedia", params).json()
    id = made["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
    opened = socket.create_connection((parts.hostname or "", parts.port or 8088))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.sendall(
        f"GET /media/{id} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: media\r\n"
        f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += opened.recv(1)
    if not answer.startswith(b"HTTP/1.1 101"):
        raise SystemExit(answer.decode())
    ari.wait_for("StasisStart", channel=made["id"], timeout=30)
    bridge = ari.bridges.create(type="mixing")
    bridge.add_channel([channel, made["id"]])
    return opened


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="Measure streams of audio at once.")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--carried", type=int, help="measure the simulator with so many")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--url")
    parser.add_argument("--user")
    given = parser.parse_args()
    if given.url:
        measure(given.url, None, given.user, given.streams, given.seconds)
        return
    os.environ["ARI_PASSWORD"] = secrets.token_urlsafe(12)
    with simulator() as (url, pid):
        if given.carried:
            carry(url, pid, given.user, given.carried, given.seconds)
        else:
            measure(url, pid, given.user, given.streams, given.seconds)


if __name__ == "__main__":
    main()
