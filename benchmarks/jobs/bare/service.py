"""A service: killed and started again it takes its calls over; it drains and reports its health."""

import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import websocket

from benchmarks.jobs.bare.calls import Ari, Call, HungUp


class Service:
    """Serves calls over any number of connections, until it is stopped."""

    def __init__(self, *where: str) -> None:
        self.where = where
        self.mailboxes: dict[str, queue.Queue[dict[str, Any]]] = {}
        self.running: set[str] = set()
        self.connected = False
        self.stops = 0
        self.ari: Ari

    def greet(self, call: Call) -> None:
        """Serve a caller."""
        if self.stops:
            call.left = True
            return
        self.running.add(call.id)
        try:
            call.do("answer")
            call.ask("sound:beep", keys="123456789", tries=1, timeout=60)
        finally:
            self.running.discard(call.id)

    def connect(self) -> None:
        """Connect, and again after each loss."""
        while True:
            with suppress(OSError, requests.RequestException, websocket.WebSocketException):
                self.ari = Ari(*self.where)
                self.ari.mailboxes = self.mailboxes
                self.take_over()
                self.connected = True
                self.ari.run({"many": self.greet})
            self.connected = False
            time.sleep(1)

    def take_over(self) -> None:
        """Serve calls that are in Stasis without a flow; end flows whose calls are gone."""
        channels = {each["id"]: each for each in self.ari.request("GET", "/channels")}
        for id, channel in channels.items():
            place = channel["dialplan"]
            ours = place["app_name"] == "Stasis" and place["app_data"] == "jobs,many"
            if ours and id not in self.mailboxes:
                self.mailboxes[id] = queue.Queue()
                given = (self.greet, {"channel": channel})
                threading.Thread(target=self.ari._serve, args=given, daemon=True).start()
        for id, mailbox in list(self.mailboxes.items()):
            if id not in channels:
                mailbox.put({"type": "StasisEnd"})

    def stop(self, *_: object) -> None:
        """Drain; the second time, hang up."""
        self.stops += 1

    def drain(self) -> None:
        """Wait until the calls are over, and hang up those that are not."""
        while not self.stops:
            time.sleep(0.1)
        end = time.monotonic() + 30
        while self.running and self.stops < 2 and time.monotonic() < end:
            time.sleep(0.1)
        for id in list(self.running):
            with suppress(HungUp):
                self.ari.request("DELETE", f"/channels/{id}")


def health(service: Service, port: int) -> None:
    """Answer health checks, and give figures in Prometheus' text format."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = 404, ""
            if self.path == "/health":
                status = 200 if service.connected and not service.stops else 503
            elif self.path == "/metrics":
                status, count = 200, len(service.running)
                text = f'ari_flow_calls{{flow="greet",state="running"}} {count}\n'
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    service = Service(*sys.argv[1:4])
    signal.signal(signal.SIGTERM, service.stop)
    signal.signal(signal.SIGINT, service.stop)
    health(service, int(sys.argv[4]))
    threading.Thread(target=service.connect, daemon=True).start()
    service.drain()
