"""The pytest plugin, in a project of somebody else's."""

import subprocess
import sys

import requests

pytest_plugins = ["pytester"]


def test_the_fixture_is_fresh_and_takes_a_dialplan(pytester):
    pytester.makepyfile(
        """
        import pytest
        import requests

        def bridges(server):
            url = server.url + "/ari/bridges"
            return requests.get(url, auth=server.credentials, timeout=5).json()

        @pytest.mark.parametrize("again", [1, 2])
        def test_fresh(simulated_asterisk, again):
            assert bridges(simulated_asterisk) == []
            url = simulated_asterisk.url + "/ari/bridges"
            requests.post(url, auth=simulated_asterisk.credentials, timeout=5).raise_for_status()
            assert len(bridges(simulated_asterisk)) == 1

        @pytest.mark.simulated_asterisk(dialplan="[default]\\nexten => 42,1,Answer()\\n")
        def test_dialplan(simulated_asterisk):
            assert "42" in simulated_asterisk.dialplan
        """
    )
    pytester.runpytest_subprocess("--strict-markers", "-p", "no:cacheprovider").assert_outcomes(
        passed=3
    )


def test_our_own_fixture_is_the_same_thing(simulated_asterisk):
    url = f"{simulated_asterisk.url}/ari/asterisk/ping"
    answer = requests.get(url, auth=simulated_asterisk.credentials, timeout=5)
    assert answer.json()["ping"] == "pong"


def test_loading_the_plugin_costs_next_to_nothing():
    code = (
        "import sys, ari_notebook.testing\n"
        "heavy = {'pandas', 'IPython', 'tornado', 'orjson', 'requests', 'anywidget', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"
