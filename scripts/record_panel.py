"""Record the panel as animated pictures, light and dark, for the README.

    python -m scripts.record_panel [--folder docs/pictures]

Starts JupyterLab and Chromium, lets calls arrive at a simulated Asterisk, and takes pictures of the
panel meanwhile. Needs the extras ``lab`` and ``test``, and Chromium.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.conftest import TOP
from tests.views.lab import Kernel, chromium, open_notebook, run_done, running_lab

SECONDS = 14.0
INTERVAL = 0.2
PAGE = {"width": 1360, "height": 1000}  # the panel fills the notebook's column
CHOSEN = "Alice Liddell"  # whose call is clicked
LIMIT = 900_000  # bytes of a picture
QUALITIES = (80, 70, 60, 50, 40)
# What happens while it is recorded. Runs in a thread of the kernel, at the pace of a viewer.
SCENE = """
import threading
import time


def scene():
    def arrives(extension, caller):
        phone = ari.call(extension, caller=caller)
        return phone, ari.channels[ari.wait_for("StasisStart").channel.id]

    time.sleep(1)
    alice_phone, alice = arrives("1003", "Alice Liddell <5551>")
    time.sleep(1.2)
    alice.answer()
    time.sleep(0.6)
    alice.play("sound:hello-world")
    ari.wait_for("PlaybackFinished")
    alice_phone.press("42")
    time.sleep(0.8)
    sales = ari.bridges.create(type="mixing", name="sales")
    sales.add_channel(channel=alice)
    bob_phone, bob = arrives("1000", "Bob Builder <5552>")
    time.sleep(1)
    sales.add_channel(channel=bob)
    time.sleep(1.2)
    carol_phone, carol = arrives("1003", "Carol Dean <5553>")
    sales.play("sound:demo-congrats")
    time.sleep(2)
    carol.answer()
    carol.start_moh()
    time.sleep(1.5)
    alice_phone.hangup()
    bob.hangup()


threading.Thread(target=scene).start()
"""


def main() -> int:
    """Record both pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=TOP / "docs" / "pictures")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for mood in ("light", "dark"):
        frames = record(dark=mood == "dark")
        path = folder / f"panel-{mood}.webp"
        write(frames, path)
        seconds = sum(duration for _, duration in frames) / 1000
        print(f"{path}: {len(frames)} pictures, {seconds:.1f} s, {path.stat().st_size:,} bytes")
    return 0


def record(*, dark: bool) -> list[tuple[Image.Image, int]]:
    """Return the pictures of the panel, each with its milliseconds."""
    with panel(dark=dark) as (view, kernel):
        kernel.run(SCENE)
        frames: list[tuple[Image.Image, int]] = []
        first, chosen = view.get_by_text(CHOSEN).first, False
        box = view.bounding_box()  # a picture of the page takes less time than one of an element
        start = shown = time.monotonic()
        while shown - start < SECONDS:
            if not chosen and first.is_visible():
                first.click()
                view.page.mouse.move(0, 0)  # the panel holds its order below the pointer
                chosen = True
            picture = Image.open(io.BytesIO(view.page.screenshot(clip=box))).convert("RGB")
            now = time.monotonic()
            elapsed = round((now - shown) * 1000)
            if frames and picture.tobytes() == frames[-1][0].tobytes():
                frames[-1] = frames[-1][0], frames[-1][1] + elapsed
            else:
                frames.append((picture, elapsed))
            shown = now
            time.sleep(max(0.0, INTERVAL - (time.monotonic() - now)))
    frames[-1] = frames[-1][0], 2000  # before it begins again
    return frames


@contextmanager
def panel(*, dark: bool) -> Iterator[tuple[Any, Kernel]]:
    """Yield a panel in Chromium, and its kernel."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder), {}, dark=dark) as lab,
        chromium() as browser,
    ):
        page = browser.new_page(viewport=PAGE, device_scale_factor=1)
        cells = ["%load_ext ari_notebook\n%ari connect;", "%ari panel"]
        open_notebook(page, lab, lab.write("panel.ipynb", *cells))
        page.keyboard.press("Control+B")  # hides the file browser
        run_done(page, 0)
        run_done(page, 1)
        view = page.locator(".ari-panel").first
        view.scroll_into_view_if_needed()
        kernel = Kernel(lab)
        yield view, kernel
        kernel.close()


def write(frames: list[tuple[Image.Image, int]], path: Path) -> None:
    """Write an animated picture below `LIMIT`, in the best quality that permits it.

    Raises:
        ValueError: none does.
    """
    pictures, durations = zip(*frames, strict=True)
    for quality in QUALITIES:
        pictures[0].save(
            path,
            save_all=True,
            append_images=pictures[1:],
            duration=list(durations),
            loop=0,
            quality=quality,
            method=6,
        )
        if path.stat().st_size <= LIMIT:
            return
    raise ValueError(f"{path} has more than {LIMIT:,} bytes")


if __name__ == "__main__":
    raise SystemExit(main())
