"""The cases that were made from Asterisk's own REST tests, where they lie beside this repository.

Set ARI_CONFORMANCE to their folder: a runner (`run.py`) that starts a fresh server for each case,
and `cases.json`. Each case holds on a real Asterisk 22.10.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import free_port

BESIDE = Path(__file__).parents[3] / "shared" / "conformance"
FOLDER = Path(os.environ.get("ARI_CONFORMANCE", BESIDE))
SIMULATOR = f"{sys.executable} -m ari_notebook.simulator --config {{conf}} --port {{port}}"


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.skipif(not (FOLDER / "run.py").is_file(), reason="set ARI_CONFORMANCE to the cases")
def test_every_case_holds():
    run = subprocess.run(
        [
            *(sys.executable, FOLDER / "run.py", "--cases", FOLDER / "cases.json"),
            *("--spawn", SIMULATOR, "--port", str(free_port())),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.splitlines()[-1].endswith(" passed, 0 failed"), run.stdout + run.stderr
