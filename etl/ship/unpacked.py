"""On the cluster: what a zip cannot give, put on the driver's path before anything asks for it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from etl.errors import PlatformError

ANY = "any"
UNPACKED, NATIVE = "headrace_packages", "headrace_native"  # as which --archives unpacks, in the working directory
_CPU_OF = {"aarch64": "arm64"}  # Linux's word, and AWS's


def find_packages(script: Path) -> None:
    """Put native packages, and such as read files, on this process's path.

    The platform has unpacked the archives into the working directory (YARN, Kubernetes); elsewhere they lie beside the
    entry script or on the path (Glue, a machine of one's own), and are unpacked here, once for each content.

    Args:
        script: the entry script.

    Raises:
        PlatformError: the folder to unpack into is another user's.
    """
    there = [folder for folder in (NATIVE, UNPACKED) if Path(folder).is_dir()]
    if there:
        sys.path[:0] = [str(Path(folder).absolute()) for folder in there]
        return
    names = (archive_name("", ANY), archive_name(f"{sys.version_info.major}.{sys.version_info.minor}", cpu()))
    sys.path[:0] = [str(unpacked(found)) for name in names if (found := _beside_or_on_path(script, name))]


def cpu() -> str:
    """Return this machine's CPU as AWS calls it: ``x86_64``, ``arm64``."""
    return _CPU_OF.get(platform.machine(), platform.machine())


def archive_name(python: str, machine: str) -> str:
    """Return the name of the archive for a Python and CPU, or for ``any``."""
    return f"packages-{ANY}.zip" if machine == ANY else f"packages-cp{python.replace('.', '')}-{machine}.zip"


def unpacked(archive: Path) -> Path:
    """Return the folder with an archive's files; a process that ends midway leaves none under that name.

    Raises:
        PlatformError: the folder to unpack into is another user's: it could hold other code.
    """
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    root = Path(tempfile.gettempdir()) / f"headrace-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise PlatformError(f"{root} is another user's", remedy="set TMPDIR to a directory of your own")
    folder = root / digest
    if not folder.is_dir():
        scratch = Path(tempfile.mkdtemp(dir=root))
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(scratch)
        try:
            scratch.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(scratch)
    return folder


def _beside_or_on_path(script: Path, name: str) -> Path | None:
    places = (script.with_name(name), *(Path(entry) for entry in sys.path if Path(entry).name == name))
    return next((place for place in places if place.is_file()), None)
