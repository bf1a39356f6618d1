'''A pytest fixture for programs that use ARI: a new simulated Asterisk for each test.

pytest finds the plugin if ari-notebook is installed. The simulator is imported when a test first
requests the fixture.

    def test_hello(simulated_asterisk):
        client = MyClient(simulated_asterisk.url, *simulated_asterisk.credentials)
        simulated_asterisk.call("1000")
        ...

    @pytest.mark.simulated_asterisk(dialplan="""
    [default]
    exten => 42,1,Stasis(my-app)
    """)
    def test_my_extension(simulated_asterisk): ...

The marker takes ``dialplan`` (the text of extensions.conf), ``config`` (a folder of Asterisk's
configuration files), ``seed`` (of everything random), ``races`` (whether the seed varies the order
of what Asterisk does in several threads), ``speed`` (how many times as fast as real time its time
passes, so that no test waits for sound), ``clock`` (``"paused"``: time passes by ``clock.advance``
only), ``version`` (release of Asterisk to behave like, such as ``"22.8"``), ``token`` (switches the
control API below ``/_simulator`` on) and ``allow_handler_failures``:
otherwise a test fails in which a handler of an ari-notebook session raised an exception. The
fixture is an `ari_notebook.simulator.RunningSimulator`: it makes calls, has simulated phones,
faults, a clock, and a journal of requests. A test that fails shows the last requests and events.
'''

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ari_notebook.simulator import RunningSimulator

MARKER = "simulated_asterisk"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(dialplan=None, config=None, seed=0, races=False, speed=1,"
        " clock='real', version=None, token=None, allow_handler_failures=False):"
        " configuration of simulated_asterisk",
    )


class _HandlerFailures(logging.Handler):
    """Collects the exceptions raised by handlers during a test."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Store the failure of a handler; ignore other log records."""
        if record.getMessage().startswith(("handler ", "flow ")):
            self.messages.append(record.getMessage())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test with the simulated Asterisk if a handler of its program raised."""
    marker = item.get_closest_marker(MARKER)
    allowed = bool(marker and marker.kwargs.get("allow_handler_failures"))
    if "simulated_asterisk" not in getattr(item, "fixturenames", ()) or allowed:
        yield
        return
    failures, logger = _HandlerFailures(), logging.getLogger("ari_notebook.connection")
    logger.addHandler(failures)
    try:
        yield
    finally:
        logger.removeHandler(failures)
    if failures.messages:
        text = "\n".join(failures.messages)
        pytest.fail(f"{text}\n\nA test that expects it: allow_handler_failures=True", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last requests and events to the report of a test that fails."""
    report = yield
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    running: RunningSimulator | None = fixtures.get(MARKER)
    if call.when == "call" and report.failed and running is not None:
        ladder = running.requests.ladder()
        report.sections.append(("requests and events of the simulated Asterisk", ladder))
    return report


@pytest.fixture
def simulated_asterisk(request: pytest.FixtureRequest) -> Iterator[RunningSimulator]:
    """Provide a new simulated Asterisk on a free port of this machine."""
    from ari_notebook import simulator  # noqa: PLC0415  takes 70 ms

    marker = request.node.get_closest_marker(MARKER)
    options = dict(marker.kwargs) if marker else {}
    dialplan = options.pop("dialplan", None)
    options.pop("allow_handler_failures", None)
    with simulator.start(**options) as running:
        if dialplan is not None:
            running.set_dialplan(dialplan)
        yield running
