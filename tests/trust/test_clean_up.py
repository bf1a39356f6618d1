"""What a tidy session made is gone when it closes, however that happens; what others made stays."""

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
    """The server's own lists, asked for without a session."""

    def __init__(self, server: Any) -> None:
        self.url = server.url
        self._ask = requests.Session()
        self._ask.auth = (server.user, server.password)

    def list(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask.get(f"{self.url}/ari/{kind}", timeout=5).json()
        return found

    def post(self, path: str, **params: str) -> None:
        self._ask.post(f"{self.url}/ari/{path}", params=params, timeout=5).raise_for_status()

    @property
    def left(self) -> set[str]:
        found = {str(item["id"]) for kind in ("channels", "bridges") for item in self.list(kind)}
        return found | {item["name"] for item in self.list("applications")}

    def delete(self, path: str, **params: str) -> None:
        self._ask.delete(f"{self.url}/ari/{path}", params=params, timeout=5)

    def is_empty(self) -> bool:
        return wait_until(lambda: not self.left, 10)


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


def test_an_error_inside_with(server: Server) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        ari_notebook.connect(server.url, app="tidy", transport="websocket") as ari,
    ):
        exec(MAKE + "1 / 0", {"ari": ari})
    assert server.is_empty(), server.left


def test_a_session_that_was_not_asked_to_leaves_everything(server: Server) -> None:
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
    assert wait_until(lambda: server.left == {"tidy"} or not server.left, 5)
    ari_notebook.connect(server.url, app="tidy").close()
    assert server.is_empty(), server.left


def test_what_others_made_stays(server: Server) -> None:
    server.post("channels", endpoint="Local/1002@default", extension="1002", channelId="theirs")
    server.post("bridges/theirs", name="before")
    before = server.left
    with ari_notebook.connect(server.url, app="tidy") as ari:
        with pytest.raises(Conflict):
            ari.bridges.create_with_id(bridge_id="theirs", name="before")
        with pytest.raises((Conflict, ServerError)):
            ari.channels.originate_with_id(
                channel_id="theirs", endpoint="Local/1002@default", extension="1002"
            )
        exec(MAKE, {"ari": ari})
        ari.bridges["theirs"].add_channel(channel=ari.current_channel)
    assert wait_until(lambda: server.left == before, 10), (server.left, before)


def test_a_request_whose_answer_nobody_read(server: Server) -> None:
    """As after an interrupt: the one who asked has gone when the answer comes."""
    with Proxy(server.url) as proxy, ari_notebook.connect(proxy.url, app="tidy") as ari:
        proxy.freeze()
        asking: Callable[[], Any] = ari.bridges.create
        threading.Thread(target=asking, daemon=True).start()
        kept = ari.sending.belongings
        assert kept is not None
        assert wait_until(lambda: kept._underway, 5)
        proxy.freeze(False)
    assert server.is_empty(), server.left


def test_what_cannot_be_taken_away_is_said(simulator: Any) -> None:
    told: list[str] = []
    with ari_notebook.connect(simulator.url, app="tidy", password=simulator.password) as ari:
        ari.tell = told.append
        bridge = ari.bridges.create()
        simulator.faults.fail(10)
    assert any("left behind" in line and bridge.id in line for line in told), told


def test_closing_again_takes_away_what_an_interrupt_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ari = ari_notebook.connect(server.url, app="tidy", tidy=True)
    for _ in range(4):
        ari.bridges.create()
    transport, asked = ari._own_rest.transport, []
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


def test_a_day_of_calls_is_not_remembered(simulator: Any) -> None:
    with ari_notebook.connect(simulator.url, app="tidy", password=simulator.password) as ari:
        for _ in range(520):
            ari.bridges.create().destroy()
        kept = ari.sending.belongings
        assert kept is not None
        assert len(kept._made["bridges"]) < 100


@pytest.mark.slow
def test_a_failing_cell_and_the_kernels_exit(server: Server, kernel: Kernel) -> None:
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
    assert wait_until(lambda: len(server.list("channels")) >= 6, 15)
    kernel.manager.interrupt_kernel()
    kernel.finish(cell)
    assert cell.names == ["KeyboardInterrupt"], cell
    assert server.is_empty(), server.left

    kernel.run(f"%ari connect {server.url} --app tidy --tidy")
    kernel.begin(MAKE + "while True: ari.bridges.create(); ari.channels.list()")
    assert wait_until(lambda: len(server.list("bridges")) > 20, 15)
    kernel.manager.shutdown_kernel()  # interrupts what runs, then asks to leave
    assert server.is_empty(), len(server.left)
