"""Timestamps as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store.timestamps import NO_TIME, microseconds


@given(st.integers(0, 4_000_000_000), st.integers(0, 999), st.sampled_from([0, -3.5, 5.75, 14]))
def test_asterisks_form_is_read_to_the_millisecond(
    second: int, milliseconds: int, hours: float
) -> None:
    zone = timezone(timedelta(hours=hours))
    there = datetime.fromtimestamp(second, zone)
    text = f"{there:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}{there:%z}"
    assert microseconds(text) == (second * 1000 + milliseconds) * 1000


def test_other_forms_of_iso_8601_are_read_too() -> None:
    assert microseconds("2026-11-23T11:03:22.5+00:00") == microseconds(
        "2026-11-23T11:03:22.500+0000"
    )


@pytest.mark.parametrize(
    "text", [None, "", "yesterday", 5, {}, "2026-13-01T00:00:00.000+0000", "2026-11-23T11:03:22"]
)
def test_invalid_time_is_none(text: str | int | dict[str, Any] | None) -> None:
    assert microseconds(text) == NO_TIME
