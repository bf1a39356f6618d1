"""Simultaneous audio streams: processor time, gaps and latency.

    python -m benchmarks.media [--streams 20] [--seconds 10] [--url URL --user USER]
    python -m benchmarks.media --carried 500 [--seconds 10]

Each stream is an echo: a call whose far end sends back what the stream plays, at 16 kHz both ways.
Without ``--url`` a simulator runs in a separate process. The password comes from ARI_PASSWORD.

The first form measures the client: ``channel.audio()`` of each call. Five of the streams measure
the latency: from `play` to the arrival of the frame in which the echo begins, there and back. The
second measures the simulator: media WebSockets of a program that does nothing but send, and count
the frames that are not silent.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import statistics
import threading
import time
from base64 import b64encode
from collections import Counter
from contextlib import ExitStack
from urllib.parse import urlsplit

import numpy as np

import ari_notebook
from ari_notebook import Session, Sound
from ari_notebook.client.errors import NotSent
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.client.websocket_frames import BINARY, BinaryMessage, Splitter, frame
from benchmarks.simulator import Simulator

RATE = 16000
PROBES = 5  # streams that measure the latency
LEAD = 3  # tenths of a second that the program is ahead, as the channel's queue allows
ARRIVE = 5  # tenths of a second for the last frames to come back
SILENT = bytes(RATE * 2 // 50)  # a frame


def connected(url: str, user: str | None) -> ari_notebook.Session:
    """Connect, once the server answers."""
    for _ in range(200):
        try:
            return ari_notebook.connect(url, user=user)
        except NotSent:
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


def measure(
    url: str, simulator: Simulator | None, user: str | None, streams: int, seconds: float
) -> None:
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
        ours, theirs = time.process_time(), simulator.processor_seconds if simulator else 0.0
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
        ours = time.process_time() - ours
        theirs = (simulator.processor_seconds if simulator else 0.0) - theirs
        gaps = sum(a._silence - b for a, b in zip(audios, before, strict=True)) / RATE
        alike = [sound.find(click)[1] for sound in heard]
    total = streams * seconds
    print(f"client:    {1000 * ours / total:.2f} ms of processor time for each second of a stream")
    if simulator:
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


def carry(simulator: Simulator, streams: int, seconds: float) -> None:
    """Send and count frames of many media WebSockets, and print the simulator's figures."""
    begun = time.monotonic()
    url = simulator.url
    with connected(url, None) as ari, selectors.DefaultSelector() as selector:
        sockets: list[socket.socket] = []
        counts: Counter[socket.socket] = Counter()
        for _ in range(streams):
            sockets.append(_media_socket(ari, url))
            selector.register(sockets[-1], selectors.EVENT_READ, Splitter())
            _receive(selector, 0.0, counts)
        print(f"{streams} streams opened in {time.monotonic() - begun:.1f} s")
        audio = Sound.tone(440, 0.1, RATE).int16.tobytes()
        message = frame(BINARY, audio)
        counts.clear()
        ours, theirs, begun = time.process_time(), simulator.processor_seconds, time.monotonic()
        turn, turns = 0, round(seconds * 10)
        while turn <= turns + ARRIVE:
            due = begun + turn / 10
            if time.monotonic() >= due:
                turn += 1
                for each in sockets if turn <= turns - LEAD else ():
                    each.sendall(message * (1 + LEAD if turn == 1 else 1))
            _receive(selector, max(0.0, due - time.monotonic()), counts)
        took = time.monotonic() - begun
        ours, theirs = time.process_time() - ours, simulator.processor_seconds - theirs
        for each in sockets:
            each.close()
    total, wanted = streams * seconds, 50 * seconds
    print(
        f"simulator: {1000 * theirs / total:.2f} ms of processor time for each second of a stream"
    )
    print(f"program:   {1000 * ours / total:.2f} ms")
    frames = [counts[each] for each in sockets]
    least, middle = min(frames), statistics.median(frames)
    print(f"frames that came back in {took:.2f} s: {middle:.0f}, at least {least}, of {wanted:.0f}")


def _receive(
    selector: selectors.BaseSelector, seconds: float, counts: Counter[socket.socket]
) -> None:
    """Read what has come, or comes within a time, and count the frames that are not silent."""
    for key, _ in selector.select(seconds):
        sock, splitter = key.fileobj, key.data
        assert isinstance(sock, socket.socket)
        received = splitter.feed(sock.recv(1 << 16))
        counts[sock] += sum(isinstance(each, BinaryMessage) and each != SILENT for each in received)


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
    simulator = Simulator()
    os.environ["ARI_PASSWORD"] = simulator.password
    try:
        if given.carried:
            carry(simulator, given.carried, given.seconds)
        else:
            measure(simulator.url, simulator, given.user, given.streams, given.seconds)
    finally:
        simulator.stop()


if __name__ == "__main__":
    main()
