"""sipp as callers and as agents of a real Asterisk."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

_SDP = """
v=0
o=sipp 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40404 RTP/AVP 0
a=rtpmap:0 PCMU/8000
a={direction}
"""
_SAME = "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]"
_CONTACT = "Contact: <sip:sipp@[local_ip]:[local_port]>"


def _body(direction: str = "", version: int = 1) -> str:
    if not direction:
        return "Content-Length: 0\n\n"
    sdp = _SDP.format(direction=direction, version=version)
    return f"Content-Type: application/sdp\nContent-Length: [len]\n{sdp}"


def _send(text: str, extra: str = "") -> str:
    return f"<send {extra}><![CDATA[\n{text}\n]]></send>\n"


def _respond(status: str, direction: str = "", extra: str = "", first: bool = False) -> str:
    same = _SAME.format(tag=";tag=[pid]t[call_number]" if first else "")
    return _send(f"SIP/2.0 {status}\n{same}\n{_CONTACT}\n{_body(direction)}", extra)


def _request(method: str, cseq: int, direction: str = "", more: str = "", version: int = 1) -> str:
    """Return a request of a called phone inside its call."""
    text = (
        f"{method} [next_url] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n"
        "From: [$agent]\nTo: [$asterisk]\n[last_Call-ID:]\n"
        f"CSeq: {cseq} {method}\n{_CONTACT}\nMax-Forwards: 70\n{more}{_body(direction, version)}"
    )
    return _send(text, 'retrans="500"')


_INVITED = """<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="asterisk"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>
<assignstr assign_to="agent" value="[$callee];tag=[pid]t[call_number]"/>
</action></recv>
"""


def _pause(seconds: float) -> str:
    return f'<pause milliseconds="{round(seconds * 1000)}"/>\n'


def _scenario(*steps: str) -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="s">\n'
        + "".join(steps)
        + "</scenario>\n"
    )


_RINGS = _INVITED + _respond("100 Trying", first=True) + _respond("180 Ringing", first=True)
_ANSWERED = _respond("200 OK", "sendrecv", 'retrans="500"', first=True) + '<recv request="ACK"/>\n'
_OVER = '<recv request="BYE"/>\n' + _respond("200 OK")


def answers(after: float) -> str:
    """Return the scenario of an agent who answers, and talks until the caller hangs up."""
    return _scenario(_RINGS, _pause(after), _ANSWERED, _OVER)


def answers_and_hangs_up(after: float, talk: float) -> str:
    """Return the scenario of an agent who ends the call."""
    over = _request("BYE", 1) + '<recv response="200"/>\n'
    return _scenario(_RINGS, _pause(after), _ANSWERED, _pause(talk), over)


def holds(after: float, talk: float, hold: float) -> str:
    """Return the scenario of an agent who puts the caller on hold once, and then hangs up."""
    ack = _request("ACK", 1).replace(' retrans="500"', "")
    return _scenario(
        *(_RINGS, _pause(after), _ANSWERED, _pause(talk)),
        *(_request("INVITE", 1, "sendonly", version=2), '<recv response="100" optional="true"/>'),
        *('<recv response="200" rrs="true"/>\n', ack, _pause(hold)),
        *(_request("INVITE", 2, "sendrecv", version=3), '<recv response="100" optional="true"/>'),
        *('<recv response="200" rrs="true"/>\n', ack.replace("1 ACK", "2 ACK"), _pause(talk)),
        *(_request("BYE", 3), '<recv response="200"/>\n'),
    )


def transfers(after: float, talk: float, to: str) -> str:
    """Return the scenario of an agent who transfers the caller to an extension (REFER)."""
    target = f"Refer-To: <sip:{to}@[remote_ip]:[remote_port]>\n"
    target += "Referred-By: <sip:sipp@[local_ip]:[local_port]>\n"
    return _scenario(
        *(_RINGS, _pause(after), _ANSWERED, _pause(talk)),
        *(_request("REFER", 1, more=target), '<recv response="202"/>\n'),
        *('<recv request="NOTIFY" optional="true" next="noted"/>\n', '<recv request="BYE"/>\n'),
        *(_respond("200 OK"), '<pause milliseconds="10" next="end"/>\n'),
        *('<label id="noted"/>\n', _respond("200 OK"), '<recv request="NOTIFY" optional="true"'),
        *(' next="noted"/>\n', '<recv request="BYE"/>\n', _respond("200 OK")),
        '<label id="end"/>\n<pause milliseconds="10"/>\n',
    )


def refuses(status: str) -> str:
    """Return the scenario of an agent who refuses, as with ``486 Busy Here``."""
    return _scenario(
        _INVITED,
        _respond("100 Trying", first=True),
        _respond(status, extra='retrans="500"', first=True),
        '<recv request="ACK"/>\n',
    )


def rings() -> str:
    """Return the scenario of an agent who never answers, and is cancelled."""
    return _scenario(
        _RINGS,
        '<recv request="CANCEL"/>\n',
        _respond("200 OK", first=True),
        _respond("487 Request Terminated", first=True).replace("[last_CSeq:]", "CSeq: [$cseq]"),
        '<recv request="ACK"/>\n',
    ).replace(
        "</action>",
        '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>\n</action>',
    )


_CALLS = """INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: "Ann" <sip:7001@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:7001@[local_ip]:[local_port]>
Max-Forwards: 70
"""
_INSIDE = """{method} [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: "Ann" <sip:7001@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:7001@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

"""
_PROVISIONAL = "".join(f'<recv response="{n}" optional="true"/>\n' for n in (100, 180, 183))


def calls(stay: float) -> str:
    """Return the scenario of a caller who hangs up some seconds after the answer.

    The exchange may hang up before.
    """
    return _scenario(
        _send(_CALLS + _body("sendrecv"), 'retrans="500"'),
        _PROVISIONAL,
        '<recv response="200" rrs="true"/>\n',
        _send(_INSIDE.format(method="ACK", cseq=1)),
        f'<recv request="BYE" timeout="{round(stay * 1000)}" ontimeout="leave"/>\n',
        _respond("200 OK"),
        '<pause milliseconds="10" next="end"/>\n<label id="leave"/>\n',
        _send(_INSIDE.format(method="BYE", cseq=2), 'retrans="500"'),
        '<recv response="200"/>\n<label id="end"/>\n<pause milliseconds="10"/>\n',
    )


def refused() -> str:
    """Return the scenario of a caller who is refused."""
    return _scenario(
        _send(_CALLS + _body("sendrecv"), 'retrans="500"'),
        _PROVISIONAL,
        '<recv response=".*" regexp_match="true"/>\n',
        _send(_INSIDE.format(method="ACK", cseq=1)),
    )


def free_udp_port() -> int:
    """Return a UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Sipp:
    """Runs sipp's scenarios against one server.

    Args:
        sip_port: the server's.
        folder: for scenarios and traces.
    """

    def __init__(self, sip_port: int, folder: Path) -> None:
        if shutil.which("sipp") is None:
            reason = "no sipp here: apt-get install sip-tester"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._server, self._folder = f"127.0.0.1:{sip_port}", folder
        self._running: list[subprocess.Popen[bytes]] = []

    def run(
        self, name: str, scenario: str, *, port: int | None = None, exten: str = "s", count: int = 0
    ) -> subprocess.Popen[bytes]:
        """Start a scenario.

        Args:
            name: of its files.
            scenario: XML.
            port: UDP port of its own; None: a free one.
            exten: dialled extension.
            count: calls, one a second; 0: answer calls until `close`.
        """
        path = self._folder / f"{name}.xml"
        # sipp refuses variables that are used only once.
        names = [
            each for each in ("asterisk", "callee", "agent", "cseq") if f'"{each}"' in scenario
        ]
        used = (
            f'<Reference variables="{",".join(names)}"/>\n</scenario>' if names else "</scenario>"
        )
        path.write_text(scenario.replace("</scenario>", used))
        command = ["sipp", self._server, "-sf", str(path), "-s", exten, "-i", "127.0.0.1"]
        command += ["-p", str(port or free_udp_port()), "-nostdin", "-trace_err", "-nd"]
        command += ["-trace_msg", "-message_file", f"{name}.messages"]
        command += ["-m", str(count), "-r", "1"] if count else []
        command += ["-timeout", "120s"] if count else []
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
        )
        self._running.append(process)
        return process

    def close(self) -> None:
        """End what still runs."""
        for process in self._running:
            process.kill()
            process.wait()
