"""Scenario files: actions run at their times; errors name the line."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.phones.call import NotPossible
from ari_notebook.simulator.phones.scenario import parse_scenario, read_scenario
from tests.simulator.switchboard import Switchboard

SCENARIO = """
[phones.alice]
caller = "Alice <5551>"
answer_after = 3

[phones.bob]
refuse = "busy"
register = false

[[actions]]
at = 2
phone = "alice"
do = "press"
digits = "12#"

[[actions]]
at = 1.5
phone = "alice"
do = "call"
to = "1000"

[[actions]]
at = 4
phone = "alice"
do = "hangup"

[[actions]]
at = 5
phone = "bob"
do = "register"
"""


def test_scenario_runs_its_actions_in_time(tmp_path: Path) -> None:
    file = tmp_path / "calls.toml"
    file.write_text(SCENARIO)
    board = Switchboard()
    board.phones.follow(file)
    board.wait(1)
    assert board.phones["alice"].registered
    assert not board.phones["bob"].registered
    assert board.of("StasisStart") == []
    board.wait(1)
    (start,) = board.of("StasisStart")
    assert start["channel"]["caller"] == {"name": "Alice", "number": "5551"}
    board.wait(1)
    assert [event["digit"] for event in board.of("ChannelDtmfReceived")] == ["1", "2", "#"]
    board.wait(3)
    assert len(board.of("StasisEnd")) == 1
    assert board.phones["bob"].registered
    assert board.phones["bob"].behaviour.refuse == "busy"


def test_every_action_of_a_scenario_runs() -> None:
    text = """
        [phones.alice]
        [phones.bob]
        answer_after = "never"
    """
    lines = [
        (1, "alice", "call", 'to = "1002"\npress = "1"\ntalk = true\nhangup_after = 60'),
        (2, "alice", "quiet", ""),
        (2, "alice", "talk", ""),
        (3, "alice", "hold", ""),
        (3, "alice", "unhold", ""),
        (3, "alice", "send", 'to = "bob"\ntext = "hi"'),
        (4, "alice", "hangup", "cause = 31"),
        (5, "alice", "unregister", ""),
    ]
    for at, phone, do, more in lines:
        text += f'\n[[actions]]\nat = {at}\nphone = "{phone}"\ndo = "{do}"\n{more}\n'
    board = Switchboard()
    board.phones.follow(parse_scenario(text))
    board.wait(10)
    published = [event["type"] for event in board.events]
    for kind in ("ChannelDtmfReceived", "ChannelHold", "ChannelUnhold", "TextMessageReceived"):
        assert kind in published
    assert board.of("ChannelDestroyed")[0]["cause"] == 31
    assert board.phones["bob"].behaviour.answer_after is None


def test_phone_connects_its_two_calls() -> None:
    text = """
        [phones.alice]
        [phones.bob]
        answer_after = 0.5
        [phones.carol]
        answer_after = 0.5
    """
    for at, do, more in (
        (1, "call", 'to = "bob"'),
        (3, "call", 'to = "carol"'),
        (5, "attended_transfer", ""),
    ):
        text += f'\n[[actions]]\nat = {at}\nphone = "alice"\ndo = "{do}"\n{more}\n'
    board = Switchboard(
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => carol,1,Dial(PJSIP/carol)\n"
    )
    board.phones.follow(parse_scenario(text))
    board.wait(10)
    (published,) = board.of("BridgeAttendedTransfer")
    assert (published["result"], published["destination_type"]) == ("Success", "bridge")
    (bridge,) = board.ask("GET", "/bridges")[1]
    left = {channel["name"].split("-")[0] for channel in board.ask("GET", "/channels")[1]}
    assert left == {"PJSIP/bob", "PJSIP/carol"}
    assert len(bridge["channels"]) == 2
    assert not board.phones["alice"].calls


def test_attended_transfer_needs_two_calls() -> None:
    board = Switchboard()
    board.phones.add("alice")
    with pytest.raises(NotPossible, match="alice needs two calls to connect"):
        board.phones["alice"].attended_transfer()


def test_impossible_action_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    scenario = parse_scenario(
        '[phones.alice]\n[[actions]]\nat = 1\nphone = "alice"\ndo = "talk"\n'
        '[[actions]]\nat = 2\nphone = "alice"\ndo = "call"\nto = "777"'
    )
    board = Switchboard()
    board.phones.follow(scenario)
    with caplog.at_level(logging.WARNING):
        board.wait(3)
    assert [record.getMessage() for record in caplog.records] == [
        "at 1 s alice cannot talk: alice has no call",
        "at 2 s alice cannot call: no extension '777' in context 'default': dial another one",
    ]


def test_scenario_with_traffic() -> None:
    board = Switchboard()
    text = '[traffic]\ncalls_per_minute = 60\nextensions = ["1000"]\nmean_duration = 5\nseed = 3'
    board.phones.follow(parse_scenario(text))
    board.wait(60)
    assert 40 <= len(board.of("StasisStart")) <= 80


def test_unknown_phone_is_refused() -> None:
    text = '[[actions]]\nat = 1\nphone = "carol"\ndo = "talk"'
    reason = r"the scenario has no \[phones.carol\] and pjsip.conf no \[carol\]"
    with pytest.raises(ConfigError, match=reason):
        Switchboard().phones.follow(parse_scenario(text))


ACTION = '[[actions]]\nat = 1\nphone = "alice"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[phones.alice", "f.toml:1: Expected ']' at the end of a table declaration"),
        ("\n\nx = = 1", "f.toml:3: Invalid value"),
        ("x = 1" + 5000 * "0", "f.toml: there is a number of thousands of digits, or lists"),
        ("x = " + 5000 * "[", "f.toml: there is a number of thousands of digits, or lists"),
        ("[phone.alice]", "f.toml:1: [phone]: 'phone' is unknown; there is phones, actions and"),
        ("phones = 1", "f.toml: [phones]: must be a table"),
        (
            "\n[phones.al]\nhat = 1",
            "f.toml:2: [phones.al]: 'hat' is unknown here; use one of caller",
        ),
        ("[phones.al]\ncaller = 1", "f.toml:1: [phones.al]: caller must be text, not 1"),
        ("[phones.al]\nrefuse = 'no'", "f.toml:1: [phones.al]: refuse must be one of busy"),
        (
            "[phones.al]\nanswer_after = 'x'",
            "[phones.al]: answer_after must be a number of seconds",
        ),
        ("[actions]\nat = 1", "f.toml:1: [actions]: write [[actions]], once for each"),
        ("actions = [1]", "f.toml: [[actions]]: must be a table"),
        (ACTION, "f.toml:1: [[actions]]: do is missing"),
        (ACTION + "do = 'dance'", "f.toml:1: [[actions]]: do is one of register, unregister, call"),
        (ACTION + "do = 'call'", "f.toml:1: [[actions]]: to is missing"),
        (ACTION + "do = 'talk'\nto = 'x'", "f.toml:1: [[actions]]: 'to' is unknown here"),
        (ACTION + "do = 'press'\ndigits = '1x'", "f.toml:1: [[actions]]: 'x' is not a key"),
        (
            ACTION + "do = 'reject'\nhow = 'no'",
            "f.toml:1: [[actions]]: how: refuse must be one of busy",
        ),
        ("[[actions]]\nat = -1\nphone = 'a'\ndo = 'talk'", "at is a number from 0 on, not -1"),
        ("[[actions]]\nat = 0x" + 999 * "f" + "\nphone = 'a'\ndo = 'talk'", "from 0 on, not inf"),
        ("[[actions]]\nat = nan\nphone = 'a'\ndo = 'talk'", "from 0 on, not nan"),
        (
            "[phones.al]\nring_after = inf",
            "ring_after must be a number of seconds or None, not inf",
        ),
        ("[traffic]\ncalls_per_minute = inf", "calls_per_minute must be above 0, not inf"),
        ("[[actions]]\nat = true\nphone = 'a'\ndo = 'talk'", "at must be a number, not True"),
        (
            "[traffic]\ncalls_per_minute = 0",
            "f.toml:1: [traffic]: calls_per_minute must be above 0",
        ),
        ("[traffic]\nseed = 1", "f.toml:1: [traffic]: calls_per_minute is missing"),
        (
            "[traffic]\ncalls_per_minute = 1\nextensions = [1]",
            "extensions must be a list of strings",
        ),
    ],
)
def test_errors_of_scenario_files(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as fault:
        parse_scenario(text, "f.toml")
    assert message in str(fault.value)
    assert "\n" not in str(fault.value)


def test_line_is_that_of_the_action_that_is_wrong() -> None:
    good = ACTION + "do = 'talk'\n"
    with pytest.raises(ConfigError, match=r"^f.toml:9: \[\[actions\]\]: do is missing"):
        parse_scenario(good + good + "[[ actions ]] # here\nat = 1\nphone = 'alice'", "f.toml")


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        read_scenario(tmp_path / "nowhere.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.toml: is not UTF-8 text"):
        read_scenario(binary)
