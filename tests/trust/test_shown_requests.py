"""Views of requests hide the same secrets as captures."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import requests

import ari_notebook
from ari_notebook.captures.file_format import Reader, Writer, line
from ari_notebook.captures.replay.server import ServedCapture
from ari_notebook.views.display.formatters import html_of
from tests.magics.prompt import Prompt

FIELDS = {"fields": [{"attribute": "password", "value": "TOPSECRET"}]}
VARIABLE = {"variable": "PIN", "value": "TOPSECRET"}


def test_secrets_are_in_no_view_of_a_request(tmp_path: Path) -> None:
    with ari_notebook.connect() as ari:
        path = "/asterisk/config/dynamic/res_pjsip/auth/alice"
        with contextlib.suppress(ari_notebook.AriError):
            ari.request("PUT", path, body=FIELDS)
        with contextlib.suppress(ari_notebook.AriError):
            ari.request("POST", "/channels/none/variable", VARIABLE)
        with contextlib.suppress(ari_notebook.AriError):
            ari.request("GET", "/channels/none/variable?token=TOPSECRET")
        assert len(ari.requests) >= 3
        ari.ladder().save(tmp_path / "ladder.svg")
        shown = [ari.requests.df.to_csv(), (tmp_path / "ladder.svg").read_text()]
        for request in list(ari.requests)[-3:]:
            shown += [str(html_of(request)), request.curl(), str(request), repr(request)]
        shown += [str(html_of(ari.requests)), repr(ari.requests)]
        assert [each for each in shown if "TOPSECRET" in each] == []
        assert "***" in shown[0]


def test_curl_magic_blanks_secrets(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt.type("%ari post /channels/none/variable variable=PIN value=TOPSECRET")
    said = str(prompt("%ari curl"))
    assert said.startswith("curl -v -u asterisk -X POST")
    assert "***" in said
    assert "TOPSECRET" not in said


def test_header_of_a_capture_makes_no_http_header(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    header = {"version": 1, "asterisk": "A\r\nX-Injected: yes", "user": "a\r\nb"}
    Writer(path, line("capture", header)).close()
    with ServedCapture(path) as served:
        answer = requests.get(f"{served.url}/ari/channels", timeout=30)
        assert answer.headers["Server"] == "AX-Injected: yes"
        assert "X-Injected" not in answer.headers
        assert served.user == "ab"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("applications", 5),
        ("applications", [5, None]),
        ("applications", {"a": 1}),
        ("asterisk", ["A"]),
        ("user", {"name": "b"}),
        ("url", 8088),
        ("subscribe_all", "yes"),
    ],
)
def test_header_of_wrong_types_is_left_out(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "day.jsonl"
    Writer(path, line("capture", {"version": 1, name: value})).close()
    reader = Reader(path)
    assert reader.header == {"version": 1}
    assert len(list(reader)) == 1
    assert dict(reader.problems) == {f"header field {name} skipped": 1}
    with ServedCapture(path) as served, ari_notebook.replay(path) as ari:
        assert served.user == "asterisk"
        assert ari.apps == ("recorded",)
