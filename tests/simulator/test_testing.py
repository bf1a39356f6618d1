"""The pytest plugin, in another project."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests

from ari_notebook.simulator import RunningSimulator

pytest_plugins = ["pytester"]

# Ours is found as an entry point; to load these two takes seconds.
OPTIONS = ("--strict-markers", "-p", "no:nbval", "-p", "no:hypothesispytest")


def test_fixture_is_fresh_and_takes_a_dialplan(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import time

        import pytest
        import requests

        def bridges(server):
            url = server.url + "/ari/bridges"
            return requests.get(url, auth=server.credentials, timeout=30).json()

        @pytest.mark.parametrize("again", [1, 2])
        def test_fresh(simulated_asterisk, again):
            assert bridges(simulated_asterisk) == []
            url = simulated_asterisk.url + "/ari/bridges"
            requests.post(url, auth=simulated_asterisk.credentials, timeout=30).raise_for_status()
            assert len(bridges(simulated_asterisk)) == 1

        @pytest.mark.simulated_asterisk(dialplan="[default]\\nexten => 42,1,Answer()\\n")
        def test_dialplan(simulated_asterisk):
            assert "42" in simulated_asterisk.dialplan

        @pytest.mark.simulated_asterisk(speed=1000)
        def test_speed(simulated_asterisk):
            call = simulated_asterisk.call("1001", hangup_after=300)  # 60 s is the tests' limit
            while call.state != "Gone":
                time.sleep(0.01)
        """
    )
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=4)


def test_failing_handler_fails_test_unless_allowed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import ari_notebook
        import pytest

        def run(server):
            user, password = server.credentials
            with ari_notebook.connect(server.url, user=user, password=password) as ari:
                @ari.on("ChannelUserevent")
                def broken():
                    raise RuntimeError("bug")

                ari.events.user_event("x", application=ari.apps[0])
                ari.wait_for("HandlerFailed")

        def test_fails(simulated_asterisk):
            run(simulated_asterisk)

        @pytest.mark.simulated_asterisk(allow_handler_failures=True)
        def test_allowed(simulated_asterisk):
            run(simulated_asterisk)
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*handler broken failed on ChannelUserevent: RuntimeError: bug*"])


def test_failing_test_shows_requests_and_events(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_fails(simulated_asterisk):
            url = simulated_asterisk.url + "/ari/bridges"
            requests.post(url, auth=simulated_asterisk.credentials, timeout=30)
            simulated_asterisk.requests.verify("bridges.create", times=2)
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*requests and events of the simulated Asterisk*", "*──> POST /bridges -> 200"]
    )


def test_our_own_fixture_is_the_same_thing(simulated_asterisk: RunningSimulator) -> None:
    url = f"{simulated_asterisk.url}/ari/asterisk/ping"
    answer = requests.get(url, auth=simulated_asterisk.credentials, timeout=30)
    assert answer.json()["ping"] == "pong"


def test_loading_the_plugin_costs_next_to_nothing() -> None:
    code = (
        "import sys, ari_notebook.testing\n"
        "heavy = {'pandas', 'IPython', 'tornado', 'orjson', 'requests', 'anywidget', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"
