import re
from datetime import UTC, datetime
from pathlib import Path

import etl
from etl.model.event import KINDS, Event, note

SOURCE = "\n".join(file.read_text() for file in Path(etl.__file__).parent.rglob("*.py"))


def test_the_kinds_are_these():
    assert KINDS == (
        "session_starting",
        "session_started",
        "run_started",
        "interval_started",
        "step_started",
        "phase_started",
        "step_progress",
        "step_finished",
        "interval_finished",
        "run_finished",
        "note",
    )


def test_each_kind_is_explained():
    assert re.findall(r"^    ([a-z_]+)   ", Event.__doc__, re.MULTILINE)[1:] == list(KINDS)


def test_each_kind_is_emitted_somewhere():
    emitted = re.findall(r"(?:Event|emit|_event)\(\s*\"(\w+)\"", SOURCE)

    assert set(emitted) == set(KINDS)


def test_a_note_says_what_happened_in_one_line_and_keeps_the_traceback():
    error = OSError(28, "No space left on device\nfor this file")

    told = note("a", datetime(2013, 2, 9, tzinfo=UTC), "a listener failed", error)

    assert told.data["message"] == "a listener failed: OSError: [Errno 28] No space left on device"
    assert told.data["traceback"].endswith("for this file\n")
