"""Tables in a shell: essential columns fit into 80 characters."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from ari_notebook.views.display.narrow import table_text
from tests.magics.prompt import Prompt


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prompt]:
    monkeypatch.delenv("ARI_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    opened = Prompt()
    opened("%ari connect")
    opened("phone = %ari call 1000 --caller 'Alice <5551>'")
    opened("%ari wait StasisStart;")
    opened("%ari play hello-world --wait;")
    yield opened
    opened("ari.close()")
    opened.close()


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("%ari events", ["timestamp", "type", "channel_name", "detail"]),
        ("ari.events.df", ["timestamp", "type", "channel_name", "detail"]),
        ("%ari requests", ["time", "method", "path", "status"]),
        ("%ari calls", ["id", "begin", "caller", "called"]),
        ("%ari channels", ["id", "name", "state", "caller_number", "exten"]),
        ("%ari sessions", ["name", "state", "applications", "used"]),
        ("%ari check", ["lesson", "minutes", "steps", "about"]),
    ],
)
def test_table_shows_essential_columns(prompt: Prompt, line: str, columns: list[str]) -> None:
    shown = prompt.type(line).out.partition("Out[")[2].splitlines()[1:]
    assert shown[0].split()[: len(columns)] == columns
    assert all(len(each) <= 80 for each in shown)
    assert shown[-1].startswith("[")


def test_event_row_says_what_happened(prompt: Prompt) -> None:
    text = prompt.type("%ari events").out
    assert "PJSIP/loopback-00000000" in text
    assert "sound:hello-" in text


def test_foreign_tables_stay_as_pandas_shows_them() -> None:
    for table in (pd.DataFrame({"a": [1]}), pd.DataFrame()):
        assert table_text(table) == repr(table)


def test_table_without_rows_names_its_columns() -> None:
    table = pd.DataFrame(columns=["method", "path", "curl"])
    assert table_text(table, 80) == "[no rows; columns method, path, curl]"


def test_long_table_shows_its_end() -> None:
    columns = {"method": "GET", "path": "/channels", "curl": "x" * 100, "status": 200}
    table = pd.DataFrame([columns] * 100)
    assert "[100 rows, the last 40; also curl]" in table_text(table, 80)


def test_missing_values_are_blank() -> None:
    table = pd.DataFrame(
        {"method": ["GET", "POST"], "path": ["/a", "/b"], "curl": ["", ""], "status": [200, pd.NA]}
    )
    assert table_text(table, 80).splitlines()[2] == "POST    /b"
