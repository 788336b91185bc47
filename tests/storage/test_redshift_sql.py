"""The statements that Redshift is sent, as golden texts; each is parsed as Redshift's by sqlglot too."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlglot
from sqlglot import exp

from etl.aws.redshift import MOST, Warehouse
from etl.errors import EtlError, ProjectError
from etl.model.connection import Connection
from etl.model.interval import Unit, containing
from etl.model.schema import parse_schema
from etl.model.write import Append, Merge, ReplaceInterval, ReplaceTable
from etl.storage.redshift import unload
from etl.storage.redshift_columns import Column, literal, made
from etl.storage.redshift_log import entered
from etl.storage.redshift_target import copy, transaction
from etl.storage.staging import Applied, Mark
from etl.storage.tables import Target

WAREHOUSE = Warehouse(client=None, uri="redshift://eu-west-1/dev", said={}, staging="s3://lake/tmp", role="default")
CONNECTION = Connection(url="redshift://eu-west-1/dev", properties={"workgroup": "dw", "staging": "s3://lake/tmp"})
TARGET = Target(CONNECTION, "sales.orders")
STAGING = '"sales".headrace_0'
SCHEMA = parse_schema("id INT NOT NULL, region STRING, at TIMESTAMP, gone BOOLEAN")
DAY = containing(datetime(2013, 2, 8, tzinfo=UTC), Unit.DAY)
APPLIED = Applied(generation=3, fingerprint=7, run_id="run-2")


def publish(write, **more):
    after = Applied(generation=2, fingerprint=5, run_id="run-1")
    mark = Mark(name="shop/orders", after=after, applied=APPLIED)
    dataset = SimpleNamespace(name="marts.orders")
    return SimpleNamespace(write=write, schema=SCHEMA, mark=mark, interval=DAY, dataset=dataset, **more)


def statements(write):
    found = transaction(publish(write), TARGET, STAGING, APPLIED)
    for sql in found.values():
        assert sqlglot.parse_one(sql, dialect="redshift", error_level=sqlglot.ErrorLevel.RAISE)
    assert len(found) <= MOST
    return found


def test_a_transaction_locks_the_log_compares_what_it_says_and_writes_its_entry_last():
    found = statements(Append())

    assert list(found) == ["lock", "guard", "create", "inserted", "entry", "clear"]
    assert found["lock"] == 'LOCK TABLE "sales".headrace_publishes'
    assert found["guard"] == (
        'SELECT 1 / CASE WHEN count(*) = 2 THEN 1 ELSE 0 END FROM "sales".headrace_publishes '
        "WHERE target = 'sales.orders' AND mark = 'shop/orders'"
    )
    assert found["create"] == (
        'CREATE TABLE IF NOT EXISTS "sales"."orders" '
        '("id" integer NOT NULL, "region" varchar(65535), "at" timestamptz, "gone" boolean)'
    )
    assert found["inserted"] == (
        'INSERT INTO "sales"."orders" ("id", "region", "at", "gone") '
        """SELECT s."id", s."region", (s."at" AT TIME ZONE 'UTC'), s."gone" FROM "sales".headrace_0 s"""
    )
    assert found["entry"].startswith(
        'INSERT INTO "sales".headrace_publishes (target, version, mark, applied, run_id, at) '
        "SELECT 'sales.orders', coalesce(max(version), -1) + 1, 'shop/orders', '{\"generation\": 3,"
    )


def test_rows_are_deleted_never_truncated_for_truncate_commits():
    assert statements(ReplaceTable())["replaced"] == 'DELETE FROM "sales"."orders"'
    assert statements(ReplaceInterval("at"))["replaced"] == (
        """DELETE FROM "sales"."orders" WHERE "at" >= TIMESTAMPTZ '2013-02-08 00:00:00+00' """
        """AND "at" < TIMESTAMPTZ '2013-02-09 00:00:00+00'"""
    )


def test_a_merge_names_its_target_by_itself_and_compares_nulls_by_hand():
    found = statements(Merge(("id", "region"), sequence_by="at", apply_as_deletes="gone"))

    equal = '"orders"."region" = s."region" OR ("orders"."region" IS NULL AND s."region" IS NULL)'
    same = f'"orders"."id" = s."id" AND ({equal})'
    of_t = same.replace('"orders".', "t.")
    newer = """ AND ("orders"."at" IS NULL OR (s."at" AT TIME ZONE 'UTC') >= "orders"."at")"""
    assert list(found)[3:-2] == ["ordered", "passed over", "deleted", "updated", "inserted", "dropped"]
    assert found["ordered"] == (
        'CREATE TEMP TABLE headrace_ordered AS SELECT *, row_number() OVER (PARTITION BY "id", "region" '
        'ORDER BY "at" DESC NULLS LAST) AS headrace_place FROM "sales".headrace_0'
    )
    assert found["deleted"] == (
        f'DELETE FROM "sales"."orders" USING headrace_ordered s WHERE {same} AND s.headrace_deletes{newer}'
    )
    assert found["updated"].startswith(
        """UPDATE "sales"."orders" SET "at" = (s."at" AT TIME ZONE 'UTC'), "gone" = s."gone" """
        f"FROM headrace_ordered s WHERE {same}{newer} AND NOT s.headrace_deletes AND ("
    )
    assert found["inserted"].endswith(
        'LEFT JOIN (SELECT "id", "region", 1 AS headrace_there FROM "sales"."orders") t '
        f"ON {of_t} WHERE t.headrace_there IS NULL AND NOT s.headrace_deletes"
    )


def test_a_copy_takes_the_files_of_a_manifest_by_their_place():
    sql = copy(WAREHOUSE, STAGING, "s3://lake/tmp/headrace/0/_manifest")

    assert sql == (
        "COPY \"sales\".headrace_0 FROM 's3://lake/tmp/headrace/0/_manifest' IAM_ROLE default "
        "FORMAT AS PARQUET MANIFEST"
    )
    assert isinstance(sqlglot.parse_one(sql, dialect="redshift"), exp.Copy)


def test_what_unload_does_not_take_leaves_as_text_or_a_wall_clock_of_utc():
    kinds = {"n": "numeric(10,2)", "j": "super", "raw": "varbyte", "t": "timestamp with time zone", "u": "time"}
    there = tuple(Column(name, kind) for name, kind in kinds.items())

    sql = unload(WAREHOUSE, "orders", there, "\"region\" = 'north'", "s3://lake/tmp/headrace/1")

    assert sql == (
        """UNLOAD ('SELECT "n", JSON_SERIALIZE("j") AS "j", FROM_VARBYTE("raw", ''hex'') AS "raw", """
        """"t" AT TIME ZONE ''UTC'' AS "t", CAST("u" AS varchar(65535)) AS "u" FROM "public"."orders" """
        """WHERE "region" = ''north''') TO 's3://lake/tmp/headrace/1/' IAM_ROLE default """
        "FORMAT AS PARQUET MANIFEST VERBOSE MAXFILESIZE 256 MB"
    )
    inner = sql.partition("('")[2].partition("') TO")[0].replace("''", "'")
    assert isinstance(sqlglot.parse_one(inner, dialect="redshift"), exp.Select)
    assert [each.spark for each in there] == ["DECIMAL(10,2)", "STRING", "BINARY", "TIMESTAMP", "STRING"]


def test_a_backslash_is_an_escape_and_is_doubled_like_a_quote():
    assert literal(r"it's C:\new") == r"'it''s C:\\new'"


def test_an_entry_that_is_too_large_leaves_out_what_only_people_read_and_never_what_was_consumed():
    detailed = Applied(generation=1, fingerprint=1, run_id="r", details={"code": {"a": "x" * 70_000}})
    consumed = Applied(generation=1, fingerprint=1, run_id="r", watermark={"a": "x" * 70_000}, consumes=True)

    assert len(entered(publish(Append()), TARGET, detailed)) < 1_000
    with pytest.raises(EtlError, match="does not fit"):
        entered(publish(Append()), TARGET, consumed)


def test_a_type_that_copy_does_not_take_is_refused():
    with pytest.raises(ProjectError, match=r"Redshift takes no ARRAY<INT>"):
        made("ARRAY<INT>")
