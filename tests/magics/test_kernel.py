"""A kernel, used like JupyterLab: Tab, the place of output, errors, interrupts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.magics.kernel import Kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ARI_URL", "ARI_APP", "ARI_USER"):
            patch.delenv(name, raising=False)
        home: Path = tmp_path_factory.mktemp("home")
        patch.setenv("XDG_CONFIG_HOME", str(home))
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        opened = Kernel()
    opened.run("%ari connect")
    yield opened
    opened.close()


def test_tab_completes_in_the_kernel(kernel: Kernel) -> None:
    assert "play" in kernel.complete("%ari pl")
    assert kernel.complete("x = %ari wait StasisSt") == ["StasisStart"]
    assert kernel.complete("%ari channels.pl") == ["channels.play", "channels.play_with_id"]
    assert "mode=sync" not in kernel.complete("%ari channels.record ")
    assert "ifExists=overwrite" in kernel.complete("%ari channels.record ifExists=ov")
    assert "--app" in kernel.complete("%ari connect --")
    assert "hello-world" in kernel.complete("%ari play hello-w")
    assert "sound:hello-world" in kernel.complete("%ari play sound:hello-w")


def test_tab_completes_in_cell_of_several_lines(kernel: Kernel) -> None:
    cell = "a = 1\n%ari cal\nb = 2"
    assert kernel.complete(cell, len("a = 1\n%ari cal")) == ["call", "calls"]
    assert kernel.complete("%%ari on ChannelDes") == ["ChannelDestroyed"]


def test_error_is_one_line_and_a_real_error(kernel: Kernel) -> None:
    cell = kernel.run("%ari wait StasisStrat")
    assert cell.names == ["UsageProblem"]
    assert (
        cell.error
        == "UsageProblem: unknown event: 'StasisStrat'. Did you mean StasisStart or StasisEnd?"
    )


def test_results_have_both_forms_and_a_semicolon_silences(kernel: Kernel) -> None:
    shown = kernel.run("%ari status")
    assert "connected" in shown.text
    assert "connected" in shown.html
    assert kernel.run("%ari status;").text == ""
    assert kernel.run("kept = %ari status;\nkept.state").text == "'connected'"


def test_handlers_output_stays_below_its_own_cell(kernel: Kernel) -> None:
    handler = kernel.run("%%ari on StasisStart\nprint('answered', channel.name)")
    other = kernel.run("%ari call 1000\n%ari wait StasisStart;\nimport time; time.sleep(0.5)")
    kernel.listen(0.5)
    assert "answered PJSIP/" in handler.text
    assert "answered" not in other.text
    kernel.run("%ari off on_StasisStart\n%ari hangup\n%ari wait StasisEnd;")


def test_trace_stays_below_the_cell_that_turned_it_on(kernel: Kernel) -> None:
    tracing = kernel.run("%ari trace on")
    other = kernel.run("%ari get /channels;\n%ari call 1000\n%ari wait StasisStart;")
    kernel.run("%ari trace off\n%ari hangup")
    kernel.listen(0.3)
    assert "$ curl -v -u " in tracing.text
    assert '\x1b[32m< {"type":"StasisStart"' in tracing.text  # in colour in a notebook
    assert "curl" not in other.text
    assert "StasisEnd" not in tracing.text


def test_wait_can_be_interrupted(kernel: Kernel) -> None:
    cell = kernel.begin("%ari wait BridgeDestroyed --timeout 60")
    kernel.listen(1.5)
    interrupted = time.monotonic()
    kernel.manager.interrupt_kernel()
    kernel.finish(cell, 10)
    assert time.monotonic() - interrupted < 5
    assert cell.names == ["KeyboardInterrupt"]
    assert "\n" not in cell.error
    assert "waiting for BridgeDestroyed" in cell.text
    assert "connected" in kernel.run("%ari status").text


def test_panel_without_frontend_is_not_an_error(kernel: Kernel) -> None:
    assert kernel.run("panel = %ari panel").error == ""


def test_reload_leaves_no_thread_and_no_second_handler(kernel: Kernel) -> None:
    count = (
        "import threading\n"
        "print(sorted(t.name for t in threading.enumerate() if 'ari' in t.name.lower()))"
    )
    kernel.run("%ari disconnect")
    for _ in range(2):
        kernel.run("%ari connect")
        kernel.run("%%ari on '*'\npass")
        kernel.run("%ari call 1000\n%ari wait StasisStart;")
        assert kernel.run("%reload_ext ari_notebook").error == ""
    kernel.run("%load_ext ari_notebook")
    assert kernel.run(count).text == "[]\n"
    assert kernel.complete("%ari cal") == ["call", "calls"]
    kernel.run("%ari connect")
