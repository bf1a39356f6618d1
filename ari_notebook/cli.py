"""The command line: ``ari-notebook lab`` opens the course, ``ari-notebook doctor`` checks a server.

Exit status: 0 all is well, 1 something is wrong and was said, 2 the command makes no sense.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ari_notebook._version import __version__

__all__ = ["main"]

_FIRST = "00-start-here.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: as typed; those of the process if None.

    Returns:
        The exit status.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if options.command == "lab":
        return _lab(options.folder, no_browser=options.no_browser, rest=rest)
    if options.command == "doctor":
        return _doctor(options)
    parser.print_help()
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ari-notebook",
        description="Explore, teach and debug the Asterisk REST Interface from a notebook.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ari-notebook {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    lab = commands.add_parser(
        "lab",
        help="copy the course into a folder and open JupyterLab on it",
        description="Copy the course into a folder, never over a notebook that you edited, and"
        " open JupyterLab on it. Options that are not listed here are JupyterLab's own.",
        allow_abbrev=False,
    )
    lab.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("ari-course"),
        metavar="DIR",
        help="the folder (default: ari-course, here)",
    )
    lab.add_argument("--no-browser", action="store_true", help="on a server: only print the URL")
    doctor = commands.add_parser(
        "doctor",
        help="find out why ARI does not answer, and what to change",
        description="Check an Asterisk's ARI step by step, and say what to change in which of its"
        " files. The password comes from ARI_PASSWORD, or is asked for.",
        allow_abbrev=False,
    )
    doctor.add_argument(
        "url",
        nargs="?",
        default=os.environ.get("ARI_URL"),
        metavar="URL",
        help="as http://127.0.0.1:8088 (default: ARI_URL)",
    )
    doctor.add_argument("--user", default=os.environ.get("ARI_USER", "asterisk"))
    doctor.add_argument("--app", default=os.environ.get("ARI_APP", "hello-world"))
    doctor.add_argument("--ca", metavar="FILE", help="the certificate authority of an https URL")
    doctor.add_argument("--origin", help="a web page's origin that is to use ARI: checks CORS")
    return parser


def _lab(folder: Path, *, no_browser: bool, rest: list[str]) -> int:
    from ari_notebook.course import copy_course

    if importlib.util.find_spec("jupyterlab") is None:
        return _fail("JupyterLab is not installed: pip install 'ari-notebook[lab]'")
    try:
        copied = copy_course(folder)
    except OSError as error:
        return _fail(f"the course cannot be copied into {folder}: {error}")
    print(f"The course is in {folder.resolve()}", flush=True)
    for names, text in (
        (copied.updated, "brought up to date"),
        (copied.kept, "yours, left as you edited it"),
    ):
        for name in names:
            print(f"  {name}: {text}", flush=True)
    # The folder is JupyterLab's root, so that its file browser shows the course and nothing else.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}"]
    if (folder / _FIRST).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{_FIRST}")
    if no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container everybody is root
    command += rest
    if os.name == "posix":  # JupyterLab is this process then, and a signal to stop reaches it
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0


def _doctor(options: argparse.Namespace) -> int:
    from ari_notebook.client.address import Address
    from ari_notebook.client.credentials import Credentials
    from ari_notebook.client.errors import UsageProblem
    from ari_notebook.connecting import password_for
    from ari_notebook.doctor import Patient, State, examine

    if not options.url:
        return _fail("doctor needs a URL, as http://127.0.0.1:8088, or ARI_URL", status=2)
    try:
        password = password_for(options.user, Address.parse(options.url))
    except UsageProblem:
        password = ""  # a URL that is none is the first finding; no password another
    patient = Patient(
        options.url, Credentials(options.user, password), options.app, options.ca, options.origin
    )
    ill = False
    for title, finding in examine(patient):
        ill = ill or finding.state is State.ILL
        print(f"{finding.state.value:>6}  {title}: {finding.text}", flush=True)
        if finding.advice:
            print(f"        -> {finding.advice}", flush=True)
    return 1 if ill else 0


def _fail(text: str, status: int = 1) -> int:
    print(f"ari-notebook: {text}", file=sys.stderr)
    return status
