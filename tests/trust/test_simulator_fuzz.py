"""Any input to the simulator results in a response or a refusal, with bounded memory.

benchmarks/fuzz_simulator.py, shortened; and what it found, each by itself.
"""

from __future__ import annotations

import socket
import time
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.simulator import RunningSimulator, SimulatedAsterisk
from ari_notebook.simulator.config.settings import ConfigError, read_config
from ari_notebook.simulator.dialplan.applications import APPLICATIONS
from ari_notebook.simulator.dialplan.applications.registry import DialplanApplication
from ari_notebook.simulator.dialplan.parse import Dialplan
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.numbers import LARGEST
from ari_notebook.simulator.wire.http11 import RequestReader, Unreadable
from benchmarks.fuzz_simulator import PARTS, Unbroken
from tests.demonstration import demonstration
from tests.simulator.raw import basic

INPUTS = {"configuration": 300, "dialplans": 500, "octets to a server": 300}
SETTINGS = (
    "enabled", "bindport", "bindaddr", "tlsbindaddr", "sessionlimit", "session_keep_alive",
    "prefix", "permit", "deny", "acl", "password", "password_format", "type", "uri",
    "connection_timeout", "reconnect_attempts", "websocket_write_timeout", "allowed_origins",
)  # fmt: skip
LOGIN = ("Authorization", basic("asterisk", "asterisk").removeprefix("Authorization: "))


@pytest.mark.parametrize("name", PARTS)
def test_malformed_input_breaks_nothing(name: str) -> None:
    with Unbroken():
        assert sum(PARTS[name](INPUTS.get(name, 2_000), seed=7).values())


def growth(reader: RequestReader, octets: bytes, times: int) -> int:
    """Return how many octets more a reader holds after it was fed."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            reader.feed(octets)
            assert reader.next() is None
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (b"POST / HTTP/1.1\r\n", b"no header\n" * 1000),
        (b"POST / HTTP/1.1\r\n", b"x:\n" * 1000),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 10_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"x" * 10_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"trailer: x\n" * 1000),
    ],
)
def test_endless_input_is_not_stored(head: bytes, endless: bytes) -> None:
    reader = RequestReader()
    reader.feed(head)
    assert reader.next() is None
    assert growth(reader, endless, 30) < 20_000  # of 200,000 octets and more


def test_chunk_whose_length_never_ends_is_refused() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000)
    with pytest.raises(Unreadable):
        reader.next()


def test_client_that_goes_on_while_it_waits_is_not_read(simulator: RunningSimulator) -> None:
    simulator.faults.delay(30)
    place = urlsplit(simulator.url)
    with socket.create_connection((place.hostname or "", place.port or 0), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        time.sleep(0.2)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):  # as soon as the system's own buffers are full
            client.sendall(b"x" * 30_000_000)


@given(
    st.sampled_from(["http.conf", "ari.conf", "pjsip.conf", "acl.conf", "websocket_client.conf"]),
    st.lists(
        st.tuples(
            st.sampled_from(SETTINGS),
            st.one_of(
                st.text(max_size=20),
                st.sampled_from(["inf", "nan", "-1", "²", "9" * 5000, "::", "[::1]:x", "1:99999"]),
            ),
        ),
        max_size=6,
    ),
)
def test_configuration_is_taken_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, name: str, lines: list[tuple[str, str]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("config")
    (folder / "http.conf").write_text("[general]\nenabled = yes\n")
    text = "[general]\nenabled = yes\n" + "".join(f"{key} = {value}\n" for key, value in lines)
    (folder / name).write_text(text, errors="surrogateescape")
    refusal = ""
    try:
        read_config(folder)
    except ConfigError as refused:
        refusal = str(refused)
    assert "\n" not in refusal


def test_invalid_numbers_in_dialplan_are_handled() -> None:
    plan = Dialplan.parse(f"[default]\nexten => 1,{'9' * 5_000},NoOp()\n")
    assert plan.find("default", "1", LARGEST) is not None


@pytest.mark.parametrize("query", ["label=²", "label=" + "9" * 5_000])
def test_invalid_numbers_in_request_are_handled(query: str) -> None:
    asterisk = SimulatedAsterisk(demonstration(), start=0.0, seed=1)
    target = "/ari/channels?endpoint=Local/1000@default&extension=1000&" + query
    with Unbroken():
        asterisk.request(Request("POST", target, [LOGIN]))


def test_broken_application_ends_its_call_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(channel: object, data: str) -> Any:
        raise RuntimeError("on purpose")

    asterisk = SimulatedAsterisk(demonstration(), start=0.0, seed=1)
    monkeypatch.setitem(APPLICATIONS, "noop", DialplanApplication("NoOp", broken))
    for callee in ("1002", "1000"):
        target = f"/ari/channels?endpoint=Local/{callee}@default&extension=1002"
        asterisk.request(Request("POST", target, [LOGIN]))
    asterisk.advance(1.0)
    assert sorted(channel.dialplan.exten for channel in asterisk.exchange.channels.values()) == [
        "1002",
        "1002",
    ]
