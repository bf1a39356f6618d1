"""What a stranger sends the simulator becomes an answer or a refusal, and memory stays bounded.

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
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.config import ConfigError, read_config
from ari_notebook.simulator.dialplan.applications import APPLICATIONS
from ari_notebook.simulator.dialplan.applications.registry import Application
from ari_notebook.simulator.dialplan.parse import Dialplan
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.http11 import RequestReader, Unreadable
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.naturals import LARGEST
from benchmarks.fuzz_simulator import PARTS, Unbroken
from tests.simulator.raw import basic

INPUTS = {"configuration": 300, "dialplans": 500, "octets to a server": 300}
SETTINGS = (
    "enabled", "bindport", "bindaddr", "tlsbindaddr", "sessionlimit", "session_keep_alive",
    "prefix", "permit", "deny", "acl", "password", "password_format", "type", "uri",
    "connection_timeout", "reconnect_attempts", "websocket_write_timeout", "allowed_origins",
)  # fmt: skip
LOGIN = tuple(basic("asterisk", "asterisk").split(": ", 1))


@pytest.mark.parametrize("name", PARTS)
def test_nothing_breaks(name: str) -> None:
    with Unbroken():
        assert sum(PARTS[name](INPUTS.get(name, 2_000), seed=7).values())


def growth(reader: RequestReader, octets: bytes, times: int) -> int:
    """How many octets more a reader holds after it was fed."""
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
def test_what_never_ends_is_not_kept(head: bytes, endless: bytes) -> None:
    reader = RequestReader()
    reader.feed(head)
    assert reader.next() is None
    assert growth(reader, endless, 30) < 20_000  # of 200,000 octets and more


def test_a_chunk_whose_length_never_ends_is_refused() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000)
    with pytest.raises(Unreadable):
        reader.next()


def test_a_client_that_goes_on_while_it_waits_is_not_read(simulator: RunningSimulator) -> None:
    simulator.faults.delay(30)
    place = urlsplit(simulator.url)
    with socket.create_connection((place.hostname or "", place.port or 0), 5) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        time.sleep(0.2)
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):  # as soon as the system's own buffers are full
            client.sendall(b"x" * 30_000_000)


@settings(deadline=None, max_examples=150)
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
def test_a_configuration_is_taken_or_refused_in_one_line(
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


def test_numbers_that_are_none_in_a_dialplan() -> None:
    plan = Dialplan.parse(f"[default]\nexten => 1,{'9' * 5_000},NoOp()\n")
    assert plan.find("default", "1", LARGEST) is not None


@pytest.mark.parametrize("query", ["label=²", "label=" + "9" * 5_000])
def test_numbers_that_are_none_in_a_request(query: str) -> None:
    exchange = Exchange(read_config(), start=0.0, seed=1)
    target = "/ari/channels?endpoint=Local/1000@default&extension=1000&" + query
    with Unbroken():
        exchange.request(Request("POST", target, [LOGIN]))


def test_a_broken_application_ends_its_call_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(channel: object, data: str) -> Any:
        raise RuntimeError("on purpose")

    exchange = Exchange(read_config(), start=0.0, seed=1)
    monkeypatch.setitem(APPLICATIONS, "noop", Application("NoOp", broken))
    for callee in ("1002", "1000"):
        target = f"/ari/channels?endpoint=Local/{callee}@default&extension=1002"
        exchange.request(Request("POST", target, [LOGIN]))
    exchange.advance(1.0)
    assert sorted(channel.exten for channel in exchange.channels.values()) == ["1002", "1002"]
