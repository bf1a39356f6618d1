"""The notebooks run unchanged on a real Asterisk; a separate file, to run in parallel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RealAsterisk
from tests.test_notebooks import SIMULATOR_ONLY, every_notebook, run


@pytest.mark.slow
@every_notebook
def test_unchanged_on_a_real_asterisk(
    notebook: Path, tmp_path: Path, real_asterisk: RealAsterisk
) -> None:
    if notebook.stem in SIMULATOR_ONLY:
        pytest.skip("needs the embedded exchange")
    done = run(
        notebook,
        tmp_path,
        ARI_URL=real_asterisk.url,
        ARI_USER=real_asterisk.user,
        ARI_PASSWORD=real_asterisk.password,
    )
    assert done.returncode == 0, done.stdout[-4000:]
