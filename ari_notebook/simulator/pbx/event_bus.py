"""Stasis applications, their subscriptions, and the delivery of events.

An event socket registers an application. It receives the events of the topics it is subscribed to:
individual channels, bridges, endpoints and devices, with a count, or all of a kind. Its event
filter is applied last. After its socket disconnects, an application remains while it is subscribed
to a channel, bridge or endpoint, and receives nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.topics import ALL, Topic
from ari_notebook.simulator.utf8 import is_json

__all__ = ["ALL_NAMES", "EventBus", "StasisApplication"]

Deliver = Callable[[str, Mapping[str, Any]], None]

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
# Events exempt from event filters.
_UNFILTERED = ("ApplicationRegistered", "ApplicationUnregistered")


@dataclass(slots=True, eq=False)
class StasisApplication:
    """One Stasis application.

    Attributes:
        name: its name in Stasis().
        deliver: callback for its events; None while no socket is connected.
        counts: the number of subscriptions to each topic.
    """

    name: str
    deliver: Deliver | None = None
    counts: Counter[Topic] = field(default_factory=Counter)
    allowed: list[dict[str, str]] = field(default_factory=list)
    disallowed: list[dict[str, str]] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """Return ARI's object."""
        shown: dict[str, Any] = {"name": self.name}
        for listed, kind in _LISTS.items():
            ids = [id or ALL_NAMES[kind] for each, id in self.counts if each == kind]
            shown[listed] = ids if kind == "deviceState" else sorted(ids)
        shown["events_allowed"] = self.allowed
        shown["events_disallowed"] = self.disallowed
        return shown

    def copies_of(
        self, topics: Iterable[Topic], forwarded: Iterable[Topic] = (), *, to_all: bool = True
    ) -> int:
        """Return the number of copies of an event that the application receives.

        Two if it was subscribed to one of the topics and then to all of the kind, because
        Asterisk's topic of all forwards the single topic's events. One more for each forwarded
        topic.
        """
        counts = self.counts
        if not counts:
            return 0
        copies = [
            (topic in counts) + (to_all and topic[1] != ALL and (topic[0], ALL) in counts)
            for topic in topics
        ]
        return max(copies, default=0) + sum(topic in counts for topic in forwarded)

    def allows(self, event: Mapping[str, Any]) -> bool:
        """Return whether its filter passes an event; a disallowed type wins."""
        if not self.allowed and not self.disallowed:
            return True
        kind = event["type"]
        if kind in _UNFILTERED:
            return True
        if any(each["type"] == kind for each in self.disallowed):
            return False
        return not self.allowed or any(each["type"] == kind for each in self.allowed)


class EventBus:
    """Publishes the events of an exchange to its Stasis applications.

    Args:
        asterisk_id: last field of every event.
        clock: clock for timestamps.
    """

    def __init__(self, asterisk_id: str, clock: Clock) -> None:
        self._apps: dict[str, StasisApplication] = {}
        self._left: dict[str, Counter[Topic]] = {}
        self._asterisk_id = asterisk_id
        self._clock = clock
        self._forwards: dict[Topic, tuple[Topic, ...]] = {}
        self._repeated: set[Topic] = set()

    def close(self) -> None:
        """Deliver no event any more."""
        self._apps.clear()

    # Registration, by sockets.

    def registered(self, name: str) -> bool:
        """Return whether an event socket is connected for an application."""
        app = self._apps.get(name)
        return app is not None and app.deliver is not None

    def known(self, name: str) -> bool:
        """Return whether an application is, or was, registered."""
        return name in self._apps

    def register(self, name: str, deliver: Deliver, *, subscribe_all: bool) -> None:
        """Connect a socket to an application; a previous socket receives ApplicationReplaced.

        A known application that is registered again keeps its subscriptions.
        """
        app = self._apps.get(name)
        if app is None:
            app = self._apps[name] = StasisApplication(name, counts=self._left.pop(name, Counter()))
            if subscribe_all:
                app.counts.update({Topic(kind, ALL): 1 for kind in ALL_NAMES})
        elif app.deliver is not None:
            self._send_to(app, self.event("ApplicationReplaced", application=name))
        app.deliver = deliver

    def unregister(self, name: str, deliver: Deliver) -> None:
        """Disconnect a socket from an application, unless it was replaced before.

        Subscriptions to all of a kind are removed; those to single objects stay.
        """
        app = self._apps.get(name)
        if app is None or app.deliver != deliver:
            return
        app.deliver = None
        for kind in ALL_NAMES:
            app.counts.pop(Topic(kind, ALL), None)
        self._prune(app)

    def _prune(self, app: StasisApplication) -> None:
        """Remove an application that has neither socket nor subscriptions.

        Asterisk stores device subscriptions elsewhere: they do not keep an application registered,
        and the next application of that name inherits them.
        """
        if app.deliver is None and all(kind == "deviceState" for kind, _ in app.counts):
            self._apps.pop(app.name, None)
            if app.counts:
                self._left[app.name] = app.counts

    # Delivery.

    def event(self, type: str, **fields: Any) -> dict[str, Any]:
        """Return an event with the current time."""
        return {"type": type, "timestamp": self._clock.timestamp(), **fields}

    def forward(self, source: Topic, to: tuple[Topic, ...]) -> None:
        """Forward all events of a topic to other topics, until `stop_forwarding`."""
        self._forwards[source] = to

    def stop_forwarding(self, source: Topic) -> None:
        """Stop forwarding from a topic; idempotent."""
        self._forwards.pop(source, None)

    def publish_on(self, topic: Topic, type: str, fields: Mapping[str, Any]) -> None:
        """Publish a new event on one topic."""
        again = (Topic(topic.kind, ALL),) if topic in self._repeated else ()
        self.publish(self.event(type, **fields), (topic,), again)

    def repeat(self, topic: Topic) -> None:
        """Publish a topic's events twice on the topic of all, until `stop_repeating`.

        Asterisk forwards a bridge's topic twice: an application that is subscribed to all bridges
        receives their playbacks and recordings twice.
        """
        self._repeated.add(topic)

    def stop_repeating(self, topic: Topic) -> None:
        """Undo `repeat`."""
        self._repeated.discard(topic)

    def publish(
        self,
        event: dict[str, Any],
        topics: Sequence[Topic],
        forwarded: Iterable[Topic] = (),
        *,
        to_all: bool = True,
    ) -> None:
        """Publish an event on topics and on the topics they are forwarded to.

        Args:
            event: the event.
            topics: its topics.
            forwarded: further topics Asterisk forwards it to.
            to_all: whether to publish it on the topics of all of a kind, too.
        """
        also = [*forwarded]
        for topic in topics:
            also += self._forwards.get(topic, ())
        self.deliver(event, topics, also, to_all=to_all)

    def deliver(
        self,
        event: dict[str, Any],
        topics: Sequence[Topic],
        forwarded: Sequence[Topic] = (),
        *,
        to_all: bool = True,
    ) -> None:
        """Deliver an event without following forwards; arguments as for `publish`.

        An event with a text that is not UTF-8 is not delivered.
        """
        if not is_json(event):
            return
        for app in list(self._apps.values()):
            for _ in range(app.copies_of(topics, forwarded, to_all=to_all)):
                self._send_to(app, event)

    def send(self, name: str, event: dict[str, Any]) -> bool:
        """Send an event to one application, bypassing subscriptions; False if not connected."""
        app = self._apps.get(name)
        if app is None or app.deliver is None:
            return False
        self._send_to(app, event)
        return True

    def send_as_is(self, name: str, event: Mapping[str, Any]) -> bool:
        """Send one application an event unchanged; False if it is not connected."""
        app = self._apps.get(name)
        if app is None or app.deliver is None:
            return False
        app.deliver(name, event)
        return True

    def _send_to(self, app: StasisApplication, event: dict[str, Any]) -> None:
        """Deliver an event to an application if its filter passes it."""
        if app.deliver is not None and app.allows(event):
            identity = {"asterisk_id": self._asterisk_id, "application": app.name}
            app.deliver(app.name, {**event, **identity})

    def allows(self, name: str, event: Mapping[str, Any]) -> bool:
        """Return whether an application is known and its filter passes an event."""
        app = self._apps.get(name)
        return app is not None and app.allows(event)

    # Subscriptions.

    def subscribe(self, name: str, topic: Topic) -> None:
        """Add one subscription, unless the application is subscribed to all of the kind."""
        app = self._apps.get(name)
        if app is None or Topic(topic.kind, ALL) in app.counts:
            return
        app.counts[topic] = 1 if topic[0] == "deviceState" else app.counts[topic] + 1

    def unsubscribe(self, name: str, topic: Topic) -> None:
        """Remove one subscription."""
        app = self._apps.get(name)
        if app is None or topic not in app.counts:
            return
        app.counts[topic] -= 1
        if app.counts[topic] <= 0:
            del app.counts[topic]
        self._prune(app)

    def forget(self, topic: Topic) -> None:
        """Remove all subscriptions to a channel or a bridge that has left."""
        for app in list(self._apps.values()):
            if topic in app.counts:
                del app.counts[topic]
                self._prune(app)

    def names(self) -> list[str]:
        """Return the names of the applications with a connected socket."""
        return [name for name, app in self._apps.items() if app.deliver is not None]

    # Snapshots.

    def list(self) -> list[dict[str, Any]]:
        """Return ARI's objects of all applications."""
        return [app.json() for app in self._apps.values()]

    def get(self, name: str) -> StasisApplication:
        """Return one application.

        Raises:
            AriRefusal: 404.
        """
        app = self._apps.get(name)
        if app is None:
            raise AriRefusal(404, "Application not found")
        return app
