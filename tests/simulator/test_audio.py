"""The simulator carries sound: phones, bridges, snoops, keys, mutes; computed only on demand."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from ari_notebook import Sound, simulator
from ari_notebook.audio.codecs import codec_named
from ari_notebook.simulator import RunningSimulator, VirtualSimulator
from ari_notebook.simulator.calls.media_session import MediaSession
from ari_notebook.simulator.phones.call import PhoneCall
from ari_notebook.simulator.thread_proxy import RemoteCall

DIALPLAN = """
[default]
exten => echo,1,Answer()
 same => n,Echo()
exten => wait,1,Answer()
 same => n,Wait(60)
exten => room,1,Answer()
 same => n,Dial(PJSIP/bob)
"""


def _voice(seed: int, seconds: float = 0.5) -> Sound:
    return Sound(np.random.default_rng(seed).normal(0, 0.1, round(seconds * 8000)))


@pytest.fixture
def virtual() -> VirtualSimulator:
    made = simulator.VirtualSimulator(seed=1)
    made.set_dialplan(DIALPLAN)
    return made


def _run(virtual: VirtualSimulator, seconds: float) -> None:
    for _ in virtual.run(seconds):
        pass


def _call(virtual: VirtualSimulator, exten: str) -> PhoneCall:
    call = virtual.phones.call(exten)
    _run(virtual, 3)
    return call


def test_echo_sends_back_what_a_phone_says(virtual: VirtualSimulator) -> None:
    call = _call(virtual, "echo")
    heard, said = call.listen(), _voice(1)
    _run(virtual, 1)
    call.say(said)
    _run(virtual, 1)
    assert heard.sound.duration == pytest.approx(2, abs=0.021)
    begin, alike = heard.sound.find(said)
    assert alike > 0.999
    assert begin == pytest.approx(1, abs=0.021)
    assert heard.sound[begin : begin + 0.5].level == pytest.approx(said.level, abs=0.1)


def test_called_phone_and_caller_receive_each_others_audio(virtual: VirtualSimulator) -> None:
    bob = virtual.phones.add("bob", answer_after=0.1)
    call = _call(virtual, "room")
    near, far = call.listen(), bob.current.listen(16000)
    one, other = _voice(1), _voice(2)
    call.say(one)
    bob.current.say(other)
    _run(virtual, 1)
    assert far.sound.find(one)[1] > 0.99
    assert near.sound.find(other)[1] > 0.99
    assert near.sound.find(one)[1] < 0.2
    assert far.sound.rate == 16000


def test_sounds_are_said_one_after_the_other(virtual: VirtualSimulator) -> None:
    call = _call(virtual, "echo")
    heard = call.listen()
    call.say(_voice(1))
    call.say(_voice(2))
    _run(virtual, 2)
    assert heard.sound.find(_voice(1) + _voice(2))[1] > 0.99


def test_pressed_keys_are_heard_as_tones(virtual: VirtualSimulator) -> None:
    bob = virtual.phones.add("bob", answer_after=0.1)
    call = _call(virtual, "room")
    heard = bob.current.listen()
    call.press("159#")
    _run(virtual, 2)
    assert heard.sound.dtmf() == "159#"


def test_hangup_ends_hearing(virtual: VirtualSimulator) -> None:
    call = _call(virtual, "echo")
    heard = call.listen()
    _run(virtual, 1)
    call.hangup()
    _run(virtual, 5)
    assert heard.sound.duration == pytest.approx(1, abs=0.041)


def test_no_audio_is_computed_without_a_listener(virtual: VirtualSimulator) -> None:
    call = _call(virtual, "echo")
    call.say(_voice(1, 5))
    _run(virtual, 1)
    assert virtual.exchange._mixer is None
    heard = call.listen()
    _run(virtual, 0.1)
    heard.stop()
    assert virtual.exchange.mixer._timer is None


def test_an_hour_of_two_echoes_in_a_loop_is_silent_and_ends(virtual: VirtualSimulator) -> None:
    virtual.set_dialplan(
        DIALPLAN + "exten => loop,1,Answer()\n same => n,Dial(Local/echo@default)\n"
    )
    call = _call(virtual, "loop")
    heard = call.listen()
    call.say(_voice(1))
    _run(virtual, 2)
    assert heard.sound.find(_voice(1))[1] > 0.99
    assert heard.sound[1:].level == -np.inf


def test_audio_of_a_program_is_unchanged_at_another_rate(virtual: VirtualSimulator) -> None:
    call, said = _call(virtual, "wait"), _voice(1).resample(16000)
    codec, mixer = codec_named("slin16"), virtual.exchange.mixer
    session = MediaSession(call.channel, codec, mixer, lambda frame: None, near=True)
    heard = call.listen()
    session.feed(said.int16.tobytes(), whole=True)
    _run(virtual, 1)
    begin, alike = heard.sound.find(said)
    assert alike > 0.9999
    assert begin == pytest.approx(0, abs=0.021)


def test_audio_of_a_running_simulator_follows_its_clock() -> None:
    with simulator.start(speed=20) as running:
        call = _answered(running)
        said = _voice(3)
        hearing = call.listen()
        call.say(said)
        deadline = time.monotonic() + 30
        while hearing.sound.find(said)[1] < 0.99:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert call.hear(1).duration == 1
        call.hangup()
        assert hearing.wait(1e6).duration < 1e6


def _answered(running: RunningSimulator) -> RemoteCall:
    call = running.call("1001")
    deadline = time.monotonic() + 30
    while "Echo" not in running.run(lambda asterisk: asterisk.exchange.running_applications()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return call


def test_recording_contains_what_was_said(virtual: VirtualSimulator) -> None:
    virtual.set_dialplan("[default]\nexten => rec,1,Answer()\n same => n,Record(said.wav,2)\n")
    call = virtual.phones.call("rec")
    _run(virtual, 1)
    call.say(_voice(4))
    _run(virtual, 6)
    path = virtual._asterisk.ari.media.stored.find("said")
    assert path is not None
    assert Sound.open(path).find(_voice(4))[1] > 0.99


def test_bridge_of_three_really_mixes() -> None:
    with simulator.start(speed=5) as running:
        from ari_notebook import connect

        with connect(running.url, user=running.user, password=running.password) as ari:
            calls = [running.call("1000") for _ in range(3)]
            _until(lambda: len(ari.channels) == 3)
            ari.bridges.create(type="mixing").add_channel(list(ari.channels))
            hearing = calls[0].listen()
            calls[1].say(_voice(1, 2))
            calls[2].say(_voice(2, 2))
            _until(lambda: hearing.sound.find(_voice(1)[:0.4])[1] > 0.6)
            _until(lambda: hearing.sound.find(_voice(2)[:0.4])[1] > 0.6)
            assert hearing.sound.find(_voice(3))[1] < 0.2


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
