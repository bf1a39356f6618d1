from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.services.log_channels import LogChannelRegistry


@pytest.fixture
def logging() -> LogChannelRegistry:
    return LogChannelRegistry()


def names(logging: LogChannelRegistry) -> list[str]:
    return [each["channel"] for each in logging.list()]


def test_configured_log_channels_are_listed(logging: LogChannelRegistry) -> None:
    assert logging.list()[0] == {
        "channel": "/var/log/asterisk/messages.log",
        "type": "File",
        "status": "Enabled",
        "configuration": "NOTICE WARNING ERROR ",
    }
    assert logging.list()[1]["type"] == "Console"


def test_channels_of_logger_conf() -> None:
    logging = LogChannelRegistry(
        [("console", "verbose"), ("messages", "notice,warning"), ("full.txt", "[plain]*")]
    )
    full, messages, console = logging.list()
    assert full["channel"] == "/var/log/asterisk/full.txt"
    assert full["configuration"].split()[:2] == ["DEBUG", "TRACE"]
    assert (messages["configuration"], console["type"]) == ("NOTICE WARNING ", "Console")
    assert console["configuration"] == "VERBOSE "
    logging.add("mine", "debug")
    logging.rotate("messages")
    assert logging.list() == [full, messages, console]


def test_console_always_has_verbose() -> None:
    (console,) = LogChannelRegistry([("console", "error,notice")]).list()
    assert console["configuration"] == "NOTICE ERROR VERBOSE "


def test_adding_and_removing(logging: LogChannelRegistry) -> None:
    logging.add("mine", "notice,warning")
    assert logging.list()[0]["channel"] == "/var/log/asterisk/mine"
    assert logging.list()[0]["configuration"] == "NOTICE WARNING "
    logging.remove("mine")
    assert "/var/log/asterisk/mine" not in names(logging)


@pytest.mark.parametrize(
    ("status", "message", "act"),
    [
        (400, "Configuration levels are required", lambda log: log.add("x", None)),
        (409, "Log channel already exists", lambda log: log.add("messages.log", "notice")),
        (409, "Log channel already exists", lambda log: log.add("console", "error")),
        (404, "Log channel does not exist", lambda log: log.remove("x")),
        (404, "Log channel does not exist", lambda log: log.rotate("x")),
    ],
)
def test_refusals(
    logging: LogChannelRegistry,
    status: int,
    message: str,
    act: Callable[[LogChannelRegistry], object],
) -> None:
    with pytest.raises(AriRefusal, match=message) as refused:
        act(logging)
    assert refused.value.status == status


def test_rotating_forgets_what_was_added(logging: LogChannelRegistry) -> None:
    logging.add("mine", "notice")
    logging.add("other", "bogus")
    logging.rotate("mine")
    assert names(logging) == ["/var/log/asterisk/messages.log", ""]
