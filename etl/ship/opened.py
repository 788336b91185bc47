"""A bundle opened once where it was built, as a cluster would: from a directory that knows nothing of the project."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from etl.errors import ProjectError

# -I: neither PYTHONPATH nor the working directory; what is installed here stands for what a platform brings.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from etl.cli import main; "
    "sys.exit(main(['list', '--type', 'step', '-o', 'json'], bundled=True))"
)


def check_opened(app: Path, directory: Path, steps: Sequence[str]) -> None:
    """Refuse a bundle that is another project than the one it was built from.

    Args:
        app: the bundle's zip.
        directory: the project.
        steps: the names of its steps.

    Raises:
        ProjectError: the zip does not open, or has other steps.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        command = [sys.executable, "-I", "-c", _PROGRAM, str(app.absolute())]
        ended = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise ProjectError(f"{app} does not open as {directory} does: {ended.stderr.strip()}")
    found = {each["step"] for each in json.loads(ended.stdout)}
    differ = sorted(found ^ set(steps))
    if differ:
        raise ProjectError(
            f"{app} has other steps than {directory}: {', '.join(differ[:5])}",
            remedy="a file of jobs/ that git ignores, or that the wheel's own settings leave out, is not in it",
        )
