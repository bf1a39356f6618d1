"""Speech from text, by a program that is installed: piper with a voice, or espeak-ng."""

from __future__ import annotations

import os
import shutil
import subprocess

from ari_notebook.audio.errors import AudioError

__all__ = ["synthesize"]

_SECONDS = 60.0  # limit for one text
_LONGEST = 10_000  # characters
_INSTALL = (
    "no program that speaks is installed: apt install espeak-ng (brew install espeak-ng), "
    "or pip install piper-tts and set PIPER_VOICE to the path of a voice"
)


def synthesize(text: str, voice: str | None = None) -> bytes:
    """Return a WAV file of a spoken text.

    Args:
        text: what to say, at most 10,000 characters.
        voice: a voice of espeak-ng, such as ``de`` or ``en-us``, or the path of a voice of piper
            (``.onnx``); None: the one in PIPER_VOICE, if piper is installed, or espeak-ng's.

    Raises:
        AudioError: no such program is installed, or it fails.
    """
    if not text.strip() or len(text) > _LONGEST:
        raise AudioError(f"a text to say has 1 to {_LONGEST} characters, not {len(text)}")
    command = _command(voice)
    try:
        done = subprocess.run(  # noqa: S603  a program found on PATH; the text is its input
            command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise AudioError(f"{command[0]} took longer than {_SECONDS:.0f} s") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise AudioError(f"{command[0]} failed: {said[-1] if said else done.returncode}")
    return done.stdout


def _command(voice: str | None) -> list[str]:
    piper_voice = voice if voice and voice.endswith(".onnx") else os.environ.get("PIPER_VOICE")
    if piper_voice and (voice is None or voice == piper_voice):
        if piper := shutil.which("piper"):
            return [piper, "--model", piper_voice, "--output_file", "-"]
        if voice is not None:
            raise AudioError("piper is not installed: pip install piper-tts")
    for name in ("espeak-ng", "espeak"):
        if program := shutil.which(name):
            return [program, "--stdin", "--stdout", *(["-v", voice] if voice else [])]
    raise AudioError(_INSTALL)
