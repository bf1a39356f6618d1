"""The command line: ``lab`` opens the course, ``doctor`` checks a server, ``serve`` runs flows.

Exit status: 0 success, 1 a reported problem, 2 invalid arguments.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.doctor import FindingState, Target, examine
from ari_notebook.lessons.course import copy_course
from ari_notebook.sessions import service
from ari_notebook.sessions.session import password_for
from ari_notebook.store.plain_text import printable

__all__ = ["main"]

_FIRST = "00-start-here.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: command line arguments; None: those of the process.

    Returns:
        The exit status.
    """
    parser = _parser()
    ours, theirs = _split(list(sys.argv[1:] if arguments is None else arguments))
    options = parser.parse_args(ours)
    if options.command == "lab":
        return _lab(options.folder, no_browser=options.no_browser, rest=theirs)
    if options.command == "doctor":
        return _doctor(options)
    if options.command == "serve":
        return _serve(options)
    parser.print_help()
    return 2


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return this program's arguments, and JupyterLab's options after the command lab.

    A word after a JupyterLab option without "=" is that option's value, as in ``--port 8890``, not
    the folder.
    """
    if arguments[:1] != ["lab"]:
        return arguments, []
    ours, theirs = ["lab"], list[str]()
    value_follows = False
    for word in arguments[1:]:
        is_option = word.startswith("-")
        is_ours = word in {"--no-browser", "-h", "--help"} or not (is_option or value_follows)
        (ours if is_ours else theirs).append(word)
        value_follows = is_option and not is_ours and "=" not in word
    return ours, theirs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ari-notebook",
        description="Explore, teach and debug the Asterisk REST Interface from a notebook.",
        allow_abbrev=False,
    )
    installed = f"ari-notebook {version('ari-notebook')}"
    parser.add_argument("--version", action="version", version=installed)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    lab = commands.add_parser(
        "lab",
        help="copy the course into a folder and open JupyterLab on it",
        usage="%(prog)s [-h] [--no-browser] [DIR] [JupyterLab's options]",
        description="Copy the course into a folder, without overwriting edited notebooks, and "
        "open JupyterLab on it. Options that are not listed here are JupyterLab's own.",
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
        help="find out why ARI does not respond, and what to change",
        description="Check an Asterisk's ARI step by step, and print what to change in which of "
        "its files. The password is ARI_PASSWORD, or is prompted for.",
        allow_abbrev=False,
    )
    doctor.add_argument(
        "url",
        nargs="?",
        default=os.environ.get("ARI_URL"),
        metavar="URL",
        help="as http://127.0.0.1:8088 (default: ARI_URL)",
    )
    doctor.add_argument(
        "--user",
        default=os.environ.get("ARI_USER", "asterisk"),
        help="the section of ari.conf with type=user (default: ARI_USER, else asterisk)",
    )
    doctor.add_argument(
        "--app",
        default=os.environ.get("ARI_APP", "hello-world"),
        help="the Stasis application's name (default: ARI_APP, else hello-world)",
    )
    doctor.add_argument("--ca", metavar="FILE", help="the certificate authority of an https URL")
    doctor.add_argument(
        "--accept",
        type=int,
        metavar="PORT",
        help="the port of accept(): checks whether Asterisk reaches it, while no program uses it",
    )
    doctor.add_argument("--origin", help="a web page's origin that is to use ARI: checks CORS")
    _add_serve(commands)
    return parser


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser(
        "serve",
        help="run call flows as a service",
        description="Run the flows of a module until SIGTERM or SIGINT; calls that are in flows "
        "then have some seconds to end. The password is ARI_PASSWORD, or is prompted for.",
        allow_abbrev=False,
    )
    serve.add_argument("flows", metavar="MODULE:FLOWS", help="as office:attendant,voicemail")
    serve.add_argument(
        "--url",
        default=os.environ.get("ARI_URL"),
        help="as http://127.0.0.1:8088 (default: ARI_URL)",
    )
    serve.add_argument("--app", help="the Stasis applications, with commas (default: ARI_APP)")
    serve.add_argument("--user", help="the section of ari.conf (default: ARI_USER, else asterisk)")
    serve.add_argument("--drain", type=float, default=30, help="seconds for calls at the end (30)")
    serve.add_argument("--health-port", type=int, help="local port for /health and /metrics")


def _serve(options: argparse.Namespace) -> int:
    if not options.url:
        return _fail("which Asterisk? give --url http://host:8088, or set ARI_URL")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        service.serve(
            options.url,
            service.load_flows(options.flows),
            drain=options.drain,
            health_port=options.health_port,
            app=options.app,
            user=options.user,
        )
    except AriError as error:
        return _fail(str(error))
    return 0


def _lab(folder: Path, *, no_browser: bool, rest: list[str]) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        return _fail("JupyterLab is not installed: pip install jupyterlab matplotlib pytest")
    try:
        copied = copy_course(folder)
    except OSError as error:
        return _fail(f"the course cannot be copied into {folder}: {error}")
    print(f"The course is in {folder.resolve()}", flush=True)
    for names, text in (
        (copied.updated, "updated"),
        (copied.kept, "edited by you, not changed"),
    ):
        for name in names:
            print(f"  {name}: {text}", flush=True)
    # The folder is JupyterLab's root, so that its file browser shows the course and nothing else.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}"]
    command.append("--LabApp.news_url=None")  # its question would cover the first page
    if (folder / _FIRST).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{_FIRST}")
    if unwritable := _unwritable_folder():
        return _fail(
            f"JupyterLab cannot write into {unwritable}: give HOME a folder that you may write to,"
            " as HOME=$PWD ari-notebook lab"
        )
    if no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container every user is root
    command += rest
    if os.name == "posix":  # JupyterLab replaces this process, so that it receives signals
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0


def _unwritable_folder() -> Path | None:
    """Return the first of JupyterLab's folders that it cannot create or write to, or None."""
    from jupyter_core import paths  # noqa: PLC0415  comes with the optional JupyterLab

    needed = paths.jupyter_config_dir(), paths.jupyter_data_dir(), paths.jupyter_runtime_dir()
    for folder in map(Path, needed):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return folder
        if not os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


def _doctor(options: argparse.Namespace) -> int:
    if not options.url:
        return _fail("doctor needs a URL, as http://127.0.0.1:8088, or ARI_URL", status=2)
    try:
        password = password_for(options.user, Address.parse(options.url))
    except UsageProblem:
        password = ""  # an invalid URL is the first finding, a missing password another
    target = Target(
        options.url,
        Credentials(options.user, password),
        options.app,
        options.ca,
        options.origin,
        options.accept,
        has_password=bool(password),
    )
    failed = False
    for title, finding in examine(target):
        failed = failed or finding.state is FindingState.FAILED
        print(printable(f"{finding.state.value:>6}  {title}: {finding.text}"), flush=True)
        if finding.advice:
            print(printable(f"        -> {finding.advice}"), flush=True)
    return 1 if failed else 0


def _fail(text: str, status: int = 1) -> int:
    print(printable(f"ari-notebook: {text}"), file=sys.stderr)
    return status
