"""Each verb's example and its Python form send the same request, of the operation it names.

It runs the examples that `%ari help` shows, on the simulator and on a real Asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.magics.grammar import VERBS
from ari_notebook.magics.verbs import load_verbs
from tests.magics.prompt import Prompt, Typed

load_verbs()

CALL = "%ari call 1000\n%ari wait StasisStart;\nchannel = alice = ari.current_channel"
RINGING = CALL.replace("1000", "1003")
BRIDGE = "bridge = %ari bridge create\n"
IN_BRIDGE = CALL + "\n" + BRIDGE + "%ari bridge add"
PLAYING = CALL + "\nplayback = %ari play tone:ring\n%ari wait PlaybackStarted;"
RECORDING = CALL + "\n%ari record greeting --overwrite\n%ari wait RecordingStarted;"
NEW = CALL + "\n%ari channels.set_channel_var channelId=$channel variable=COLOUR value=red"

# What has to be there before a verb makes sense; for the others nothing has.
READY = {
    **dict.fromkeys(("ring", "ringstop", "progress", "answer"), RINGING),
    "dial": "channel = %ari create Local/1002@default\n%ari wait StasisStart;",
    **dict.fromkeys(
        (
            *("hold", "unhold", "hangup", "mute", "unmute", "moh", "silence", "dtmf", "snoop"),
            *("continue", "redirect", "move", "select", "play", "calls", "curl"),
            *("ladder", "timeline", "events", "channels", "record", "check"),
        ),
        CALL,
    ),
    "wait": "%ari call 1000",
    "variable": NEW,
    **dict.fromkeys((name for name in VERBS if name.startswith("playback ")), PLAYING),
    **dict.fromkeys((name for name in VERBS if name.startswith("recording ")), RECORDING),
    "recording unpause": RECORDING + "\n%ari recording pause",
    "recording unmute": RECORDING + "\n%ari recording mute",
    "recording listen": RECORDING + "\n%ari recording stop\n%ari wait RecordingFinished;",
    **dict.fromkeys((name for name in VERBS if name.startswith("bridge ")), IN_BRIDGE),
    "bridge add": CALL + "\nbob = channel\n" + CALL + "\n" + BRIDGE,
    "off": "%%ari on StasisStart\npass",
    "delete": "%ari put /deviceStates/Stasis:lamp deviceState=INUSE",
    "capture start": "from pathlib import Path\nPath('day.ari').unlink(missing_ok=True)",
}
# They have tests of their own: there is nothing to compare, or it is not to be done twice.
ELSEWHERE = {
    *("connect", "disconnect", "use", "sessions", "overview", "help", "docs", "demo", "diff", "on"),
    *("trace", "handlers", "panel", "capture stop", "replay", "dialplan", "flow"),
    *("accept", "accept config", "accept stop"),  # test_outbound_verbs has an Asterisk
    "listen",  # a page's: tests/views/listening
    "say",  # needs a program that speaks: test_audio_verbs has one
}
# What an exchange refuses in this test's situation, in one line, both ways: a Local channel cannot
# be redirected, there is no application to move to, a real one may not have res_mwi_external.
REFUSED = {"redirect", "move", "mailboxes"}
CLEAN = """
def clean(things, end):
    for one in things:
        try:
            end(one)
        except ari_notebook.RequestFailed:
            pass  # it is over already, as the other half of a Local channel is with the first

clean(ari.recordings, lambda one: one.cancel())
clean(ari.bridges.list(), lambda one: one.destroy())
clean(ari.channels.list(), lambda one: one.hangup())
clean(list(ari.handlers), lambda one: ari.off(one))
time.sleep(0.05)  # what was being recorded is stored now
clean(ari.recordings.list_stored(), lambda one: ari.recordings.delete_stored(one.name))
ari.current_channel = None
"""


@dataclass
class Server:
    """The prompt, connected once for all verbs."""

    prompt: Prompt

    def __call__(self, cell: str) -> Typed:
        return self.prompt.type(cell)

    def requests_of(self, cell: str) -> tuple[Typed, list[Any]]:
        session = self.prompt.names["ari"]
        before = session.requests.count
        typed = self(cell)
        new = session.requests.count - before
        sent = list(session.requests)[-new:] if new else []
        return typed, [(r.method, _without_ids(r.path), _plain(r.params), r.body) for r in sent]


def _without_ids(text: str) -> str:
    return re.sub(r"\d{9,}\.\d+|[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)


def _plain(params: dict[str, str]) -> dict[str, str]:
    return {name: _without_ids(value) for name, value in params.items()}


# A caller for each verb, twice, takes the better part of a minute. The verbs send the same requests
# to either server, and the operations are compared side by side in every CI.
REAL = pytest.param("real", marks=[pytest.mark.asterisk, pytest.mark.slow, pytest.mark.nightly])


@pytest.fixture(scope="module", params=["simulator", REAL])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "real":
            found: Any = request.getfixturevalue("_asterisk_of_the_run")
        else:
            found = simulator.start()
        folder: Path = tmp_path_factory.mktemp("verbs")
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("ARI_PASSWORD", found.password)
        opened = Prompt()
        opened(f"%ari connect {found.url} --user {found.user}")
        opened("import time, ari_notebook, IPython.display")
        yield Server(opened)
        opened.close()
        if request.param != "real":
            found.stop()


def template(verb: str) -> re.Pattern[str]:
    """Return the operation that the verb names, as a pattern of the request."""
    method, _, path = VERBS[verb].operation.partition(" ")
    parts = [re.escape(part) for part in re.split(r"\{\w+\}|…", path)]
    return re.compile(f"{method} {'.+'.join(parts)}")


def ready(server: Server, verb: str) -> None:
    """Remove the objects of the previous verb, and create those that this one needs."""
    cell = READY.get(verb, "")
    cleaned = server(CLEAN)
    assert cleaned.error is None, cleaned.out
    for part in cell.split("\n\n"):
        typed = server(part)
        assert typed.error is None, typed.out


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in ELSEWHERE])
def test_magic_and_method_send_the_same_request(server: Server, verb: str) -> None:
    found = VERBS[verb]
    example = re.sub(r"^\w+ = ", "", found.examples[0])
    for _ in range(3):  # what plays or records may end by itself before the verb gets to it
        ready(server, verb)
        magic, sent_by_magic = server.requests_of(example)
        ready(server, verb)
        method, sent_by_method = server.requests_of(found.method)
        if verb in REFUSED or magic.error is method.error is None:
            break

    assert sent_by_magic == sent_by_method
    assert type(magic.error) is type(method.error), (magic.out, method.out)
    if magic.error is not None:
        assert verb in REFUSED, magic.out
        assert len(magic.out.strip().splitlines()) == 1
    elif method.result is not None and not found.operation.endswith("…"):
        assert isinstance(magic.result, type(method.result))
    if found.operation and sent_by_magic:
        request = f"{sent_by_magic[-1][0]} {sent_by_magic[-1][1]}"
        assert template(verb).fullmatch(request)


def test_every_verb_is_run_somewhere() -> None:
    assert set(READY) <= set(VERBS)
    assert set(VERBS) >= ELSEWHERE
