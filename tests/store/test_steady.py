"""A steady stream through a whole session loses and changes no event."""

from __future__ import annotations

import pytest

from benchmarks.steady import run


@pytest.mark.slow
def test_ten_seconds_of_five_thousand_a_second() -> None:
    account = run(rate=5000, seconds=10, keep=30_000)
    assert account.complete, account
    assert account.sent == 50_000
    assert (account.kept, account.dropped) == (29_999, 20_001)  # the last event is no part of them
    assert account.checked == 2
