"""A crontab as a project: each line a job with its times and its command, run by the shell as cron would.

What cron does: crontab(5) of Debian's cron and of cronie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from etl.errors import ConfigError, DefinitionError, Place
from etl.interop.layout import common, snake
from etl.model.cron import FIELDS, checked

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
ZONES = ("CRON_TZ", "TZ")
MAIL = "MAILTO"
_VARIABLE = re.compile(r"""\s*([A-Za-z_]\w*|"[^"]+"|'[^']+')\s*=\s*(.*?)\s*$""")
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY", re.IGNORECASE)


@frozen(kw_only=True)
class Line:
    """A line that runs something.

    Args:
        number: in the file.
        expression: five fields.
        command: as the shell gets it.
        given: what stands behind the first ``%``, which the command reads.
        variables: that hold from there on, the shell among them.
        user: whose crontab it is; empty in a user's own.
    """

    number: int
    expression: str
    command: str
    given: str
    variables: Mapping[str, str]
    user: str = ""


@frozen(kw_only=True)
class Crontab:
    """What a file says, and of which lines nothing can become, with the reason."""

    lines: tuple[Line, ...]
    dropped: tuple[tuple[int, str], ...] = ()


def read(text: str, file: str, *, system: bool = False) -> Crontab:
    """Return what a crontab says.

    Args:
        text: the file's.
        file: its name, for errors.
        system: of /etc/crontab and /etc/cron.d, which name a user before the command.

    Raises:
        ConfigError: a line is neither a variable nor a time with a command, with file and line.
    """
    variables: dict[str, str] = {}
    lines, dropped = [], []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _VARIABLE.match(raw) if not re.match(r"\s*[@*\d]", raw) else None
        if found:
            variables[found[1].strip("\"'")] = _unquoted(found[2])
            continue
        place = Place(file, number)
        expression, rest = _timed(line, place)
        if expression == "@reboot":
            dropped.append((number, f"{line}: @reboot is no time of a clock"))
            continue
        user, rest = rest.split(None, 1) if system and len(rest.split(None, 1)) > 1 else ("", rest)
        command, given = _parted(rest)
        if not command:
            raise ConfigError(f"{line!r} has no command", place=place)
        here = dict(variables)
        lines.append(
            Line(number=number, expression=expression, command=command, given=given, variables=here, user=user)
        )
    if not lines:
        raise ConfigError(f"{file} runs nothing", place=Place(file))
    return Crontab(lines=tuple(lines), dropped=tuple(dropped))


def project(found: Crontab, name: str) -> dict[str, str]:
    """Return the files of a project that does what a crontab says, REPORT.md among them."""
    title = snake(name) or "crontab"
    names = _names([line.command for line in found.lines])
    files = common(title, "a crontab")
    report = [f"# What became of {name}", ""]
    for line, job in zip(found.lines, names, strict=True):
        files[f"jobs/{job}.py"] = _module(line, job)
        report.append(f"- line {line.number}, mapped: job `{job}`, {line.expression}: `{_short(line.command)}`")
        report += [f"  - {note}" for note in _notes(line)]
    report += [f"- line {number}, left out: {why}" for number, why in found.dropped]
    report += ["", "`etl schedule next` says when each runs; `etl schedule serve` runs them.", ""]
    files["REPORT.md"] = "\n".join(report)
    return files


def _timed(line: str, place: Place) -> tuple[str, str]:
    if line.startswith("@"):
        word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        if word == "@reboot":
            return word, rest
        if word not in NICKNAMES:
            raise ConfigError(f"{word} is no time; known: @reboot, {', '.join(NICKNAMES)}", place=place)
        return NICKNAMES[word], rest.strip()
    fields = line.split(None, FIELDS)
    if len(fields) <= FIELDS:
        raise ConfigError(f"{line!r} is neither NAME=value nor five fields and a command", place=place)
    expression = " ".join(fields[:FIELDS])
    try:
        checked(expression)
    except DefinitionError as error:
        raise ConfigError(error.message, place=place, remedy=error.remedy) from None
    return expression, fields[FIELDS]


def _parted(text: str) -> tuple[str, str]:
    """Part a command from what it reads: at the first ``%`` without a backslash; further ones are line ends."""
    command, *given = re.split(r"(?<!\\)%", text)
    return command.replace("\\%", "%").strip(), "\n".join(each.replace("\\%", "%") for each in given)


def _module(line: Line, job: str) -> str:
    zone = next((line.variables[key] for key in ZONES if line.variables.get(key)), "")
    shell = line.variables.get("SHELL", "/bin/sh")
    mail = line.variables.get(MAIL, "")
    schedule = f"Cron({line.expression!r}" + (f", timezone={zone!r}" if zone else "") + ")"
    said = [f"schedule={schedule}", "catch_up=False"]  # cron makes up for nothing
    if mail and "@" in mail:
        said.append(f'on_failure=[alarm.email({mail!r}, sender="etl@localhost")]')
    command = line.command if not line.given else f"{line.command} <<'HEADRACE'\n{line.given}\nHEADRACE"
    words = [shell, "-c", command.replace("{", "{{").replace("}", "}}")]
    own = {key: value for key, value in line.variables.items() if key not in {*ZONES, MAIL, "SHELL"}}
    secrets = {key: f"env://{key}" for key in own if _SECRET.search(key)}
    body = [f"command={words!r}"]
    plain = {key: value.replace("{", "{{").replace("}", "}}") for key, value in own.items() if key not in secrets}
    body += [f"environment={plain!r}"] if plain else []
    body += [f"secrets={secrets!r}"] if secrets else []
    body += ['inherit="AWS_*"', 'timeout="1 day"', f"description={_short(line.command)!r}"]
    imported = ["Cron", "Job", *(["alarm"] if "alarm." in "".join(said) else []), "script_step"]
    parts = ",\n    "
    return (
        f'"""Line {line.number} of a crontab: see REPORT.md."""\n\nfrom etl import {", ".join(imported)}\n\n'
        f"JOB = Job(\n    {parts.join(said)},\n)\n\n"
        f'{job} = script_step(\n    "done.{job}",\n    {parts.join(body)},\n)\n'
    )


def _notes(line: Line) -> Iterator[str]:
    if line.user:
        yield f"approximated: cron ran it as {line.user}; here it has the user of the scheduler"
    if line.variables.get(MAIL):
        told = line.variables[MAIL]
        yield f"approximated: cron mailed every output to {told}; here a failure is told, if ETL_SMTP is set"
    for key in line.variables:
        if _SECRET.search(key):
            yield f"to do: {key} may be a secret and was not copied; export {key}, or name where it lies"
    fields = line.expression.split()
    if fields[2] != "*" and fields[4] != "*":
        yield "mapped: days of the month or of the week, as cron has it"


def _names(commands: Sequence[str]) -> list[str]:
    """Return a name for each command: of its program's file, with a number where that is not enough."""
    names: list[str] = []
    for command in commands:
        behind = re.sub(r"^\s*cd\s+\S+\s*(?:&&|;)", "", command)
        words = [word for word in re.split(r"[\s;&|]+", behind) if word and "=" not in word]
        programs = [word for word in words if not word.startswith("-")]
        stem = next((snake(word.rpartition("/")[2].partition(".")[0]) for word in programs if snake(word)), "") or "job"
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return names


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _short(text: str) -> str:
    return " ".join(text.replace("`", "'").split())[:80]
