"""Stasis applications: who is told about what.

An application is registered by an event socket. It is told of what it is subscribed to: channels,
bridges, endpoints and devices one by one, counted, or all of a kind. Its event filter is asked
last. An application whose socket is gone stays while it is subscribed to a channel, a bridge or an
endpoint, and is told nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ari_notebook.simulator.messages import Refused

__all__ = ["ALL", "ALL_NAMES", "Application", "Applications", "Topic"]

Topic = tuple[str, str]  # ("channel", id); ALL as the id means every one
Deliver = Callable[[str, Mapping[str, Any]], None]

ALL = ""
ALL_NAMES = {
    "channel": "__AST_CHANNEL_ALL_TOPIC",
    "bridge": "__AST_BRIDGE_ALL_TOPIC",
    "endpoint": "__AST_ENDPOINT_ALL_TOPIC",
    "deviceState": "__AST_DEVICE_STATE_ALL_TOPIC",
}
_LISTS = {
    "channel_ids": "channel",
    "bridge_ids": "bridge",
    "endpoint_ids": "endpoint",
    "device_names": "deviceState",
}
# Events that no filter holds back.
_UNFILTERED = ("ApplicationRegistered", "ApplicationUnregistered")


@dataclass(slots=True, eq=False)
class Application:
    """One application.

    Attributes:
        name: as Stasis() in the dialplan calls it.
        deliver: takes its events; None while nobody is connected.
        counts: how often it is subscribed to each topic.
    """

    name: str
    deliver: Deliver | None = None
    counts: Counter[Topic] = field(default_factory=Counter)
    allowed: list[dict[str, str]] = field(default_factory=list)
    disallowed: list[dict[str, str]] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {"name": self.name}
        for listed, kind in _LISTS.items():
            ids = [id or ALL_NAMES[kind] for each, id in self.counts if each == kind]
            shown[listed] = ids if kind == "deviceState" else sorted(ids)
        shown["events_allowed"] = self.allowed
        shown["events_disallowed"] = self.disallowed
        return shown

    def hears(
        self, topics: Iterable[Topic], forwarded: Iterable[Topic] = (), *, to_all: bool = True
    ) -> int:
        """How often it is told of something about these topics, which others are told of as well.

        Twice where it was subscribed to one of them and then to all of the kind: Asterisk's topic
        of all forwards what the one forwards already. Once more for each of the others.
        """
        counts = self.counts
        if not counts:
            return 0
        told = [
            (topic in counts) + (to_all and topic[1] != ALL and (topic[0], ALL) in counts)
            for topic in topics
        ]
        return max(told, default=0) + sum(topic in counts for topic in forwarded)

    def allows(self, event: Mapping[str, Any]) -> bool:
        """Whether its filter lets an event pass; what is disallowed wins."""
        if not self.allowed and not self.disallowed:
            return True
        kind = event["type"]
        if kind in _UNFILTERED:
            return True
        if any(each["type"] == kind for each in self.disallowed):
            return False
        return not self.allowed or any(each["type"] == kind for each in self.allowed)


class Applications:
    """The applications of an exchange.

    Args:
        stamp: gives what every event ends with: ``asterisk_id``.
        timestamp: the time of an event.
    """

    def __init__(self, asterisk_id: str, timestamp: Callable[[], str]) -> None:
        self._apps: dict[str, Application] = {}
        self._left: dict[str, Counter[Topic]] = {}
        self._asterisk_id = asterisk_id
        self._timestamp = timestamp

    # Registration, by sockets.

    def registered(self, name: str) -> bool:
        """Whether somebody takes this application's events now."""
        app = self._apps.get(name)
        return app is not None and app.deliver is not None

    def known(self, name: str) -> bool:
        """Whether this application is, or was, registered."""
        return name in self._apps

    def register(self, name: str, deliver: Deliver, *, subscribe_all: bool) -> None:
        """Let a socket take an application's events; one that had it before is told.

        A known application that is registered again keeps what it had, and gets nothing more.
        """
        app = self._apps.get(name)
        if app is None:
            app = self._apps[name] = Application(name, counts=self._left.pop(name, Counter()))
            if subscribe_all:
                app.counts.update({(kind, ALL): 1 for kind in ALL_NAMES})
        elif app.deliver is not None:
            replaced = {"type": "ApplicationReplaced", "timestamp": self._timestamp()}
            self.tell(app, replaced | {"application": name})
        app.deliver = deliver

    def unregister(self, name: str, deliver: Deliver) -> None:
        """The socket is gone; it may have been replaced before.

        Subscriptions to all of a kind go with it, those to one stay.
        """
        app = self._apps.get(name)
        if app is None or app.deliver != deliver:
            return
        app.deliver = None
        for kind in ALL_NAMES:
            app.counts.pop((kind, ALL), None)
        self._prune(app)

    def _prune(self, app: Application) -> None:
        """Forget an application that nobody can hear of any more.

        Asterisk keeps the subscriptions to devices elsewhere: they hold no application, and the
        next one of that name has them.
        """
        if app.deliver is None and all(kind == "deviceState" for kind, _ in app.counts):
            self._apps.pop(app.name, None)
            if app.counts:
                self._left[app.name] = app.counts

    # Delivery.

    def publish(
        self,
        event: dict[str, Any],
        topics: Iterable[Topic],
        forwarded: Iterable[Topic] = (),
        *,
        to_all: bool = True,
    ) -> None:
        """Tell an event to every application that is subscribed to one of its topics.

        Args:
            event: the event.
            topics: what it is about.
            forwarded: to whom Asterisk forwards what happens there.
            to_all: whether who is subscribed to everything hears of it, too.
        """
        for app in list(self._apps.values()):
            for _ in range(app.hears(topics, forwarded, to_all=to_all)):
                self.tell(app, event)

    def send(self, name: str, event: dict[str, Any]) -> bool:
        """Tell an event to one application whatever it is subscribed to; False if nobody hears."""
        app = self._apps.get(name)
        if app is None or app.deliver is None:
            return False
        self.tell(app, event)
        return True

    def tell(self, app: Application, event: dict[str, Any]) -> None:
        """Let an application have an event, if its filter allows."""
        if app.deliver is not None and app.allows(event):
            identity = {"asterisk_id": self._asterisk_id, "application": app.name}
            app.deliver(app.name, {**event, **identity})

    def allows(self, name: str, event: Mapping[str, Any]) -> bool:
        """Whether an application's filter lets something pass; an unknown one lets nothing."""
        app = self._apps.get(name)
        return app is not None and app.allows(event)

    # Subscriptions.

    def subscribe(self, name: str, topic: Topic) -> None:
        """Count one subscription more; who is subscribed to all of a kind gets none to one."""
        app = self._apps.get(name)
        if app is None or (topic[0], ALL) in app.counts:
            return
        app.counts[topic] = 1 if topic[0] == "deviceState" else app.counts[topic] + 1

    def unsubscribe(self, name: str, topic: Topic) -> None:
        """Count one subscription less."""
        app = self._apps.get(name)
        if app is None or topic not in app.counts:
            return
        app.counts[topic] -= 1
        if app.counts[topic] <= 0:
            del app.counts[topic]
        self._prune(app)

    def forget(self, topic: Topic) -> None:
        """A channel or a bridge is no more: nobody is subscribed to it."""
        for app in list(self._apps.values()):
            if topic in app.counts:
                del app.counts[topic]
                self._prune(app)

    def names(self) -> list[str]:
        """The applications that are heard by somebody."""
        return [name for name, app in self._apps.items() if app.deliver is not None]

    # What ARI asks.

    def list(self) -> list[dict[str, Any]]:
        """ARI's objects of all applications."""
        return [app.json() for app in self._apps.values()]

    def get(self, name: str) -> Application:
        """One application.

        Raises:
            Refused: 404.
        """
        app = self._apps.get(name)
        if app is None:
            raise Refused(404, "Application not found")
        return app
