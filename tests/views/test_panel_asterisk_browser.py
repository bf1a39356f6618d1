"""The panel in JupyterLab before a real Asterisk: every button does its request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RealAsterisk
from tests.views.conftest import needs, watched_page
from tests.views.lab import Kernel, open_notebook, run_done, running_lab
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_call(browser: Any, real_asterisk: RealAsterisk, tmp_path: Path) -> None:
    needs("jupyterlab")
    secret = {"ARI_PASSWORD": real_asterisk.password}
    connect = f"%ari connect {real_asterisk.url} --app hello-world --user {real_asterisk.user};"
    with running_lab(tmp_path, secret) as lab, watched_page(browser) as (page, notes):
        cells = [f"%load_ext ari_notebook\n{connect}", "%ari panel", "%ari ladder"]
        open_notebook(page, lab, lab.write("asterisk.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        shown = Shown(page, kernel)
        press(shown)
        assert "POST answer → 204" in run_done(page, 2)
        kernel.close()
        notes.check()


def press(shown: Shown) -> None:
    """Everything that can be done with a call, one after the other."""
    shown.kernel.run("phone = ari.call('1003', caller='Alice <5551>')")
    shown.rows.first.wait_for(timeout=10_000)
    id = shown.rows.first.get_attribute("data-id")
    assert "Alice <5551>" in shown.rows.first.inner_text()
    shown.inspect("Ring")
    shown.sent("POST", f"/channels/{id}/ring")
    shown.inspect("Answer")
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "tr.channel .state")
    for on, off, path in (("Hold", "Unhold", "hold"), ("Mute", "Unmute", "mute")):
        shown.inspect(on)
        shown.sent("POST", f"/channels/{id}/{path}")
        shown.inspect(off)
        shown.sent("DELETE", f"/channels/{id}/{path}")
    shown.button("Key 5").click()
    shown.sent("POST", f"/channels/{id}/dtmf")
    shown.kernel.run("phone.press('4')")
    shown.says("⌨ 4", "tr.channel")
    shown.inspect("Record")
    name = shown.sent("POST", f"/channels/{id}/record")["name"]
    shown.says(f"● {name}", "tr.channel")
    shown.inspect("Stop recording")
    shown.sent("POST", f"/recordings/live/{name}/stop")
    shown.inspect("Play")
    shown.sent("POST", f"/channels/{id}/play")
    shown.says("▶ sound:hello-world", "tr.channel")
    shown.button("Create bridge").click()
    shown.sent("POST", "/bridges")
    shown.says("0 channels", "tr.bridge")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.inspect("Add to bridge")
    shown.sent("POST", f"/bridges/{bridge}/addChannel")
    shown.says("1 channel", "tr.bridge")
    shown.button(f"Play to bridge {bridge}").click()
    shown.sent("POST", f"/bridges/{bridge}/play")
    shown.says("▶ sound:hello-world", "tr.bridge")
    shown.inspect("Take out of bridge")
    shown.sent("POST", f"/bridges/{bridge}/removeChannel")
    shown.button(f"Destroy bridge {bridge}").click()
    shown.sent("DELETE", f"/bridges/{bridge}")
    shown.inspect("Hang up")
    shown.sent("DELETE", f"/channels/{id}")
    shown.panel.get_by_text("Nobody is on the line.").wait_for(timeout=5000)
