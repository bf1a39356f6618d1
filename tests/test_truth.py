"""The live tables are what the server says: after any calls, faults and reconnects."""

from __future__ import annotations

import contextlib
import time

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
from ari_notebook.client import stream
from tests.truth import tables_are_the_truth

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
    """Days in the life of an exchange, and a session that follows it."""

    @initialize(transport=st.sampled_from(["http", "websocket"]))
    def begin(self, transport):
        self.asterisk = simulator.start()
        self.ari = ari_notebook.connect(
            self.asterisk.url,
            user=self.asterisk.user,
            password=self.asterisk.password,
            subscribe_all=True,
            transport=transport,
        )
        self.names = 0

    def teardown(self):
        if hasattr(self, "ari"):
            self.ari.close()
            self.asterisk.stop()

    def pick(self, kind, number):
        ids = sorted(getattr(self.ari.tables, kind))
        return ids[number % len(ids)] if ids else "none"

    @contextlib.contextmanager
    def asked(self):
        with contextlib.suppress(*REFUSED):
            yield

    def new_name(self):
        self.names += 1
        return f"name-{self.names}"

    # Calls.

    @rule(extension=st.sampled_from(["1000", "1001", "1002"]))
    def somebody_calls(self, extension):
        self.asterisk.call(extension)

    @rule(extension=st.sampled_from(["1000", "1002"]), into_app=st.booleans())
    def originate(self, extension, into_app):
        with self.asked():
            endpoint = f"Local/{extension}@default"
            if into_app:
                self.ari.channels.originate(endpoint, app=self.ari.apps[0])
            else:
                self.ari.channels.originate(endpoint, extension="1002", context="default")

    @rule(which=PICK)
    def hang_up(self, which):
        with self.asked():
            self.ari.channels.hangup(self.pick("channels", which))

    @rule(
        which=PICK, name=st.sampled_from(["answer", "ring", "hold", "unhold", "mute", "start_moh"])
    )
    def command(self, which, name):
        with self.asked():
            getattr(self.ari.channels, name)(self.pick("channels", which))

    @rule(which=PICK)
    def leave_stasis(self, which):
        with self.asked():
            self.ari.channels.continue_in_dialplan(self.pick("channels", which))

    @rule(which=PICK, media=st.sampled_from(["sound:hello-world", "sound:beep", "tone:ring"]))
    def play(self, which, media):
        with self.asked():
            self.ari.channels.play(self.pick("channels", which), media)

    @rule(which=PICK)
    def stop_playing(self, which):
        with self.asked():
            self.ari.playbacks.stop(self.pick("playbacks", which))

    @rule(which=PICK)
    def record(self, which):
        with self.asked():
            self.ari.channels.record(self.pick("channels", which), self.new_name(), "wav")

    @rule(which=PICK)
    def stop_recording(self, which):
        with self.asked():
            self.ari.recordings.stop(self.pick("recordings", which))

    # Bridges.

    @rule(type=st.sampled_from(["mixing", "holding"]))
    def create_bridge(self, type):
        with self.asked():
            self.ari.bridges.create(type=type, name=self.new_name())

    @rule(bridge=PICK, channel=PICK)
    def join(self, bridge, channel):
        with self.asked():
            self.ari.bridges.add_channel(
                self.pick("bridges", bridge), self.pick("channels", channel)
            )

    @rule(bridge=PICK, channel=PICK)
    def part(self, bridge, channel):
        with self.asked():
            self.ari.bridges.remove_channel(
                self.pick("bridges", bridge), self.pick("channels", channel)
            )

    @rule(bridge=PICK)
    def destroy_bridge(self, bridge):
        with self.asked():
            self.ari.bridges.destroy(self.pick("bridges", bridge))

    @rule(bridge=PICK)
    def play_to_all(self, bridge):
        with self.asked():
            self.ari.bridges.play(self.pick("bridges", bridge), "sound:hello-world")

    # Devices.

    @rule(name=st.sampled_from("abc"), state=st.sampled_from(["INUSE", "BUSY", "NOT_INUSE"]))
    def device(self, name, state):
        with self.asked():
            self.ari.device_states.update(f"Stasis:{name}", state)

    @rule(name=st.sampled_from("abc"))
    def forget_device(self, name):
        with self.asked():
            self.ari.device_states.delete(f"Stasis:{name}")

    # What networks and exchanges do.

    @rule(code=st.sampled_from([None, 1000, 1001, 1011]))
    def connection_lost(self, code):
        self.asterisk.faults.drop(code)

    @rule()
    def own_network_lost(self):
        self.ari._follower.stream.drop()

    @rule(downtime=st.sampled_from([0, 0.05]))
    def restart(self, downtime):
        self.asterisk.faults.restart(downtime)

    @rule(requests=st.integers(1, 5))
    def requests_fail(self, requests):
        self.asterisk.faults.fail(requests)

    @precondition(lambda self: hasattr(self, "ari"))
    @rule()
    def nothing(self):
        time.sleep(0.05)

    @invariant()
    def tables_say_what_the_server_says(self):
        if hasattr(self, "ari"):
            tables_are_the_truth(self.ari)


@pytest.mark.parametrize(
    "examples", [8, pytest.param(40, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_after_any_sequence(examples, monkeypatch):
    monkeypatch.setattr(stream, "_BACKOFF_FIRST", 0.02)
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
