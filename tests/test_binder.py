"""The folder binder/, read by the code of Binder, with its scripts run.

The clean root folder in which all of it was tried once is in docs/how-to/binder.md.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, TOP, free_port
from tests.lessons.test_course import landing

SAMPLES = "ari_notebook/simulator/sample_config"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A checkout's files after postBuild, with a home beside them."""
    for name in ("binder", "notebooks"):
        shutil.copytree(TOP / name, tmp_path / "repo" / name)
    (tmp_path / "home").mkdir()
    subprocess.run(
        ["./binder/postBuild"],
        cwd=tmp_path / "repo",
        env=os.environ | {"HOME": str(tmp_path / "home")},
        check=True,
    )
    return tmp_path


def test_course_lies_where_one_looks(built: Path) -> None:
    assert (built / "repo/course/00-start-here.ipynb").exists()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["jupyterlab", "jupyter_server"])
def test_binder_opens_the_first_page(built: Path, server: str) -> None:
    port = free_port()
    command = [
        *(sys.executable, "-m", server, "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
    ]
    home = {"HOME": str(built / "home"), "JUPYTER_RUNTIME_DIR": str(built / "runtime")}
    started = subprocess.Popen(
        command, cwd=built / "repo", env=os.environ | home, stderr=subprocess.DEVNULL
    )
    try:
        page = landing(f"http://127.0.0.1:{port}/", started)
        assert page.endswith("/lab/tree/course/00-start-here.ipynb")
        shown = requests.get(page, timeout=30).text
        assert '"disabledExtensions": ["@jupyterlab/apputils-extension:announcements"' in shown
    finally:
        started.terminate()
        started.wait(30)


def test_repo2docker_does_with_it_what_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    repo2docker = pytest.importorskip("repo2docker.app", reason="needs jupyter-repo2docker")
    monkeypatch.chdir(TOP)
    app = repo2docker.Repo2Docker()
    packs = (kind(base_image=app.base_image) for kind in app.buildpacks)
    pack = next(each for each in packs if each.detect())
    pack.platform = "linux/amd64"
    steps = pack.render({})

    assert type(pack).__name__ == "PythonBuildPack"
    assert pack.python_version == "3.12"
    in_order = [
        "apt-get install --yes --no-install-recommends asterisk ",
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",  # the package is installed from the checkout
        'pip install --no-cache-dir -r "binder/requirements.txt"',
        "USER ${NB_USER}\n",
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    ]
    places = [steps.rfind(each) for each in in_order]
    assert -1 not in places
    assert places == sorted(places)


def test_without_an_asterisk_the_server_starts_all_the_same(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "printenv"):
        (tools / name).symlink_to(shutil.which(name) or name)
    start = tmp_path / "start"
    text = (TOP / "binder" / "start").read_text()
    start.write_text(text.replace("PATH=$PATH:/usr/sbin", ""))  # where this machine may have one
    done = subprocess.run(
        [tools / "bash", start, "printenv", "HOME"],
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}\n"), done.stderr
    assert not (tmp_path / ".asterisk").exists()


@pytest.fixture
def home_of_a_root() -> Iterator[Path]:
    """An ordinary user's home in the root folder of a real Asterisk, with this checkout's files."""
    if not (ROOT / "usr/sbin/asterisk").exists() or os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("no Asterisk in a folder, or not root: scripts/asterisk install")
        pytest.skip("needs root, and scripts/asterisk install")
    home = ROOT / "home" / "binder-test"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(TOP / "binder", home / "binder")
    shutil.copytree(TOP / SAMPLES, home / SAMPLES)
    shutil.copytree(TOP / "scripts", home / "scripts")
    yield home
    shutil.rmtree(home)


@pytest.mark.asterisk
def test_real_asterisk_runs_beside_it_as_an_ordinary_user(home_of_a_root: Path) -> None:
    home, port, sip_port = home_of_a_root, free_port(), free_port()
    for name, old, new in (
        ("http.conf", "bindport = 8088", f"bindport = {port}"),
        ("pjsip.conf", "127.0.0.1:5060", f"127.0.0.1:{sip_port}"),
    ):
        path = home / SAMPLES / name
        path.write_text(path.read_text().replace(old, new))
    subprocess.run(["chown", "-R", "1000:1000", home], check=True)
    inside = f"/home/{home.name}"
    command = [f"{inside}/binder/start", "sh", "-c", 'echo "$ARI_PASSWORD"; sleep 60']
    server = subprocess.Popen(
        [shutil.which("chroot") or "chroot", "--userspec=1000:1000", ROOT, *command],
        env={"HOME": inside, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        password = server.stdout.readline().strip()
        assert len(password) == 22  # 128 bits
        info = asked(f"http://127.0.0.1:{port}/ari/asterisk/info", password, seconds=30)
        assert info["system"]["version"]
        assert "[servers.asterisk]" in (home / ".config/ari-notebook/config.toml").read_text()
    finally:
        server.kill()
        server.wait()
        asterisk = home / ".asterisk" / "run" / "asterisk.pid"
        if asterisk.exists():
            end(int(asterisk.read_text()))


def end(process: int) -> None:
    """End an orphaned process, and wait until it has ended."""
    os.kill(process, signal.SIGTERM)
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)


def asked(url: str, password: str, seconds: float) -> dict[str, dict[str, str]]:
    """Return ARI's response, as soon as it answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = requests.get(url, auth=("asterisk", password), timeout=30)
            answer.raise_for_status()
            return dict(answer.json())
        except requests.RequestException:
            assert time.monotonic() < end
            time.sleep(0.2)
