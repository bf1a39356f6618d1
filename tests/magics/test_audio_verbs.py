"""`%ari say`, `record --show` and `sounds --listen`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ari_notebook import NotFound, Sound, UsageProblem
from tests.helpers.waiting import until
from tests.magics.prompt import Prompt


@pytest.fixture
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sound:
    """A fake espeak-ng that produces the same audio for every text."""
    spoken = Sound.tone(300, 0.3, 22050)
    spoken.save(tmp_path / "spoken.wav")
    program = tmp_path / "espeak-ng"
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/text\n/bin/cat {tmp_path}/spoken.wav\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PIPER_VOICE", raising=False)
    return spoken


@pytest.mark.threads
def test_say_speaks_to_the_current_channel(prompt: Prompt, voice: Sound) -> None:
    prompt("%ari connect")
    prompt("caller = %ari call 1000")
    hearing = prompt.names["caller"].listen()
    assert prompt("%ari say Good morning") == voice
    until(lambda: hearing.sound.find(voice.resample(8000)[:0.25])[1] > 0.9)
    hearing.stop()


def test_say_without_a_program_is_one_line(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt("%ari connect")
    prompt("%ari call 1000")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("PIPER_VOICE", raising=False)
    with pytest.raises(UsageProblem, match="apt install espeak-ng"):
        prompt("%ari say hello")
    assert prompt.fail("%ari say hello").count("\n") == 0


def test_record_shows_the_sound(on_exchange: Callable[[str], Prompt]) -> None:
    prompt = on_exchange("hello-world")
    prompt("caller = %ari call 1000")
    prompt("%ari wait StasisStart")
    prompt("caller.talk()")
    sound = prompt("%ari record shown --max 1 --overwrite --show")
    assert isinstance(sound, Sound)
    assert sound.duration > 0.9
    prompt("caller.hangup()")
    prompt("ari.recordings.delete_stored('shown')")


@pytest.mark.threads
def test_installed_sound_is_heard(on_exchange: Callable[[str], Prompt]) -> None:
    prompt = on_exchange("hello-world")
    started: list[str] = []
    prompt.names["ari"].on("StasisStart")(lambda channel: started.append(channel.id))
    sound = prompt("%ari sounds beep --listen")
    assert sound.level > -50
    assert 0.2 < sound.duration < 3
    assert started == []
    with pytest.raises(NotFound):
        prompt("%ari sounds nothing-such --listen")
    with pytest.raises(UsageProblem, match="which sound"):
        prompt("%ari sounds --listen")
