'''A pytest fixture for any program that speaks ARI: a simulated Asterisk of its own for each test.

Installing ari-notebook is enough; pytest finds the plugin. Nothing of the simulator is imported
until a test asks for it.

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
configuration files) and ``seed`` (of everything random). The fixture is an
`ari_notebook.simulator.RunningSimulator`: it makes calls, has simulated phones, and faults.
'''

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ari_notebook.simulator import RunningSimulator

MARKER = "simulated_asterisk"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(dialplan=None, config=None, seed=0): how the simulated_asterisk is set up",
    )


@pytest.fixture
def simulated_asterisk(request: pytest.FixtureRequest) -> Iterator[RunningSimulator]:
    """A simulated Asterisk on a free port of this machine, fresh for each test."""
    from ari_notebook import simulator

    marker = request.node.get_closest_marker(MARKER)
    options = dict(marker.kwargs) if marker else {}
    dialplan = options.pop("dialplan", None)
    with simulator.start(**options) as running:
        if dialplan is not None:
            running.set_dialplan(dialplan)
        yield running
