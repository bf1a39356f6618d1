"""Authentication of requests."""

import base64

import pytest

from ari_notebook.simulator.rest.auth import credentials, matches


def basic(text: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(text.encode()).decode())


def test_basic_comes_before_the_api_key() -> None:
    query = [("api_key", "other:word")]
    assert credentials([basic("asterisk:secret")], query) == ("asterisk", "secret")
    assert credentials([], query) == ("other", "word")


def test_basic_header_that_cannot_be_read_hides_no_api_key() -> None:
    query = [("api_key", "other:word")]
    assert credentials([("Authorization", "Bearer x")], query) == ("other", "word")


def test_only_the_first_api_key_counts() -> None:
    assert credentials([], [("api_key", ""), ("api_key", "a:b")]) is None


def test_password_may_hold_colons() -> None:
    assert credentials([basic("a:b:c")], []) == ("a", "b:c")


@pytest.mark.parametrize("text", ["", ":", "a", "a:", ":b"])
def test_name_and_a_password_are_needed(text: str) -> None:
    assert credentials([basic(text)], []) is None
    assert credentials([], [("api_key", text)]) is None


def test_plain_password_is_compared() -> None:
    assert matches("secret", "secret", "plain")
    assert not matches("Secret", "secret", "plain")


# made by crypt(3) itself
HASHES = [
    "$6$rounds=1000$saltsalt$",
    "$5$rounds=1000$saltsalt$",
    "$1$saltsalt$",
]


@pytest.mark.parametrize("prefix", HASHES)
def test_password_kept_as_crypt_writes_it(prefix: str) -> None:
    crypt = pytest.importorskip("crypt", reason="Python 3.13 has no crypt(3) to compare with")
    kept = crypt.crypt("secret", prefix)
    assert matches("secret", kept, "crypt")
    assert not matches("Secret", kept, "crypt")


def test_hash_from_asterisks_own_ari_mkpasswd() -> None:
    kept = (
        "$6$XevmtyGCOxvJLqaH$JbSu7JsEDURTSATqaDXhN3aySuR5oi/cYKP"
        "/voPu1bVeAmWfJh.tPwhvIYWrW7Il9kd9LJ1u3jF3anP3/SwD10"
    )
    assert matches("secret", kept, "crypt")
    assert not matches("wrong", kept, "crypt")


def test_unknown_hash_rejects_every_password() -> None:
    assert not matches("secret", "$zz$secret", "crypt")
    assert not matches("secret", "secret", "crypt")
