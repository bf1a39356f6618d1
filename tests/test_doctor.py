"""The doctor, on a real Asterisk with one thing broken after the other."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.client.credentials import Credentials
from ari_notebook.doctor import STEPS, Finding, Patient, State, examine

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
    url: str, user: str = "asterisk", password: str = "asterisk", app: str = "doctor", **more: str
) -> dict[str, Finding]:
    return dict(examine(Patient(url, Credentials(user, password), app, **more)))


def ends_with(found: dict[str, Finding], step: str, *words: str) -> None:
    """This step is the first that fails, and says so in these words; all before it are well."""
    last = list(found)[-1]
    assert (last, found[last].state) == (step, State.ILL), found
    assert [f for f in found.values() if f.state is State.ILL] == [found[last]]
    says(found[last], *words)


def says(finding: Finding, *words: str) -> None:
    assert "\n" not in finding.text + finding.advice
    assert finding.advice or finding.state is State.WELL
    for word in words:
        assert word in finding.text + " " + finding.advice, finding


def test_all_is_well(exchange_server) -> None:
    found = findings(exchange_server.url)
    assert list(found) == [title for title, _ in STEPS]
    assert [f for f in found.values() if f.state is not State.WELL] == []
    says(found["web server"], "Asterisk/22")
    says(found["event socket"], "an event came in")


def test_the_examination_leaves_nothing_behind(exchange_server) -> None:
    with ari_notebook.connect(exchange_server.url, subscribe_all=True) as ari:
        threads = threading.active_count()
        findings(exchange_server.url)
        assert threading.active_count() == threads
        assert [app.name for app in ari.applications.list()] == ["hello-world"]
        assert ari.bridges.list() == ari.channels.list() == []


# Before there is an Asterisk.


@pytest.mark.parametrize("url", ["pbx:8088", "ws://pbx", "http://pbx:99999", "http://a:b@pbx"])
def test_url(url: str) -> None:
    ends_with(findings(url), "URL")


def test_name() -> None:
    ends_with(findings("http://no-such-pbx.invalid:8088"), "name", "no address", "IP address")


def test_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ends_with(findings(f"http://127.0.0.1:{port}"), "port", "nothing listens", "http.conf")
    ends_with(findings(f"https://127.0.0.1:{port}"), "port", "tlsbindaddr")


class Listener:
    """Says something to whoever connects, and hangs up."""

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
        (b"SSH-2.0-OpenSSH_9.2\r\n", ["speaks no HTTP", "SSH-2.0", "http.conf"]),
        (b"", ["answers no HTTP", "5060"]),
    ],
)
def test_something_else_listens(banner: bytes, words: list[str]) -> None:
    with Listener(banner) as listener:
        ends_with(findings(listener.url), "web server", *words)


def test_another_web_server() -> None:
    answer = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"
    with Listener(answer) as listener:
        found = findings(listener.url)
        says(found["web server"], "nginx", "bindport")
        ends_with(found, "ARI", "no ARI")


# Its web server.


def test_http_not_enabled(real_asterisk) -> None:
    real_asterisk.write_config("http.conf", "[general]\nenabled = no\n")
    real_asterisk.console("module reload http")
    ends_with(findings(real_asterisk.url), "port", "enabled=yes", "http.conf", "module reload http")


def test_a_prefix(real_asterisk) -> None:
    port = real_asterisk.ports[0]
    real_asterisk.write_config("http.conf", HTTP.format(port=port) + "prefix = asterisk\n")
    real_asterisk.console("module reload http")
    url = real_asterisk.url
    ends_with(findings(url), "ARI", f"Type {url}/asterisk", "http.conf")
    ends_with(findings(url + "/other"), "ARI", f"Type {url}/asterisk", "http.conf")
    assert all(f.state is State.WELL for f in findings(url + "/asterisk").values())


# ARI itself.


def test_ari_not_enabled(real_asterisk) -> None:
    real_asterisk.write_config("ari.conf", "[general]\nenabled = no\n")
    real_asterisk.console("module reload res_ari.so")
    ends_with(findings(real_asterisk.url), "ARI", "there is no ARI", "enabled=yes", "ari.conf")


def test_ari_not_loaded(real_asterisk) -> None:
    real_asterisk.own()
    real_asterisk.console("module unload -f res_ari.so")
    try:
        ends_with(
            findings(real_asterisk.url), "ARI", "there is no ARI", "modules.conf", "res_ari.so"
        )
        real_asterisk.console("module load res_ari.so")
        ends_with(findings(real_asterisk.url), "user", "lost its resources", "core restart now")
    finally:
        real_asterisk.restart()


def test_modules_that_are_not_loaded(real_asterisk) -> None:
    real_asterisk.own()
    for module in ("res_ari_sounds", "res_stasis_playback"):
        real_asterisk.console(f"module unload -f {module}.so")
    try:
        found = findings(real_asterisk.url)
        assert found["modules"].state is State.NOTE
        says(
            found["modules"], "res_ari_sounds.so (sounds)", "res_stasis_playback.so (channels.play)"
        )
    finally:
        real_asterisk.restart()


def test_no_event_socket(real_asterisk) -> None:
    real_asterisk.own()
    real_asterisk.console("module unload -f res_ari_events.so")
    try:
        ends_with(
            findings(real_asterisk.url), "event socket", "404", "module load res_ari_events.so"
        )
    finally:
        real_asterisk.restart()


# Who asks.


@pytest.mark.parametrize(("user", "password"), [("asterisk", "wrong"), ("nobody", "asterisk")])
def test_user(exchange_server, user: str, password: str) -> None:
    found = findings(exchange_server.url, user, password)
    ends_with(found, "user", f"section [{user}]", "type=user", "ari.conf", "module reload")
    assert "wrong" not in str(found)


def test_a_section_that_is_no_user(real_asterisk) -> None:
    text = ARI.format(general="", user="").replace("type = user\n", "")
    real_asterisk.write_config("ari.conf", text)
    real_asterisk.console("module reload res_ari.so")
    ends_with(findings(real_asterisk.url), "user", "type=user", "ari.conf")


def test_read_only(exchange_server) -> None:
    found = findings(exchange_server.url, "observer", "observer")
    assert found["access"].state is State.NOTE
    says(found["access"], "observer may look", "read_only=no", "ari.conf")
    assert found["event socket"].state is State.WELL


@pytest.mark.parametrize("app", ["hello world", "", "a/b"])
def test_names_that_no_application_can_have(exchange_server, app: str) -> None:
    ends_with(findings(exchange_server.url, app=app), "application")


def test_an_application_that_is_taken(exchange_server) -> None:
    with ari_notebook.connect(exchange_server.url, app="hello-world") as ari:
        found = findings(exchange_server.url, app="hello-world")
        assert found["application"].state is State.NOTE
        says(found["application"], "a program is connected as hello-world", "--app")
        assert ari.connected


# The way there.


class Proxy:
    """Passes requests on, but no WebSocket: a web server that was not told to."""

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


def test_a_proxy_that_passes_no_websocket_on(exchange_server) -> None:
    host, port = exchange_server.url.removeprefix("http://").split(":")
    proxy = Proxy((host, int(port)))
    try:
        ends_with(findings(proxy.url), "event socket", "proxy", "Upgrade")
    finally:
        proxy.close()


def test_web_pages(real_asterisk) -> None:
    text = ARI.format(general="allowed_origins = http://a.example", user="read_only = no")
    real_asterisk.write_config("ari.conf", text)
    real_asterisk.console("module reload res_ari.so")
    url = real_asterisk.url
    assert findings(url, origin="http://a.example")["web pages"].state is State.WELL
    found = findings(url, origin="http://b.example")
    ends_with(found, "web pages", "allowed_origins=http://b.example", "ari.conf")
    # Who did not ask about pages is not told that something is wrong.
    assert findings(url)["web pages"].state is State.WELL


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
def secure(real_asterisk, certificates: Path, request: pytest.FixtureRequest) -> Iterator[str]:
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
def test_certificate(secure: str, certificates: Path) -> None:
    ends_with(findings(secure), "certificate", "not to be trusted", "--ca", "tlscertfile")
    found = findings(secure, ca=str(certificates / "good.crt"))
    assert [f for f in found.values() if f.state is not State.WELL] == []
    ends_with(findings(secure, ca="/no/such/file"), "certificate", "/no/such/file", "--ca")
    ends_with(findings("http" + secure[5:]), "web server", "speaks TLS", "https://")


@pytest.mark.parametrize("secure", ["late"], indirect=True)
def test_a_certificate_that_ends_soon(secure: str, certificates: Path) -> None:
    found = findings(secure, ca=str(certificates / "late.crt"))
    assert found["certificate"].state is State.NOTE
    says(found["certificate"], " days only", "Renew", "http.conf")


@pytest.mark.parametrize("secure", ["other"], indirect=True)
def test_a_certificate_of_another(secure: str, certificates: Path) -> None:
    found = findings(secure, ca=str(certificates / "other.crt"))
    ends_with(found, "certificate", "host name", "tlscertfile")


def test_no_tls_there(exchange_server) -> None:
    ends_with(findings("https" + exchange_server.url[4:]), "certificate", "no TLS", "Type http://")
