"""Callers on a real Asterisk: sipp dials over SIP and presses keys (RFC 4733)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

import pytest

_SCENARIO = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="caller">
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Alice" <sip:5551@[local_ip]:[local_port]>;tag=[pid]a[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:5551@[local_ip]:[local_port]>
      Max-Forwards: 70
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=alice 1 1 IN IP4 [local_ip]
      s=call
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0 96
      a=rtpmap:0 PCMU/8000
      a=rtpmap:96 telephone-event/8000
      a=fmtp:96 0-15
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" crlf="true"/>
  <send><![CDATA[
      ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Alice" <sip:5551@[local_ip]:[local_port]>;tag=[pid]a[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  {actions}
  <recv request="BYE" timeout="{patience}" ontimeout="bored"/>
  <send next="over"><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
  <label id="bored"/>
  <send retrans="500"><![CDATA[
      BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Alice" <sip:5551@[local_ip]:[local_port]>;tag=[pid]a[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 2 BYE
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
  <label id="over"/>
</scenario>
"""


class SippCalls:
    """Calls of one scenario.

    Args:
        folder: for sipp's files.
        sip_port: Asterisk's.
        extension: what they dial.
        keys: pressed after the answer.
        count: how many calls.
        patience: seconds after which a caller hangs up.
        pause: seconds from the answer to the first key.
    """

    def __init__(
        self,
        folder: Path,
        sip_port: int,
        extension: str,
        keys: str = "",
        *,
        count: int = 1,
        patience: float = 60,
        pause: float = 1,
    ) -> None:
        if shutil.which("sipp") is None:
            reason = "no sipp here: apt-get install sip-tester"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        folder.mkdir()
        press = (
            f'<pause milliseconds="{round(pause * 1000)}"/>'
            f'<nop><action><exec play_dtmf="{keys}"/></action></nop>'
        )
        text = _SCENARIO.replace("{actions}", press if keys else "")
        scenario = folder / "scenario.xml"
        scenario.write_text(text.replace("{patience}", str(round(patience * 1000))))
        command = ["sipp", f"127.0.0.1:{sip_port}", "-sf", str(scenario), "-s", extension]
        command += ["-m", str(count), "-l", str(count), "-r", "20", "-i", "127.0.0.1", "-nostdin"]
        command += ["-timeout", "400s", "-trace_err", "-error_file", "errors"]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
        )

    def ended_well(self) -> bool:
        """Return whether all calls followed the scenario, once they are over."""
        return self._process.wait(timeout=300) == 0

    def hangup(self) -> None:
        """End sipp; its calls send no BYE."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.hangup()
