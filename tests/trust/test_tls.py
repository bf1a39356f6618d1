"""TLS: verified by default, a CA of one's own accepted, a wrong host name refused."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError
from ari_notebook.doctor import FindingState, Target, examine
from tests.conftest import free_port
from tests.demonstration import copy_demonstration, demonstration

# urllib3's, beside our own; requests raises it if verification is off.
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, name: str, subject: str) -> None:
    """Create a private CA's certificate for a host: name.pem and name.key, the CA in ca.pem."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    if not (folder / "ca.pem").exists():
        ca = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=private CA", "-days", "2"]
        openssl(folder, "req", "-x509", *key, *ca)
    asked = ["-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"]
    openssl(folder, "req", *key, *asked)
    (folder / "san").write_text(f"subjectAltName={subject}\n")
    signed = ["-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    openssl(folder, "x509", "-req", *signed, "-extfile", "san", "-days", "2", "-out", f"{name}.pem")


@pytest.fixture(params=["right", "wrong"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An HTTPS server whose certificate names its host, or another."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    subject = "IP:127.0.0.1" if request.param == "right" else "DNS:pbx.example"
    certify(tmp_path, "host", subject)
    config = tmp_path / "config"
    copy_demonstration(config)
    port = free_port()
    with (config / "http.conf").open("a") as http:
        http.write(f"\ntlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\n")
        http.write(f"tlscertfile = {tmp_path}/host.pem\ntlsprivatekey = {tmp_path}/host.key\n")
    with simulator.start(config, port=0) as running:
        yield request.param, f"https://127.0.0.1:{port}", running, str(tmp_path / "ca.pem")


def connect(server: Any, **more: Any) -> Any:
    _, url, running, _ = server
    return ari_notebook.connect(url, user=running.user, password=running.password, **more)


def test_unknown_ca_is_refused(server: Any) -> None:
    with pytest.raises(AriError, match=r"TLS with 127\.0\.0\.1:\d+ failed: .*verify=PATH"):
        connect(server)


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_our_own_ca_is_accepted_for_the_host_that_it_names(server: Any, transport: str) -> None:
    which, _, _, ca = server
    if which == "right":
        with connect(server, verify=ca, transport=transport) as ari:
            assert ari.connected
            assert ari.channels.list() == []
    else:
        with pytest.raises(AriError, match="check the host name in the certificate"):
            connect(server, verify=ca, transport=transport)


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize("server", ["right"], indirect=True)
def test_rest_and_events_trust_the_same_authorities(
    server: Any, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, _, ca = server
    with pytest.raises(AriError, match="TLS with"):
        connect(server, transport=transport)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)  # which comes first
    monkeypatch.setenv("SSL_CERT_FILE", ca)
    with connect(server, transport=transport) as ari:
        assert ari.channels.list() == []
        ari.call("1000")
        assert ari.wait_for("StasisStart")  # by the event stream


def test_unverified_server_is_warned_of_each_time(server: Any) -> None:
    for _ in range(2):
        with pytest.warns(UserWarning, match="any server there would get the password"):
            connect(server, verify=False).close()
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        connect(server, verify=False).close()
    assert len(raised) == 1, raised  # not another one of urllib3 for each request


@pytest.mark.parametrize("server", ["right"], indirect=True)
def test_doctor_accepts_the_ca_that_connect_accepts(server: Any) -> None:
    # A CA of `openssl req -x509` has no key usage, which Python 3.13 refuses by default.
    _, url, running, ca = server
    target = Target(url, Credentials(running.user, running.password), "hello-world", ca)
    found = {title: finding for title, finding in examine(target) if title == "certificate"}
    assert found["certificate"].state is FindingState.OK or "days only" in found["certificate"].text


@contextmanager
def on_every_address() -> Iterator[tuple[simulator.RunningSimulator, str]]:
    """Provide a simulator on every address, and its URL by another address than loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but loopback")
        here = probe.getsockname()[0]
    with simulator.start(demonstration(), host="0.0.0.0") as running:
        yield running, f"http://{here}:{urlsplit(running.url).port}"


def test_plain_http_to_another_address_warns_each_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with on_every_address() as (running, url):
        for _ in range(2):
            with pytest.warns(UserWarning, match=f"{url} is plain HTTP: .* can read the password"):
                ari_notebook.connect(url, user=running.user, password=running.password).close()
        assert len([each for each in caplog.messages if "is plain HTTP" in each]) == 2
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ari_notebook.connect(running.url, password=running.password).close()


def test_simulator_on_every_address_says_so() -> None:
    with on_every_address() as (running, _):
        assert "it listens on 0.0.0.0, port" in running.exposure
    with simulator.start() as running:
        assert running.exposure == ""


def test_simulator_command_on_every_address_warns() -> None:
    command = [sys.executable, "-m", "ari_notebook.simulator", "--host", "0.0.0.0", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
        finally:
            process.kill()
    assert said.startswith("Warning: it listens on 0.0.0.0, port")
    assert "HTTP sends it in clear" in said
