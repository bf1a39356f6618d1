"""`%ari listen`: a call's audio in the page, with a level meter and a rolling spectrogram."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
from IPython import get_ipython
from IPython.display import display
from traitlets import Unicode

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.display.bundle import THEME, page_module, page_style
from ari_notebook.views.display.comms import answer_while_busy
from ari_notebook.views.display.ipython import shows_pages
from ari_notebook.views.listening.audio_feed import RATE, FeedControl

if TYPE_CHECKING:
    from ari_notebook.connection.call_audio import CallAudio

__all__ = ["Listening"]

_FOLDER = Path(__file__).parent / "frontend"


class Listening(anywidget.AnyWidget):  # type: ignore[misc]
    """A channel's audio in the page. Nothing is opened before a click.

    Args:
        name: name of the channel.
        audio: returns its audio, to be opened.
    """

    _esm = page_module(_FOLDER, "widget")
    _css = page_style(THEME, _FOLDER)
    name = Unicode("").tag(sync=True)

    def __init__(self, name: str, audio: Callable[[], CallAudio]) -> None:
        super().__init__(name=name)
        self._audio = audio
        self._control = FeedControl(self.send)
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)

    @property
    def live(self) -> bool:
        """Whether audio is being sent to the page."""
        return self._control.live

    def stop(self) -> None:
        """Stop listening; the page offers it again."""
        self._control.stop()

    def close(self) -> None:
        """Remove the widget."""
        self.stop()
        super().close()

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        # Nothing here may raise: a traceback would appear in some cell's output.
        if isinstance(content, Mapping):
            self._control.on_message(content, self._audio)

    def _ipython_display_(self) -> None:
        if not shows_pages(get_ipython()):
            raise UsageProblem(
                "listening needs a notebook's page",
                "Elsewhere: sound = %ari record NAME --max 5 --show; sound.save('x.wav')",
            )
        bundle = super()._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        data["text/plain"] = repr(self)
        display(data, raw=True)

    def __repr__(self) -> str:
        return f"<listening to {self.name}: {'live' if self.live else 'stopped'}, {RATE} Hz>"
