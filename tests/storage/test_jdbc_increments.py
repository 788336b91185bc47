"""What is new in a table of PostgreSQL: the rows above the greatest value of a column that grows."""

from datetime import timedelta

import pytest
from attrs import evolve

from etl import Append, Merge, Source, Target, step
from etl.errors import DefinitionError
from etl.model.faults import check_faults
from etl.model.result import Status
from etl.model.schema import parse_schema
from tests.postgres_server import PASSWORD, VARIABLE

pytestmark = [pytest.mark.spark, pytest.mark.once]
DDL = "id INT, word STRING"


@pytest.fixture
def words(lake, postgres_server, monkeypatch):
    """The lake, whose raw.words is a table of a server; ``words.sql`` changes it."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    postgres_server.sql(
        "CREATE TABLE words (id int PRIMARY KEY, word text, at timestamptz DEFAULT '2013-02-08 06:00+00')"
    )
    said = {"format": "jdbc", "connection": postgres_server.connection}
    lake.dataset("raw.words", **said, table="public.words")
    lake.declared["clean.words"] = evolve(lake.dataset("clean.words"), **said, table="public.cleaned")
    return lake


def consuming(target="clean.words", write=None, column="id", lookback=None):
    source = Source("raw.words", incremental=True, watermark_column=column, lookback=lookback)

    @step(sources={"words": source}, target=Target(target, DDL, write or Append()))
    def consumed(words):
        return words.select("id", "word")

    return consumed


@pytest.mark.parametrize("target", ["clean.words", "clean.files"])
def test_each_row_above_the_greatest_so_far_is_read_once(words, postgres_server, target):
    each = consuming(target)
    postgres_server.sql("INSERT INTO words VALUES (1, 'one'), (2, 'two')")
    first = words.run_step(each)
    nothing = words.run_step(each)
    postgres_server.sql("INSERT INTO words VALUES (3, 'three')")
    second = words.run_step(each)

    assert [first.status, nothing.status, second.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    assert second.reason == "stale: raw.words: 1 new row"
    assert second.rows.published == 1
    if target == "clean.words":
        assert postgres_server.sql("SELECT id FROM cleaned ORDER BY id") == ["1", "2", "3"]
    else:
        assert [row[0] for row in words.rows(target)] == [1, 2, 3]


def test_an_empty_table_is_nothing_new_and_what_comes_first_is(words, postgres_server):
    each = consuming("clean.files")

    assert [words.run_step(each).status for _ in range(2)] == [Status.PASS, Status.NO_OP]
    postgres_server.sql("INSERT INTO words VALUES (1, 'one')")
    words.run_step(each)
    assert words.rows("clean.files") == [(1, "one")]


def test_rows_that_come_late_are_found_as_far_as_one_looks_back(words, postgres_server):
    each = consuming("clean.files", Merge(keys=("id",)), "at", timedelta(hours=1))
    postgres_server.sql("INSERT INTO words VALUES (1, 'one', '2013-02-08 06:00+00')")
    words.run_step(each)
    postgres_server.sql(
        "INSERT INTO words VALUES (2, 'late', '2013-02-08 05:30+00'), (3, 'too late', '2013-02-08 04:30+00')"
    )
    postgres_server.sql("INSERT INTO words VALUES (4, 'new', '2013-02-08 06:00:00.000001+00')")

    words.run_step(each)

    assert [row[0] for row in words.rows("clean.files")] == [1, 2, 4]


@pytest.mark.parametrize(
    ("column", "lookback", "said"),
    [
        (None, None, "a table of a database does not tell what is new in it"),
        ("word", None, "word is text; a watermark_column is a number, a date or a timestamp"),
        ("nothing", None, "has no column 'nothing', which says what is new"),
        ("id", timedelta(hours=1), "is no distance in id, which is integer"),
    ],
)
def test_what_cannot_say_what_is_new_is_refused(words, column, lookback, said):
    refused = words.run_step(consuming("clean.files", Merge(keys=("id",)), column, lookback))

    assert said in refused.error.message


def test_another_column_is_another_position(words, postgres_server):
    postgres_server.sql("INSERT INTO words VALUES (1, 'one')")
    words.run_step(consuming("clean.files"))

    refused = words.run_step(consuming("clean.files", column="at"))

    assert refused.exit_code == 9
    assert "has consumed it by 'id', and is to go on by 'at'" in refused.error.message


def test_rows_that_are_looked_back_at_are_never_appended():
    with pytest.raises(DefinitionError, match="Append would add the rows that lookback=5 reads again"):
        check_faults(consuming(lookback=5))


def test_files_tell_what_is_new_without_a_column(lake):
    lake.dataset("raw.words", format="csv", schema=parse_schema(DDL))
    lake.file("raw.words", "a.csv", "id,word\n1,one\n")

    refused = lake.run_step(consuming("clean.files"))

    assert "a csv dataset tells what is new without watermark_column='id'" in refused.error.message
