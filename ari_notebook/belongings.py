"""What a session made on its server, so that it can be taken away when the session closes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from urllib.parse import quote

from ari_notebook.client.errors import AriError, ConnectionLost, NotFound, OutcomeUnknown
from ari_notebook.client.rest import Answer, Call, Rest
from ari_notebook.subscriptions import Subscriptions

__all__ = ["Belongings"]

# The paths to which a POST makes something, and what it makes.
_MAKERS = (
    (re.compile(r"/channels(/[^/]+)?|/channels/[^/]+/snoop(/[^/]+)?"), "channels"),
    (re.compile(r"/bridges(/[^/]+)?"), "bridges"),
)
_FEW = 500  # how many are remembered before those that are gone are sorted out
_PATIENCE = 2.0  # seconds to wait for an answer while leaving


class Belongings:
    """The channels, snoops, external media and bridges that a session's own requests made.

    A request that makes something has a thread of its own, which reads the answer also where the
    one who asked was interrupted: what nobody waits for any more is known all the same.

    Args:
        rest: where to look and to remove; the session's own questions, which are in no log.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._made: dict[str, set[str]] = {"channels": set(), "bridges": set()}
        self._unknown: list[Call] = []  # of which no answer came
        self._underway: set[Future[Answer]] = set()
        self._roomy = _FEW

    def send(self, call: Call, send: Callable[[Call], Answer]) -> Answer:
        """Send a call and note what it makes.

        Args:
            call: any.
            send: sends it.
        """
        path = call.path.partition("?")[0]
        kind = next((kind for pattern, kind in _MAKERS if pattern.fullmatch(path)), None)
        if call.method != "POST" or kind is None:
            return send(call)
        answer: Future[Answer] = Future()
        self._underway.add(answer)
        threading.Thread(
            target=self._make, args=(call, path, kind, send, answer), name="ari-make", daemon=True
        ).start()
        return answer.result()

    def _make(
        self,
        call: Call,
        path: str,
        kind: str,
        send: Callable[[Call], Answer],
        future: Future[Answer],
    ) -> None:
        try:
            # A bridge's path may be one that is there, which the request then changes.
            ours = kind != "bridges" or path == "/bridges" or not self._exists(path)
            answer = send(call)
            if ours:
                self._made[kind].add(str(answer.json()["id"]))
                self._sort_out()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            if isinstance(error, OutcomeUnknown):
                self._unknown.append(call)
            future.set_exception(error)
        else:
            future.set_result(answer)
        finally:
            self._underway.discard(future)

    def take_away(self, subscriptions: Subscriptions) -> list[str]:
        """Remove everything that is still there.

        Args:
            subscriptions: of the session, which are withdrawn.

        Returns:
            What could not be removed, and why; a line each.
        """
        wait(set(self._underway), _PATIENCE)
        rest = Rest(self._rest.transport, timeout=_PATIENCE)
        left = [f"{call} had no answer and may have made something" for call in self._unknown]
        calls = subscriptions.withdrawals()
        for kind, made in self._made.items():
            calls += (
                Call("DELETE", f"/{kind}/{quote(id, safe='')}")
                for id in self._alive(made, kind, rest)
            )
        for number, call in enumerate(calls):
            try:
                rest.send(call)
            except NotFound:
                continue
            except AriError as error:
                left.append(f"{call}: {error}")
                if isinstance(error, ConnectionLost):  # the next would wait as long
                    left += [f"{each}: not tried" for each in calls[number + 1 :]]
                    break
        return left

    @staticmethod
    def _alive(made: set[str], kind: str, rest: Rest) -> set[str]:
        """Which of them are there; all of them where the server does not say."""
        known = set(made)
        if not known:
            return known
        try:
            return known & {str(each["id"]) for each in rest.send(Call("GET", f"/{kind}")).json()}
        except AriError:
            return known

    def _exists(self, path: str) -> bool:
        try:
            self._rest.send(Call("GET", path))
        except NotFound:
            return False
        return True

    def _sort_out(self) -> None:
        """Forget what is gone, so that a day of calls is not remembered call by call."""
        if sum(map(len, self._made.values())) <= self._roomy:
            return
        for kind, made in self._made.items():
            known = set(made)
            made -= known - self._alive(known, kind, self._rest)
        self._roomy = max(_FEW, 2 * sum(map(len, self._made.values())))
