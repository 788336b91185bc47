import time

import pytest

from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.flag import KEPT
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.written import Written


@pytest.fixture
def audited(spark):
    """Judge expectations over rows as the engine does, without a storage."""

    def audit(ddl, rows, *expectations, **compiled):
        suite = compile_suite(expectations, parse_schema(ddl), **compiled)
        frame = spark.createDataFrame(rows, ddl)
        flagged = frame.selectExpr("*", f"{suite.flag.sql} AS `{KEPT}`") if suite.flag else frame
        row = flagged.selectExpr(*suite.measures).first()
        kept = flagged.where(suite.flag.kept).drop(KEPT) if suite.flag else frame
        observed = dict(zip(suite.measures, row, strict=True))
        written = Written(spark, lambda: kept, observed[suite.published])
        return judge(suite, take(written, suite, observed))

    return audit


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()
