"""The one entry script: every platform starts a bundle with it, and `etl run` does the rest.

Standard library only, and only ``--key value`` pairs: Glue keeps a job's arguments in a map, so anything else would
mean one thing there and another on EMR. Exits with the run's code, 2 for arguments it cannot take.
"""

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

OWN = ("job", "date", "from", "to", "env", "set", "params", "run-id", "platform")
RESERVED_BY_GLUE = (
    "JOB_NAME", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "TempDir", "RedshiftTempDir", "conf", "class",
    "scriptLocation", "encryption-type", "datalake-formats", "user-jars-first", "spark-event-logs-path",
    "use-postgres-driver", "auto-scale-within-microbatch",
)  # fmt: skip
RESERVED_PREFIXES = ("enable-", "disable-", "extra-", "job-", "continuation-", "continuous-", "additional-", "python-")


def pairs(argv: Sequence[str]) -> dict[str, str]:
    """Return the arguments as a map, without the keys that Glue adds."""
    given: dict[str, str] = {}
    for position in range(0, len(argv), 2):
        flag, value = argv[position], argv[position + 1 : position + 2]
        key = flag.removeprefix("--")
        if not flag.startswith("--") or not key or "=" in key:
            refuse(f"expected --key value, got {flag!r}")
        if not value or value[0].startswith("--"):
            refuse(f"{flag} has no value")
        if key in given:
            refuse(f"{flag} is given twice")
        given[key] = value[0]
    own = {key: value for key, value in given.items() if key in OWN}
    unknown = [key for key in given if key not in own and not is_reserved(key)]
    if unknown:
        refuse(f"unknown {', '.join(f'--{key}' for key in unknown)}; known: {', '.join(f'--{key}' for key in OWN)}")
    if "JOB_RUN_ID" in given:
        own.setdefault("platform", "glue")
    return own


def is_reserved(key: str) -> bool:
    """Whether Glue itself puts the key there."""
    return key in RESERVED_BY_GLUE or key.startswith(RESERVED_PREFIXES)


def command(given: dict[str, str]) -> list[str]:
    """Return the same request as arguments of `etl`."""
    if "job" not in given:
        refuse("--job is missing")
    said = dict(given)
    # Whoever submitted was asked; here is nobody to ask.
    line = ["run", "--yes", *said.pop("job").split()]
    for key, flag in (("set", "--set"), ("params", "--param")):
        for name, value in members(key, said.pop(key, "{}")).items():
            line += [flag, f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    for key, value in said.items():
        line += [f"--{key}", value]
    return line


def members(key: str, text: str) -> dict[str, object]:
    """Return a JSON object's members; Glue has no place for a flag given twice."""
    try:
        value = json.loads(text)
    except ValueError as error:
        refuse(f"--{key} is not JSON: {error}")
    if not isinstance(value, dict):
        refuse(f'--{key} must be a JSON object such as {{"a.b": "c"}}, got {text}')
    return value


def refuse(reason: str) -> NoReturn:
    """Say what was wrong with the arguments, and end."""
    print(f"main.py: {reason}", file=sys.stderr)
    raise SystemExit(2)


def run(argv: Sequence[str]) -> int:
    """Find the engine, in the interpreter or in the zip beside this script, and run the job."""
    line = command(pairs(argv))
    if importlib.util.find_spec("etl") is None:
        sys.path.insert(0, str(Path(__file__).with_name("app.zip")))
    from etl.cli import main

    return int(main(line) or 0)


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
