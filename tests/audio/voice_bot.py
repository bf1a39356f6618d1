"""The voice bot of docs/how-to/voice-bots.md: it greets, listens, answers, can be interrupted."""

from __future__ import annotations

from ari_notebook import Channel, ConnectionLost, Session, Sound

GREETING = Sound.tone(400, 5, 16000)


def answer_to(question: Sound) -> Sound:
    """Return the reply to the caller's audio: put recognizer, model and voice here."""
    return Sound.tone(800, question.duration, 16000)


def talk(channel: Channel) -> None:
    """Talk with a caller until the call ends."""
    with channel.audio(rate=16000) as audio:
        playing = audio.play(GREETING)
        audio.on_speech(lambda begun: begun and audio.stop())  # the caller interrupts
        try:
            while True:
                heard = audio.record(until_silence=0.6, timeout=5)
                if heard.speech_segments(threshold=-40):
                    playing = audio.play(answer_to(heard))
                else:
                    playing.wait()
        except ConnectionLost:
            return  # the caller has hung up


def serve(ari: Session) -> None:
    """Talk with every caller."""

    @ari.on("StasisStart")
    def bot(channel: Channel) -> None:
        talk(channel)
