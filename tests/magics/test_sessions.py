"""Several servers, named servers, defaults, and loading the extension more than once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from traitlets.config import Config

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection import registry
from tests.helpers.servers import Server
from tests.magics.prompt import Prompt


def test_several_sessions_are_used_by_name(prompt: Prompt) -> None:
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
    assert registry.names() == ["one"]
    assert prompt.names["ari"] is first


def test_running_the_cell_again_replaces_the_session(
    exchange_server: Server, prompt: Prompt
) -> None:
    line = f"%ari connect {exchange_server.url} --user {exchange_server.user}"
    first = prompt(line)
    second = prompt(line)
    assert first.closed
    assert second.connected
    in_process = exchange_server.url.startswith("simulator:")
    host = "simulator" if in_process else exchange_server.url.removeprefix("http://")
    assert second.name == host
    assert prompt.type("%ari status").out.count("taken") == 0
    embedded = prompt("%ari connect")
    again = prompt("%ari connect")
    assert embedded.closed
    assert not second.closed
    assert again.name == ("simulator-2" if in_process else "simulator")


@pytest.mark.threads
def test_named_servers_and_variables_configure_connect(
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
        ("servers = 3", "servers must be a table. Write [servers.NAME]."),
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
def test_broken_configuration_is_one_line_and_tab_works(
    prompt: Prompt, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "ari-notebook" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    shown = prompt.fail("%ari connect office")
    assert says in shown
    assert len(shown.splitlines()) == 1
    assert "--app" in prompt.tab("%ari connect ")


def test_empty_environment_variable_is_ignored(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ARI_URL", "ARI_USER", "ARI_APP"):
        monkeypatch.setenv(name, "")
    assert prompt("%ari connect").simulator is not None
    with ari_notebook.connect() as session:
        assert session.apps == ("hello-world",)


def test_config_options_apply_and_survive_reload(prompt: Prompt) -> None:
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
    assert "is ignored" in typed.out
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


def test_connect_timeout_is_the_sessions(prompt: Prompt) -> None:
    assert prompt("%ari connect --timeout 3.5").sender._rest.timeout == 3.5
    assert "takes seconds" in prompt.fail("%ari connect --timeout soon")


def test_capture_of_existing_file_names_option(prompt: Prompt, tmp_path: Path) -> None:
    line = f"%ari capture start {tmp_path / 'day.ari'}"
    prompt("%ari connect")
    prompt(line)
    prompt("%ari capture stop")
    assert "replace it with --overwrite (overwrite=True)" in prompt.fail(line)
    prompt(f"{line} --overwrite")


def test_reload_names_the_sessions_it_closes(prompt: Prompt) -> None:
    prompt("%ari connect --name office")
    assert "which closed: office\n" in prompt.type("%reload_ext ari_notebook").out
    assert prompt.type("%reload_ext ari_notebook").out == ""


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


@pytest.mark.slow
def test_autoreload_of_all_modules_keeps_sessions_and_handlers(tmp_path: Path) -> None:
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


def test_loading_the_extension_imports_no_heavy_modules() -> None:
    """Heavy imports would delay the extension noticeably: benchmarks/loading.py."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "ari_notebook.magics" in loaded
    assert {name.partition(".")[0] for name in loaded} == {"ari_notebook"}
    heavy = ("simulator", "sessions.", "schema", "store.", "views.panel", "captures", "doctor")
    inner = {name.removeprefix("ari_notebook.") for name in loaded}
    assert {name for name in inner if name.startswith(heavy)} == {"store.plain_text"}


def test_ended_session_is_reported(prompt: Prompt) -> None:
    prompt("%ari connect")
    assert "ari: simulator was closed (0 events)" in prompt.type("%ari connect").out
    prompt("%ari connect --name two")
    said = prompt.type("%ari disconnect two").out
    assert "ari: two was closed" in said
    assert "ari: current session: simulator" in said
    assert "ari: simulator was closed" in prompt.type("%ari disconnect").out
