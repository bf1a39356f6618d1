"""The live tables equal the server after any calls, faults and reconnects."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client import event_stream
from tests.connection.server_tables import assert_tables_match_server

PICK = st.integers(0, 99)  # which of those that there are
# What a command may meet when what it is about has just gone, or is not in the state for it.
REFUSED = (
    ari_notebook.NotFound,
    ari_notebook.Conflict,
    ari_notebook.InvalidParameter,
    ari_notebook.PreconditionFailed,
    ari_notebook.ServerError,
    ari_notebook.ConnectionLost,
)


class Days(RuleBasedStateMachine):
    """A state machine of calls, faults and reconnects, and a session that follows them."""

    @initialize(transport=st.sampled_from(["http", "websocket"]))
    def begin(self, transport: Literal["http", "websocket"]) -> None:
        self.asterisk = simulator.start()
        self.ari = ari_notebook.connect(
            self.asterisk.url,
            user=self.asterisk.user,
            password=self.asterisk.password,
            subscribe_all=True,
            transport=transport,
        )
        self.names = 0

    def teardown(self) -> None:
        if hasattr(self, "ari"):
            self.ari.close()
            self.asterisk.stop()

    def pick(self, kind: str, number: int) -> str:
        ids = sorted(getattr(self.ari.tables, kind))
        return ids[number % len(ids)] if ids else "none"

    @contextlib.contextmanager
    def asked(self) -> Iterator[None]:
        with contextlib.suppress(*REFUSED):
            yield

    def new_name(self) -> str:
        self.names += 1
        return f"name-{self.names}"

    # Calls.

    @rule(extension=st.sampled_from(["1000", "1001", "1002"]))
    def place_call(self, extension: str) -> None:
        self.asterisk.call(extension)

    @rule(extension=st.sampled_from(["1000", "1002"]), into_app=st.booleans())
    def originate(self, extension: str, into_app: bool) -> None:
        with self.asked():
            endpoint = f"Local/{extension}@default"
            if into_app:
                self.ari.channels.originate(endpoint, app=self.ari.apps[0])
            else:
                self.ari.channels.originate(endpoint, extension="1002", context="default")

    @rule(which=PICK)
    def hang_up(self, which: int) -> None:
        with self.asked():
            self.ari.channels.hangup(self.pick("channels", which))

    @rule(
        which=PICK, name=st.sampled_from(["answer", "ring", "hold", "unhold", "mute", "start_moh"])
    )
    def command(self, which: int, name: str) -> None:
        with self.asked():
            getattr(self.ari.channels, name)(self.pick("channels", which))

    @rule(which=PICK)
    def leave_stasis(self, which: int) -> None:
        with self.asked():
            self.ari.channels.continue_in_dialplan(self.pick("channels", which))

    @rule(which=PICK, media=st.sampled_from(["sound:hello-world", "sound:beep", "tone:ring"]))
    def play(self, which: int, media: str) -> None:
        with self.asked():
            self.ari.channels.play(self.pick("channels", which), media)

    @rule(which=PICK)
    def stop_playing(self, which: int) -> None:
        with self.asked():
            self.ari.playbacks.stop(self.pick("playbacks", which))

    @rule(which=PICK)
    def record(self, which: int) -> None:
        with self.asked():
            self.ari.channels.record(self.pick("channels", which), self.new_name(), "wav")

    @rule(which=PICK)
    def stop_recording(self, which: int) -> None:
        with self.asked():
            self.ari.recordings.stop(self.pick("recordings", which))

    # Bridges.

    @rule(type=st.sampled_from(["mixing", "holding"]))
    def create_bridge(self, type: str) -> None:
        with self.asked():
            self.ari.bridges.create(type=type, name=self.new_name())

    @rule(bridge=PICK, channel=PICK)
    def join(self, bridge: int, channel: int) -> None:
        with self.asked():
            self.ari.bridges.add_channel(
                self.pick("bridges", bridge), self.pick("channels", channel)
            )

    @rule(bridge=PICK, channel=PICK)
    def part(self, bridge: int, channel: int) -> None:
        with self.asked():
            self.ari.bridges.remove_channel(
                self.pick("bridges", bridge), self.pick("channels", channel)
            )

    @rule(bridge=PICK)
    def destroy_bridge(self, bridge: int) -> None:
        with self.asked():
            self.ari.bridges.destroy(self.pick("bridges", bridge))

    @rule(bridge=PICK)
    def play_to_all(self, bridge: int) -> None:
        with self.asked():
            self.ari.bridges.play(self.pick("bridges", bridge), "sound:hello-world")

    # Devices.

    @rule(name=st.sampled_from("abc"), state=st.sampled_from(["INUSE", "BUSY", "NOT_INUSE"]))
    def device(self, name: str, state: Literal["INUSE", "BUSY", "NOT_INUSE"]) -> None:
        with self.asked():
            self.ari.device_states.update(f"Stasis:{name}", state)

    @rule(name=st.sampled_from("abc"))
    def forget_device(self, name: str) -> None:
        with self.asked():
            self.ari.device_states.delete(f"Stasis:{name}")

    # What networks and exchanges do.

    @rule(code=st.sampled_from([None, 1000, 1001, 1011]))
    def connection_lost(self, code: int | None) -> None:
        self.asterisk.faults.drop(code)

    @rule()
    def own_network_lost(self) -> None:
        self.ari.synchronizer.stream.drop()

    @rule(downtime=st.sampled_from([0, 0.05]))
    def restart(self, downtime: float) -> None:
        self.asterisk.faults.restart(downtime)

    @rule(requests=st.integers(1, 5))
    def requests_fail(self, requests: int) -> None:
        self.asterisk.faults.fail(requests)

    @precondition(lambda self: hasattr(self, "ari"))
    @rule()
    def nothing(self) -> None:
        time.sleep(0.05)

    @invariant()
    def tables_say_what_the_server_says(self) -> None:
        if hasattr(self, "ari"):
            assert_tables_match_server(self.ari)


@pytest.mark.parametrize(
    "examples", [8, pytest.param(40, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_tables_match_after_any_sequence(examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_BACKOFF_FIRST", 0.02)
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
