"""Who ended a call, from the fields of its hangup request."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.store.ledger import Ledger


def events(state: str, tech_cause: int | None) -> list[dict[str, Any]]:
    channel = {
        "id": "1.1",
        "name": "PJSIP/alice-1",
        "state": state,
        "creationtime": "2026-01-01T10:00:00.000+0000",
        "caller": {"name": "", "number": "5551"},
        "dialplan": {"context": "default", "exten": "1000", "priority": 1, "app_name": "Dial"},
    }
    asked = {"tech_cause": tech_cause} if tech_cause else {}
    return [
        {"type": "ChannelCreated", "timestamp": "2026-01-01T10:00:00.000+0000", "channel": channel},
        {
            "type": "ChannelHangupRequest",
            "timestamp": "2026-01-01T10:00:01.000+0000",
            "channel": channel,
            **asked,
        },
    ]


@pytest.mark.parametrize(
    ("state", "tech_cause", "by"),
    [
        ("Busy", 486, "dialplan"),
        ("Ring", 503, "dialplan"),  # the request may precede the state Busy
        ("Ring", 487, "caller"),
        ("Ring", None, "caller"),
        ("Up", None, "caller"),
    ],
)
def test_refusal_of_an_unanswered_call_is_the_dialplans(
    state: str, tech_cause: int | None, by: str
) -> None:
    ledger = Ledger()
    ledger.feed(events(state, tech_cause))
    (call,) = ledger
    assert call.row()["hangup_by"] == by
