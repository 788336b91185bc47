"""Why a run failed, in words for people and as JSON: its own error, or the cause that logs tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from etl.errors import InputError, LockedError, ProjectError, QualityError, UsageError
from etl.model.plural import plural
from etl.model.result import Status
from etl.report import wording
from etl.report.diagnosis import Diagnosis
from etl.runs.run_record import RunRecord

Json = Mapping[str, Any]
# Whose message is the cause: nothing in a log tells more of a gate, a definition or a source.
_PLAIN = frozenset(error.exit_code for error in (UsageError, QualityError, ProjectError, LockedError, InputError))
# Errors that say who must act, and not what happened.
_VAGUE = frozenset(
    {
        "EtlError",
        "DefectError",
        "PlatformError",
        "PublishError",
        "RemoteError",
        "StepError",
        "TransformError",
        "TransientError",
    }
)
_HALF = "each target is as before, or as its finished step makes it; never in between"
_GONE = "its process ended without a word: killed, for memory or by a person, or gone with its machine"
_UNKNOWN = "not recognised; this is the first error"
_SILENT = "not recognised: there is no error in what there is of it"


@frozen(kw_only=True)
class Explanation:
    """Why a run failed, as far as anybody can tell.

    Args:
        diagnosis: what logs and tracebacks give.
        run: the run, None where only logs were given.
        step: the result of the step that the run is told by; of one that was at work when the run died only its name
            and interval.
        others: how many step results besides did not end well.
    """

    diagnosis: Diagnosis
    run: RunRecord | None = None
    step: Json | None = None
    others: int = 0

    @property
    def failed(self) -> bool:
        """Whether there is anything to explain."""
        return self.run is None or self.run.failed

    @property
    def recognised(self) -> bool:
        """Whether the cause is known, or the run's own error says it."""
        told = self._own.get("type", "") not in {"", *_VAGUE}
        never_begun = bool(self._said) and not self.step and self.run is not None and self.run.exit_code != 1
        return self.diagnosis.recognised or told or self._is_plain or never_begun

    @property
    def words(self) -> str:
        """What happened."""
        if self.diagnosis.cause and not self._is_plain:
            return self.diagnosis.cause.words
        if self._said:
            return self._said
        if self.diagnosis.error:
            return _UNKNOWN
        return _GONE if self._is_dead else _SILENT

    @property
    def remedy(self) -> str:
        """What to do; empty where nobody knows."""
        if self.diagnosis.cause and not self._is_plain:
            return self.diagnosis.cause.remedy
        return str(self._own.get("remedy") or "")

    @property
    def transient(self) -> bool | None:
        """Whether the same run, started again, may well succeed; None where nobody knows."""
        if self.diagnosis.cause and not self._is_plain:
            return self.diagnosis.cause.transient
        return bool(self._own["retryable"]) if self._own else None

    @property
    def place(self) -> str:
        """The author's file and line."""
        return str(self._own.get("place") or self.diagnosis.place)

    @property
    def state_left(self) -> str:
        """What readers see now; empty where only logs were given."""
        if self.step is not None and "outcome" in self.step:
            return wording.aftermath(self.step)
        return _HALF if self.run is not None and self.failed else ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        run, step = self.run, self.step or {}
        return self.diagnosis.to_json() | {
            "run_id": run.run_id if run else None,
            "status": run.status if run else None,
            "exit_code": run.exit_code if run else None,
            "failed": self.failed,
            "recognised": self.recognised,
            "cause": None if self._is_plain or not self.diagnosis.cause else self.diagnosis.cause.id,
            "type": self._own.get("type"),
            "said": self._said,
            "words": self.words if self.failed else "",
            "remedy": self.remedy,
            "transient": self.transient,
            "step": step.get("step"),
            "interval": step.get("interval"),
            "place": self.place or None,
            "state_left": self.state_left,
            "others": self.others,
        }

    def facts(self) -> dict[str, Any]:
        """Return it as names and texts, in the order people read."""
        run, step, seen = self.run, self.step or {}, self.diagnosis
        if run is not None and not self.failed:
            return {"run": f"{run.run_id} did not fail: {run.status}"}
        code = f", exit {run.exit_code}" if run and run.exit_code else ""
        cause = f" ({seen.cause.id})" if seen.cause and not self._is_plain else ""
        again = f"`etl retry {run.run_id}`" if run else ""
        if self.transient:
            again = f"{again or 'the same again'}: it may well succeed as it is"
        told = self._said if self._said != self.words else ""
        return {
            "run": f"{run.run_id}: {run.status}{code}" if run else "",
            "step": f"{step.get('step') or ''} {step.get('interval') or ''}".strip(),
            "line": self.place,
            "because": self.words + cause,
            "at fault": seen.resource,
            "said": told,
            "found in": seen.where,
            "error": "" if self._is_plain else "\n".join(seen.error),
            "left": self.state_left,
            "do": self.remedy,
            "then": again,
            "besides": f"{plural(self.others, 'step result')} not well: `etl runs {run.run_id}`"
            if self.others and run
            else "",
        }

    @property
    def _own(self) -> Json:
        return (self.step or {}).get("error") or {}

    @property
    def _said(self) -> str:
        """What the run itself says of it: its error, the expectations that held back a publish, why it never began."""
        step = self.step or {}
        if self._own:
            return str(self._own["message"])
        if step.get("expectations"):
            return "\n".join(line for line in wording.details(step) if line != wording.aftermath(step))
        return self.run.error if self.run and not self._is_dead else ""

    @property
    def _is_dead(self) -> bool:
        return self.run is not None and self.run.state == "lost"

    @property
    def _is_plain(self) -> bool:
        code = self._own.get("exit_code") or (self.run.exit_code if self.run and not self.step else None)
        return code in _PLAIN or (self.step or {}).get("status") == Status.FAIL
