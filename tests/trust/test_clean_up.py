"""A tidy session removes its own objects when it closes in any way, and no others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

import ari_notebook
from ari_notebook.client.errors import Conflict, ServerError
from tests.magics.kernel import Kernel
from tests.trust.proxy import Proxy, wait_until

# One of everything. It runs in this process as well as in a kernel.
MAKE = """
ch = ari.channels.originate(endpoint="Local/1002@default", app="tidy")
ari.wait_for("StasisStart")
ari.channels.originate(endpoint="Local/1004@default", extension="1002")
ari.channels.create(endpoint="Local/1002@default", app="tidy")
bridge = ari.bridges.create()
bridge.add_channel(channel=ch)
ch.snoop_channel(spy="both", app="tidy")
ari.applications.subscribe(application_name="tidy", event_source="deviceState:Stasis:lamp")
ari.applications.subscribe(application_name="tidy", event_source="deviceState:Stasis:lamp")
ari.applications.filter(application_name="tidy", filter={"disallowed": [{"type": "ChannelVarset"}]})
"""


class Server:
    """The server's lists, requested without a session."""

    def __init__(self, server: Any) -> None:
        self.url = server.url
        self._ask = requests.Session()
        self._ask.auth = (server.user, server.password)

    def list(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask.get(f"{self.url}/ari/{kind}", timeout=30).json()
        return found

    def post(self, path: str, **params: str) -> None:
        self._ask.post(f"{self.url}/ari/{path}", params=params, timeout=30).raise_for_status()

    @property
    def left(self) -> set[str]:
        found = {str(item["id"]) for kind in ("channels", "bridges") for item in self.list(kind)}
        return found | {item["name"] for item in self.list("applications")}

    def delete(self, path: str, **params: str) -> None:
        self._ask.delete(f"{self.url}/ari/{path}", params=params, timeout=30)

    def is_empty(self) -> bool:
        return wait_until(lambda: not self.left, 60)


@pytest.fixture
def server(exchange_server: Any) -> Server:
    server = Server(exchange_server)
    assert server.left == set()
    return server


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    opened = Kernel()
    yield opened
    if opened.manager.is_alive():
        opened.close()


def test_with(server: Server) -> None:
    with ari_notebook.connect(server.url, app="tidy") as ari:
        assert "leaves nothing behind" in str(ari.status)
        exec(MAKE, {"ari": ari})
        assert len(server.list("channels")) >= 6
        assert len(server.list("bridges")) == 1
        assert server.list("applications")[0]["device_names"] == ["Stasis:lamp"]
    assert server.is_empty(), server.left


def test_error_inside_with(server: Server) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        ari_notebook.connect(server.url, app="tidy", transport="websocket") as ari,
    ):
        exec(MAKE + "1 / 0", {"ari": ari})
    assert server.is_empty(), server.left


def test_session_that_was_not_asked_to_leaves_everything(server: Server) -> None:
    ari = ari_notebook.connect(server.url, app="tidy")
    exec(MAKE, {"ari": ari})
    ari.close()
    assert len(server.list("bridges")) == 1
    assert server.list("channels")
    # A real Asterisk keeps an application as long as it has subscriptions, and until one closes.
    server.delete("applications/tidy/subscription", eventSource="deviceState:Stasis:lamp")
    for kind in ("channels", "bridges"):
        for item in server.list(kind):
            server.delete(f"{kind}/{item['id']}")
    assert wait_until(lambda: server.left == {"tidy"} or not server.left, 30)
    ari_notebook.connect(server.url, app="tidy").close()
    assert server.is_empty(), server.left


def test_objects_of_other_programs_are_not_deleted(server: Server) -> None:
    server.post("channels", endpoint="Local/1002@default", extension="1002", channelId="theirs")
    server.post("bridges/theirs", name="before")
    before = server.left
    with ari_notebook.connect(server.url, app="tidy") as ari:
        with pytest.raises(Conflict):
            ari.bridges.create_with_id(bridgeId="theirs", name="before")
        with pytest.raises((Conflict, ServerError)):
            ari.channels.originate_with_id(
                channelId="theirs", endpoint="Local/1002@default", extension="1002"
            )
        exec(MAKE, {"ari": ari})
        ari.bridges["theirs"].add_channel(channel=ari.current_channel)
    assert wait_until(lambda: server.left == before, 30), (server.left, before)


def test_request_with_unread_response(server: Server) -> None:
    """As after an interrupt: the caller no longer waits when the response arrives."""
    with Proxy(server.url) as proxy, ari_notebook.connect(proxy.url, app="tidy") as ari:
        proxy.freeze()
        asking: Callable[[], Any] = ari.bridges.create
        threading.Thread(target=asking, daemon=True).start()
        assert wait_until(lambda: ari.sender._underway, 30)
        proxy.freeze(False)
    assert server.is_empty(), server.left


def test_object_that_cannot_be_deleted_is_reported(simulator: Any) -> None:
    published: list[str] = []
    with ari_notebook.connect(simulator.url, app="tidy", password=simulator.password) as ari:
        ari.notices.add_listener(published.append)
        bridge = ari.bridges.create()
        simulator.faults.fail(10)
    assert any("not deleted" in line and bridge.id in line for line in published), published


def test_closing_again_completes_an_interrupted_cleanup(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ari = ari_notebook.connect(server.url, app="tidy", tidy=True)
    for _ in range(4):
        ari.bridges.create()
    transport, asked = ari._parts.rest.transport, []
    send = transport.send

    def interrupted(call: Any, timeout: float) -> Any:
        if call.method == "DELETE":
            asked.append(call)
            if len(asked) == 2:
                raise KeyboardInterrupt
        return send(call, timeout)

    monkeypatch.setattr(transport, "send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ari.close()
    assert len(server.list("bridges")) == 3
    assert not [t for t in threading.enumerate() if t.name.startswith("ari-")]
    ari.close()
    assert server.is_empty(), server.left


def test_day_of_calls_is_not_remembered(simulator: Any) -> None:
    with ari_notebook.connect(simulator.url, app="tidy", password=simulator.password) as ari:
        for _ in range(520):
            ari.bridges.create().destroy()
        kept = ari._parts.created
        assert len(kept._made["bridges"]) < 100


@pytest.mark.slow
def test_failing_cell_and_the_kernels_exit(server: Server, kernel: Kernel) -> None:
    kernel.run(f"%ari connect {server.url} --app tidy --tidy")
    failed = kernel.run(MAKE + "1 / 0")
    assert failed.names == ["ZeroDivisionError"], failed
    assert len(server.list("channels")) >= 6, "the session is open: a next cell goes on with them"
    kernel.manager.shutdown_kernel()
    assert server.is_empty(), server.left


@pytest.mark.slow
def test_interrupts_and_the_exit_of_a_busy_kernel(server: Server, kernel: Kernel) -> None:
    inside = MAKE.replace("\n", "\n    ") + "ari.wait_for('StasisStart', timeout=60)"
    code = f"import ari_notebook\nwith ari_notebook.connect({server.url!r}, app='tidy') as ari:\n"
    cell = kernel.begin(code + "    " + inside.strip())
    assert wait_until(lambda: len(server.list("channels")) >= 6, 60), kernel.output(cell)
    kernel.manager.interrupt_kernel()
    kernel.finish(cell)
    assert cell.names == ["KeyboardInterrupt"], cell
    assert server.is_empty(), server.left

    kernel.run(f"%ari connect {server.url} --app tidy --tidy")
    cell = kernel.begin(MAKE + "while True: ari.bridges.create(); ari.channels.list()")
    assert wait_until(lambda: len(server.list("bridges")) > 20, 60), kernel.output(cell)
    kernel.manager.shutdown_kernel()  # interrupts what runs, then asks to leave
    assert server.is_empty(), len(server.left)
