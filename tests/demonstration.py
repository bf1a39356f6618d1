"""The demonstration configuration with known passwords, which its files lack."""

from __future__ import annotations

import shutil
from pathlib import Path

import ari_notebook
from ari_notebook.simulator.config.settings import Config, read_config

FOLDER = Path(ari_notebook.__file__).parent / "simulator/sample_config"
PASSWORDS = {"asterisk": "asterisk", "observer": "observer"}


def demonstration() -> Config:
    """Return the configuration with `PASSWORDS`."""
    return read_config(passwords=PASSWORDS)


def ari_conf(password: str = "asterisk") -> str:
    """Return the text of ari.conf with a password for the user asterisk, and observer's."""
    text = (FOLDER / "ari.conf").read_text()
    for each in (password, PASSWORDS["observer"]):
        text = text.replace(";password =", f"password = {each} ;", 1)
    return text


def copy_demonstration(folder: Path, password: str = "asterisk") -> Path:
    """Copy the files to a folder, with passwords."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "ari.conf").write_text(ari_conf(password))
    return folder
