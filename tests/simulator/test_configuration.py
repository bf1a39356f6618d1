"""Configuration files other than http.conf and ari.conf."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.simulator import Request, RunningSimulator, SimulatedAsterisk, read_config
from tests.demonstration import copy_demonstration
from tests.helpers.waiting import until
from tests.simulator.switchboard import AUTHORITY, START, Switchboard, answered

TRUNK = """
[trunk]
type = endpoint
aors = first, second

[first]
type = aor
contact = sip:127.0.0.1:5999

[phone]
type = endpoint
aors = phone

[phone]
type = aor
max_contacts = 1
"""


def configured(folder: Path, name: str, text: str) -> Switchboard:
    copy_demonstration(folder)
    with (folder / name).open("a") as file:
        file.write(text)
    return Switchboard(config=read_config(folder))


def test_static_contact_is_online_and_answers(tmp_path: Path) -> None:
    board = configured(tmp_path, "pjsip.conf", TRUNK)
    states = {each["resource"]: each["state"] for each in board.ask("GET", "/endpoints")[1]}
    assert (states["trunk"], states["phone"]) == ("online", "offline")
    assert board.ask("GET", "/deviceStates/PJSIP%2Ftrunk")[1]["state"] == "NOT_INUSE"
    for address in ("trunk", "1000@trunk", "trunk/sip:1000@127.0.0.1:5999"):
        status, made = board.ask(
            "POST", "/channels", endpoint=f"PJSIP/{address}", app="hello-world"
        )
        assert (status, made["name"].startswith("PJSIP/trunk-")) == (200, True)
        started = [event for event in board.wait(3) if event["type"] == "StasisStart"]
        assert [event["channel"]["id"] for event in started] == [made["id"]]


def test_sip_address_at_endpoint_without_phone_is_not_answered(tmp_path: Path) -> None:
    board = configured(tmp_path, "pjsip.conf", TRUNK)
    asked = {"app": "hello-world", "timeout": 2}
    assert board.ask("POST", "/channels", endpoint="PJSIP/phone", **asked)[0] == 500
    far = "PJSIP/phone/sip:1@127.0.0.1:5997"
    assert board.ask("POST", "/channels", endpoint=far, **asked)[0] == 200
    ended = [event for event in board.wait(3) if event["type"] == "ChannelDestroyed"]
    assert [(event["cause"], event["tech_cause"]) for event in ended] == [(19, 480)]


def test_recordings_are_in_astspooldir(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    text = f"[directories]\nastspooldir => {spool}\n"
    board = configured(tmp_path / "etc", "asterisk.conf", text)
    board.phones.call("1000", talk=True)
    channel = board.wait(1)[-1]["channel"]["id"]
    board.ask("POST", f"/channels/{channel}/record", name="a/b", format="wav")
    board.wait(1)
    board.ask("POST", "/recordings/live/a%2Fb/stop")
    board.asterisk.close()
    assert (spool / "recording" / "a" / "b.wav").stat().st_size > 44


def test_templates_of_asterisk_conf_set_nothing(tmp_path: Path) -> None:
    copy_demonstration(tmp_path)
    (tmp_path / "asterisk.conf").write_text("[directories](!)\nastspooldir => /var/spool/x\n")
    assert read_config(tmp_path).asterisk.spool is None


def test_log_channels_are_in_astlogdir(tmp_path: Path) -> None:
    board = configured(tmp_path, "asterisk.conf", "[directories]\nastlogdir => /srv/log\n")
    names = [each["channel"] for each in board.ask("GET", "/asterisk/logging")[1]]
    assert "/srv/log/messages.log" in names


@pytest.mark.parametrize(("setting", "status"), [("no", 500), ("yes", 200)])
def test_live_dangerously_opens_reserved_functions(
    setting: str, status: int, tmp_path: Path
) -> None:
    board = configured(tmp_path, "asterisk.conf", f"[options]\nlive_dangerously = {setting}\n")
    board.exchange.database["a/b"] = "1"
    board.phones.call("1000")
    channel = board.wait(1)[-1]["channel"]["id"]
    assert board.ask("GET", f"/channels/{channel}/variable", variable="DB(a/b)")[0] == status


def test_sounds_of_astdatadir_and_absolute_paths_play(tmp_path: Path) -> None:
    sounds = tmp_path / "data" / "sounds" / "en" / "custom"
    sounds.mkdir(parents=True)
    (sounds / "own.ulaw").write_bytes(b"\xff" * 4000)
    text = f"[directories]\nastdatadir => {tmp_path / 'data'}\n"
    board = configured(tmp_path / "etc", "asterisk.conf", text)
    board.phones.call("1000")
    channel = board.wait(1)[-1]["channel"]["id"]
    for name, state in (
        ("custom/own", "done"),
        (sounds / "own", "done"),
        ("custom/other", "failed"),
        ("../data/sounds/en/custom/own", "failed"),
    ):
        board.ask("POST", f"/channels/{channel}/play", media=f"sound:{name}")
        begun = board.now
        ended = [event for event in board.wait(0.49) if event["type"] == "PlaybackFinished"]
        assert bool(ended) is (state == "failed"), name
        ended += [event for event in board.wait(0.1) if event["type"] == "PlaybackFinished"]
        assert [event["playback"]["state"] for event in ended] == [state], (name, begun)


@pytest.mark.parametrize("name", ["http.conf", "ari.conf"])
def test_without_enabled_there_is_no_ari_and_a_warning(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copy_demonstration(tmp_path)
    text = (folder / name).read_text().replace("enabled = yes", "enabled = no", 1)
    (folder / name).write_text(text)
    with caplog.at_level(logging.WARNING):
        config = read_config(folder)
    assert [each.getMessage().split(" has")[0] for each in caplog.records] == [name]
    asterisk = SimulatedAsterisk(config, START)
    answer = answered(asterisk.request(Request("GET", f"/ari/asterisk/ping?{AUTHORITY}")))
    assert answer.status == (404 if name == "ari.conf" else 200)


def test_playback_ids_follow_the_seed() -> None:
    def ids(seed: int) -> list[str]:
        board = Switchboard(seed=seed)
        board.phones.call("1000")
        channel = board.wait(1)[-1]["channel"]["id"]
        path = f"/channels/{channel}/play"
        return [board.ask("POST", path, media="sound:beep")[1]["id"] for _ in range(2)]

    assert ids(1) == ids(1) != ids(2)


@pytest.mark.parametrize(
    ("dialplan", "warning"),
    [
        ("Park(sales)", "a real Asterisk has it, this simulator has not"),
        ("Quue(sales)", "No application 'Quue'"),
        ("Set(A=${CURL(http://a)})", "a real Asterisk has it, this simulator has not"),
    ],
)
def test_missing_names_of_the_dialplan_are_logged(
    dialplan: str, warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Switchboard(f"[default]\nexten => 1,1,{dialplan}\n")
    board.phones.call("1")
    board.wait(1)
    said = [each.getMessage() for each in caplog.records]
    assert any(warning in each for each in said), said
    assert any("real Asterisk" in each for each in said) == ("Quue" not in dialplan)


def test_missing_application_is_reported_to_the_next_client_once() -> None:
    steps = "Set(A=${CURL(http://a)})\n same => n,ExecIf(1?parK(1))\n same => n,Park(2)"
    board = Switchboard(f"[default]\nexten => 1,1,{steps}\n")
    for _ in range(2):
        board.phones.call("1")
    board.wait(1)

    def warnings() -> list[str]:
        ping = Request("GET", f"/ari/asterisk/ping?{AUTHORITY}")
        answer = answered(board.asterisk.request(ping))
        return [value for name, value in answer.headers if name == "Warning"]

    ends = ': a real Asterisk has it, this simulator has not"'
    assert warnings() == [
        f'199 ari-notebook-simulator "the dialplan uses the {what}{ends}'
        for what in ("function CURL", "application Park")
    ]
    assert warnings() == []


def test_session_logs_the_application_that_the_simulator_lacks(
    simulator: RunningSimulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    simulator.set_dialplan("[default]\nexten => 1,1,Park(sales)\n")
    said: list[str] = []

    def logged() -> list[str]:
        ari.asterisk.ping()
        said[:] = [each.getMessage() for each in caplog.records if "client" in each.name]
        return said

    with ari_notebook.connect(simulator.url) as ari:
        simulator.call("1")
        until(logged)
    name = "the dialplan uses the application Park"
    assert said == [f"{name}: a real Asterisk has it, this simulator has not"]
