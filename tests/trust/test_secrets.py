"""No output of a session contains the password, whatever it did and failed at."""

from __future__ import annotations

import base64
import gzip
import os
from pathlib import Path

import pytest

from ari_notebook import simulator
from tests.demonstration import copy_demonstration
from tests.trust.proxy import Proxy

PASSWORD = "Tr0ub4dor-and-a-very-long-one"

CELLS = """
import logging, pickle
logging.basicConfig(level=logging.DEBUG, filename="debug.log", force=True)
%load_ext ari_notebook
---
%ari connect {url} --user asterisk --name main
---
%ari trace on
---
%ari capture start capture.jsonl.gz
---
%ari call 1000
---
%ari wait StasisStart
---
%ari play hello-world --wait
---
%ari curl
---
%ari get /channels
---
%ari play nonsense:x
---
%ari channels.get channelId=none
---
%xmode Verbose
---
ari.channels.get(channel_id="none")
---
ari.request("POST", "/nonsense", body={{"a": 1}})
---
import ari_notebook, os
ari_notebook.connect("http://127.0.0.1:9", user="asterisk", password=os.environ["ARI_PASSWORD"])
---
ari_notebook.connect(ari.url, user="missing", password=os.environ["ARI_PASSWORD"])
---
%ari connect http://127.0.0.1:9 --user asterisk
---
def given():
    import os
    return os.environ["ARI_PASSWORD"]
---
ari_notebook.connect("http//typing-error", user="asterisk", password=given())
---
ari_notebook.connect(ari.url, user="asterisk", app="two words", password=given())
---
ari_notebook.connect(ari.url, user="asterisk", verify="/no/such/file", password=given())
---
ari_notebook.connect("http//typing-error")
---
import signal, socket
silent = socket.create_server(("127.0.0.1", 0))
def interrupt():
    import os, threading
    threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT]).start()
place = "http://127.0.0.1:" + str(silent.getsockname()[1])
---
interrupt(); ari_notebook.connect(place, user="asterisk", password=given())
---
%tb Verbose
---
import sys; main = "from ari_notebook.sessions.command_line import main; main()"
!{{sys.executable}} -c '{{main}}' doctor {url}
---
!{{sys.executable}} -c '{{main}}' doctor {url}/x
---
vars(ari), repr(ari._parts)
---
vars(ari.sender), vars(ari._parts.rest.transport), vars(ari.synchronizer.stream)
---
vars(ari._parts.rest.transport._session)
---
pickle.dumps(ari.synchronizer.stream._credentials)
---
credentials = ari.synchronizer.stream._credentials
repr(ari), repr(ari.status), vars(credentials), repr(credentials), ari.requests.df
---
@ari.on("*")
def broken(event, channel):
    1 / 0
---
%ari call 1000
---
import time; time.sleep(1); ari.events.df
---
ari.panel()
---
ari.ladder()
---
%ari capture stop
---
import threading, sys
[frame.f_locals.keys() for frame in sys._current_frames().values()]
---
%ari connect {url} --user asterisk --name second --transport websocket --app other
---
%ari channels
---
%history
---
%ari disconnect
"""


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_password_is_found_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import nbformat  # a second, which collecting the tests does without
    from nbclient import NotebookClient

    config, work = tmp_path / "config", tmp_path / "work"
    copy_demonstration(config, PASSWORD)
    assert PASSWORD in (config / "ari.conf").read_text()
    work.mkdir()
    monkeypatch.setenv("ARI_PASSWORD", PASSWORD)
    monkeypatch.setenv("IPYTHONDIR", str(work / "ipython"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(work / "xdg"))
    with simulator.start(config, port=0) as running, Proxy(running.url) as proxy:
        cells = [
            nbformat.v4.new_code_cell(cell.strip().format(url=proxy.url))
            for cell in CELLS.split("---\n")
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        client = NotebookClient(
            notebook,
            allow_errors=True,
            timeout=60,
            ipython_hist_file=str(work / "history.sqlite"),
            resources={"metadata": {"path": str(work)}},
        )
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
            arguments = b"".join(
                (process / "cmdline").read_bytes()
                for process in Path("/proc").glob("[0-9]*")
                if (process / "cmdline").exists()
            )
            notebook.metadata["widgets"] = client.widget_state
        targets = [target for _, target in proxy.requests]
    nbformat.write(notebook, work / "saved.ipynb")
    errors = [o.ename for c in notebook.cells for o in c.outputs if o.output_type == "error"]
    assert len(errors) >= 13, errors
    assert "KeyboardInterrupt" in errors
    assert not any("api_key" in target for target in targets)
    files = everything_in(work)
    assert any(name.endswith("history.sqlite") and b"connect" in files[name] for name in files), (
        list(files)
    )
    assert any(name.endswith("debug.log") for name in files), list(files)
    capture = next(name for name in files if "capture" in name)
    files["capture, unpacked"] = gzip.decompress(files[capture])
    files["process arguments"] = arguments
    files["console"] = "".join(capfd.readouterr()).encode()
    coded = base64.b64encode(f"asterisk:{PASSWORD}".encode())
    for name, content in files.items():
        for secret in (PASSWORD.encode(), coded):
            assert secret not in content, f"{secret!r} is in {name}"
    assert os.environ["ARI_PASSWORD"] == PASSWORD
