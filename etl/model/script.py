"""How a job module declares a program as a step."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn, TypedDict, Unpack, get_args

from etl.errors import DefinitionError, Place, UsageError
from etl.model.body import Files, Script, Where
from etl.model.dataset import Source, Target
from etl.model.definition import check_step
from etl.model.duration import duration
from etl.model.expectation import Expectation
from etl.model.step import Step
from etl.model.template import PARAM, check
from etl.model.write import Merge, ReplaceInterval, Write, names

RECEIPT = "start TIMESTAMP, interval STRING NOT NULL, ended TIMESTAMP NOT NULL, exit_code INT NOT NULL, said STRING"
# Of a program that is told its interval, a reader by ``start`` sees only its own interval's row.
RECEIPTS: tuple[Write, Write] = (ReplaceInterval("start"), Merge("interval"))
REFERENCES = ("env://", "ssm://", "secretsmanager://")
KNOWN = frozenset({"start", "end", "job", "run_id", "here"})


class Around(TypedDict, total=False):
    """What a program gets and leaves besides rows.

    Args:
        files: the format of staged sources and of what it leaves; CSV has a header.
        inputs: folders or objects, local or ``s3://``, that are brought as they are.
        outputs: folders that ``OUTPUT1_STAGING_DIR`` …, behind the target's, are delivered to once it has succeeded.
        environment: variables.
        secrets: variable to ``env://NAME``, ``ssm://name`` or ``secretsmanager://name#key``.
        inherit: variables of this process that it gets besides PATH, HOME and the like; ``AWS_*`` is all of AWS's.
        timeout: after it the program and all that it began are ended, and the step fails.
        on: ``driver``, once; or ``executors``, once for each partition of the only source, for rows that outgrow the
            driver: the same folders hold a partition's rows and what becomes of them. Then ``files`` is ``json``.
        name: what the step is called; the dataset unless said otherwise.
        expectations: what must hold of the rows.
        tags: words for ``tag:`` selection.
        description: a sentence for people.
    """

    files: Files
    inputs: str | Sequence[str]
    outputs: str | Sequence[str]
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    inherit: str | Sequence[str]
    timeout: str | timedelta
    on: Where
    name: str | None
    expectations: Sequence[Expectation]
    tags: str | Sequence[str]
    description: str


def script_step(
    dataset: str,
    *,
    command: Sequence[str],
    sources: Mapping[str, Source] | None = None,
    schema: str | None = None,
    write: Write | None = None,
    partition_by: Sequence[str] = (),
    **around: Unpack[Around],
) -> Step[..., Any]:
    """Declare a program in any language as a step.

    Its sources lie in the folders ``INPUT1_STAGING_DIR`` …, in the order of ``sources``, then of ``inputs``; a source
    is one file there, ``orders.csv``. What it leaves in ``OUTPUT1_STAGING_DIR`` is read under ``schema``, judged and
    published like any rows. Without a schema it runs for its effect, at least once an interval: ``dataset`` receives a
    row that says that it has run, and a step that reads it comes after.

    Args:
        dataset: what is published.
        command: the words, without a shell; ``{start:%Y-%m-%d}``, ``{here}`` … are filled in, see docs/scripts.md.
        sources: by name.
        schema: of what it leaves; None runs it for its effect.
        write: how that is published. Without a schema ``ReplaceInterval("start")``, the default where the command names
            the interval, or ``Merge("interval")``.
        partition_by: of the target.
        around: see ``Around``.

    Raises:
        DefinitionError: at import, with file and line.
    """
    caller = sys._getframe(1)
    place = Place(caller.f_code.co_filename, caller.f_lineno)
    with told(dataset, place):
        body = _body(command, around, sources or {}, receipt=schema is None)
        target = target_of(dataset, schema, write, partition_by, RECEIPTS[0 if body.names & {"start", "end"} else 1])
    declared: Step[..., Any] = Step(
        body=body,
        sources=sources or {},
        target=target,
        name=around.get("name"),
        expectations=tuple(around.get("expectations", ())),
        tags=names(around.get("tags", ())),
        place=place,
        module=caller.f_globals["__name__"],
        takes_run=True,
    )
    check_step(declared)
    return declared


@contextmanager
def told(dataset: str, place: Place) -> Iterator[None]:
    """Say of which step it is what its declaration is refused with."""
    try:
        yield
    except (DefinitionError, UsageError) as error:
        raise DefinitionError(f"script step {dataset}: {error.message}", place=place, remedy=error.remedy) from None


def _body(command: Sequence[str], around: Around, sources: Mapping[str, Source], *, receipt: bool) -> Script:
    body = Script(
        command=_words(command),
        files=_files(around.get("files", "csv")),
        inputs=names(around.get("inputs", ())),
        outputs=names(around.get("outputs", ())),
        environment=dict(around.get("environment", {})),
        secrets=_secrets(around.get("secrets", {})),
        inherit=names(around.get("inherit", ())),
        timeout=duration(around.get("timeout", "2 hours")),
        receipt=receipt,
        on=around.get("on", "driver"),
        summary=around.get("description", ""),
    )
    _check_names(body)
    _check_place(body, sources)
    return body


def target_of(
    dataset: str, schema: str | None, write: Write | None, partition_by: Sequence[str], default: Write
) -> Target:
    """Return what a script publishes; without a schema the row that says that it has run.

    Raises:
        DefinitionError: a write that does not go with it.
    """
    if schema is None:
        if write not in (None, *RECEIPTS) or partition_by:
            _refuse(f"without a schema it publishes that it has run: write is {' or '.join(map(str, RECEIPTS))}")
        return Target(dataset, RECEIPT, write or default)
    if write is None:
        _refuse("a schema needs a write: ReplacePartitions(…), ReplaceTable() …")
    return Target(dataset, schema, write, partition_by)


def _words(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str) or not command or not all(isinstance(word, str) for word in command):
        _refuse(
            f"command={command!r} is no list of words",
            'write ["python3", "{here}/load.py"]; a shell is ["bash", "-c", "…"]',
        )
    return tuple(command)


def _files(files: Files) -> Files:
    if files not in get_args(Files):
        _refuse(f"files={files!r} is none of {', '.join(get_args(Files))}")
    return files


def _secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    for name, reference in secrets.items():
        if not reference.startswith(REFERENCES):
            _refuse(
                f"secret {name} is not said by where it lies", f"write {', '.join(f'{each}…' for each in REFERENCES)}"
            )
    return dict(secrets)


def _check_place(body: Script, sources: Mapping[str, Source]) -> None:
    if body.on not in get_args(Where):
        _refuse(f"on={body.on!r} is none of {', '.join(get_args(Where))}")
    if body.on == "driver":
        return
    if len(sources) != 1 or body.receipt or body.inputs or body.outputs:
        _refuse(
            "on executors a program turns the rows of one source into rows: it has a schema, and neither inputs nor "
            "outputs",
            "run it on the driver, or leave them out",
        )
    if body.files != "json":
        _refuse(f"on executors rows are lines: files={body.files!r}", 'write files="json"')


def _check_names(body: Script) -> None:
    for text in body.texts:
        for used in check(text):
            if used not in KNOWN and not used.startswith(PARAM):
                _refuse(
                    f"{text!r}: {{{used}}} is not known in a script",
                    f"it knows {', '.join(sorted(KNOWN))}, param.<name>",
                )


def _refuse(message: str, remedy: str = "") -> NoReturn:
    raise DefinitionError(message, remedy=remedy)
