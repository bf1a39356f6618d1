"""Places of a line with `%ari`: functions, loops, conditions, coroutines, before a comment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.magics.prompt import Prompt


@pytest.fixture
def called(on_exchange: Callable[..., Prompt]) -> Prompt:
    prompt = on_exchange()
    prompt("%ari call 1000\n%ari wait StasisStart;")
    return prompt


def test_variables_of_a_function_come_before_the_notebooks(called: Prompt) -> None:
    called("media = 'tt-monkeys'")
    called("def say(media, more):\n    p = %ari play $media {more.strip()} digits:12\n    return p")
    playback = called("say('hello-world', ' tt-weasels ')")
    assert playback.media_uri == "sound:hello-world"
    assert playback.next_media_uri == "sound:tt-weasels"
    called("say = lambda media: get_ipython().run_line_magic('ari', 'play $media')")
    assert called("say('beep')").media_uri == "sound:beep"
    assert called("%ari play $media").media_uri == "sound:tt-monkeys"
    assert "'more' is not defined" in called.fail("%ari play $more")


def test_magic_works_in_loops_conditions_and_coroutines(called: Prompt) -> None:
    called(
        "for word in ('a', 'b'):\n"
        "    if word == 'b':\n"
        "        %ari variable WORD=$word\n"
        "        read = %ari variable WORD"
    )
    assert called.names["read"] == "b"
    called(
        "import asyncio\n"
        "async def later(word):\n"
        "    await asyncio.sleep(0)\n"
        "    %ari variable WORD=$word\n"
        "    return word\n"
        "asyncio.run(later('c'))"
    )
    assert called("%ari variable WORD") == "c"


def test_comment_after_magic_is_ignored(called: Prompt) -> None:
    assert called("p = %ari play hello-world   # it's said\np").media_uri == "sound:hello-world"
    typed = called.type("%ari status;  # quiet")
    assert (typed.error, typed.out) == (None, "")
    assert "connected" in called.type("%ari status  # aloud;").out


def test_bridge_is_shown_as_it_is_after_the_verb(called: Prompt) -> None:
    channel = called("%ari select")
    called("bridge = %ari bridge create")
    added = called.type("%ari bridge add").out
    assert f"channels  {channel.name}" in added, added
    assert "channels  none" in called.type("%ari bridge remove").out
