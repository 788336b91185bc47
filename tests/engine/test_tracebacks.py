"""What a Python worker's traceback tells an author."""

from pathlib import Path

import pytest

from etl.engine.tracebacks import raised
from etl.errors import Place

ROOT = Path("/srv/shop")
JAVA = "\n\tat org.apache.spark.api.python.BasePythonRunner.handle(PythonRunner.scala:572)\n\nDriver stacktrace:"


def told(*frames, exception="IndexError: list index out of range", before=""):
    lines = "\n".join(f'  File "{file}", line {line}, in {where}\n    {code}' for file, line, where, code in frames)
    return (
        "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, most recent failure: Lost task 0.0: "
        f"org.apache.spark.api.python.PythonException: {before}Traceback (most recent call last):\n"
        f"{lines}\n{exception}\n{JAVA}"
    )


WORKER = ("/opt/pyspark/worker.py", 1247, "main", "process()")
OWN = ("/srv/shop/jobs/sales.py", 19, "first_word", 'return text.split(" ")[7]')
SHARED = ("/srv/shop/jobs/_shared.py", 4, "cut", "return words[7]")


def test_the_exception_comes_first_and_then_the_authors_own_lines():
    found = raised(["", told(WORKER, OWN, SHARED)], ROOT)

    assert found.place == Place("jobs/_shared.py", 4)
    assert found.said.splitlines() == [
        "IndexError: list index out of range",
        "  jobs/sales.py:19, in first_word",
        '    return text.split(" ")[7]',
        "  jobs/_shared.py:4, in cut",
        "    return words[7]",
    ]


def test_a_library_below_the_authors_line_is_left_out():
    found = raised([told(WORKER, OWN, ("/opt/json/decoder.py", 355, "raw_decode", "raise"))], ROOT)

    assert found.place == Place("jobs/sales.py", 19)
    assert "decoder" not in found.said


def test_a_message_of_several_lines_is_kept():
    found = raised([told(OWN, exception="ValueError: first\nsecond")], ROOT)

    assert found.said.startswith("ValueError: first\nsecond\n  jobs/sales.py:19")


def test_of_two_exceptions_the_last_is_told():
    before = "Traceback (most recent call last):\nKeyError: 'x'\n\nDuring handling, another exception occurred:\n\n"

    assert raised([told(OWN, before=before)], ROOT).said.startswith("IndexError")


def test_a_file_of_the_bundle_is_told_as_in_the_project():
    found = raised([told(("/srv/spark-1/userFiles/app.zip/jobs/sales.py", 19, "f", "x"))], ROOT)

    assert found.place == Place("jobs/sales.py", 19)


def test_an_exception_of_none_of_the_authors_files_has_no_place():
    assert raised([told(WORKER)], ROOT).place is None


def test_a_traceback_without_a_frame_is_its_exception_alone():
    found = raised([told()], ROOT)

    assert (found.said, found.place) == ("IndexError: list index out of range", None)


@pytest.mark.parametrize("messages", [(), ("",), ("[CAST_INVALID_INPUT] The value 'F' cannot be cast",)])
def test_a_failure_without_a_traceback_is_none_of_pythons(messages):
    assert raised(messages, ROOT) is None
