"""TLS: verified unless told otherwise, a CA of one's own accepted, a wrong host name refused."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client.errors import AriError
from tests.conftest import free_port

CONFIG = Path(ari_notebook.__file__).parent / "config"


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, name: str, subject: str) -> None:
    """A private CA's certificate for a host: name.pem and name.key, the CA in ca.pem."""
    key = ["-newkey", "rsa:2048", "-nodes"]
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
    shutil.copytree(CONFIG, config)
    port = free_port()
    with (config / "http.conf").open("a") as http:
        http.write(f"\ntlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\n")
        http.write(f"tlscertfile = {tmp_path}/host.pem\ntlsprivatekey = {tmp_path}/host.key\n")
    with simulator.start(config, port=0) as running:
        yield request.param, f"https://127.0.0.1:{port}", running, str(tmp_path / "ca.pem")


def connect(server: Any, **more: Any) -> Any:
    _, url, running, _ = server
    return ari_notebook.connect(url, user=running.user, password=running.password, **more)


def test_an_unknown_ca_is_refused(server: Any) -> None:
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


def test_what_is_not_verified_is_said_each_time(server: Any) -> None:
    for _ in range(2):
        with pytest.warns(UserWarning, match="whoever answers there gets the password"):
            connect(server, verify=False).close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connect(server, verify=False).close()
