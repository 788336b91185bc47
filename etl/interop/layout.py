"""The files of a new project: what each has, and how they are laid on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from etl.errors import UsageError

NAME = 50  # letters of a step's name
BASE = """# Taken over from {origin}; REPORT.md says what became of it.
name = {name}
state = "target/state"      # the ledger of runs
artifacts = "target"        # runs/<run id>/: events, results, what scripts said

[zones]
done = "target/lake/done"   # a table for each activity: that it has run, for which interval
quarantine = "target/lake/quarantine"
"""


def common(name: str, origin: str) -> dict[str, str]:
    """Return the files that every project taken over has, by path."""
    return {
        "conf/base.toml": BASE.format(name=json.dumps(name.replace("_", "-")), origin=origin),
        "conf/datasets.toml": "# Datasets that no job here writes.\n",
        "conf/env/local.toml": "",
        "jobs/__init__.py": "",
        "pyproject.toml": _pyproject(name),
        ".gitignore": "target/\n.venv/\n",
    }


def snake(text: str) -> str:
    """Return a name of a job or a step made of any text."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])|[0-9]+", text)
    said = "_".join(words).lower()[:NAME].strip("_")
    return f"p_{said}" if said[:1].isdigit() else said


def _pyproject(name: str) -> str:
    from importlib.resources import files

    from etl import __version__

    text = (files("etl.project") / "template" / "pyproject.toml.template").read_text()
    return (
        text.replace("PROJECT", name.replace("_", "-"))
        .replace("ENGINE", __version__)
        .replace('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n', "")
    )


def lay_out(folder: Path, made: Sequence[Mapping[str, str]]) -> list[str]:
    """Write what was made of one definition or of several into a new directory; return the paths, sorted.

    Reports of several stand in ``REPORT.md`` one behind the other.

    Raises:
        UsageError: the directory holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", remedy="name a new directory; nothing was written")
    files: dict[str, str] = {}
    for one in made:
        for path, text in one.items():
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
