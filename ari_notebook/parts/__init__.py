"""Parts of telephone systems, built on flows: a queue, conferences, voice mail, a dialer.

Each is an example to read and ready to use; its tables have the columns of ``ari.calls.df``.
"""

from ari_notebook.parts.conference import Conference
from ari_notebook.parts.dialer import dial_out
from ari_notebook.parts.queue import Queue
from ari_notebook.parts.voice_mail import VoiceMail

__all__ = ["Conference", "Queue", "VoiceMail", "dial_out"]
