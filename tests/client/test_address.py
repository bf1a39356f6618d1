import pytest

from ari_notebook.client.address import Address, application_names
from ari_notebook.client.errors import UsageProblem


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("http://pbx:8088", "http://pbx:8088"),
        (" http://pbx:8088/ ", "http://pbx:8088"),
        ("http://pbx:8088/ari", "http://pbx:8088"),
        ("http://pbx:8088/asterisk/ari/", "http://pbx:8088/asterisk"),
        ("https://[::1]:8089", "https://[::1]:8089"),
    ],
)
def test_typed_url_becomes_base_url(typed: str, base: str) -> None:
    assert Address.parse(typed).base == base


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "http://127.0.0.1:8088"),
        ("pbx:8088", "Did you mean http://pbx:8088?"),
        ("127.0.0.1:18088", "Did you mean http://127.0.0.1:18088?"),
        ("localhost", "Did you mean http://localhost:8088?"),
        ("[::1]:8088/ari", "Did you mean http://[::1]:8088?"),
        ("pbx", "Use a URL like http://127.0.0.1:8088"),
        ("ws://pbx:8088", "Type http://pbx:8088"),
        ("http://asterisk:secret@pbx:8088", "ARI_PASSWORD"),
        ("asterisk:secret@pbx:8088", "'pbx:8088' is not the URL"),
        ("http://asterisk:secret@[pbx", "'http://[pbx' is not the URL"),
        ("http://asterisk:secret@pb\u2100x", "'http://pb\u2100x' is not the URL"),
        ("http:/asterisk:secret@pbx:8088", "'http:/pbx:8088' is not the URL"),
        ("http://asterisk:secret/x@pbx:8088", "the port in 'http://pbx:8088'"),
        ("ws://asterisk:secret@pbx:8088/ari", "Type http://pbx:8088/ari"),
        ("ws://pbx:8088/ari/events?api_key=asterisk:secret&app=x", "Type http://pbx:8088/ari/ev"),
        ("pbx/ari/events?api_key=asterisk:secret@1", "'pbx/ari/events' is not the URL"),
        ("http://pbx:70000", "65535"),
    ],
)
def test_invalid_url_is_refused_with_advice(typed: str, says: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        Address.parse(typed)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_event_socket_names_all_applications_in_one_parameter() -> None:
    url = Address.parse("https://pbx").events(("a", "b-ü"), subscribe_all=True)
    assert url == "wss://pbx/ari/events?app=a,b-%C3%BC&subscribeAll=true"


def test_application_names_from_text_and_list() -> None:
    assert application_names("a, b,a") == ("a", "b")
    assert application_names(["a", "b"]) == ("a", "b")


@pytest.mark.parametrize("name", ["", "a,", "a b", "a&b", "a/b", "a\nb", "x" * 74, "${EXTEN}"])
def test_application_names_that_would_break_a_dialplan_are_refused(name: str) -> None:
    with pytest.raises(UsageProblem):
        application_names(name)
