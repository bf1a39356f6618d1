"""A call in marimo: the session's Python API, its tables, and the panel as an anywidget."""

import marimo

app = marimo.App()


@app.cell
def connect():
    import marimo as mo

    import ari_notebook

    ari = ari_notebook.connect("simulator:", name="marimo")
    mo.md(f"Connected: **{ari.server}**, application `{ari.apps[0]}`")
    return ari, mo


@app.cell
def call(ari):
    phone = ari.call("1000", caller="Alice <5551>")
    started = ari.wait_for("StasisStart")
    channel = ari.channels[started.channel.id]
    return channel, phone


@app.cell
def play(ari, channel):
    playback = channel.play("sound:hello-world")
    finished = ari.wait_for("PlaybackFinished", playback=playback)
    return (finished,)


@app.cell
def table(ari, finished, mo):
    assert finished.type == "PlaybackFinished"  # the table has the call's events by now
    events = ari.events.df[["timestamp", "type", "channel_name", "detail"]]
    mo.ui.table(events)
    return (events,)


@app.cell
def panel(ari, mo):
    shown = mo.ui.anywidget(ari.panel())
    shown
    return (shown,)


@app.cell
def end(ari, events, phone, shown):
    assert "PlaybackFinished" in set(events["type"])
    assert shown is not None
    phone.hangup()
    ari.wait_for("StasisEnd")
    print("hung up:", len(ari.channels), "channels")
    return


if __name__ == "__main__":
    app.run()
