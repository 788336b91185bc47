"""``etl catalog``: targets registered, tables adopted; Glue is in memory."""

import json

import pytest

from etl.runs import registrar
from tests.aws.glue_service import Glue

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
EVENTS = {
    "Name": "events",
    "StorageDescriptor": {
        "Location": "s3://lake-prod/raw/events",
        "Columns": [{"Name": "id", "Type": "bigint"}],
        "SerdeInfo": {"SerializationLibrary": PARQUET},
    },
}


@pytest.fixture
def glue(monkeypatch):
    service = Glue("lake", "shop")
    monkeypatch.setattr(registrar, "glue", lambda *_: service)
    return service


def test_published_targets_are_registered_and_a_second_time_nothing_is_done(etl, glue, s3_bucket):
    log = "clean/orders/_delta_log/00000000000000000000.json"
    s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key=log, Body=b"{}")
    roots = [f"zones.{zone}={s3_bucket.root}/{zone}" for zone in ("clean", "marts")]
    given = [word for root in (*roots, "glue_catalog.databases.clean=shop") for word in ("--set", root)]
    given += ["--set", "glue_catalog.databases.marts=shop"]

    assert etl("catalog", "sync", "--dry-run", *given).code == 10
    assert glue.tables["shop"] == {}
    done = etl("catalog", "sync", *given, "-o", "json")

    assert [(row["target"], row["table"], row["change"]) for row in json.loads(done.out)] == [
        ("clean.orders", "shop.orders", "created")
    ]
    assert etl("catalog", "sync", "--dry-run", *given).code == 0


def test_without_a_database_the_key_is_named(etl):
    done = etl("catalog", "sync")

    assert done.code == 4
    assert "[glue_catalog] databases" in done.err


def test_a_table_is_adopted_as_an_entry_that_the_project_reads(etl, glue, project):
    glue.tables["lake"]["events"] = EVENTS
    given = ("catalog", "adopt", "lake.events", "raw.events", "--set", "zones.raw=s3://lake-prod/raw")

    printed = etl(*given)
    written = etl(*given, "--write")

    assert (printed.code, written.code) == (0, 0)
    assert printed.out in (project / "conf/datasets.toml").read_text()
    assert json.loads(etl("show", "raw.events", "-o", "json").out)["format"] == "parquet"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("lake.nothing", "raw.events"), 2, "Glue has no table lake.nothing"),
        (("lake.events", "raw.events"), 2, "not below the root of zone 'raw'"),
        (("lake.events", "raw.orders"), 2, "raw.orders is there already"),
        (("events", "raw.events"), 2, "'events' is not database.table"),
    ],
)
def test_what_cannot_be_adopted_is_said_and_nothing_is_written(etl, glue, project, words, code, said):
    glue.tables["lake"]["events"] = EVENTS
    before = (project / "conf/datasets.toml").read_text()

    done = etl("catalog", "adopt", *words, "--write")

    assert done.code == code
    assert said in done.err
    assert (project / "conf/datasets.toml").read_text() == before
