"""Pieces of dialplan do the same on the simulator and on a real Asterisk.

``snippets.txt`` has one per line, with priorities separated by ``;;``. Compared are the dialplan
locations, variables and user events that ARI publishes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import simulator
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.servers import Event, Server

SNIPPETS = (Path(__file__).parent / "snippets.txt").read_text(encoding="utf-8").splitlines()
SETTINGS = (
    *("N=42", "M=-7", "F=2.5", "S=hello World", "L=a-b-c-d", "E=", 'Q="quoted"', "U=Grüße"),
    *("LIST=x\\,y\\,z", "P=S", "D=0123456789", "Z=0", "H=  pad  ", "T=10:20:30"),
)
AT_ONCE = 12  # snippets
SET_UP = 4 + 2 * len(SETTINGS)  # what the calls of the subroutine that sets them publish
SUBROUTINES = """
[sub]
exten => s,1,NoOp(${ARGC} ${ARG1} ${ARG2})
 same => n,Return(back ${ARG1})
exten => loc,1,Set(LOCAL(W)=inside)
 same => n,Set(LOCAL(N)=${ARG1})
 same => n,Return()
"""


def dialplan() -> str:
    """Return the snippets as extensions ``x0``, ``x1``, … of a context, each in a known state."""
    lines = ["[set]", "exten => s,1,NoOp()", *(f" same => n,Set({each})" for each in SETTINGS)]
    lines += [" same => n,Return()", SUBROUTINES, "[snippets]"]
    lines += ["exten => hinted,hint,Custom:x", "exten => up,1,Answer()", " same => n,Wait(600)"]
    lines += ["exten => ring,1,Ringing()", " same => n,Wait(600)"]
    lines += ["exten => e,1,NoOp(exception ${EXCEPTION(reason)})", " same => n,Wait(600)"]
    for number, snippet in enumerate(SNIPPETS):
        lines.append(f"exten => x{number},1,Gosub(set,s,1)")
        lines += [f" same => n,{each}" for each in snippet.split(" ;; ")]
        lines += [" same => n,NoOp(end)", " same => n,Wait(600)"]
    return (
        "\n".join(["", *lines, ""]).replace("fuzz,up", "snippets,up").replace("@fuzz", "@snippets")
    )


def line(event: Event) -> str | None:
    """Return an event of a dialplan as a line; None for any other."""
    match event["type"]:
        case "ChannelDialplan":
            place = event["channel"]["dialplan"]
            where = f"{place['context']},{place['exten']},{place['priority']}"
            return f"{where} {event['dialplan_app']}({event['dialplan_app_data']})"
        case "ChannelVarset":
            return f"{event['variable']}={event['value']}"
        case "ChannelUserevent":
            return f"{event['eventname']} {event['userevent']}"
    return None


def is_over(events: Iterable[Event]) -> bool:
    return any(
        event["type"] == "ChannelDestroyed" or event.get("dialplan_app_data") == "600"
        for event in events
    )


def stories(server: Server) -> Iterator[list[str]]:
    """Run the snippets, several at once; yield what each did."""
    password = server.password_of(server.user)
    with ari_notebook.connect(
        server.url, app="snippets", user=server.user, password=password, keep=None
    ) as ari:
        for first in range(0, len(SNIPPETS), AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, len(SNIPPETS)))
            for number in numbers:
                ari.channels.originate(
                    endpoint=f"Local/x{number}@snippets",
                    app="snippets",
                    channelId=f"s{number}",
                    otherChannelId=f"s{number}x",
                )
            found: dict[int, list[Event]] = {}
            end = time.monotonic() + 20
            while time.monotonic() < end and not (found and all(map(is_over, found.values()))):
                time.sleep(0.05)
                events = [*ari.events]
                found = {
                    number: [e for e in events if e.get("channel", {}).get("id") == f"s{number}x"]
                    for number in numbers
                }
            yield from ([each for each in map(line, found[n]) if each][SET_UP:] for n in numbers)
            for number in numbers:
                with suppress(ari_notebook.NotFound):
                    ari.channels.hangup(f"s{number}")


@pytest.mark.slow
@pytest.mark.asterisk
@pytest.mark.timeout(400)
def test_snippets_do_the_same_on_both_servers(real_asterisk: RealAsterisk) -> None:
    text = dialplan()
    real_asterisk.write_config("extensions.conf", text)
    real_asterisk.reload()
    with simulator.start(demonstration(), check_origin=False) as running:
        running.set_dialplan(text)
        with ThreadPoolExecutor() as pool:
            both = pool.map(lambda server: list(stories(server)), (real_asterisk, running))
            pairs = list(zip(SNIPPETS, *both, strict=True))
    differing = [f"{snippet}\n{real}\n{ours}" for snippet, real, ours in pairs if real != ours]
    assert not differing, "\n".join(differing)
