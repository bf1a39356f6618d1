import pytest

from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.event_bus import EventBus
from ari_notebook.simulator.services.device_states import WRITABLE, DeviceStateRegistry


class OfAlice:
    def device_state(self, name: str) -> str:
        return "INUSE" if "alice" in name else "INVALID"


@pytest.fixture
def heard() -> list[dict[str, str]]:
    return []


@pytest.fixture
def devices(heard: list[dict[str, str]]) -> DeviceStateRegistry:
    applications = EventBus("02:00:00:00:00:01", Clock(0.0))
    applications.register(
        "app", lambda _, event: heard.append(event["device_state"]), subscribe_all=True
    )
    return DeviceStateRegistry(applications, {"pjsip": OfAlice(), "local": OfAlice()})


def test_device_state_of_ari_is_set_and_deleted(
    devices: DeviceStateRegistry, heard: list[dict[str, str]]
) -> None:
    devices.update("Stasis:x", "BUSY")
    assert devices.get("Stasis:x") == {"name": "Stasis:x", "state": "BUSY"}
    assert heard == devices.list() == [{"name": "Stasis:x", "state": "BUSY"}]
    devices.update("Stasis:x", "BUSY")
    assert len(heard) == 1, "the same state again is no change"
    devices.delete("Stasis:x")
    devices.delete("Stasis:x")
    assert devices.get("Stasis:x")["state"] == "UNKNOWN"
    assert (devices.list(), len(heard)) == ([], 1), "a deletion publishes no event"


def test_scheme_and_the_state_are_read_in_any_case(devices: DeviceStateRegistry) -> None:
    devices.update("stasis:Y", "busy")
    assert devices.list() == [{"name": "Stasis:Y", "state": "BUSY"}]


@pytest.mark.parametrize("state", WRITABLE)
def test_every_state_but_unknown_can_be_set(devices: DeviceStateRegistry, state: str) -> None:
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
def test_other_device_is_refused(
    devices: DeviceStateRegistry, name: str, state: str | None, status: int, message: str
) -> None:
    with pytest.raises(AriRefusal, match=message) as refused:
        devices.update(name, state)
    assert refused.value.status == status


def test_phone_state_is_published_on_change(
    devices: DeviceStateRegistry, heard: list[dict[str, str]]
) -> None:
    assert devices.get("PJSIP/bob")["state"] == "INVALID"
    devices.changed("PJSIP/alice")
    devices.changed("PJSIP/alice")
    assert heard == [{"name": "PJSIP/alice", "state": "INUSE"}]


def test_state_of_local_address_is_published_each_time(
    devices: DeviceStateRegistry, heard: list[dict[str, str]]
) -> None:
    devices.changed("Local/alice@default")
    devices.changed("Local/alice@default")
    assert heard == [{"name": "Local/alice@default", "state": "INUSE"}] * 2
