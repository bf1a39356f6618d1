"""Several servers, named servers, defaults, and loading the extension more than once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

import ari_notebook
from ari_notebook import sessions, simulator
from ari_notebook.client.errors import UsageProblem
from tests.magics.prompt import Prompt


def test_several_at_once(prompt: Prompt) -> None:
    prompt("%ari connect --name one")
    first = prompt.names["ari"]
    prompt("%ari connect --name two")
    assert prompt.names["ari"].name == "two"
    prompt("%ari call 1000 --on one\n%ari wait StasisStart --on one;")
    assert len(prompt("%ari channels --on one")) == 1
    assert len(prompt("%ari channels")) == 0
    assert prompt("%ari channels.list --on one")[0].name.startswith("PJSIP/")
    assert list(prompt("%ari sessions").index) == ["one", "two"]
    assert prompt("%ari use one") is first
    assert prompt.names["ari"] is first
    prompt("%ari disconnect two")
    assert sessions.names() == ["one"]
    assert prompt.names["ari"] is first


def test_running_the_cell_again_replaces_the_session(exchange_server: Any, prompt: Prompt) -> None:
    line = f"%ari connect {exchange_server.url} --user {exchange_server.user}"
    first = prompt(line)
    second = prompt(line)
    assert first.closed
    assert second.connected
    assert second.name == exchange_server.url.removeprefix("http://")
    assert prompt.type("%ari status").out.count("taken") == 0
    embedded = prompt("%ari connect")
    again = prompt("%ari connect")
    assert embedded.closed
    assert not second.closed
    assert again.name == "simulator"


def test_named_servers_and_the_environment(
    prompt: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulator.start() as server:
        monkeypatch.setenv("ARI_PASSWORD", server.password)
        file = tmp_path / "ari-notebook" / "config.toml"
        file.parent.mkdir()
        file.write_text(
            f'[servers.office]\nurl = "{server.url}"\nuser = "{server.user}"\n'
            'app = "desk"\nread_only = true\n'
        )
        session = prompt("%ari connect office")
        assert (session.name, session.apps, session.read_only) == ("office", ("desk",), True)
        assert "office" in prompt.tab("%ari connect off")
        with ari_notebook.connect("office", app="other") as ari:
            assert (ari.name, ari.apps, ari.read_only) == ("office-2", ("other",), True)
        with pytest.raises(UsageProblem, match="Did you mean office"):
            ari_notebook.connect("offices")
        monkeypatch.setenv("ARI_URL", server.url)
        monkeypatch.setenv("ARI_APP", "from-environment")
        assert prompt("%ari connect").apps == ("from-environment",)
        assert prompt("%ari connect --app a,b").apps == ("a", "b")
        file.write_text('[servers.office]\nurl = "http://x"\npassword = "secret"\n')
        shown = prompt.fail("%ari connect office")
        assert "has a password" in shown
        assert "secret" not in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("servers = 3", "servers is no table. Write [servers.NAME]."),
        ("[servers]\noffice = 'x'", "[servers.office] needs a url"),
        ("[servers.office]\nurl = 5", "url is a text, not 5"),
        ("[servers.office]\nurl = 'http://x'\nread_only = 'no'", "read_only is true or false"),
        ("[servers.office]\nurl = 'http://x'\napp = [1]", "app is a text, not [1]"),
        ("[servers.office]\nurl = 'http://x'\nusr = 'x'", "Did you mean user?"),
        ("no toml", "cannot be read"),
        ("x = 1" + 5000 * "0", "cannot be read"),
        ("x = " + 5000 * "[", "cannot be read"),
        ("", "neither a URL nor a server"),
    ],
)
def test_a_broken_configuration_is_said_in_one_line_and_tab_goes_on(
    prompt: Prompt, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "ari-notebook" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    shown = prompt.fail("%ari connect office")
    assert says in shown
    assert len(shown.splitlines()) == 1
    assert "--app" in prompt.tab("%ari connect ")


def test_an_empty_variable_is_none(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARI_URL", "ARI_USER", "ARI_APP"):
        monkeypatch.setenv(name, "")
    assert prompt("%ari connect").simulator is not None
    with ari_notebook.connect() as session:
        assert session.apps == ("hello-world",)


def test_config(prompt: Prompt) -> None:
    prompt("%config AriMagics.app = 'from-config'")
    prompt("%config AriMagics.keep = 2000")
    session = prompt("%ari connect")
    assert session.apps == ("from-config",)
    assert session.log.keep == 2000
    for bad in ("app = 'a b'", "keep = 1", "refresh = 0", "display = 'pdf'", "timeout = -1"):
        prompt(f"%config AriMagics.{bad}")
    assert prompt("%config AriMagics.app") == "from-config"
    typed = prompt.type("%reload_ext ari_notebook")
    assert typed.error is None
    assert "is not taken" in typed.out
    assert prompt("%config AriMagics.keep") == 1_000_000
    assert prompt("%config AriMagics.display") == "html"


def test_defaults_from_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("ARI_URL", raising=False)
    prompt = Prompt(Config(AriMagics={"app": "mine", "timeout": 0.2}))
    try:
        assert prompt("%ari connect").apps == ("mine",)
        assert "no StasisStart in 0.2 s" in prompt.fail("%ari wait StasisStart")
    finally:
        prompt.close()


def test_load_twice_reload_unload(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    session = prompt.names["ari"]
    prompt("%load_ext ari_notebook")
    assert session.connected
    for _ in range(3):
        prompt("%reload_ext ari_notebook")
    assert session.closed
    shell = prompt.shell
    matchers = [getattr(m, "matcher_identifier", "") for m in shell.Completer.custom_matchers]
    assert matchers.count("ari_notebook") == 1
    assert [type(c).__name__ for c in shell.configurables].count("AriMagics") == 1
    assert [type(t).__name__ for t in shell.ast_transformers].count("Silencer") == 1
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ari-")]
    prompt("%unload_ext ari_notebook")
    assert prompt.shell.Completer.custom_matchers == []
    assert prompt.shell.ast_transformers == []
    assert "not found" in prompt.fail("%ari status")
    prompt("%load_ext ari_notebook")


def test_automagic_gives_way_to_the_variable(prompt: Prompt) -> None:
    prompt("%automagic on")
    prompt("ari connect")
    assert prompt("ari.status").state == "connected"
    assert len(prompt("ari.channels")) == 0
    assert prompt("%ari status").state == "connected"
    assert "call" in prompt.tab("%ari cal")


RELOADING = """
import os, pathlib, threading, time
import ari_notebook
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
run = lambda cell: shell.run_cell(cell).raise_error()
run("%load_ext autoreload")
run("%autoreload 2")
run("%load_ext ari_notebook")
run("%ari connect")
run("ran = []")
run("@ari.on('StasisStart')\\ndef hello(event):\\n    ran.append(event)")
threads = {thread.name for thread in threading.enumerate()}
later = time.time() + 10
for file in pathlib.Path(ari_notebook.__file__).parent.rglob("*.py"):
    os.utime(file, (later, later))
run("")
run("%ari call 1000")
run("%ari play beep --wait")
now = [thread.name for thread in threading.enumerate()]
print(len(now) == len(set(now)) and threads <= set(now))
print(len(shell.user_ns["ran"]), len(shell.user_ns["ari"].handlers))
"""


def test_autoreload_of_all_our_modules_leaves_sessions_and_handlers_working(tmp_path: Path) -> None:
    package = Path(ari_notebook.__file__).parent
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", RELOADING],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.split()[-3:] == ["True", "1", "1"], done.stdout


LOADING = """
import sys, pandas, ipywidgets
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
before = set(sys.modules)
shell.extension_manager.load_extension("ari_notebook")
print(*sorted(set(sys.modules) - before))
"""


def test_what_is_heavy_is_loaded_when_it_is_used() -> None:
    """Else loading the extension is felt: benchmarks/loading.py."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "ari_notebook.magics" in loaded
    assert {name.partition(".")[0] for name in loaded} == {"ari_notebook"}
    heavy = ("simulator", "session", "spec", "live", "views.panel", "captures", "doctor")
    assert not [name for name in loaded if name.removeprefix("ari_notebook.").startswith(heavy)]
