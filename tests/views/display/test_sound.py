"""A `Sound` in a notebook: player, waveform and spectrogram."""

from __future__ import annotations

import base64
import re

from IPython.core.interactiveshell import InteractiveShell

from ari_notebook import Sound
from ari_notebook.views.display.ipython import register, unregister
from ari_notebook.views.display.sound import sound_html, spectrogram_png


def _content(html: str, type: str) -> bytes:
    found = re.search(f'data:{type};base64,([^"]*)', html)
    assert found
    return base64.b64decode(found[1])


def test_sound_form_plays_the_samples() -> None:
    sound = Sound.tone(440, 1)
    html = sound_html(sound)
    assert Sound.decode(_content(html, "audio/wav")) == sound
    assert "1.00 s, 8000 Hz, -15.0 dBFS" in html
    assert html.count("<rect") == 150


def test_long_sound_is_played_in_part() -> None:
    html = sound_html(Sound.silence(200, 48000))
    assert Sound.decode(_content(html, "audio/wav")).duration == 60
    assert "first 60 s" in html


def test_empty_sound_has_a_form_without_player() -> None:
    assert "<audio" not in sound_html(Sound.silence(0))


def test_spectrogram_is_brightest_at_the_tone() -> None:
    picture = spectrogram_png(Sound.tone(1000, 1))
    assert picture.startswith(b"\x89PNG")
    assert spectrogram_png(Sound.silence(1)) != picture
    assert spectrogram_png(Sound([1], 8000)).startswith(b"\x89PNG")


def test_shell_shows_sound_as_html_and_one_line() -> None:
    shell = InteractiveShell.instance()
    try:
        register(shell)
        data, _ = shell.display_formatter.format(Sound.tone(440, 0.1))
        assert "<audio" in data["text/html"]
        assert data["text/plain"].startswith("<Sound 0.10 s")
    finally:
        unregister(shell)
        InteractiveShell.clear_instance()
