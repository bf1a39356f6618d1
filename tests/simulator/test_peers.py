"""Programs written with other people's libraries, unmodified, cannot tell the simulator."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PEERS = Path(__file__).parent / "peers"
DONE = {"played": "done", "recorded": "done", "members": True}


def run(command, simulated_asterisk, **environment):
    done = subprocess.run(
        [*command, simulated_asterisk.url, *simulated_asterisk.credentials],
        capture_output=True,
        text=True,
        timeout=60,
        **environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("module", "program"), [("aioari", "with_aioari.py"), ("ari_client", "with_ari_client.py")]
)
def test_a_python_peer(module, program, simulated_asterisk):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install -e '.[peers]'")
    assert run([sys.executable, PEERS / program], simulated_asterisk) == DONE


@pytest.mark.slow
def test_the_node_peer_builds_itself_from_our_api_docs(simulated_asterisk, tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    (tmp_path / "package.json").write_text("{}")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "ari-client@2"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=100,
    )
    program = shutil.copy(PEERS / "with_ari_client.js", tmp_path)
    assert run(["node", program], simulated_asterisk, cwd=tmp_path) == DONE
