"""What a snoop channel of the simulator receives."""

from __future__ import annotations

import ari_notebook
from ari_notebook.views.display.waveform import levels


def test_spy_out_receives_what_is_played() -> None:
    with ari_notebook.connect() as ari:
        ari.call("1000")
        channel = ari.channels[ari.wait_for("StasisStart").channel.id]
        snoop = ari.channels.snoop_channel(channelId=channel.id, spy="out", app="hello-world")
        ari.wait_for("StasisStart", channel__id=snoop.id)
        snoop.record(name="heard", format="wav")
        channel.play("sound:hello-world")
        ari.wait_for("PlaybackFinished", timeout=60)
        ari.recordings.stop(recordingName="heard")
        ari.wait_for("RecordingFinished", timeout=60)
        heard = ari.recordings.get_stored_file(recordingName="heard")
    assert max(levels(heard)) > 0.1
