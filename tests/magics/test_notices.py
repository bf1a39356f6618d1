"""Notices of a prompt in addition to the result: shown once, and correct, on both servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.magics.prompt import Prompt


@pytest.fixture
def in_stasis(on_exchange: Callable[..., Prompt]) -> Prompt:
    prompt = on_exchange()
    prompt.type("%ari call 1000;\n%ari wait StasisStart --timeout 30;")
    return prompt


def test_notice_is_shown_once(in_stasis: Prompt) -> None:
    shown = in_stasis.type("%ari originate Local/1002@default --app nosuch;")
    assert shown.out.count("no program is connected as nosuch") == 1


@pytest.mark.parametrize(
    ("media", "says"),
    [
        ("recording:nosuch", "no stored recording has that name"),
        ("sound:nosuch", "no such sound is installed"),
    ],
)
def test_playback_that_is_waited_for_fails_with_one_reason(
    in_stasis: Prompt, media: str, says: str
) -> None:
    shown = in_stasis.type(f"%ari play {media} --wait\nimport time; time.sleep(1.5)")
    assert shown.out.count(says) == 1
    assert "cut off" not in shown.out
