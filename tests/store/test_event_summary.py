"""Calls compared with a real Asterisk's call detail records of the same traffic.

`benchmarks/calls.py` makes the traffic and compares, cell by cell and row by row; it runs for ten
minutes there, for some seconds here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RealAsterisk

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "calls.py"
DETAILS = ("linkedid", "uniqueid", "start,u", "answer,u", "end,u", "billsec,f", "disposition")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sipp"), reason="sipp is not installed")
def test_calls_are_those_of_the_call_detail_records_row_by_row(real_asterisk: RealAsterisk) -> None:
    columns = ",".join(f"${{CSV_QUOTE(${{CDR({name})}})}}" for name in DETAILS)
    real_asterisk.write_config("cdr.conf", "[general]\nenable=yes\nunanswered=yes\n")
    real_asterisk.write_config("cdr_custom.conf", f"[mappings]\ncalls.csv => {columns}\n")
    written = real_asterisk.own() / "var/log/asterisk/cdr-custom/calls.csv"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.unlink(missing_ok=True)
    real_asterisk.restart()  # cdr_custom.so does not load where it has no mappings
    url, sip_port = real_asterisk.url, str(real_asterisk.sip_port)
    command: list[str | Path] = [
        sys.executable,
        SCRIPT,
        url,
        sip_port,
        "--seconds",
        "8",
        "--cdr",
        written,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all tables are equal" in done.stdout
    assert "ANSWERED" in done.stdout
    assert "BUSY" in done.stdout
