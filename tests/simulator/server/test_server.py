"""The server on a real port: requests, responses, and clients that misbehave."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from urllib3.exceptions import InsecureRequestWarning
from websocket import WebSocketConnectionClosedException, create_connection

from ari_notebook import simulator as simulators
from ari_notebook.simulator import CannotStart, ConfigError, RunningSimulator
from ari_notebook.simulator.wire import websocket_frames
from tests.conftest import RealAsterisk
from tests.demonstration import copy_demonstration
from tests.simulator.http_cases import CASES, upgrade
from tests.simulator.raw import first_line, request, same, send
from tests.simulator.server.conftest import OpenEvents


def ask(connection: websocket.WebSocket, method: str, uri: str, **more: Any) -> dict[str, Any]:
    connection.send(json.dumps({"type": "RESTRequest", "method": method, "uri": uri, **more}))
    while (answer := json.loads(connection.recv()))["type"] != "RESTResponse":
        pass
    return dict(answer)


@pytest.mark.parametrize("name", CASES)
def test_response_of_each_case(name: str, simulator: RunningSimulator) -> None:
    status, make = CASES[name]
    assert first_line(simulator.url, make(simulator)).startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize("name", CASES)
def test_response_equals_asterisks_octets(
    name: str, simulator: RunningSimulator, real_asterisk: RealAsterisk
) -> None:
    _, make = CASES[name]
    ours, closed = send(simulator.url, make(simulator))
    theirs, they_closed = send(real_asterisk.url, make(real_asterisk))
    assert (same(ours), closed) == (same(theirs), they_closed)


def test_requests_may_be_sent_before_the_answers_come(simulator: RunningSimulator) -> None:
    one = request(simulator, "GET", "/ari/asterisk/ping")
    answer, _ = send(simulator.url, one * 20)
    assert answer.count("HTTP/1.1 200 OK") == 20


def test_frame_in_the_same_packet_as_the_upgrade_is_read(simulator: RunningSimulator) -> None:
    message = b'{"type":"RESTRequest","method":"GET","uri":"asterisk/ping"}'
    frame = websocket_frames.encode(websocket_frames.TEXT, message, mask=True)
    answer, _ = send(simulator.url, upgrade(simulator, "/ari/events?app=x") + frame)
    assert '"RESTResponse"' in answer


def test_requests_before_a_close_are_answered(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator, "close")
    message = b'{"type":"RESTRequest","method":"GET","uri":"asterisk/ping"}'
    close = websocket_frames.encode_close(websocket_frames.NORMAL, mask=True)
    connection.sock.sendall(
        websocket_frames.encode(websocket_frames.TEXT, message, mask=True) + close
    )
    assert json.loads(connection.recv())["status_code"] == 200
    connection.shutdown()


def test_session_limit(tmp_path: Path) -> None:
    config = folder(tmp_path, "sessionlimit = 2")
    with simulators.start(config) as running:
        place = urlsplit(running.url)
        held = [socket.create_connection((place.hostname, place.port)) for _ in range(2)]
        time.sleep(0.1)
        assert send(running.url, request(running, "GET", "/ari/channels")) == ("", True)
        for each in held:
            each.close()


def test_silent_connection_is_closed(tmp_path: Path) -> None:
    config = folder(tmp_path, "session_keep_alive = 500")
    with simulators.start(config) as running:
        answer, closed = send(running.url, request(running, "GET", "/ari/channels"), quiet=4)
        assert answer.endswith("[]")
        assert closed


def test_ping_is_answered_and_close_is_repeated(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator)
    connection.ping(b"hello")
    opcode, frame = connection.recv_data_frame(control_frame=True)
    assert (opcode, frame.data) == (websocket_frames.PONG, b"hello")
    connection.send_close(3000)
    opcode, frame = connection.recv_data_frame(control_frame=True)
    assert opcode == websocket_frames.CLOSE
    assert frame.data[:2] == (3000).to_bytes(2, "big")


def test_frame_over_65535_octets_closes_with_1009(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator)
    connection.send("x" * 65_536)
    opcode, frame = connection.recv_data_frame(control_frame=True)
    assert (opcode, frame.data[:2]) == (websocket_frames.CLOSE, (1009).to_bytes(2, "big"))


def test_binary_messages_are_ignored(simulator: RunningSimulator, events: OpenEvents) -> None:
    connection = events(simulator)
    connection.send_binary(b"\x00\xff")
    assert ask(connection, "GET", "asterisk/ping")["status_code"] == 200


def test_requests_over_one_socket_are_answered_in_their_order(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator)
    for number in range(200):
        message = {"type": "RESTRequest", "method": "GET", "uri": "channels"}
        connection.send(json.dumps({**message, "request_id": str(number)}))
    answers = [json.loads(connection.recv())["request_id"] for _ in range(200)]
    assert answers == [str(number) for number in range(200)]


def test_client_that_does_not_read_is_closed_and_forgotten(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    deaf = events(simulator, "deaf", sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),))
    message = json.dumps({"type": "RESTRequest", "method": "GET", "uri": "api-docs/channels.json"})

    def talk() -> None:
        try:
            for _ in range(2000):
                deaf.send(message)
        except OSError:
            pass

    talking = threading.Thread(target=talk)
    talking.start()
    talking.join(20)
    assert not talking.is_alive()
    with pytest.raises((WebSocketConnectionClosedException, OSError)):
        list(iter(deaf.recv, None))  # until it ends
    names = [
        each["name"]
        for each in requests.get(
            f"{simulator.url}/ari/applications", auth=simulator.credentials, timeout=5
        ).json()
    ]
    assert "deaf" not in names


@pytest.mark.parametrize(
    "noise", [b"\x00" * 5000, b"\xff\xfe\n\n", b"GET / HTTP/1.1\r\n\xff\xfe: \xff\n\n"]
)
def test_invalid_input_does_not_affect_other_clients(
    noise: bytes, simulator: RunningSimulator
) -> None:
    send(simulator.url, noise)
    ping = request(simulator, "GET", "/ari/asterisk/ping")
    assert first_line(simulator.url, ping) == "HTTP/1.1 200 OK\r\n"


def test_port_in_use_is_one_clear_line(simulator: RunningSimulator) -> None:
    with pytest.raises(CannotStart, match=r"port \d+ of 127.0.0.1 is in use"):
        simulators.start(port=urlsplit(simulator.url).port)


def test_dialplan_error_names_its_line(tmp_path: Path) -> None:
    copy_demonstration(tmp_path)
    (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,one,Answer()\n")
    with pytest.raises(ConfigError, match=r"^extensions\.conf:2: "):
        simulators.start(tmp_path)


def test_stop_leaves_nothing_open(events: OpenEvents) -> None:
    before = set(threading.enumerate())
    running = simulators.start()
    connection = events(running)
    running.stop()
    running.stop()
    assert set(threading.enumerate()) <= before
    with pytest.raises((WebSocketConnectionClosedException, OSError)):
        connection.recv()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", urlsplit(running.url).port))
    assert "stopped" in repr(running)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_https_port_serves_the_same(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request_one = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x"
    files: list[str | Path] = ["-keyout", key, "-out", certificate]
    subprocess.run([*request_one.split(), *files], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = folder(
        tmp_path,
        "tlsenable = yes",
        f"tlsbindaddr = 127.0.0.1:{port}",
        f"tlscertfile = {certificate}",
        f"tlsprivatekey = {key}",
    )
    with simulators.start(config) as running:
        url = f"https://127.0.0.1:{port}/ari/asterisk/ping"
        with pytest.warns(InsecureRequestWarning):
            answer = requests.get(url, auth=running.credentials, verify=False, timeout=30)
        assert answer.json()["ping"] == "pong"
        connection = create_connection(
            f"wss://127.0.0.1:{port}/ari/events?app=s&api_key=asterisk:asterisk",
            sslopt={"cert_reqs": ssl.CERT_NONE},
            timeout=5,
        )
        assert ask(connection, "GET", "asterisk/ping")["status_code"] == 200
        connection.shutdown()


def folder(path: Path, *http: str) -> Path:
    """Return a configuration folder with further lines in http.conf."""
    lines = ["[general]", "enabled = yes", "bindaddr = 127.0.0.1", *http]
    (path / "http.conf").write_text("\n".join(lines) + "\n")
    (path / "ari.conf").write_text(
        "[general]\nenabled = yes\n[asterisk]\ntype = user\npassword = asterisk\n"
    )
    (path / "extensions.conf").write_text("[default]\nexten => 1000,1,Answer()\n")
    return path
