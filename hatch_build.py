"""Compiles the optional extension module of the event log while a wheel is built.

Without a C compiler or Python's headers, or with ARI_NOTEBOOK_PURE=1, the wheel has no extension
and suits every platform; `ari_notebook.store.columns` then decodes events in Python.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

TOP = Path(__file__).parent
MODULE = "ari_notebook.store._event_scanner"
SOURCE = TOP / f"{MODULE.replace('.', '/')}.c"


def compile_extension(folder: Path, *options: str) -> Path | None:
    """Compile the extension module into a folder.

    Args:
        folder: where to put it.
        options: further options for the compiler, and for linking.

    Returns:
        Its file; None if it cannot be compiled here, for which setuptools prints the reason.
    """
    if sysconfig.get_config_var("Py_GIL_DISABLED"):  # has no stable ABI
        return None
    try:
        from setuptools import Distribution, Extension  # noqa: PLC0415  may be absent
        from setuptools.command.build_ext import build_ext  # noqa: PLC0415
    except ImportError:
        return None
    extension = Extension(
        MODULE,
        [str(SOURCE)],
        depends=[str(SOURCE.with_name(name)) for name in ("_event_fields.h", "_vocabulary.h")],
        extra_compile_args=[*options],
        extra_link_args=[*options],
        py_limited_api=True,
        optional=True,  # a failure is a warning
    )
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib = str(folder)
    command.build_temp = str(folder / "objects")
    command.ensure_finalized()
    command.run()
    file = Path(command.get_ext_fullpath(MODULE))
    return file if file.exists() else None


class EventScannerHook(BuildHookInterface):
    """Adds the compiled extension to a wheel, or to the checkout for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; called by hatchling before the build."""
        if self.target_name != "wheel" or os.environ.get("ARI_NOTEBOOK_PURE"):
            return
        self._folder = tempfile.TemporaryDirectory()
        file = compile_extension(Path(self._folder.name))
        if file is None:
            return
        if version == "editable":
            new = SOURCE.with_name(f"{file.name}.new")
            shutil.copy(file, new)
            new.replace(
                SOURCE.with_name(file.name)
            )  # a running program keeps the one it has loaded
            return
        build_data["force_include"][str(file)] = (
            f"{MODULE.rpartition('.')[0].replace('.', '/')}/{file.name}"
        )
        build_data["pure_python"] = False
        platform = next(
            tag.platform
            for tag in sys_tags()
            if not tag.platform.startswith(("manylinux", "musllinux"))
        )
        build_data["tag"] = f"cp311-abi3-{platform}"
