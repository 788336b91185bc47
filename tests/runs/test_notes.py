"""What only tells of a run may fail; the run is as good as it was."""

import pytest

from etl.errors import PlatformError
from etl.runs.artifacts import Artifacts, open_artifacts
from etl.runs.ledger import Ledger

WHOLE = ["session_starting", "session_started", "run_started", "run_finished"]


class Failing:
    """A store that is full from a key on."""

    def __init__(self, store, *words):
        self.store, self.words = store, words

    def __getattr__(self, name):
        return getattr(self.store, name)

    def put_if(self, key, body, version):
        if any(word in key for word in self.words):
            raise PlatformError(f"cannot use {key}: No space left on device")
        return self.store.put_if(key, body, version)


def test_a_listener_that_raises_is_a_note_and_the_run_is_good(execution, ledger, kept):
    def listener(event):
        raise BrokenPipeError(32, "Broken pipe")

    result = execution(listeners=(listener,)).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    assert sorted(kept("kind")) == sorted([*WHOLE, "note"])


def test_other_listeners_hear_that_the_events_could_not_be_kept(execution, ledger, memory):
    heard = []
    artifacts = Artifacts(Failing(memory, "/events/"), "a")

    result = execution(artifacts=artifacts, listeners=(heard.append,)).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    assert [event.kind for event in heard if event.kind != "note"] == WHOLE
    assert "No space left" in next(event for event in heard if event.kind == "note").data["message"]


def test_results_that_cannot_be_written_are_a_note_and_the_run_is_good(execution, ledger, tmp_path, kept):
    artifacts = open_artifacts(str(tmp_path / "target"), "a")
    full = Artifacts(Failing(artifacts.store, "run_results"), "a", artifacts.root)

    result = execution(artifacts=full).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    assert kept("kind")[-1] == "note"
    assert kept("data")[-1]["message"].startswith("the results could not be written: PlatformError: cannot use")


def test_the_ledger_is_closed_before_the_results_are_written(execution, ledger, tmp_path):
    seen = []

    class Watching(Failing):
        def put_if(self, key, body, version):
            if "run_results" in key:
                seen.append(ledger.run("a").state)
            return self.store.put_if(key, body, version)

    artifacts = open_artifacts(str(tmp_path / "target"), "a")
    execution(artifacts=Artifacts(Watching(artifacts.store), "a", artifacts.root)).run()

    assert seen == ["finished"]


def test_results_are_kept_although_the_ledger_cannot_be_closed(execution, ledger, tmp_path):
    full = Ledger(Failing(ledger.store, "1-finished"))

    with pytest.raises(PlatformError, match="No space left"):
        execution(ledger=full).run()

    assert open_artifacts(str(tmp_path / "target"), "a").read_results()["exit_code"] == 0
