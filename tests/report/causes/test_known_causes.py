"""Every known cause, on a log that has it; and logs that have none.

Each log says in its head which cause it must be told to have, whether it was written after a documented message or
produced, and what resource and line of the author's it names.
"""

from pathlib import Path

import pytest

from etl.report.causes import KNOWN
from etl.report.diagnosis import LogText, diagnose
from etl.spark.causes import Cause
from etl.spark.errors import condition_of

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


@pytest.mark.parametrize("file", LOGS, ids=lambda file: file.stem)
def test_no_cause_is_passing_that_a_live_run_would_not_try_again(file):
    _, told = read(file)
    condition = condition_of([Cause(frozenset(), message="\n".join(told.error))])

    if told.cause and told.cause.transient and condition:
        assert condition.retryable


def test_what_has_no_known_cause_is_told_by_the_condition_of_a_live_run():
    lines = ["Traceback (most recent call last):", "ChecksumException: Checksum error: file:/lake/x.parquet at 512"]

    told = diagnose([LogText("driver.log", lines)], PROJECT)

    assert (told.recognised, told.condition) == (False, "UnreadableFileError")


def test_a_warning_explains_only_an_end_that_says_an_executor_is_gone():
    warned = "26/11/20 06:03:40 WARN YarnAllocator: Container killed by YARN for exceeding physical memory limits."
    lost = "26/11/20 06:03:41 ERROR TaskSetManager: Job aborted: ExecutorLostFailure (executor 4 exited)"
    other = "26/11/20 06:03:41 ERROR Main: Job aborted: java.lang.IllegalStateException: odd"

    assert diagnose([LogText("a", [warned, lost])], PROJECT).cause.id == "container-memory"
    assert not diagnose([LogText("a", [warned, other])], PROJECT).recognised


def test_an_executors_own_log_says_why_it_is_gone():
    driver = ["26/11/20 06:03:41 ERROR TaskSetManager: Job aborted: ExecutorLostFailure (executor 4 exited)"]
    executor = [
        "26/11/20 06:03:39 ERROR Executor: Exception in task 1.0",
        "java.lang.OutOfMemoryError: Java heap space",
    ]

    told = diagnose([LogText("driver", driver), LogText("executor", executor)], PROJECT)

    assert (told.cause.id, told.where) == ("heap-memory", "executor:1")


def test_an_executor_that_is_gone_without_a_reason_is_said_to_be_that():
    told = diagnose(
        [LogText("driver", ["26/11/20 06:03:41 ERROR Scheduler: Lost executor 4 on ip-10-0-1-17"])], PROJECT
    )

    assert (told.cause.id, told.resource) == ("executor-lost", "executor 4")


def test_javas_own_frames_are_left_out_of_what_is_shown():
    lines = [
        "Traceback (most recent call last):",
        "py4j.protocol.Py4JJavaError: An error occurred while calling o1.save.",
        ": java.lang.IllegalStateException: odd",
        "\tat java.base/java.util.zip.ZipFile$CleanableResource.<init>(ZipFile.java:717)",
        "\t... 12 more",
    ]

    assert diagnose([LogText("driver", lines)], PROJECT).error == ("java.lang.IllegalStateException: odd",)


def test_words_in_what_the_authors_own_function_raised_explain_nothing():
    lines = [
        "26/11/20 06:03:41 ERROR Executor: Exception in task 0.0 in stage 1.0 (TID 1)",
        "org.apache.spark.api.python.PythonException: Traceback (most recent call last):",
        '  File "/mnt/app.zip/jobs/shop.py", line 7, in parse',
        "ValueError: No space left on device: what a row says",
    ]

    told = diagnose([LogText("executor", lines)], PROJECT)

    assert (told.recognised, told.place) == (False, "jobs/shop.py:7")
    assert told.condition == ""
