"""A script step's transformation: sources staged into folders, the program, and what it left read as rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from etl.aws.secrets import resolve
from etl.engine.carriage import bring, deliver
from etl.engine.last_words import hide, how, tail, words
from etl.engine.program import carry_out
from etl.engine.room import Room
from etl.engine.script_files import here
from etl.engine.script_pieces import Piece, in_pieces
from etl.engine.script_rows import left_rows, line_rows, receipt
from etl.errors import ScriptError
from etl.model.body import Script
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.template import Moment, render
from etl.spark.jvm import no_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OF_A_MACHINE = ("PATH", "HOME", "TMPDIR", "JAVA_HOME")  # the driver's say nothing of an executor's
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "JAVA_HOME")
# As the contract of text files reads it back: quotes doubled, every digit of an instant.
AS_TEXT = {"header": "true", "escape": '"', "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


def scripted(planned: PlannedStep, script: Script, frames: Mapping[str, DataFrame], run: Run, room: Room) -> DataFrame:
    """Run the step's program and return what it left, with the target's columns, or its receipt.

    Raises:
        ScriptError: it ended with another exit code than 0, or took too long.
        InputError: a folder to bring is not there; what it left is not what the schema says.
    """
    if room.dry:
        return no_rows(room.session, planned.step.target.schema.nullable().ddl)
    room.close()  # of a try before
    moment = _moment(planned, run, room)
    if script.on == "executors":
        return _in_pieces(planned, script, frames, moment)
    scratch = room.scratch(planned, run)
    staged = _staged(room, scratch, script, frames, moment)
    left = {f"OUTPUT{n}_STAGING_DIR": room.folder / f"output{n}" for n in range(1, _outputs(script) + 1)}
    for folder in left.values():
        folder.mkdir()
    secrets = {name: resolve(reference) for name, reference in script.secrets.items()}
    environment = _given(script)
    environment |= {name: render(text, moment) for name, text in script.environment.items()}
    environment |= {name: str(folder) for name, folder in (staged | left).items()} | secrets
    said = _run(planned, script, environment, moment, room, tuple(secrets.values()))
    own, *_ = folders = list(left.values()) or [room.folder]
    for folder, uri in zip(folders if script.receipt else folders[1:], script.outputs, strict=False):
        deliver(room.session, folder, render(uri, moment))
    if script.receipt:
        return receipt(room.session, run, said)
    if scratch != str(room.folder):
        deliver(room.session, own, f"{scratch}/output1")
    return left_rows(room.session, planned, script, f"{scratch}/output1")


def _in_pieces(planned: PlannedStep, script: Script, frames: Mapping[str, DataFrame], moment: Moment) -> DataFrame:
    ((name, frame),) = frames.items()
    secrets = {variable: resolve(reference) for variable, reference in script.secrets.items()}
    given = {variable: value for variable, value in _given(script).items() if variable not in OF_A_MACHINE}
    module = planned.step.module
    piece = Piece(script=script, name=name, module=module, moment=moment, given=given, secrets=secrets)
    return line_rows(planned, in_pieces(planned, piece, frame))


def _given(script: Script) -> dict[str, str]:
    """Return the variables of this process that a program gets."""
    return {name: value for name, value in os.environ.items() if _is_given(name, script)}


def _is_given(name: str, script: Script) -> bool:
    return name in KEPT or any(
        name == each or (each[-1:] == "*" and name.startswith(each[:-1])) for each in script.inherit
    )


def _outputs(script: Script) -> int:
    return len(script.outputs) + (0 if script.receipt else 1)


def _moment(planned: PlannedStep, run: Run, room: Room) -> Moment:
    return Moment(
        start=run.interval.start if run.interval else None,
        end=run.interval.end if run.interval else None,
        job=planned.job,
        run_id=run.run_id,
        here=str(here(planned.step.module, room.folder / "unpacked")),
        params=run.params,
    )


def _staged(
    room: Room, scratch: str, script: Script, frames: Mapping[str, DataFrame], moment: Moment
) -> dict[str, Path]:
    found = {}
    for number, (name, frame) in enumerate(frames.items(), 1):
        folder, written = room.folder / f"input{number}", f"{scratch}/input{number}"
        frame.repartition(1).write.format(script.files).options(**AS_TEXT).save(written)
        if scratch != str(room.folder):
            bring(room.session, written, folder)
        _one_file(folder, f"{name}.{script.files}")
        found[f"INPUT{number}_STAGING_DIR"] = found[f"{name.upper()}_STAGING_DIR"] = folder
    for number, uri in enumerate(script.inputs, len(frames) + 1):
        found[f"INPUT{number}_STAGING_DIR"] = room.folder / f"input{number}"
        bring(room.session, render(uri, moment), room.folder / f"input{number}")
    return found


def _one_file(folder: Path, name: str) -> None:
    """Leave of what Spark wrote the one file, under a name that a script can write down."""
    for file in sorted(folder.iterdir()):
        if file.name.startswith("part-"):
            file.rename(folder / name)
        else:
            file.unlink()


def _run(
    planned: PlannedStep,
    script: Script,
    environment: Mapping[str, str],
    moment: Moment,
    room: Room,
    secrets: tuple[str, ...],
) -> str:
    command = [render(word, moment) for word in script.command]
    work, out, err = (room.folder / name for name in ("work", "stdout", "stderr"))
    work.mkdir()
    ended = carry_out(
        command, environment, work, stdout=out, stderr=err, timeout=script.timeout.total_seconds(), stop=room.stop
    )
    for file in (out, err):
        hide(file, secrets)
        if file.stat().st_size:
            of = f"-{moment.start:%Y%m%dT%H%M}" if moment.start else ""
            room.keep(f"scripts/{planned.step.name}{of}.{file.name}", file)
    room.stop.check()
    if ended.timed_out or ended.exit_code:
        raise ScriptError(
            f"step {planned.step.name}: {how(script, ended)}{words(out, err)}",
            ended.exit_code,
            place=planned.step.place,
        )
    return (tail(out, 1) or [""])[-1]
