"""Failures to connect: each is a one-line error with advice."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.helpers.servers import Server
from tests.helpers.waiting import until


def one_line(error: ari_notebook.AriError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text
    assert error.hint, f"no advice in: {text}"
    for word in words:
        assert word in text, text


def refused(url: str, *words: str, **how: object) -> ari_notebook.AriError:
    """Assert that connecting fails with these words, and leaves no thread behind."""
    before = set(threading.enumerate())
    with pytest.raises(ari_notebook.AriError) as caught:
        ari_notebook.connect(url, **{"user": "asterisk", "password": "asterisk", **how})  # type: ignore[arg-type]
    one_line(caught.value, *words)
    assert set(threading.enumerate()) <= before
    return caught.value


def test_keyring_failure_prompts_for_password(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server without a desktop: the user is prompted."""
    keyring = pytest.importorskip("keyring")
    fail = pytest.importorskip("keyring.backends.fail")
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    monkeypatch.delenv("ARI_PASSWORD", raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: simulator.password)
    try:
        ari_notebook.connect(simulator.url, user=simulator.user).close()
    finally:
        keyring.set_keyring(before)


# Nothing there, or something else.


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("127.0.0.1:8088", ["not the URL of an Asterisk", "http://127.0.0.1:8088"]),
        ("ftp://pbx:8088", ["not the URL of an Asterisk"]),
        ("http://", ["not the URL of an Asterisk"]),
        ("http:/pbx:8088", ["not the URL of an Asterisk"]),
        ("http://my pbx:8088", ["not the URL of an Asterisk"]),
        ("http://pbx:88888", ["not a number from 0 to 65535", "8088"]),
        ("ws://pbx:8088", ["Type http://pbx:8088"]),
        ("http://asterisk:secret@pbx:8088", ["ARI_PASSWORD"]),
    ],
)
def test_invalid_url_is_refused_without_password(typed: str, words: list[str]) -> None:
    error = refused(typed, *words)
    assert isinstance(error, ari_notebook.UsageProblem)
    assert "secret" not in str(error)


def test_unknown_host_is_named() -> None:
    url = "http://no-such-pbx.invalid:8088"
    with pytest.warns(UserWarning, match="is plain HTTP"):
        error = refused(url, "cannot resolve host no-such-pbx.invalid")
    assert isinstance(error, ari_notebook.NotSent)


def test_port_without_listener_is_refused_with_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refused(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", "enabled=yes in http.conf")
    assert isinstance(error, ari_notebook.NotSent)


@pytest.fixture
def listener() -> Iterator[Callable[[bytes], int]]:
    """A server that sends the same text to every client, and closes."""
    sockets = []

    def serve(banner: bytes) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def answer() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.sendall(banner)
                    time.sleep(0.05)

        threading.Thread(target=answer, daemon=True).start()
        return int(listening.getsockname()[1])

    yield serve
    for listening in sockets:
        listening.close()


@pytest.mark.parametrize("banner", [b"", b"Asterisk Call Manager/9.0.0\r\n", b"SSH-2.0-x\r\n"])
def test_port_without_http_is_named(listener: Callable[[bytes], int], banner: bytes) -> None:
    error = refused(f"http://127.0.0.1:{listener(banner)}", "does not speak HTTP", "bindport")
    assert isinstance(error, ari_notebook.ConnectionLost)


@pytest.mark.parametrize("status", [200, 302, 400, 405, 501, 502])
def test_web_server_other_than_asterisk_is_named(status: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Location", "http://elsewhere/")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            refused(f"http://127.0.0.1:{server.server_port}", "is not Asterisk", "http.conf")
        finally:
            server.shutdown()
            serving.join()


def test_https_to_plain_server_advises_http(exchange_server: Server) -> None:
    refused("https" + exchange_server.url[4:], "TLS", "Type http://")


# Asterisk is there.


def test_wrong_path_advises_prefix(exchange_server: Server) -> None:
    error = refused(
        exchange_server.url + "/pbx", "has no ARI", "ari.conf", "http.conf sets a prefix"
    )
    assert isinstance(error, ari_notebook.NotFound)


def test_url_of_a_request_is_accepted(exchange_server: Server) -> None:
    with ari_notebook.connect(exchange_server.url + "/ari/channels") as ari:
        assert ari.url == exchange_server.url


@pytest.mark.parametrize(("user", "password"), [("asterisk", "wrong"), ("nosuch", "asterisk")])
def test_unknown_user_or_password_is_refused(
    exchange_server: Server, user: str, password: str
) -> None:
    error = refused(
        exchange_server.url, "401", "type=user in ari.conf", user=user, password=password
    )
    assert isinstance(error, ari_notebook.AuthenticationFailed)
    assert password == "asterisk" or password not in str(error)


@pytest.mark.parametrize(
    "app", ["hello world", "a,", "a/b", "a&b", "a?b", "a;b", "a\nb", "a(b)", "x" * 80]
)
def test_invalid_application_name_is_refused(exchange_server: Server, app: str) -> None:
    assert isinstance(refused(exchange_server.url, "name", app=app), ari_notebook.UsageProblem)


def test_disabled_http_is_explained(real_asterisk: RealAsterisk) -> None:
    real_asterisk.write_config("http.conf", "[general]\nenabled = no\n")
    real_asterisk.console("module reload http")
    try:
        refused(real_asterisk.url, "nothing listens", "enabled=yes in http.conf")
    finally:
        real_asterisk.restore_files()


def test_unloaded_ari_is_explained(real_asterisk: RealAsterisk) -> None:
    real_asterisk.own()
    real_asterisk.console("module unload -f res_ari.so")
    try:
        refused(real_asterisk.url, "has no ARI", "enabled=yes in ari.conf", "res_ari")
        # Loading it again is not enough: its resources do not come back.
        real_asterisk.console("module load res_ari.so")
        refused(real_asterisk.url, "has no resources", "Restart Asterisk")
    finally:
        real_asterisk.restart()
    with ari_notebook.connect(real_asterisk.url) as ari:
        assert ari.connected


# The session is there, and stays usable.


def usable(ari: Session) -> None:
    ari.call("1000")
    channel = ari.wait_for("StasisStart").channel
    ari.channels[channel.id].play("sound:beep")
    assert ari.wait_for("PlaybackFinished").playback.state == "done"
    ari.channels[channel.id].hangup()
    ari.wait_for("StasisEnd", channel=channel.id)


def test_read_only_user_gets_read_only_error(exchange_server: Server) -> None:
    with ari_notebook.connect(
        exchange_server.url, user="observer", password=exchange_server.password_of("observer")
    ) as ari:
        for change in (
            lambda: ari.bridges.create(),
            lambda: ari.channels.originate("Local/1002@default", app="hello-world"),
            lambda: ari.request("DELETE", "/channels/nosuch"),
        ):
            with pytest.raises(ari_notebook.ReadOnly) as caught:
                change()
            one_line(caught.value, "403", "read_only=no", "ari.conf")
        assert ari.channels.list() == []


def test_ended_channel_raises_not_found(ari: Session) -> None:
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.hangup()
    ari.wait_for("StasisEnd", channel=channel)
    # It lives on for a moment after it left Stasis.
    while any(other.id == channel.id for other in ari.channels.list()):
        time.sleep(0.02)
    for late in (
        lambda: channel.play("sound:beep"),
        channel.answer,
        channel.hangup,
        lambda: ari.channels[channel.id],
    ):
        with pytest.raises(ari_notebook.NotFound) as caught:
            late()
        one_line(caught.value, "Channel not found", "It has hung up")
    with pytest.raises(ari_notebook.NotFound) as caught:
        _ = ari.current_channel
    one_line(caught.value, "no channel is in Stasis", "%ari call")
    usable(ari)


@pytest.mark.parametrize(
    ("media", "says"),
    [("sound:no-such-sound", "%ari sounds"), ("tone:no-such-tone", "indications.conf")],
)
def test_missing_media_is_explained(ari: Session, media: str, says: str) -> None:
    published: list[str] = []
    ari.notices.add_listener(published.append)
    ari.call("1000")
    ari.wait_for("StasisStart")
    playback = ari.current_channel.play(media)
    assert ari.wait_for("PlaybackFinished", playback=playback).playback.state == "failed"
    until(lambda: published)
    assert len(published) == 1
    assert published[0].startswith(f"{media} could not be played: ")
    assert says in published[0]
    ari.current_channel.hangup()
    ari.wait_for("StasisEnd")
    usable(ari)
    assert len(published) == 1


def test_interrupted_media_is_not_reported_missing(ari: Session) -> None:
    published: list[str] = []
    ari.notices.add_listener(published.append)
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    playback = channel.play(["sound:hello-world"] * 5)
    ari.wait_for("PlaybackStarted")
    channel.hangup()
    assert ari.wait_for("PlaybackFinished", playback=playback).playback.state == "failed"
    until(lambda: not ari.synchronizer._failed_playbacks)
    assert published == []


@pytest.mark.parametrize("media", ["hello-world", "file:hello-world", "", ["sound:beep", "beep"]])
def test_media_without_scheme_is_not_sent(ari: Session, media: str | list[str]) -> None:
    ari.call("1000")
    ari.wait_for("StasisStart")
    sent = len(ari.requests)
    with pytest.raises(ari_notebook.InvalidParameter) as caught:
        ari.current_channel.play(media)
    one_line(caught.value, "sound:")
    assert len(ari.requests) == sent


def test_missing_endpoint_is_explained(ari: Session) -> None:
    with pytest.raises(ari_notebook.ServerError) as caught:
        ari.channels.originate("PJSIP/nosuch", app="hello-world")
    one_line(caught.value, "Allocation failed", "%ari endpoints")
    usable(ari)
