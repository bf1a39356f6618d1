"""The doctor on a real Asterisk with one fault at a time."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.doctor import STEPS, Finding, FindingState, Target, examine
from ari_notebook.doctor.events import cross_origin
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator, start
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.servers import Server
from tests.helpers.waiting import until

HTTP = """[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = {port}
"""
ARI = """[general]
enabled = yes
{general}
[asterisk]
type = user
password = asterisk
{user}
"""


def findings(
    url: str, user: str = "asterisk", password: str = "asterisk", app: str = "doctor", **more: Any
) -> dict[str, Finding]:
    return dict(examine(Target(url, Credentials(user, password), app, **more)))


def ends_with(found: dict[str, Finding], step: str, *words: str) -> None:
    """Assert that this step is the first that fails, with this text."""
    last = list(found)[-1]
    assert (last, found[last].state) == (step, FindingState.FAILED), found
    assert [f for f in found.values() if f.state is FindingState.FAILED] == [found[last]]
    says(found[last], *words)


def says(finding: Finding, *words: str) -> None:
    assert "\n" not in finding.text + finding.advice
    assert finding.advice or finding.state is FindingState.OK
    for word in words:
        assert word in finding.text + " " + finding.advice, finding


def objects_of(ari: Session) -> set[tuple[str, str]]:
    """Return the applications, bridges and channels that the server has."""
    return {
        *(("application", each.name) for each in ari.applications.list()),
        *(("bridge", each.id) for each in ari.bridges.list()),
        *(("channel", each.id) for each in ari.channels.list()),
    }


def test_working_server_has_no_finding(exchange_server: Server) -> None:
    found = findings(exchange_server.url)
    assert list(found) == [title for title, _ in STEPS]
    assert [f for f in found.values() if f.state is not FindingState.OK] == []
    says(found["web server"], "Asterisk/22")
    says(found["event socket"], "an event arrived in")


def test_doctor_leaves_no_object_or_thread(exchange_server: Server) -> None:
    with ari_notebook.connect(exchange_server.url, subscribe_all=True) as ari:
        threads, before = threading.active_count(), objects_of(ari)
        findings(exchange_server.url)
        assert threading.active_count() == threads
        # Asterisk forgets an application a moment after its socket has closed.
        until(lambda: objects_of(ari) <= before, 60, lambda: objects_of(ari) - before)


# Before there is an Asterisk.


@pytest.mark.parametrize("url", ["pbx:8088", "ws://pbx", "http://pbx:99999", "http://a:b@pbx"])
def test_invalid_url_fails_url_step(url: str) -> None:
    ends_with(findings(url), "URL")


def test_unknown_host_fails_name_step() -> None:
    ends_with(findings("http://no-such-pbx.invalid:8088"), "name", "no address", "IP address")


def test_closed_port_fails_port_step() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ends_with(findings(f"http://127.0.0.1:{port}"), "port", "nothing listens", "http.conf")
    ends_with(findings(f"https://127.0.0.1:{port}"), "port", "tlsbindaddr")


class Listener:
    """Sends a line to each client, and closes."""

    def __init__(self, banner: bytes, context: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._banner = banner
        self._context = context
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
                with client:
                    if self._context:
                        client = self._context.wrap_socket(client, server_side=True)
                    client.sendall(self._banner)
                    client.recv(4096)
            except ssl.SSLError:
                continue
            except OSError:
                if self._socket.fileno() < 0:
                    return

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


@pytest.mark.parametrize(
    ("banner", "words"),
    [
        (b"Asterisk Call Manager/11.0.0\r\n", ["Manager Interface", "manager.conf", "8088"]),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ["does not speak HTTP", "SSH-2.0", "http.conf"]),
        (b"", ["does not speak HTTP", "5060"]),
    ],
)
def test_other_protocol_fails_web_server_step(banner: bytes, words: list[str]) -> None:
    with Listener(banner) as listener:
        ends_with(findings(listener.url), "web server", *words)


def test_other_web_server_is_named() -> None:
    answer = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"
    with Listener(answer) as listener:
        found = findings(listener.url)
        says(found["web server"], "nginx", "bindport")
        ends_with(found, "ARI", "no ARI")


# Its web server.


def test_disabled_http_fails_port_step(real_asterisk: RealAsterisk) -> None:
    real_asterisk.write_config("http.conf", "[general]\nenabled = no\n")
    real_asterisk.console("module reload http")
    ends_with(findings(real_asterisk.url), "port", "enabled=yes", "http.conf", "module reload http")


def test_wrong_prefix_fails_ari_step(real_asterisk: RealAsterisk) -> None:
    port = real_asterisk.ports[0]
    real_asterisk.write_config("http.conf", HTTP.format(port=port) + "prefix = asterisk\n")
    real_asterisk.console("module reload http")
    url = real_asterisk.url
    ends_with(findings(url), "ARI", f"Type {url}/asterisk", "http.conf")
    ends_with(findings(url + "/other"), "ARI", f"Type {url}/asterisk", "http.conf")
    assert all(f.state is FindingState.OK for f in findings(url + "/asterisk").values())


# ARI itself.


def test_disabled_ari_fails_ari_step(real_asterisk: RealAsterisk) -> None:
    real_asterisk.write_config("ari.conf", "[general]\nenabled = no\n")
    real_asterisk.console("module reload res_ari.so")
    ends_with(findings(real_asterisk.url), "ARI", "there is no ARI", "enabled=yes", "ari.conf")


def test_unloaded_ari_fails_ari_step(real_asterisk: RealAsterisk) -> None:
    real_asterisk.own()
    real_asterisk.console("module unload -f res_ari.so")
    try:
        ends_with(
            findings(real_asterisk.url), "ARI", "there is no ARI", "modules.conf", "res_ari.so"
        )
        real_asterisk.console("module load res_ari.so")
        ends_with(findings(real_asterisk.url), "user", "has no resources", "core restart now")
    finally:
        real_asterisk.restart()


def test_unloaded_modules_are_noted(real_asterisk: RealAsterisk) -> None:
    real_asterisk.own()
    for module in ("res_ari_sounds", "res_stasis_playback"):
        real_asterisk.console(f"module unload -f {module}.so")
    try:
        found = findings(real_asterisk.url)
        assert found["modules"].state is FindingState.NOTE
        says(
            found["modules"], "res_ari_sounds.so (sounds)", "res_stasis_playback.so (channels.play)"
        )
    finally:
        real_asterisk.restart()


def test_unloaded_events_module_fails_socket_step(real_asterisk: RealAsterisk) -> None:
    real_asterisk.own()
    real_asterisk.console("module unload -f res_ari_events.so")
    try:
        ends_with(
            findings(real_asterisk.url), "event socket", "404", "module load res_ari_events.so"
        )
    finally:
        real_asterisk.restart()


# Who asks.


@pytest.mark.parametrize(("user", "password"), [("asterisk", "wrong"), ("nosuch", "asterisk")])
def test_unknown_user_fails_user_step(exchange_server: Server, user: str, password: str) -> None:
    found = findings(exchange_server.url, user, password)
    ends_with(found, "user", f"section [{user}]", "type=user", "ari.conf", "module reload")
    assert "wrong" not in str(found)


def test_section_other_than_user_is_named(real_asterisk: RealAsterisk) -> None:
    text = ARI.format(general="", user="").replace("type = user\n", "")
    real_asterisk.write_config("ari.conf", text)
    real_asterisk.console("module reload res_ari.so")
    ends_with(findings(real_asterisk.url), "user", "type=user", "ari.conf")


def test_read_only_user_is_noted(exchange_server: Server) -> None:
    found = findings(exchange_server.url, "observer", exchange_server.password_of("observer"))
    assert found["access"].state is FindingState.NOTE
    says(found["access"], "observer is read-only", "read_only=no", "ari.conf")
    assert found["event socket"].state is FindingState.OK


@pytest.mark.parametrize("app", ["hello world", "", "a/b"])
def test_invalid_application_name_fails_its_step(exchange_server: Server, app: str) -> None:
    ends_with(findings(exchange_server.url, app=app), "application")


def test_application_in_use_is_noted(exchange_server: Server) -> None:
    with ari_notebook.connect(exchange_server.url, app="hello-world") as ari:
        found = findings(exchange_server.url, app="hello-world")
        assert found["application"].state is FindingState.NOTE
        says(found["application"], "a program is connected as hello-world", "--app")
        assert ari.connected


# The way there.


class Proxy:
    """Passes requests on, but no WebSocket: a web server without WebSocket support."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, socket.create_connection(self._target) as server:
                request = client.recv(65536).split(b"\r\n")
                hidden = (b"upgrade:", b"connection:", b"sec-websocket")
                kept = [line for line in request if not line.lower().startswith(hidden)]
                kept.insert(1, b"Connection: close")
                server.sendall(b"\r\n".join(kept))
                while piece := server.recv(65536):
                    client.sendall(piece)

    def close(self) -> None:
        self._socket.close()


def test_proxy_without_websocket_fails_socket_step(exchange_server: Server) -> None:
    host, port = exchange_server.url.removeprefix("http://").split(":")
    proxy = Proxy((host, int(port)))
    try:
        ends_with(findings(proxy.url), "event socket", "proxy", "Upgrade")
    finally:
        proxy.close()


def test_origin_not_allowed_fails_web_pages_step(real_asterisk: RealAsterisk) -> None:
    text = ARI.format(general="allowed_origins = http://a.example", user="read_only = no")
    real_asterisk.write_config("ari.conf", text)
    real_asterisk.console("module reload res_ari.so")
    url = real_asterisk.url
    assert findings(url, origin="http://a.example")["web pages"].state is FindingState.OK
    found = findings(url, origin="http://b.example")
    ends_with(found, "web pages", "allowed_origins=http://b.example", "ari.conf")
    # Without --origin, CORS is not reported as a problem.
    assert findings(url)["web pages"].state is FindingState.OK


@pytest.mark.parametrize(
    ("url", "origin", "words"),
    [
        ("http://pbx.example:8088", "https://pages.example", ("mixed content", "tlsenable=yes")),
        ("http://10.0.0.5:8088", "https://pages.example:8443", ("http://10.0.0.5:8088",)),
        ("http://127.0.0.1:8088", "https://pages.example/notes", ("without a path",)),
        ("http://127.0.0.1:8088", "https://pages.example/", ("without a path",)),
        ("http://127.0.0.1:8088", "pages.example", ("is not the origin",)),
        ("http://127.0.0.1:8088", "file://", ("is not the origin",)),
    ],
)
def test_origin_that_a_browser_blocks_fails(url: str, origin: str, words: tuple[str, ...]) -> None:
    target = Target(url, Credentials("asterisk", "asterisk"), "doctor", origin=origin)
    target.address = Address.parse(url)
    found = cross_origin(target)  # without a request
    assert found.state is FindingState.FAILED
    says(found, *words)


def test_https_page_may_use_http_of_its_own_machine(simulator: RunningSimulator) -> None:
    url, password = simulator.url, simulator.password
    origin = "https://pages.example"
    assert findings(url, password=password, origin=origin)["web pages"].state is FindingState.FAILED
    config = replace(demonstration(), ari=replace(demonstration().ari, allowed_origins=(origin,)))
    with start(config) as allowing:
        found = findings(allowing.url, password=allowing.password, origin=origin)
    assert found["web pages"].state is FindingState.NOTE
    says(found["web pages"], "Safari")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject, days in (
        ("good", "IP:127.0.0.1", 90),
        ("late", "IP:127.0.0.1", 3),
        ("other", "DNS:pbx.example", 90),
    ):
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)]
        command += ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"]
        command += ["-subj", "/CN=pbx", "-addext", f"subjectAltName={subject}"]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture
def secure(
    real_asterisk: RealAsterisk, certificates: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A real Asterisk with TLS; the parameter is the certificate's name."""
    root = real_asterisk.own()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for kind in ("key", "crt"):
        shutil.copy(certificates / f"{request.param}.{kind}", root / f"etc/asterisk/tls.{kind}")
    real_asterisk.write_config(
        "http.conf",
        HTTP.format(port=real_asterisk.ports[0])
        + f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\n"
        + "tlscertfile = /etc/asterisk/tls.crt\ntlsprivatekey = /etc/asterisk/tls.key\n",
    )
    real_asterisk.console("module reload http")
    yield f"https://127.0.0.1:{port}"
    for kind in ("key", "crt"):
        (root / f"etc/asterisk/tls.{kind}").unlink()


@pytest.mark.parametrize("secure", ["good"], indirect=True)
def test_untrusted_certificate_fails_its_step(secure: str, certificates: Path) -> None:
    ends_with(findings(secure), "certificate", "not trusted", "--ca", "tlscertfile")
    found = findings(secure, ca=str(certificates / "good.crt"))
    assert [f for f in found.values() if f.state is not FindingState.OK] == []
    ends_with(findings(secure, ca="/no/such/file"), "certificate", "/no/such/file", "--ca")
    ends_with(findings("http" + secure[5:]), "web server", "speaks TLS", "https://")


@pytest.mark.parametrize("secure", ["late"], indirect=True)
def test_expiring_certificate_is_noted(secure: str, certificates: Path) -> None:
    found = findings(secure, ca=str(certificates / "late.crt"))
    assert found["certificate"].state is FindingState.NOTE
    says(found["certificate"], " days only", "Renew", "http.conf")


@pytest.mark.parametrize("secure", ["other"], indirect=True)
def test_certificate_of_other_host_fails_its_step(secure: str, certificates: Path) -> None:
    found = findings(secure, ca=str(certificates / "other.crt"))
    ends_with(found, "certificate", "host name", "tlscertfile")


def test_missing_tls_fails_certificate_step(exchange_server: Server) -> None:
    ends_with(
        findings("https" + exchange_server.url[4:]),
        "certificate",
        "does not speak TLS",
        "Type http://",
    )


def test_asterisk_that_does_not_connect_to_a_port_of_this_machine(
    exchange_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_notebook.doctor.outbound._WAIT_SECONDS", 0.2)
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        found = findings(exchange_server.url, password=exchange_server.password, accept=port)
        ends_with(found, "Asterisk to here", "cannot listen", "accept()")
    found = findings(exchange_server.url, password=exchange_server.password, accept=port)
    ends_with(found, "Asterisk to here", f"port {port}", "websocket_client.conf", "firewall")


def test_asterisk_that_connects_to_a_port_of_this_machine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = {
        "http.conf": "[general]\nenabled = yes\n",
        "ari.conf": "[general]\nenabled = yes\n[asterisk]\ntype = user\npassword = asterisk\n"
        "[out]\ntype = outbound_websocket\nwebsocket_client_id = out\napps = flows\n"
        "local_ari_user = asterisk\n",
        "websocket_client.conf": "[out]\ntype = websocket_client\nconnection_type = persistent\n"
        f"uri = ws://127.0.0.1:{port}/\nprotocols = ari\nusername = me\npassword = secret\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with ari_notebook.simulator.start(tmp_path) as running:
        found = findings(running.url, accept=port)
    finding = found["Asterisk to here"]
    assert finding.state is FindingState.OK, finding
    assert "connects as me, with flows" in finding.text
