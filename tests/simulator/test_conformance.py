"""Cases made from Asterisk's REST tests, if they are beside this repository.

Set ARI_CONFORMANCE to their folder: a runner (`run.py`) that starts a fresh server for each case,
and `cases.json`. Each case holds on a real Asterisk 22.10.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port

BESIDE = Path(__file__).parents[3] / "shared" / "conformance"
FOLDER = Path(os.environ.get("ARI_CONFORMANCE", BESIDE))
SIMULATOR = f"{sys.executable} -m ari_notebook.simulator --config {{conf}} --port {{port}}"


def runner() -> Any:
    spec = importlib.util.spec_from_file_location("conformance_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_order(run: Any, case: dict[str, Any]) -> Any:
    """Make a run whose rules send their requests after those of the start.

    The runner sends a rule's requests from another thread: on a busy machine an event of the first
    start request is answered before the second is sent, to Asterisk as well. Only a start that
    waits for its events ("sequential") is sent as the runner sends it.
    """
    started = threading.Event()
    starts = len(case["start"])
    if not starts or str(case.get("start_mode", "")).startswith("sequential"):
        started.set()
    send, sent = run.send, 0

    def ordered(request: Any, event: Any = None) -> None:
        nonlocal sent
        if event is not None:
            assert started.wait(20)
        try:
            send(request, event)
        finally:
            if event is None:
                sent += 1
                if sent == starts:
                    started.set()

    run.send = ordered
    return run


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.skipif(not (FOLDER / "run.py").is_file(), reason="set ARI_CONFORMANCE to the cases")
def test_every_case_holds() -> None:
    module = runner()

    def errors(case: dict[str, Any]) -> list[str]:
        server = module.Server(Namespace(spawn=SIMULATOR, port=free_port(), asterisk_root=None))
        try:
            server.start(case)
            found: list[str] = in_order(module.Run(server, case), case).go()
            return found
        finally:
            server.stop()

    cases = json.loads((FOLDER / "cases.json").read_text())["cases"]
    with ThreadPoolExecutor(3) as pool:  # each waits most of its time, for a server of its own
        failed = {
            case["name"]: found for case, found in zip(cases, pool.map(errors, cases), strict=True)
        }
    assert {name: found for name, found in failed.items() if found} == {}
