"""What a replay takes from the record of a submission, and what it leaves alone."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from etl.errors import InputError, UsageError
from etl.runs.artifacts import open_artifacts
from etl.ship import record, replay
from etl.ship.built import Built
from etl.ship.platform import Submission

CONTENT = {"main.py": b"main", "app.zip": b"app"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
SUBMITTED = Submission(
    bundle="s3://lake/bundles/shop/1",
    run_id="one",
    arguments={"job": "orders", "date": "2013-02-08", "set": '{"a": "b"}', "platform": "emr", "run-id": "one"},
    settings={"spark.sql.ansi.enabled": "false", "spark.yarn.maxAppAttempts": "1", "spark.archives": "s3://x"},
)


def manifest(raw, marts):
    return {
        "config": [{"key": "zones.raw", "value": str(raw)}, {"key": "zones.marts", "value": str(marts)}],
        "steps": [
            {"selected": True, "target": "marts.a", "sources": [{"dataset": "raw.orders"}]},
            {"selected": True, "target": "marts.b", "sources": [{"dataset": "marts.a"}]},
            {"selected": False, "target": "marts.c", "sources": [{"dataset": "raw.other"}]},
        ],
        "datasets": [
            {"name": "raw.orders", "uri": f"{raw}/orders"},
            {"name": "raw.other", "uri": f"{raw}/other"},
            {"name": "marts.a", "uri": f"{marts}/a"},
        ],
    }


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def kept(tmp_path, bundle):
    artifacts = open_artifacts(str(tmp_path / "artifacts"), "one")
    built = Built(directory=bundle, folder="shop/1", digests=DIGESTS)
    record.keep(artifacts, record.record(SUBMITTED, built, datetime(2013, 2, 9, tzinfo=UTC)))
    return record.read(artifacts)


def test_a_record_says_what_was_submitted(kept):
    assert (kept.platform, kept.bundle, kept.digests) == ("emr", SUBMITTED.bundle, DIGESTS)
    assert (kept.arguments, kept.settings) == (SUBMITTED.arguments, SUBMITTED.settings)


def test_a_run_that_was_not_submitted_has_none(tmp_path):
    with pytest.raises(UsageError, match="not started by `etl submit`"):
        record.read(open_artifacts(str(tmp_path), "other"))


def test_a_replay_has_the_arguments_of_the_run_and_roots_of_its_own(kept, tmp_path):
    made = replay.submission(kept, tmp_path / "b", {"raw": "", "marts": ""}, tmp_path / "work", "two")

    assert {key: made.arguments[key] for key in ("job", "date")} == {"job": "orders", "date": "2013-02-08"}
    assert json.loads(made.arguments["set"]) == {
        "a": "b",
        "zones.raw": str(tmp_path / "work/lake/raw"),
        "zones.marts": str(tmp_path / "work/lake/marts"),
        "state": str(tmp_path / "work/state"),
        "artifacts": str(tmp_path / "work/artifacts"),
    }
    assert made.arguments["run-id"] == made.run_id == "two"
    assert made.arguments["platform"] == "local"


def test_a_replay_leaves_a_platforms_own_settings_behind(kept, tmp_path):
    made = replay.submission(kept, tmp_path / "b", {}, tmp_path / "work", "two")

    assert made.settings == {"spark.sql.ansi.enabled": "false"}


def test_only_what_the_run_reads_and_does_not_write_is_copied(tmp_path):
    raw, marts = tmp_path / "raw", tmp_path / "marts"
    for folder in (raw / "orders", raw / "other", marts / "a"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("rows")

    laid = replay.lay_sources(manifest(raw, marts), None, tmp_path / "work")

    assert laid == ("raw.orders",)
    found = [file.relative_to(tmp_path / "work") for file in (tmp_path / "work").rglob("file")]
    assert [str(each) for each in found] == ["lake/raw/orders/file"]


def test_a_lake_stands_for_sources_on_s3(tmp_path):
    (tmp_path / "lake/raw/orders").mkdir(parents=True)
    said = manifest("s3://lake/raw", "s3://lake/marts")

    assert replay.lay_sources(said, tmp_path / "lake", tmp_path / "work") == ("raw.orders",)
    with pytest.raises(UsageError, match="from s3://lake/raw/orders"):
        replay.lay_sources(said, None, tmp_path / "other")


def test_a_lake_without_a_source_is_refused_by_the_sources_name(tmp_path):
    (tmp_path / "lake").mkdir()

    with pytest.raises(InputError, match=r"raw\.orders: nothing at"):
        replay.lay_sources(manifest("s3://lake/raw", "s3://lake/marts"), tmp_path / "lake", tmp_path / "work")


def test_a_bundle_with_other_bytes_than_were_submitted_is_refused(bundle):
    (bundle / "app.zip").write_bytes(b"another")

    with pytest.raises(UsageError, match=r"app\.zip has sha256 .*; submitted was"):
        record.kept_bundle(bundle, DIGESTS)


def test_a_bundle_stays_as_it_was_submitted_when_it_is_built_again(bundle):
    folder = record.kept_bundle(bundle, DIGESTS)
    (bundle / "app.zip").write_bytes(b"another")

    assert record.kept_bundle(folder, DIGESTS) == folder
    assert (folder / "app.zip").read_bytes() == b"app"
