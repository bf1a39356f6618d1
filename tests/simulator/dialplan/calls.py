"""A call through a dialplan in virtual time, and the events of each of its channels."""

from __future__ import annotations

from tests.helpers.servers import Event
from tests.simulator.switchboard import Switchboard

OTHER_END = """
[other-end]
exten => silent,1,Answer()
 same => n,Wait(3600)
exten => keys,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(12#)
 same => n,Wait(3600)
"""


def call(
    dialplan: str, extension: str = "x", seconds: float = 60.0, other_end: str = "silent"
) -> Switchboard:
    """Call an extension of a dialplan by a Local channel whose other half goes to another one.

    Returns:
        the switchboard; its ``events`` are all published events.
    """
    board = Switchboard(dialplan + OTHER_END)
    board.ask(
        "POST",
        "/channels",
        endpoint=f"Local/{extension}@default",
        extension=other_end,
        context="other-end",
    )
    board.wait(seconds)
    return board


def published(board: Switchboard, half: str = ";2", pair: int = 0) -> list[str]:
    """Return the events of the Local half that runs the dialplan, as short lines."""
    names = []
    for event in board.events:
        name = (event.get("channel") or event.get("peer") or {}).get("name", "")
        if name.endswith(half) and name not in names:
            names.append(name)
    return [
        _line(event)
        for event in board.events
        if (event.get("channel") or event.get("peer") or {}).get("name") == names[pair]
    ]


def _line(event: Event) -> str:
    words = [event["type"].removeprefix("Channel")]
    dialplan = (event.get("channel") or event["peer"])["dialplan"]
    if event["type"] == "ChannelDialplan":
        words += [f"{dialplan['exten']},{dialplan['priority']}"]
        words += [f"{event['dialplan_app']}({event['dialplan_app_data']})"]
    if event["type"] == "ChannelStateChange":
        words.append(event["channel"]["state"])
    if "variable" in event:
        words.append(f"{event['variable']}={event['value']}")
    for name in ("dialstatus", "cause", "soft", "digit"):
        if name in event:
            words.append(f"{name}={event[name]}")
    return " ".join(words)


def ran(board: Switchboard, pair: int = 0) -> list[str]:
    """Return the priorities that ran."""
    return [
        line.removeprefix("Dialplan ")
        for line in published(board, pair=pair)
        if line.startswith("Dialplan ")
    ]
