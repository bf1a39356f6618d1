"""Invalid input: a one-line error with advice, a real exception, and no change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ari_notebook.magics.grammar import VERBS
from ari_notebook.magics.verbs import load_verbs
from tests.magics.prompt import Prompt

load_verbs()
NEEDS = [name for name, verb in VERBS.items() if any(a.required for a in verb.arguments)]
COUNTED = [name for name, verb in VERBS.items() if not any(a.many for a in verb.arguments)]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prompt]:
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("bad")
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("ARI_PASSWORD", "asterisk")
        for name in ("ARI_URL", "ARI_USER", "ARI_APP"):
            patch.delenv(name, raising=False)
        opened = Prompt()
        opened("%ari connect")
        yield opened
        opened.close()


def typed(verb: str) -> str:
    return f"%%ari {verb}" if VERBS[verb].cell == "required" else f"%ari {verb}"


def refused(prompt: Prompt, line: str) -> str:
    session = prompt.names.get("ari")
    before = (session.requests.count, session.status.handlers) if session else None
    shown = prompt.fail(line)
    assert len(shown.splitlines()) == 1, shown
    assert "Traceback" not in shown
    if session:
        assert (session.requests.count, session.status.handlers) == before
        assert prompt.names["ari"] is session
    return shown


@pytest.mark.parametrize("verb", NEEDS)
def test_verb_without_required_argument_is_refused(embedded: Prompt, verb: str) -> None:
    cell = "\npass" if VERBS[verb].cell == "required" else ""
    shown = refused(embedded, typed(verb) + cell)
    assert f"{verb} needs " in shown
    assert "Usage: %" in shown


@pytest.mark.parametrize("verb", COUNTED)
def test_verb_with_extra_word_is_refused(embedded: Prompt, verb: str) -> None:
    words = " ".join(f"word{n}" for n in range(len(VERBS[verb].arguments) + 1))
    cell = "\npass" if VERBS[verb].cell == "required" else ""
    shown = refused(embedded, f"{typed(verb)} {words}{cell}")
    assert f"'word{len(VERBS[verb].arguments)}'" in shown


@pytest.mark.parametrize("verb", list(VERBS))
def test_unknown_option_is_refused(embedded: Prompt, verb: str) -> None:
    cell = "\npass" if VERBS[verb].cell == "required" else ""
    assert "has no option --nonsense" in refused(embedded, f"{typed(verb)} --nonsense{cell}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%ari plau hello-world", "Did you mean play?"),
        ("%ari bridge crate", "Did you mean create?"),
        ("%ari bridge", "One of: create, add"),
        ("%ari play hello --waiit", "Did you mean --wait?"),
        ("%ari wait StasisStrat", "Did you mean StasisStart"),
        ("%ari wait StasisStart chanel=x", "Did you mean channel or"),
        ("%ari wait StasisStart --timeout soon", "--timeout takes seconds, not 'soon'"),
        ("%ari events --type StasisStrat", "Did you mean StasisStart?"),
        ("%ari events --last some", "--last takes a whole number, not 'some'"),
        ("%ari channels.plya", "channels.play"),
        ("%ari channels.play media=sound:x", "channelId is missing"),
        ("%ari channels.play channelId=1 medai=sound:x", "did you mean media?"),
        ("%ari channels.mute channelId=1 direction=up", "direction"),
        ("%ari channels.originate endpoint=a timeout=soon", "timeout"),
        ("%ari channels.set_channel_var channelId=1", "variable is missing"),
        ('%ari channels.originate endpoint=a app=b variables={"A": }', "takes JSON"),
        ("%ari hangup $undefined", "'undefined' is not defined"),
        ("%ari hangup {chanel.id}", "'chanel' is not defined"),
        ('%ari play "hello', 'a " is not closed'),
        ("%ari dtmf", "dtmf needs the digits"),
        ("%ari hangup", "no channel is in Stasis"),
        ("%ari playback pause", "nothing is being played"),
        ("%ari recording stop", "nothing is being recorded"),
        ("%ari bridge destroy", "there is no bridge"),
        ("%ari curl", "no request was sent yet"),
        ("%ari capture stop", "nothing is being captured"),
        ("%ari off nosuch", "unknown handler: 'nosuch'"),
        ("%ari use nowhere", "unknown session: 'nowhere'"),
        ("%ari status --on nowhere", "unknown session: 'nowhere'"),
        ("%ari help plau", "Did you mean play?"),
        ("%ari docs StasisStrat", "StasisStart"),
        ("%ari trace perhaps", "trace takes on or off"),
        ("%ari connect nowhere", "neither a URL nor a server"),
        ("%ari connect http://127.0.0.1:1", "127.0.0.1:1"),
        ("%ari connect --app 'a b' http://127.0.0.1:1", "application"),
        ("%ari ladder nosuch", "no channel 'nosuch' in the event log"),
        ("%ari replay missing.ari", "missing.ari"),
        ("%%ari play hello\npass", "play takes no cell"),
        ("%ari on StasisStart", "on takes a cell"),
        ("%%ari on StasisStart\nthis is no Python", "line 1 of the cell"),
        ("%%ari on StasisStart --name 'a b'\npass", "is not a valid name for a handler"),
        ("%%ari on StasisStrat\npass", "Did you mean StasisStart"),
        ("%%ari dialplan\n[broken\nexten => 1", "still in use"),
        ("%ari get /channels --body {broken", "is not closed"),
        ("%ari play -x", "play has no option -x"),
        ('%ari hangup ""', "hangup got an empty word"),
        ("%ari hangup --channel ''", "--channel is empty"),
        ("%ari hangup --channel", "--channel needs a value: the channel"),
        ("%ari variable", "variable needs a name"),
        ("%ari continue 1002@", "needs a context after the @"),
        ("%ari dtmf 12x", "not telephone keys: '12x'"),
        ("%ari moh stop now", "moh got an unexpected word 'now'"),
        ("%ari silence now", "silence got an unexpected word 'now'"),
        ("%ari call 9999", "`%ari dialplan` lists the extensions"),
        ("%%ari\nstatus", "%%ari needs a verb. One of: %%ari on, %%ari flow, %%ari dialplan."),
        ("%ari docs Stasiss", "StasisStart"),
        ("%ari ls", "%ari channels, bridges"),
        ("%ari version", "%ari status shows which Asterisk"),
        ("%ari phone", "%ari call 1000"),
        ("%ari originate Local/1 --caller O'Neil", """Write "O'Neil" or O\\'Neil."""),
        ("%ari originate Local/1 --app a --extension 1@b", "--app or --extension, not both"),
        ("%ari connect --app a --app b", "--app is given twice"),
        ("%ari wait StasisStart state=Up state=Down", "wait got state twice"),
        ("%ari variable X=${EXTEN}", "In single quotes it is not expanded: '${EXTEN}'"),
        ("%ari variable X=a b", 'needs quotes: %ari variable X="a b"'),
        ("%ari channels.originate endpoint=a app=b channelVars=x", "did you mean variables?"),
    ],
)
def test_error_of_invalid_line(embedded: Prompt, line: str, says: str) -> None:
    assert says in refused(embedded, line)


@pytest.mark.parametrize("id", ["1.2.3", "Zoë", "a b", "'", "$x", "../..", "%00", "x" * 300])
def test_unknown_id_is_refused(embedded: Prompt, id: str) -> None:
    embedded.names["odd"] = id
    for line in ("%ari hangup $odd", "%ari bridge destroy $odd", "%ari playback stop $odd"):
        shown = embedded.fail(line)
        assert len(shown.splitlines()) == 1
        assert shown.startswith("NotFound: 404"), shown
    embedded("%ari status")


def test_closed_session_says_so(embedded: Prompt) -> None:
    from ari_notebook import connect

    with connect(name="short") as session:
        embedded.names["short"] = session
    assert "unknown session: 'short'" in embedded.fail("%ari channels --on short")
    assert "SessionClosed" in embedded.type("short.channels.list()").out


def test_failed_connect_keeps_the_session(embedded: Prompt) -> None:
    session = embedded.names["ari"]
    embedded.fail("%ari connect http://127.0.0.1:1")
    assert embedded.names["ari"] is session
    assert session.connected


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("applications", "%ari apps lists the Stasis applications"),
        ("asterisk", "Verbs: %ari asterisk."),
        ("device_states", "Verbs: %ari device_states."),
        ("Channel", "Try: %ari docs Channel"),
    ],
)
def test_resource_or_model_as_verb_names_what_to_type(
    prompt: Prompt, typed: str, says: str
) -> None:
    prompt("%ari connect")
    said = prompt.fail(f"%ari {typed}")
    assert says in said
    assert f"Did you mean {typed}?" not in said
