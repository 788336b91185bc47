"""What has changed since a publish, in words: ``clean_flights changed; raw.flights: 1 file new, 1 changed``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.model.dataset import Source
from etl.model.plan import PlannedStep
from etl.model.plural import plural
from etl.storage.staging import Applied

SHOWN = 3  # names in one reason
ABSENT = object()


def differences(planned: PlannedStep, before: Applied | None, now: Applied) -> str:
    """Say what the last publish was made from and this one is not; empty where the last one did not say."""
    if before is None or not before.parts:
        return ""
    changed = [name for name, digest in now.parts.items() if before.parts.get(name) != digest]
    said = []
    for part in changed:
        old, new = before.details.get(part), now.details.get(part)
        known = isinstance(old, Mapping) and isinstance(new, Mapping)
        said.append("; ".join(_part(planned, part, old, new)) if known else "")  # type: ignore[arg-type]
    return "; ".join(text or f"{part} changed" for part, text in zip(changed, said, strict=True))


def _part(planned: PlannedStep, part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in {**new, **old} if old.get(name, ABSENT) != new.get(name, ABSENT)]
    if part == "inputs":
        for name in names:
            dataset = planned.reads[name].name if name in planned.reads else name
            of = _intervals(planned.step.sources[name], old.get(name), new.get(name)) if name in planned.reads else ""
            yield f"{dataset}{of}: {_source(old.get(name), new.get(name))}"
    elif part == "catalogue":
        for name in names:
            keys = [key for key in {**new.get(name, {}), **old.get(name, {})} if _differs(old, new, name, key)]
            yield f"{name}: {_listed(keys)} changed in conf/datasets.toml"
    elif part in ("versions", "interval"):
        yield from (f"{name} {new.get(name, 'none')}, before {old.get(name, 'none')}" for name in names)
    elif names:
        yield f"{_listed(_called(planned, part, names))} changed"


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], name: str, key: str) -> bool:
    return bool(old.get(name, {}).get(key, ABSENT) != new.get(name, {}).get(key, ABSENT))


def _called(planned: PlannedStep, part: str, names: list[str]) -> list[str]:
    if part == "parameters":
        return [f"--param {name}" for name in names]
    if part == "declaration":
        return ["the query" if name == "sql" else f"declared {name}" for name in names]
    own = planned.step.module + "."
    short = [name.removeprefix(own).removeprefix("jobs.") for name in names]
    return sorted(dict.fromkeys(short), key=lambda name: name.count("."))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _source(old: Any, new: Any) -> str:
    """Say how a source differs: files by number, a version by its name."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if "files" in old and "files" in new:
            return _files(old["files"], new["files"])
        if "publishes" in old or "publishes" in new:
            return "published again" if "publishes" in old and "publishes" in new else "changed"
        now, then = (int(each.get("count", len(each.get("files", ())))) for each in (new, old))
        return f"{plural(now, 'file')}, before {then:,}" if now != then else "changed"
    if old is None or new is None:
        return "was absent, and is there" if old is None else "was there, and is absent"
    return "changed" if isinstance(new, Mapping) or isinstance(old, Mapping) else _version(str(old), str(new))


def _intervals(source: Source, old: Any, new: Any) -> str:
    """Say of which intervals a source that is read from several has changed; empty where nobody can say."""
    if not source.lookback or not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return ""
    kind = "publishes" if "publishes" in new else "files"
    then, now = old.get(kind), new.get(kind)
    if not isinstance(then, Mapping) or not isinstance(now, Mapping):
        return ""
    names = {name for name in {**then, **now} if then.get(name) != now.get(name)}
    folder = f"{source.interval_column}="
    if kind == "files":
        names = {name.removeprefix(folder).partition("/")[0] for name in names if name.startswith(folder)}
    return f" of {_listed(sorted(names))}" if names else ""


def _version(old: str, new: str) -> str:
    if old.startswith("publish"):
        return "published again" if new.startswith("publish") else f"changed, now {new}"
    now, then = new.partition(" of table "), old.partition(" of table ")
    return f"{now[0]}, before {then[0]}" if now[2] == then[2] else f"{new}, before {old}"


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    fresh, gone = [name for name in new if name not in old], [name for name in old if name not in new]
    changed = [name for name in new if name in old and old[name] != new[name]]
    counted = [(len(fresh), "new"), (len(changed), "changed"), (len(gone), "gone")]
    said = [f"{count:,} {word}" for count, word in counted if count]
    first, _, rest = said[0].partition(" ")
    return ", ".join([f"{plural(int(first.replace(',', '')), 'file')} {rest}", *said[1:]])
