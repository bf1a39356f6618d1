"""A wheel built from this checkout works outside of it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # builds a wheel and an environment

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "ari_notebook"


def run(*command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=cwd,
        env=env,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", folder, TOP)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; the dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env", with_pip=False, symlinks=os.name != "nt")
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    run(sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps", wheel)
    # After the wheel's own folder on the path, so that the wheel is what is imported; without this
    # tree's editable installation, which a .pth file in that folder would bring.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


def test_wheel_has_the_expected_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "ari_notebook/py.typed" in names
    assert "ari_notebook/course/01-hello-world.ipynb" in names
    assert "ari_notebook/simulator/sample_config/ari.conf" in names
    assert any(name.startswith("ari_notebook/schema/api_docs/") for name in names)
    pages = {
        f"ari_notebook/views/panel/frontend/{file.name}"
        for file in (PACKAGE / "views/panel/frontend").iterdir()
    }
    assert len(pages) > 5
    assert pages <= set(names)
    licence = [name for name in names if name.endswith("licenses/LICENSE")]
    assert licence
    strays = {"tests", "docs", ".asterisk", "__pycache__", "ari-course", ".ipynb_checkpoints"}
    assert [name for name in names if strays & set(name.split("/"))] == []


def test_installed_package_is_imported(elsewhere: Path, tmp_path: Path) -> None:
    code = "import ari_notebook; print(ari_notebook.__file__)"
    assert str(elsewhere.parent) in run(elsewhere / "python", "-c", code, cwd=tmp_path)


def test_call_through_the_embedded_exchange(elsewhere: Path, tmp_path: Path) -> None:
    code = """
import ari_notebook
with ari_notebook.connect() as ari:
    ari.call("1000")
    print(ari.wait_for("StasisStart").channel.state)
    ari.current_channel.play("sound:hello-world")
    print(ari.wait_for("PlaybackFinished").playback.state)
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ARI_")}
    said = run(elsewhere / "python", "-c", code, cwd=tmp_path, env=environment)
    assert said.split() == ["Up", "done"]


def test_installed_command_runs(elsewhere: Path, tmp_path: Path) -> None:
    from ari_notebook import __version__

    command = elsewhere / "ari-notebook"
    assert run(command, "--version", cwd=tmp_path).strip() == f"ari-notebook {__version__}"
    assert "doctor" in run(command, "--help", cwd=tmp_path)


def test_installed_course_is_found(elsewhere: Path, tmp_path: Path) -> None:
    code = """
from pathlib import Path
from ari_notebook.lessons.course import copy_course, course_folder
copy_course(Path("mine"))
print(course_folder())
"""
    said = run(elsewhere / "python", "-c", code, cwd=tmp_path)
    assert str(elsewhere.parent) in said
    originals = {p.name for p in (TOP / "notebooks").glob("*.ipynb")}
    assert originals <= {p.name for p in (tmp_path / "mine").iterdir()}


def test_panel_has_its_page(elsewhere: Path, tmp_path: Path) -> None:
    code = """
import ari_notebook
with ari_notebook.connect() as ari:
    panel = ari.panel()
    print(panel._esm.count("export default { render }"), ".ari-panel" in panel._css)
"""
    said = run(elsewhere / "python", "-c", code, cwd=tmp_path)
    assert said.split() == ["1", "True"]


def test_magics_load(elsewhere: Path, tmp_path: Path) -> None:
    shell = [elsewhere / "python", "-m", "IPython", "--no-banner", "--colors=NoColor", "-c"]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    said = run(*shell, "%load_ext ari_notebook\n%ari help", cwd=tmp_path, env=environment)
    assert "connect" in said
