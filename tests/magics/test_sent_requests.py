"""A verb sends its arguments unchanged: not split, rounded or dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.magics.prompt import Prompt


@pytest.fixture
def in_stasis(on_exchange: Callable[[str], Prompt]) -> Iterator[Prompt]:
    """A prompt with one channel in Stasis."""
    prompt = on_exchange("hello-world")
    prompt("phone = %ari call 1000")
    prompt("%ari wait StasisStart")
    prompt("%ari answer")
    yield prompt
    prompt("phone.hangup()")


def last_request(prompt: Prompt) -> tuple[dict[str, str], object]:
    prompt("last = ari.requests.last")
    sent = prompt.names["last"]
    return dict(sent.params), sent.body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLERID(name)", "Bob"),
        ("CHANNEL(language)", "de"),
        ("HASH(h,k)", "5"),
        ("MY-VAR", "1"),
        ("_COLOUR", "red=dark"),
    ],
)
def test_variable_sets_function_and_any_name(in_stasis: Prompt, name: str, value: str) -> None:
    in_stasis(f"%ari variable {name}={value}")
    assert last_request(in_stasis)[0] == {"variable": name, "value": value}
    in_stasis(f"found = %ari variable {name.removeprefix('_')}")
    assert in_stasis.names["found"] == value


def test_variable_value_with_blanks_in_quotes(in_stasis: Prompt) -> None:
    in_stasis('%ari variable "CALLERID(name)=Bob Smith"')
    in_stasis("found = %ari variable CALLERID(name)")
    assert in_stasis.names["found"] == "Bob Smith"


def test_long_variable_arrives_whole(in_stasis: Prompt) -> None:
    in_stasis("""ari.current_channel.set_channel_var("CTX", "x" * 30_000)""")
    in_stasis("found = %ari variable CTX")
    assert in_stasis.names["found"] == "x" * 30_000


@pytest.mark.parametrize("media", ["tone:!350/200,!0/100", "'tone:!350/200,!0/100'"])
def test_play_sends_tone_with_commas_as_one_medium(in_stasis: Prompt, media: str) -> None:
    in_stasis(f"%ari play {media}")
    assert last_request(in_stasis) == ({}, {"media": ["tone:!350/200,!0/100"]})
    in_stasis("event = %ari wait PlaybackStarted")
    assert in_stasis.names["event"].playback.media_uri == "tone:!350/200,!0/100"
    in_stasis("%ari playback stop")


def test_play_sends_several_sounds(in_stasis: Prompt) -> None:
    in_stasis("%ari play hello-world,beep digits:1")
    media = "sound:hello-world,sound:beep,digits:1"
    assert last_request(in_stasis) == ({"media": media}, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%ari play number:abc", "A number is written in digits"),
        ("%ari play http://example.com/x.wav", "Write sound:http://example.com/x.wav"),
        ("%ari variable X=a b", "needs quotes"),
    ],
)
def test_refused_request_is_not_sent(in_stasis: Prompt, line: str, says: str) -> None:
    sent = len(in_stasis.names["ari"].requests)
    assert says in in_stasis.fail(line)
    assert len(in_stasis.names["ari"].requests) == sent


def test_dial_refuses_fraction_that_asterisk_takes_for_never(in_stasis: Prompt) -> None:
    in_stasis("leg = %ari create Local/1001@default")
    assert "timeout must be a whole number" in in_stasis.fail("%ari dial $leg --timeout 0.5")
    in_stasis("%ari hangup $leg")
