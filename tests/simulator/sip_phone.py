"""A minimal phone: SIP and RTP over UDP, enough to record the events of a real Asterisk.

It registers, calls, is called, presses keys (RFC 4733), talks, holds, sends messages, transfers and
hangs up. It has one call and one dialogue at a time, no authentication and no retransmission: it
runs on the same machine as its PBX.
"""

from __future__ import annotations

import math
import queue
import random
import re
import socket
import struct
import threading
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 486: "Busy Here"}


class SipPhone:
    """A phone of the endpoint ``name`` at the PBX on ``port``.

    ``answers`` is what it does when it is called: pairs of seconds and status codes.
    """

    def __init__(
        self, name: str, port: int, answers: Sequence[tuple[float, int]] = ((0.0, 180), (0.2, 200))
    ) -> None:
        self.name, self.answers = name, answers
        self._pbx = ("127.0.0.1", port)
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind(("127.0.0.1", 0))
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind(("127.0.0.1", 0))
        self.here = f"127.0.0.1:{self._sip.getsockname()[1]}"
        self._replies: queue.Queue[tuple[int, str]] = queue.Queue()
        self.requests: queue.Queue[tuple[str, str]] = queue.Queue()
        self._number = 0
        self._open = True
        self._sound: array[int] | None = None
        self._keys: queue.Queue[str] = queue.Queue()
        self._far: tuple[str, int] | None = None
        self.dialog: dict[str, Any] = {}  # the latest call; empty before the first
        threading.Thread(target=self._receive, daemon=True).start()
        threading.Thread(target=self._send_media, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open = False
        self._sip.close()
        self._rtp.close()

    # What a person does with it.

    def register(self, expires: int = 300) -> int | None:
        headers = {"Contact": f"<sip:{self.name}@{self.here}>", "Expires": str(expires)}
        return self._transact("REGISTER", "127.0.0.1", self._fresh(self.name), headers)

    def unregister(self) -> int | None:
        return self.register(0)

    def message(self, to: str, text: str) -> int | None:
        headers = {"Content-Type": "text/plain"}
        return self._transact("MESSAGE", f"{to}@127.0.0.1", self._fresh(to), headers, text)

    def call(self, to: str, wait: bool = True) -> int | None:
        """Dial; return the final status. If it was answered, ``dialog`` is set."""
        self.dialog = self._fresh(to)
        headers = {"Contact": f"<sip:{self.name}@{self.here}>", "Content-Type": "application/sdp"}
        return self._transact(
            "INVITE", f"{to}@127.0.0.1", self.dialog, headers, self._sdp(), wait=wait
        )

    def cancel(self) -> None:
        self._request("CANCEL", f"{self.dialog['target']}@127.0.0.1", self.dialog, {})

    def hold(self, mode: str = "sendonly") -> int | None:
        headers = {"Contact": f"<sip:{self.name}@{self.here}>", "Content-Type": "application/sdp"}
        return self._transact("INVITE", self._remote(), self.dialog, headers, self._sdp(mode))

    def unhold(self) -> int | None:
        return self.hold("sendrecv")

    def refer(self, to: str, replaces: dict[str, Any] | None = None) -> int | None:
        """Transfer: blind, or to the far end of another phone's call."""
        target = f"sip:{to}@127.0.0.1"
        if replaces is not None:
            call = replaces["id"].replace("@", "%40")
            tags = f"%3Bto-tag%3D{replaces['to_tag']}%3Bfrom-tag%3D{replaces['from_tag']}"
            target += f"?Replaces={call}{tags}"
        headers = {
            "Contact": f"<sip:{self.name}@{self.here}>",
            "Refer-To": f"<{target}>",
            "Referred-By": f"<sip:{self.name}@127.0.0.1>",
        }
        return self._transact("REFER", self._remote(), self.dialog, headers)

    def press(self, digits: str) -> None:
        for digit in digits:
            self._keys.put(digit)

    def talk(self) -> None:
        self._sound = array(
            "h", (int(8000 * math.sin(2 * math.pi * 400 * n / 8000)) for n in range(160))
        )

    def quiet(self) -> None:
        self._sound = None

    def hang_up(self) -> int | None:
        reply = self._transact("BYE", self._remote(), self.dialog, {})
        self._far = None
        return reply

    # SIP.

    def _fresh(self, target: str) -> dict[str, Any]:
        return {
            "target": target,
            "id": f"{random.getrandbits(48):x}@test",
            "from": f'"{self.name.title()}" <sip:{self.name}@127.0.0.1>',
            "from_tag": f"{random.getrandbits(32):x}",
            "to": f"<sip:{target}@127.0.0.1>",
            "to_tag": "",
            "remote": None,
            "cseq": 0,
        }

    def _remote(self) -> str:
        return str(self.dialog["remote"]).removeprefix("sip:")

    def _request(
        self,
        method: str,
        uri: str,
        dialog: dict[str, Any],
        headers: Mapping[str, str],
        body: str = "",
    ) -> None:
        if method not in ("ACK", "CANCEL"):
            dialog["cseq"] += 1
            dialog["branch"] = f"z9hG4bK{random.getrandbits(48):x}"
        to_tag = f";tag={dialog['to_tag']}" if dialog["to_tag"] and method != "CANCEL" else ""
        lines = [
            f"{method} sip:{uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch={dialog['branch']}",
            f"From: {dialog['from']};tag={dialog['from_tag']}",
            f"To: {dialog['to']}{to_tag}",
            f"Call-ID: {dialog['id']}",
            f"CSeq: {dialog['cseq']} {method}",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in headers.items()),
            f"Content-Length: {len(body)}",
        ]
        self._sip.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._pbx)

    def _transact(
        self,
        method: str,
        uri: str,
        dialog: dict[str, Any],
        headers: Mapping[str, str],
        body: str = "",
        wait: bool = True,
    ) -> int | None:
        self._request(method, uri, dialog, headers, body)
        return self._final(method, uri, dialog) if wait else None

    def finish(self) -> int:
        """Wait for the final answer to a call that was begun without waiting."""
        return self._final("INVITE", f"{self.dialog['target']}@127.0.0.1", self.dialog)

    def _final(self, method: str, uri: str, dialog: dict[str, Any]) -> int:
        while True:
            status, reply = self._replies.get(timeout=15)
            mine = (dialog["id"], f"{dialog['cseq']} {method}")
            if status < 200 or mine != (_header(reply, "Call-ID"), _header(reply, "CSeq")):
                continue
            tag = re.search(r";tag=([^;\s]+)", _header(reply, "To"))
            dialog["to_tag"] = tag.group(1) if tag else ""
            if method == "INVITE":
                contact = re.search(r"<(sip:[^>]+)>", _header(reply, "Contact"))
                dialog["remote"] = contact.group(1) if contact else None
                self._request(
                    "ACK", dialog["remote"].removeprefix("sip:") if contact else uri, dialog, {}
                )
                if status == 200:
                    self._connect_media(reply)
            return status

    def _receive(self) -> None:
        while self._open:
            try:
                text = self._sip.recv(65535).decode()
            except OSError:
                return
            if text.startswith("SIP/2.0 "):
                self._replies.put((int(text.split()[1]), text))
            else:
                self._serve(text)

    def _serve(self, text: str) -> None:
        method = text.split(" ", 1)[0]
        self.requests.put((method, text))
        if method == "INVITE" and ";tag=" not in _header(text, "To"):
            threading.Thread(target=self._be_called, args=(text,), daemon=True).start()
        elif method == "INVITE":
            self._reply(text, 200, self._sdp())
        elif method == "CANCEL":
            self._reply(text, 200)
            if self._called is not None:
                self._reply(self._called, 487)
                self._called = None
        elif method == "BYE":
            self._far = None
            self._reply(text, 200)
        elif method != "ACK":
            self._reply(text, 200)

    _called = None

    def _be_called(self, text: str) -> None:
        self._called = text
        sender, to = _header(text, "From"), _header(text, "To")
        self.dialog = {
            **self._fresh("pbx"),
            "id": _header(text, "Call-ID"),
            "from": to,
            "to": sender.split(";tag=")[0],
            "to_tag": sender.split(";tag=")[1],
            "remote": _header(text, "Contact").partition("<")[2].partition(">")[0],
        }
        for seconds, status in self.answers:
            time.sleep(seconds)
            if self._called is None:
                return
            self._reply(text, status, self._sdp() if status == 200 else "")
            if status == 200:
                self._connect_media(text)
                self._called = None

    def _reply(self, request: str, status: int, body: str = "") -> None:
        to = _header(request, "To")
        if ";tag=" not in to:
            to += f";tag={self.dialog['from_tag'] if self.dialog else 'x'}"
        lines = [
            f"SIP/2.0 {status} {REASONS.get(status, 'Other')}",
            *(line for line in request.split("\r\n") if line.lower().startswith("via:")),
            f"From: {_header(request, 'From')}",
            f"To: {to}",
            f"Call-ID: {_header(request, 'Call-ID')}",
            f"CSeq: {_header(request, 'CSeq')}",
            f"Contact: <sip:{self.name}@{self.here}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sip.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._pbx)

    def _sdp(self, mode: str = "sendrecv") -> str:
        self._number += 1
        return "\r\n".join(
            (
                "v=0",
                f"o={self.name} 1 {self._number} IN IP4 127.0.0.1",
                "s=-",
                "c=IN IP4 127.0.0.1",
                "t=0 0",
                f"m=audio {self._rtp.getsockname()[1]} RTP/AVP 0 101",
                "a=rtpmap:0 PCMU/8000",
                "a=rtpmap:101 telephone-event/8000",
                "a=fmtp:101 0-15",
                f"a={mode}",
                "",
            )
        )

    # RTP.

    def _connect_media(self, text: str) -> None:
        port = re.search(r"m=audio (\d+)", text)
        if port:
            self._far = ("127.0.0.1", int(port.group(1)))

    def _send_media(self) -> None:
        sequence = timestamp = 0
        while self._open:
            time.sleep(0.02)
            sequence, timestamp = sequence + 1, timestamp + 160
            if self._far is None:
                continue
            if not self._keys.empty():
                sequence, timestamp = self._send_key(self._keys.get(), sequence, timestamp)
                continue
            sound = bytes([0xFF]) * 160 if self._sound is None else _ulaw(self._sound)
            self._packet(0, sequence, timestamp, sound)

    def _send_key(
        self, digit: str, sequence: int, timestamp: int, milliseconds: int = 100
    ) -> tuple[int, int]:
        event = "0123456789*#ABCD".index(digit)
        for spent in range(160, milliseconds * 8 + 1, 160):
            self._packet(101, sequence, timestamp, struct.pack("!BBH", event, 10, spent))
            sequence += 1
            time.sleep(0.02)
        for _ in range(3):
            self._packet(101, sequence, timestamp, struct.pack("!BBH", event, 0x8A, spent))
            sequence += 1
        time.sleep(0.1)
        return sequence, timestamp + spent + 800

    def _packet(self, kind: int, sequence: int, timestamp: int, payload: bytes) -> None:
        if self._far is not None:
            head = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 7)
            try:
                self._rtp.sendto(head + payload, self._far)
            except OSError:
                return


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", text, re.M | re.I)
    return found.group(1) if found else ""


def _ulaw(samples: Iterable[int]) -> bytes:
    out = bytearray()
    for sample in samples:
        sign = 0x80 if sample < 0 else 0
        value = min(abs(sample), 32635) + 132
        exponent = value.bit_length() - 8
        out.append(~(sign | exponent << 4 | value >> exponent + 3 & 0xF) & 0xFF)
    return bytes(out)
