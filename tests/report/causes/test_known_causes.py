"""Every known cause, on a log that has it; and logs that have none.

Each log says in its head which cause it must be told to have, whether it was written after a documented message or
produced, and what resource and line of the author's it names.
"""

from pathlib import Path

import pytest

from etl.report.causes import KNOWN
from etl.report.diagnosis import LogText, diagnose

PROJECT = Path("/project")  # where none of these ran
LOGS = sorted((Path(__file__).parent / "logs").glob("*.log"))


def head(lines):
    return dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("# "))


def read(file):
    lines = file.read_text().splitlines()
    return head(lines), diagnose([LogText(file.name, [line for line in lines if not line.startswith("# ")])], PROJECT)


@pytest.mark.parametrize("file", LOGS, ids=lambda file: file.stem)
def test_a_log_is_told_by_its_cause_its_resource_and_the_authors_line(file):
    wanted, told = read(file)

    assert (told.cause.id if told.cause else "none") == wanted["cause"]
    assert told.place == wanted.get("place", "")
    if "resource" in wanted:
        assert told.resource == wanted["resource"]
    assert wanted["origin"].startswith(("documented: ", "produced: ", "written: "))


def test_every_known_cause_has_a_log():
    assert {cause.id for cause in KNOWN} == {read(file)[0]["cause"] for file in LOGS} - {"none"}
    assert len(KNOWN) == len({cause.id for cause in KNOWN}) >= 50


def test_what_is_not_recognised_is_told_in_the_logs_own_words():
    (file,) = [file for file in LOGS if file.stem == "none--own-exception"]

    _, told = read(file)

    assert not told.recognised
    assert told.error[-1] == "KeyError: 'XAU'"
    assert told.where == f"{file.name}:5"
