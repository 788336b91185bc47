"""The files of a script step: the folder of the module that declares it, ``{here}``, also where that lies in a zip."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from etl.model.body import Script
from etl.model.step import Step

HERE = re.compile(r"\{here\}/([^\s\"']+)")


def script_files(step: Step[Any, Any], script: Script) -> dict[str, str]:
    """Return a digest of each file that a script names below ``{here}``; of a folder, of all that it holds."""
    named = sorted({name for text in script.texts for name in HERE.findall(text)})
    return {name: hashlib.sha256(_content(step.module, name)).hexdigest() for name in named}


def here(module: str, unpacked: Path) -> Path:
    """Return the folder of a module; where it lies in a zip, a copy of the folder.

    Args:
        module: its name; it is imported.
        unpacked: where a copy may be made.
    """
    folder = _folder(module)
    archive = _archive(folder)
    if archive is None:
        return folder
    with zipfile.ZipFile(archive) as packed:
        inside = folder.relative_to(archive).as_posix() + "/"
        packed.extractall(unpacked, [name for name in packed.namelist() if name.startswith(inside)])
    return unpacked / inside


def _folder(module: str) -> Path:
    return Path(getattr(sys.modules.get(module), "__file__", None) or ".").absolute().parent


def _archive(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if each.is_file()), None)


def _content(module: str, name: str) -> bytes:
    """Return what a file holds; of a folder all its files; empty where there is neither: the program will say so."""
    folder = _folder(module)
    archive = _archive(folder)
    if archive is not None:
        inside = (folder / name).relative_to(archive).as_posix()
        with zipfile.ZipFile(archive) as packed:
            names = [each for each in sorted(packed.namelist()) if each == inside or each.startswith(f"{inside}/")]
            return b"".join(each.encode() + packed.read(each) for each in names)
    found = folder / name
    files = [found] if found.is_file() else sorted(file for file in found.rglob("*") if file.is_file())
    return b"".join(file.relative_to(folder).as_posix().encode() + file.read_bytes() for file in files)
