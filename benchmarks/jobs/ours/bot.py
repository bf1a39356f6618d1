"""A voice bot: it listens until the caller pauses, and answers with a tone of the same length."""

import sys

import ari_notebook
from ari_notebook import Sound
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call


@flow(args=["bot"])
def bot(call: Call) -> None:
    """Serve a caller."""
    call.answer()
    with call.audio(rate=8000) as audio:
        said = audio.record(until_silence=1)
        audio.play(Sound.tone(800, said.duration, 8000)).wait()
    call.set("GLOBAL(SAID)", f"{said.duration:.1f}")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [bot], app="jobs", user=user, password=password)
