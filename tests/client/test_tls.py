"""Only ``False`` disables the verification of certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.tls import trusted


def test_verify_takes_bool_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    file = tmp_path / "ca.pem"
    file.touch()
    assert trusted(True) is True
    assert trusted(False) is False
    assert trusted(file) == trusted(str(file)) == str(file)
    assert trusted(tmp_path) == str(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    assert trusted(True) == str(file)
    assert trusted(False) is False


@pytest.mark.parametrize("verify", [None, 0, 1, "", "/no/such/file", b"/", []])
def test_other_value_of_verify_is_refused(verify: object) -> None:
    with pytest.raises(UsageProblem, match="not a file of certificate authorities"):
        trusted(verify)
