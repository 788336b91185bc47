import json

import pytest

from etl.runs.artifacts import Artifacts, open_artifacts, place


@pytest.fixture
def local(tmp_path):
    return open_artifacts(str(tmp_path), "a")


@pytest.fixture
def remote(memory):
    return Artifacts(memory, "a", "memory://bucket")


def parts(artifacts):
    """The kinds of the events in each part."""
    return [
        [json.loads(line)["kind"] for line in artifacts.store.get(entry.key).body.splitlines()]
        for entry in artifacts.store.list(artifacts.key("events/"))
    ]


def test_what_a_run_leaves_is_below_its_id(local, tmp_path, result):
    local.write_manifest({"project": "shop"})
    local.write_results(result())
    local.write_report("<p>done")

    names = ["manifest.json", "report.html", "run_results.json"]
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == names
    assert place(str(tmp_path), "a", "report.html") == str(tmp_path / "runs" / "a" / "report.html")


@pytest.mark.parametrize("where", ["local", "remote"])
def test_what_was_written_is_read(where, request, result):
    artifacts = request.getfixturevalue(where)

    artifacts.write_manifest({"project": "shop"})
    artifacts.write_results(result())

    assert artifacts.read_manifest() == {"project": "shop"}
    assert artifacts.read_results()["run_id"] == "a"


@pytest.mark.parametrize("where", ["local", "remote"])
def test_a_run_that_left_nothing_reads_as_none(where, request):
    artifacts = request.getfixturevalue(where)

    assert artifacts.read_results() is None
    assert artifacts.read_manifest() is None


def test_latest_names_the_run_written_last(tmp_path, result):
    for run_id in ("a", "b"):
        open_artifacts(str(tmp_path), run_id).write_results(result(run_id))

    assert (tmp_path / "runs" / "latest").read_text() == "b\n"


def test_each_event_is_on_disk_before_the_next(local, tmp_path, event):
    record = local.events()

    for kind in ("run_started", "step_started"):
        record(event(kind))
        last = (tmp_path / "runs" / "a" / "events.jsonl").read_text().splitlines()[-1]
        assert json.loads(last)["kind"] == kind
    record.close()


@pytest.mark.parametrize("where", ["local", "remote"])
def test_task_counts_are_not_kept(where, request, event):
    artifacts = request.getfixturevalue(where)

    record = artifacts.events()
    record(event("step_progress"))
    record.close()

    assert b"".join(artifacts.store.get(entry.key).body for entry in artifacts.store.list("runs/a/")) == b""


def test_where_nothing_can_be_appended_events_are_numbered_parts(remote, event):
    record = remote.events()
    for kind in ("run_started", "step_started", "step_finished", "interval_finished"):
        record(event(kind))
    assert parts(remote) == [["run_started", "step_started", "step_finished"]]

    record.close()

    assert parts(remote) == [["run_started", "step_started", "step_finished"], ["interval_finished"]]
    assert [entry.key for entry in remote.store.list("")] == [f"runs/a/events/00000{n}.jsonl" for n in (1, 2)]


def test_a_part_is_written_after_some_seconds_of_events(remote, event):
    record = remote.events()
    record(event("run_started"))
    record(event("step_started", after=2.0))
    record(event("phase_started", after=5.0))

    assert parts(remote) == [["run_started", "step_started", "phase_started"]]


def test_a_part_is_written_after_some_hundred_events(remote, event):
    record = remote.events()
    for _ in range(250):
        record(event("phase_started"))

    assert [len(part) for part in parts(remote)] == [100, 100]


def test_a_part_whose_answer_was_lost_is_there_once(remote, event):
    record = remote.events()
    remote.store.lost = 1
    with pytest.raises(TimeoutError):
        record(event("step_finished"))

    record(event("run_finished"))

    assert parts(remote) == [["step_finished"], ["run_finished"]]


@pytest.mark.parametrize("where", ["local", "remote"])
def test_an_event_can_be_added_after_the_run(where, request, event):
    artifacts = request.getfixturevalue(where)
    record = artifacts.events()
    record(event("run_finished"))
    record.close()

    artifacts.add(event("note", message="no report"))

    kept = b"".join(artifacts.store.get(entry.key).body for entry in artifacts.store.list("runs/a/"))
    assert [json.loads(line)["kind"] for line in kept.splitlines()] == ["run_finished", "note"]
