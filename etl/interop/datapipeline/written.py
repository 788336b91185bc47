"""The files of a new project, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from etl.errors import UsageError
from etl.interop.datapipeline.project import Made


def lay_out(folder: Path, made: Sequence[Made]) -> list[str]:
    """Write what was made of one definition or of several into a new directory; return the paths, sorted.

    Reports of several stand in ``REPORT.md`` one behind the other.

    Raises:
        UsageError: the directory holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", remedy="name a new directory; nothing was written")
    files: dict[str, str] = {}
    for one in made:
        for path, text in one.files.items():
            if path == "REPORT.md":
                files[path] = f"{files[path]}\n{text}" if path in files else text
            elif path == "conf/env/aws.toml" and path in files:
                files[path] += "\n".join(text.splitlines()[1:]) + "\n"
            elif path.startswith("jobs/") and path in files and text:
                raise UsageError(f"two definitions are called {path}", remedy="import them into projects of their own")
            else:
                files.setdefault(path, text)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return sorted(files)
