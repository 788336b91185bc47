"""What happened, where somebody tests for it or acts on it: one class a condition, its data as attributes.

The message is composed here and nowhere else; a test, an alarm or ``run_results.json`` reads the class and the data.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from etl.errors.place import Place, closest, did_you_mean
from etl.errors.tree import ConfigError, GraphError, InputError, PlatformError, ProjectError, UsageError


class UnknownKeyError(ConfigError):
    """A configuration key nobody reads."""

    def __init__(self, key: str, known: Collection[str], *, place: Place | None = None) -> None:
        self.key, self.known = key, tuple(sorted(known))
        super().__init__(f"unknown key; {did_you_mean(key, known)}", place=place)


class NotAllowedError(ConfigError):
    """A configuration value that is not one of those allowed."""

    def __init__(self, value: str, allowed: Sequence[str], *, place: Place | None = None) -> None:
        self.value, self.allowed = value, tuple(allowed)
        near = closest(value, allowed)
        hint = f"; did you mean {near!r}?" if near else ""
        super().__init__(f"{value!r} is not one of {', '.join(allowed)}{hint}", place=place)


class LiteralSecretError(ConfigError):
    """A credential that stands in configuration; neither the message nor the data shows it."""

    def __init__(self, references: Sequence[str], *, place: Place | None = None) -> None:
        super().__init__(
            "a credential must not stand in configuration",
            place=place,
            remedy=f"write a reference: {' or '.join(references)}",
        )


class ForcedSettingError(ConfigError):
    """Spark settings that contradict what Headrace forces on every platform."""

    def __init__(self, contradictions: Sequence[tuple[str, str, str, str]]) -> None:
        self.keys = tuple(key for key, *_ in contradictions)
        said = (f"{key} = {given!r}: Headrace needs {needed!r}, {why}" for key, given, needed, why in contradictions)
        super().__init__("; ".join(said), remedy="remove the setting: it is the same on every platform")


class GoneError(ProjectError):
    """What an earlier run planned is not there any more, so that it cannot be done again."""

    def __init__(self, gone: Sequence[str]) -> None:
        self.gone = tuple(gone)
        super().__init__(
            f"the run cannot be done again: {', '.join(gone)} is not in the project any more",
            remedy="nothing was run; `etl run` what there is now, for the same dates",
        )


class UnknownNameError(UsageError):
    """A name on the command line that nothing here has.

    Args:
        what: what was asked for, with the name in it: ``no job 'shop'``.
        name: the name.
        known: the names there are.
        hint: more to say in brackets, such as how many there are.
    """

    def __init__(
        self, what: str, name: str, known: Collection[str], *, hint: str = "", remedy: str = "", limit: int = 12
    ) -> None:
        self.name, self.known = name, tuple(sorted(known))
        said = f"{what}; {did_you_mean(name, known, limit)}"
        super().__init__(said + (f" ({hint})" if hint else ""), remedy=remedy)


class RunIdTakenError(UsageError):
    """A run id that the ledger has already."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"run id {run_id!r} is already in the ledger", remedy="leave out --run-id")


class ProtectedEnvironmentError(UsageError):
    """A run in a protected environment that nobody confirmed."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        super().__init__(f"environment {environment!r} is protected", remedy="pass --yes")


class CircularStepsError(GraphError):
    """Steps that read from one another in a circle."""

    def __init__(self, circle: Sequence[str], *, place: Place | None = None) -> None:
        self.circle = tuple(circle)
        super().__init__(f"steps read from one another in a circle: {' → '.join(circle)}", place=place)


class MissingDatasetError(InputError):
    """A dataset that is not where it should be."""

    def __init__(
        self, dataset: str, uri: str, *, what: str = "data", written_here: bool, place: Place | None = None
    ) -> None:
        self.dataset, self.uri = dataset, uri
        remedy = (
            f"run the step that writes it first: etl run +{dataset}"
            if written_here
            else "deliver it, or set optional=True for the source"
        )
        super().__init__(f"dataset {dataset}: no {what} at {uri}", place=place, remedy=remedy)


class CorruptRowsError(InputError):
    """Rows of a source that did not parse, more than its policy allows."""

    def __init__(
        self, dataset: str, rows: int, records: Sequence[str], *, place: Place | None = None, allowed: float = 0.0
    ) -> None:
        self.dataset, self.rows, self.allowed = dataset, rows, allowed
        share = f", more than max_corrupt = {allowed} allows" if allowed else ""
        super().__init__(
            f"dataset {dataset}: {rows} corrupt {'row' if rows == 1 else 'rows'}{share}; {'; '.join(records)}",
            place=place,
            remedy='the target is unchanged; mend the delivery, or set on_corrupt = "quarantine" to keep them aside',
        )


class UnreadableFileError(InputError):
    """A file that is there and cannot be read, or was there when it was listed."""

    def __init__(self, what: str, said: str, *, file: str | None = None, place: Place | None = None) -> None:
        self.file = file
        super().__init__(
            f"{what}: {file or 'a file'} cannot be read: {said}",
            place=place,
            remedy="deliver the file again, whole; the target is unchanged",
        )


class UnwritableError(PlatformError):
    """A place that refuses to be written: rights, space, a file where a directory should be."""

    def __init__(self, what: str, said: str, *, uri: str | None = None, place: Place | None = None) -> None:
        self.uri = uri
        super().__init__(
            f"{what}: cannot write{f' {uri}' if uri else ''}: {said}",
            place=place,
            remedy="check its owner, mode and free space; the target is unchanged",
        )


class RefusedAccessError(PlatformError):
    """An object store that lets these credentials not in: no such bucket, no right, no login."""

    def __init__(self, what: str, said: str, *, uri: str | None = None, place: Place | None = None) -> None:
        self.uri = uri
        super().__init__(
            f"{what}: no access{f' to {uri}' if uri else ''}: {said}",
            place=place,
            remedy="check the bucket's name, the login (`aws sts get-caller-identity`) and its rights: docs/s3.md; the "
            "target is unchanged",
        )
