"""A dialer: calls many numbers at a steady pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.flows.call import Call
from ari_notebook.flows.state import Party, new_id
from ari_notebook.parts.tables import table
from ari_notebook.store.progress_bar import ProgressBar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dial_out"]

_COLUMNS = (
    "number",
    "endpoint",
    "tries",
    "begin",
    "answered",
    "end",
    "wait",
    "talk",
    "disposition",
    "cause",
    "sip",
    "error",
)
# Dialstatus → the disposition of the calls table.
_DISPOSITIONS = {"ANSWER": "ANSWERED", "BUSY": "BUSY", "NOANSWER": "NO ANSWER"}
_MARGIN_SECONDS = 10.0  # for the last event of an attempt


@dataclass(frozen=True)
class _New:
    """A channel that is about to be made: where its events begin in the log."""

    id: str
    since: int


class _Pace:
    """Limits the rate at which threads continue."""

    def __init__(self, rate: float) -> None:
        self._pause, self._next, self._lock = 1 / rate, time.monotonic(), threading.Lock()

    def wait(self) -> None:
        """Return when it is this thread's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._pause
        time.sleep(max(0.0, turn - time.monotonic()))


def dial_out(
    ari: Any,
    numbers: Iterable[str],
    *,
    endpoint: str = "PJSIP/{}",
    rate: float = 10,
    ring: float = 20,
    tries: int = 1,
    retry: Collection[str] = ("BUSY", "NO ANSWER"),
    pause: float = 1,
    on_answer: Callable[[Call], object] | None = None,
    caller_id: str | None = None,
    most: int = 50,
    progress: bool = True,
) -> pd.DataFrame:
    """Call numbers and return how each ended, by hangup cause and SIP status.

    Args:
        ari: the session.
        numbers: numbers to call.
        endpoint: an endpoint in which ``{}`` stands for the number.
        rate: new calls a second.
        ring: seconds that each rings.
        tries: attempts for a number.
        retry: dispositions after which it is tried again.
        pause: seconds before that.
        on_answer: a flow for those who answer; without one they are hung up.
        caller_id: as ``"Alice <5551>"``.
        most: calls at a time.
        progress: show a progress bar.

    Returns:
        A row a number, in their order, with columns of ``ari.calls.df``, the number of ``tries``,
        and ``sip``, the SIP status of a refusal; 0: none.

    Raises:
        UsageProblem: a limit is not positive.
    """
    wanted = list(numbers)
    if min(rate, ring, tries, most) <= 0:
        raise UsageProblem("rate, ring, tries and most must be positive")
    pace = _Pace(rate)

    def call(number: str) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for attempt in range(1, tries + 1):
            pace.wait()
            row = _attempt(ari, number, endpoint.format(number), ring, on_answer, caller_id)
            row["tries"] = attempt
            if row["disposition"] not in retry:
                break
            time.sleep(pause)
        return row

    with ThreadPoolExecutor(most, thread_name_prefix="ari-dialer") as workers:
        done = [workers.submit(call, str(number)) for number in wanted]
        with ProgressBar("calling") as bar:
            for count, _ in enumerate(as_completed(done), 1):
                if progress:
                    bar.update(count / len(done), f"{count} of {len(done)}")
    return table([each.result() for each in done], _COLUMNS)


def _attempt(
    ari: Any,
    number: str,
    endpoint: str,
    ring: float,
    on_answer: Callable[[Call], object] | None,
    caller_id: str | None,
) -> dict[str, Any]:
    """Make one call attempt."""
    leg = Party(new_id("dialer"), endpoint)
    row: dict[str, Any] = dict.fromkeys(_COLUMNS)
    row |= {"number": number, "endpoint": endpoint, "begin": time.time(), "error": ""}
    ari.flows.own(leg.id)
    with ari.follow(channel=_New(leg.id, ari.log.count)) as events:
        try:
            ari.channels.originate_with_id(
                leg.id,
                endpoint,
                app=ari.apps[0],
                appArgs="dial-out",
                timeout=max(1, round(ring)),
                callerId=caller_id,
            )
            for event in events.until(ring + _MARGIN_SECONDS):
                leg.note(event)
                if event["type"] == "StasisStart":
                    row["answered"] = time.time()
                    if on_answer is not None:
                        ari.flows.run(on_answer, event)
                    else:
                        _hang_up(ari, leg.id)
                    break
        except AriError as error:
            row["error"] = str(error)
        finally:
            if not leg.gone:
                _hang_up(ari, leg.id)
    row["end"] = time.time()
    row["disposition"] = "FAILED" if row["error"] else _DISPOSITIONS.get(leg.status, "FAILED")
    row["wait"] = (row["answered"] or row["end"]) - row["begin"]
    row["talk"] = row["end"] - row["answered"] if row["answered"] else None
    row["cause"], row["sip"] = leg.cause, leg.sip
    return row


def _hang_up(ari: Any, channel: str) -> None:
    try:
        ari.channels.hangup(channel)
    except AriError:  # it has gone, or the server has
        return
