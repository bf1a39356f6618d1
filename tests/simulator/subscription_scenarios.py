"""Side-by-side scenarios: subscriptions of applications."""

from __future__ import annotations

import time
from typing import Any

from tests.simulator.driver import Driver
from tests.simulator.more_scenarios import scenario, second

LISTS = ("bridge_ids", "endpoint_ids", "events_allowed", "events_disallowed")


def has(server: Driver, app: str | None = None) -> Any:
    """Record the subscriptions of an application, without names and ids of the server."""
    shown = server.send("GET", f"/applications/{app or server.app}").json()
    kept = {name: shown[name] for name in LISTS}
    channels, devices = len(shown["channel_ids"]), sorted(shown["device_names"])
    server.answers.append(("has", kept, channels, devices))
    return shown


@scenario
def sources_of_which_one_is_refused(server: Driver) -> None:
    path = f"/applications/{server.app}/subscription"
    for verb in ("POST", "DELETE"):
        server.ask(verb, "/applications/nosuch/subscription")
        server.ask(verb, "/applications/nosuch/subscription", eventSource="nonsense:x")
    for source in (
        "bridge:,nonsense:x",
        "endpoint:PJSIP/loopback,channel:nosuch",
        "deviceState:x,endpoint:pjsip/loopback",
    ):
        server.ask("POST", path, eventSource=source)
        has(server)
    server.ask("DELETE", path, eventSource="endpoint:PJSIP/loopback,nonsense:x")
    has(server)


@scenario
def channel_addressed_by_name(server: Driver) -> None:
    channel = server.originate()
    name = server.send("GET", f"/channels/{channel}").json()["name"]
    path = f"/applications/{server.app}/subscription"
    server.ask("POST", path, eventSource=f"channel:{name}")
    assert has(server)["channel_ids"].count(channel) == 1
    server.ask("DELETE", path, eventSource=f"channel:{name}")
    server.ask("POST", "/events/user/x", application=server.app, source=f"channel:{name}")
    server.hang_up(channel)


@scenario
def half_of_an_event_filter(server: Driver) -> None:
    path = f"/applications/{server.app}/eventFilter"
    bodies: tuple[dict[str, object], ...] = (
        {"disallowed": [{"type": "D"}], "allowed": "nonsense"},
        {"disallowed": 5, "allowed": [{"type": "A"}]},
        {"nonsense": 1},
        {"allowed": [{"type": "A", "more": [1]}]},
        {"disallowed": []},
        {},
    )
    for body in bodies:
        server.ask("PUT", path, body)
        has(server)


def left(server: Driver, source: str) -> str:
    """Return an application with a subscription whose socket is closed."""
    other = second(server)
    server.ask("POST", f"/applications/{other.app}/subscription", eventSource=source)
    other.close()
    return other.app


def again(server: Driver, app: str | None, source: str) -> None:
    """Register an application again, now for all events."""
    other = Driver(server.place, app=app, subscribe_all=True)
    has(server, app)
    server.ask("DELETE", f"/applications/{app}/subscription", eventSource=source)
    other.close()


@scenario
def applications_that_go_with_their_sockets(server: Driver) -> None:
    for source in ("channel:", "bridge:", "endpoint:", "deviceState:", "deviceState:Stasis:x"):
        app = left(server, source)
        end = time.monotonic() + 10
        while server.send("GET", f"/applications/{app}").status_code != 404:
            assert time.monotonic() < end, f"{source} keeps its application"
            time.sleep(0.05)
        server.ask("POST", "/events/user/x", application=app)
        again(server, app, source)


@scenario
def applications_that_outlive_their_sockets(server: Driver) -> None:
    channel = server.originate()
    for source in ("endpoint:PJSIP/loopback", "endpoint:PJSIP", f"channel:{channel}"):
        app = left(server, source)
        has(server, app)
        server.ask("POST", "/events/user/x", application=app)
        again(server, app, source)
    server.hang_up(channel)


@scenario
def requests_about_endpoints_that_have_two_faults(server: Driver) -> None:
    for path in ("PJSIP", "pjsip", "pjsip/loopback", "PJSIP/Loopback", "Local"):
        server.ask("GET", f"/endpoints/{path}")
    bad = {"variables": {"a": 5}}
    for verb, name in (("PUT", "sendMessage"), ("POST", "refer")):
        for path in ("", "PJSIP/none/", "PJSIP/loopback/", "pjsip/loopback/"):
            for body in (bad, {}):
                server.ask(verb, f"/endpoints/{path}{name}", body, **{"from": "sip:x@y"})


@scenario
def without_a_channel_no_function_is_read(server: Driver) -> None:
    server.ask("GET", "/deviceStates/Local%2F1002")
    for name in ("LEN(abc)", "DEVICE_STATE(Stasis:x)", "EPOCH", "ENTITYID", "UNIQUEID"):
        shown = server.send("GET", "/asterisk/variable", variable=name).json()
        server.answers.append((name, bool(shown["value"])))
