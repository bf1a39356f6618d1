"""Timestamps as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.live.times import NO_TIME, Times


@given(st.integers(0, 4_000_000_000), st.integers(0, 999), st.sampled_from([0, -3.5, 5.75, 14]))
def test_asterisks_form_is_read_to_the_millisecond(second, milliseconds, hours):
    zone = timezone(timedelta(hours=hours))
    there = datetime.fromtimestamp(second, zone)
    text = f"{there:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}{there:%z}"
    assert Times().microseconds(text) == (second * 1000 + milliseconds) * 1000


def test_a_second_is_read_once_and_each_of_its_milliseconds_right():
    times = Times()
    first = times.microseconds("2026-11-23T11:03:22.000+0000")
    assert [
        times.microseconds(f"2026-11-23T11:03:22.{ms:03}+0000") - first for ms in range(1000)
    ] == list(range(0, 1_000_000, 1000))
    assert times.microseconds("2026-11-23T11:03:22.000+0100") == first - 3_600_000_000


def test_other_forms_of_iso_8601_are_read_too():
    assert Times().microseconds("2026-11-23T11:03:22.5+00:00") == Times().microseconds(
        "2026-11-23T11:03:22.500+0000"
    )


@pytest.mark.parametrize("text", [None, "", "yesterday", 5, {}, "2026-13-01T00:00:00.000+0000"])
def test_what_is_no_time_is_none(text):
    assert Times().microseconds(text) == NO_TIME


def test_many_seconds_take_bounded_memory():
    times = Times()
    for second in range(5000):
        times.microseconds(
            f"2026-11-23T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000+0000"
        )
    assert len(times._seconds) <= 1000
