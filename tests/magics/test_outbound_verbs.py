"""`%ari accept`: an Asterisk connects to the notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook import simulator
from tests.conftest import free_port
from tests.helpers.waiting import until
from tests.magics.prompt import Prompt

pytestmark = pytest.mark.threads


@pytest.fixture
def port(prompt: Prompt) -> Iterator[int]:
    """A port for the verb; what listens there is closed."""
    port = free_port()
    yield port
    prompt.type(f"%ari accept stop {port}")


def exchange(folder: Path, config: Any) -> Any:
    """Return a simulator that connects as a configuration says."""
    files = {
        "http.conf": "[general]\nenabled = yes\n",
        "ari.conf": "[general]\nenabled = yes\n[asterisk]\ntype = user\npassword = asterisk\n"
        f"{config.ari}",
        "websocket_client.conf": config.websocket_client,
        "extensions.conf": "[default]\nexten => 1,1,Stasis(hello-world)\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return simulator.start(folder)


def test_connection_of_asterisk_is_bound_to_ari(prompt: Prompt, port: int, tmp_path: Path) -> None:
    server = prompt(f"%ari accept {port}")
    assert server.port == port
    with exchange(tmp_path, prompt(f"%ari accept config {port}")) as running:
        until(lambda: prompt.names.get("ari") in server.sessions.values())
        assert list(prompt("%ari sessions").index) == [f"outbound-{port}"]
        prompt("%%ari flow greet\ncall.answer()\ncall.sleep(60)")
        running.call("1")
        until(lambda: list(prompt("%ari flows")["step"]) == ["sleep"])
        assert list(prompt("%ari channels")["state"]) == ["Up"]
        prompt(f"%ari accept stop {port}")
        assert "ari" not in prompt.names


def test_connection_per_call_leaves_ari_alone(prompt: Prompt, port: int, tmp_path: Path) -> None:
    server = prompt(f"%ari accept {port}")
    config = prompt(f"%ari accept config {port} --per-call --host 127.0.0.1")
    with exchange(tmp_path, config) as running:
        running.call("1")
        until(lambda: server.sessions)
        assert "ari" not in prompt.names


def test_accepting_again_on_a_port_replaces_the_server(prompt: Prompt, port: int) -> None:
    first = prompt(f"%ari accept {port} --app one")
    second = prompt(f"%ari accept {port} --app two")
    assert second.apps == ("two",)
    with pytest.raises(ari_notebook.SessionClosed):
        first.wait(0)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%ari accept telephone", "'telephone' is no TCP port"),
        ("%ari accept 65536", "'65536' is no TCP port"),
        ("%ari accept config 1", "nothing is accepted on port 1"),
        ("%ari accept stop 1", "nothing is accepted on port 1"),
    ],
)
def test_port_that_cannot_be_used_is_refused(prompt: Prompt, line: str, error: str) -> None:
    assert error in prompt.fail(line)


def test_used_port_is_refused(prompt: Prompt) -> None:
    with ari_notebook.accept(0) as server:
        assert "cannot listen" in prompt.fail(f"%ari accept {server.port}")
