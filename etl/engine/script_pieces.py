"""A program on executors: once for each partition of its source, in folders like those of the driver.

What it leaves comes back as lines, and is kept while the step works: a program is not run again because its rows are
looked at twice.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from etl.engine.last_words import hide, how, words
from etl.engine.program import carry_out
from etl.engine.script_files import here
from etl.engine.stop import Stop
from etl.errors import ScriptError
from etl.model.body import Script
from etl.model.plan import PlannedStep
from etl.model.template import Moment, render
from etl.storage.fetched import kept, taken
from etl.storage.lines import LINE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FAILED = "_headrace_failed"
DDL = f"{LINE} STRING, {FAILED} STRING"
Row = tuple[str | None, str | None]


@frozen(kw_only=True)
class Piece:
    """What each executor is told.

    Args:
        script: the program.
        name: of its source.
        module: that declares the step; its folder is ``{here}``.
        moment: fills in templates, but for ``{here}``.
        given: variables of the driver's process that it gets.
        secrets: variable to value. They go to executors with the task, and stand in no plan.
    """

    script: Script
    name: str
    module: str
    moment: Moment
    given: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)


def in_pieces(planned: PlannedStep, piece: Piece, frame: DataFrame) -> DataFrame:
    """Run the program over each partition, and return what all of them left, a line each.

    Raises:
        ScriptError: one ended with another exit code than 0, or took too long: with its last words.
    """
    rows = frame.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS line").rdd
    made = kept(frame.sparkSession, rows.mapPartitionsWithIndex(partial(_carried_out, piece)), DDL)
    failed = taken(made.where(f"{FAILED} IS NOT NULL").select(FAILED).limit(1))
    if failed:
        code, _, said = failed[0][0].partition(" ")
        raise ScriptError(f"step {planned.step.name}: {said}", int(code), place=planned.step.place, kept=False)
    return made.select(LINE)


def _carried_out(piece: Piece, number: int, rows: Iterable[tuple[str]]) -> Iterator[Row]:
    """Run the program over one partition, on an executor; one without rows is not run."""
    first = next(iterator := iter(rows), None)
    if first is None:
        return
    with tempfile.TemporaryDirectory(prefix="etl-script-") as place:
        folder = Path(place)
        input_, left, work = (folder / name for name in ("input1", "output1", "work"))
        for each in (input_, left, work):
            each.mkdir()
        with (input_ / f"{piece.name}.json").open("w", encoding="utf-8") as file:
            file.write(first[0] + "\n")
            file.writelines(row[0] + "\n" for row in iterator)
        failed = _run(piece, folder, number)
        if failed:
            yield None, failed
            return
        for path in sorted(each for each in left.rglob("*") if each.is_file()):
            with path.open(encoding="utf-8", errors="replace") as lines:
                yield from ((line.rstrip("\n"), None) for line in lines if line.strip())


def _run(piece: Piece, folder: Path, number: int) -> str:
    """Run the program, and return its exit code and last words where it failed."""
    script = piece.script
    moment = piece.moment
    if "here" in script.names:
        import_module(piece.module)
        moment = evolve(moment, here=str(here(piece.module, folder / "unpacked")))
    folders = {"INPUT1_STAGING_DIR": folder / "input1", "OUTPUT1_STAGING_DIR": folder / "output1"}
    folders[f"{piece.name.upper()}_STAGING_DIR"] = folder / "input1"
    environment = dict(piece.given) | {"PATH": os.environ.get("PATH", ""), "PARTITION": str(number)}
    environment |= {name: render(text, moment) for name, text in script.environment.items()}
    environment |= {name: str(each) for name, each in folders.items()} | dict(piece.secrets)
    out, err = folder / "stdout", folder / "stderr"
    ended = carry_out(
        [render(word, moment) for word in script.command],
        environment,
        folder / "work",
        stdout=out,
        stderr=err,
        timeout=script.timeout.total_seconds(),
        stop=Stop(),
    )
    if not (ended.timed_out or ended.exit_code):
        return ""
    for file in (out, err):
        hide(file, piece.secrets.values())
    return f"{ended.exit_code} {how(script, ended)} (partition {number}){words(out, err)}"
