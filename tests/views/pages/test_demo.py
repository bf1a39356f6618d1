"""The demonstration's call, in a shell and by its page's buttons, on both exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import ari_notebook
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.views.display.waveform import levels, waveform_svg, waveform_text
from ari_notebook.views.pages.demo import Demo
from tests.helpers.servers import Server
from tests.helpers.waiting import until
from tests.magics.conftest import on_exchange, prompt  # noqa: F401
from tests.magics.prompt import Prompt

LONG = 60


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        yield session


def test_shell_performs_the_call(on_exchange: Callable[[str], Prompt]) -> None:  # noqa: F811
    said = on_exchange("hello-world").type("%ari demo")
    assert said.error is None, said.out
    for text in (
        "☎",
        "the program plays sound:hello-world",
        "█",
        "ChannelDtmfReceived digit=1",
        "StasisStart",
        '@ari.on("StasisStart")',
    ):
        assert text in said.out


def test_shell_connects_where_nothing_is_connected(prompt: Prompt) -> None:  # noqa: F811
    assert "☎ a telephone rings" in prompt.type("%ari demo").out
    assert prompt.names["ari"].simulator is not None


def test_page_leads_through_the_call(ari: Session) -> None:
    demo = Demo(ari, ari.ladder)
    assert 'data-begin="begin"' in demo.page_html(live=True)
    assert "data-begin" not in demo.page_html(live=False)
    demo.answer("begin")
    demo.answer("begin")  # a second view of the page asks for it, too
    assert "Your telephone rings" in demo.page_html(live=True)
    with pytest.raises(UsageProblem, match="no active call"):
        demo.answer("press 1")
    demo.answer("answer")
    until(lambda: demo.call.audio, LONG)
    assert "waveform of hello world" in demo.page_html(live=True)
    assert demo.answer("hear").audio.startswith("UklGR")
    demo.answer("press #")
    until(lambda: demo.call.keys == "#", LONG)
    assert "ChannelDtmfReceived" in demo.page_html(live=True)
    demo.answer("down")
    until(lambda: demo.call.state == "over", LONG)
    demo.answer("again")
    assert demo.call.state == "ringing"
    until(lambda: "demo" not in str(ari.listed("recordings")), LONG)


@pytest.mark.parametrize("ask", ["press <script>", "press 12", "press ", "", "hangup *", "again"])
def test_page_cannot_ask_for_anything_else(ari: Session, ask: str) -> None:
    with pytest.raises(UsageProblem):
        Demo(ari, ari.ladder).answer(ask)


def test_server_without_phones_gets_a_call_button(exchange_server: Server) -> None:
    with ari_notebook.connect(
        exchange_server.url, app="no-dialplan-knows-it", user=exchange_server.user,
        password=exchange_server.password,
    ) as session:  # fmt: skip
        demo = Demo(session, session.ladder)
        assert "A real Asterisk has no telephone" in demo.page_html(live=True)


def test_closed_session_ends_the_call() -> None:
    session = ari_notebook.connect()
    demo = Demo(session, session.ladder)
    demo.answer("begin")
    session.close()
    until(lambda: demo.call.state == "over", LONG)
    assert "run this cell again" in demo.page_html(live=True)


def test_waveform_of_what_is_no_sound_is_flat() -> None:
    assert levels(b"<script>") == []
    assert waveform_text([0.0, 0.5, 1.0]) == "▁▅█"
    assert "<rect" not in waveform_svg([], "nothing")
