"""Columns about waiting and talking, against queue_log, CDR and CEL of a real Asterisk."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

import ari_notebook
from tests.captures import queue_rig
from tests.conftest import RealAsterisk
from tests.helpers.sip import free_udp_port


@pytest.mark.slow
def test_queued_calls_match_queue_log_cdr_and_cel(
    real_asterisk: RealAsterisk, tmp_path: Path
) -> None:
    ports = {name: free_udp_port() for name in queue_rig.AGENTS}
    file = tmp_path / "queue.jsonl.gz"
    with (
        queue_rig.configured(real_asterisk, ports) as logs,
        ari_notebook.connect(
            real_asterisk.url, "queues", real_asterisk.user, subscribe_all=True
        ) as ari,
    ):
        with ari.capture(file):
            queue_rig.traffic(ari, real_asterisk, ports, tmp_path)
        calls, legs = ari.calls.df, ari.legs.df
        copied = tmp_path / "logs"
        copied.mkdir()
        for name in (queue_rig.LOG, queue_rig.CDR, queue_rig.CEL):
            (copied / Path(name).name).write_text((logs / name).read_text())
    assert len(calls) == len(queue_rig.QUEUES)
    assert queue_rig.differences(calls, legs, copied) == []
    opened = ari_notebook.open_capture(file)
    pd.testing.assert_frame_equal(opened.calls.df, calls)
    pd.testing.assert_frame_equal(opened.legs.df, legs)
    with ari_notebook.replay(file, speed=math.inf) as played:
        played.wait()
        pd.testing.assert_frame_equal(played.calls.df, calls)
        pd.testing.assert_frame_equal(played.legs.df, legs)
