"""What a session made on its server, so that it can be taken away when the session closes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from contextlib import suppress
from urllib.parse import quote

from ari_notebook.client.errors import (
    AriError,
    InvalidParameter,
    NotFound,
    OutcomeUnknown,
    RequestFailed,
)
from ari_notebook.client.rest import Answer, Call, Rest
from ari_notebook.subscriptions import withdrawals

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

    def take_away(self, applications: Collection[str]) -> list[str]:
        """Remove everything that is still there, and the applications' subscriptions and filters.

        Args:
            applications: the session's own.

        Returns:
            What could not be removed, and why; a line each.
        """
        wait(set(self._underway), _PATIENCE)
        rest = Rest(self._rest.transport, timeout=_PATIENCE)
        left = [f"{call} had no answer and may have made something" for call in self._unknown]
        try:
            for kind, made in self._made.items():
                for id in self._alive(made, kind, rest):
                    _remove(rest, Call("DELETE", f"/{kind}/{quote(id, safe='')}"), left)
            for application in rest.send(Call("GET", "/applications")).json():
                if application["name"] in applications:
                    for call in withdrawals(application):
                        _remove(rest, call, left)
        except AriError as error:  # nobody answers: the next would wait as long
            left.append(f"everything else: {error}")
        return left

    @staticmethod
    def _alive(made: set[str], kind: str, rest: Rest) -> set[str]:
        """Which of them are there; all of them where the server does not say."""
        known = set(made)
        if not known:
            return known
        try:
            return known & {str(each["id"]) for each in rest.send(Call("GET", f"/{kind}")).json()}
        except RequestFailed:
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
        with suppress(AriError):  # which is not the business of whoever asks for something
            for kind, made in self._made.items():
                known = set(made)
                made -= known - self._alive(known, kind, self._rest)
        self._roomy = max(_FEW, 2 * sum(map(len, self._made.values())))


def _remove(rest: Rest, call: Call, left: list[str]) -> None:
    """Send a call that removes something; what is gone already is as good as removed."""
    try:
        rest.send(call)
    except (NotFound, InvalidParameter):  # 422 is a source of events that is no more
        return
    except RequestFailed as error:
        left.append(f"{call}: {error}")
