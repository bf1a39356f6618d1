import pytest

from ari_notebook.simulator.devices import WRITABLE, DeviceStates
from ari_notebook.simulator.messages import Refused


@pytest.fixture
def heard():
    return []


@pytest.fixture
def devices(heard):
    return DeviceStates(heard.append, lambda name: "INUSE" if "alice" in name else "INVALID")


def test_a_device_of_aris_own(devices, heard):
    devices.update("Stasis:x", "BUSY")
    assert devices.get("Stasis:x") == {"name": "Stasis:x", "state": "BUSY"}
    assert heard == devices.list() == [{"name": "Stasis:x", "state": "BUSY"}]
    devices.update("Stasis:x", "BUSY")
    assert len(heard) == 1, "the same state again is no change"
    devices.delete("Stasis:x")
    devices.delete("Stasis:x")
    assert devices.get("Stasis:x")["state"] == "UNKNOWN"
    assert (devices.list(), len(heard)) == ([], 1), "nobody is told of a deletion"


def test_the_scheme_and_the_state_are_read_in_any_case(devices):
    devices.update("stasis:Y", "busy")
    assert devices.list() == [{"name": "Stasis:Y", "state": "BUSY"}]


@pytest.mark.parametrize("state", WRITABLE)
def test_every_state_but_unknown_can_be_set(devices, state):
    devices.update("Stasis:x", state)
    assert devices.get("Stasis:x")["state"] == state


@pytest.mark.parametrize(
    ("name", "state", "status", "message"),
    [
        ("x", "BUSY", 409, "Uncontrolled device specified"),
        ("Stasis:", "BUSY", 404, "Device name is missing"),
        ("Stasis:x", "BOGUS", 500, "Unknown device"),
        ("Stasis:x", "UNKNOWN", 500, "Unknown device"),
        ("Stasis:x", None, 500, "Unknown device"),
    ],
)
def test_refusals(devices, name, state, status, message):
    with pytest.raises(Refused, match=message) as refused:
        devices.update(name, state)
    assert refused.value.status == status


def test_a_phones_state_is_told_where_it_is_another_one(devices, heard):
    assert devices.get("PJSIP/bob")["state"] == "INVALID"
    devices.changed("PJSIP/alice")
    devices.changed("PJSIP/alice")
    assert heard == [{"name": "PJSIP/alice", "state": "INUSE"}]


def test_the_state_of_a_local_address_is_told_each_time(devices, heard):
    devices.changed("Local/alice@default")
    devices.changed("Local/alice@default")
    assert heard == [{"name": "Local/alice@default", "state": "INUSE"}] * 2
