"""What a connection to a warehouse must say, before anything runs."""

import pytest

from etl.errors import ConfigError
from etl.report.plan import render_plan

BASE = """
[zones]
raw = "r"
clean = "c"
marts = "m"
quarantine = "q"

[connections.warehouse]
url = "redshift://eu-west-1/dev"
"""
ENTRY = '[raw.flights]\nformat = "redshift"\nconnection = "warehouse"\ntable = "flights"\nschema = "id INT, day DATE"\n'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('properties = { staging = "s3://b/f" }', "needs workgroup or cluster, one of them"),
        (
            'properties = { workgroup = "w", cluster = "c", staging = "s3://b/f" }',
            "needs workgroup or cluster, one of them",
        ),
        ('properties = { workgroup = "w" }', "staging '' is no folder of S3"),
        ('properties = { cluster = "c", staging = "/tmp" }', "staging '/tmp' is no folder of S3"),
        (
            'password = "env://DW"\nproperties = { cluster = "c", staging = "s3://b/f" }',
            "password 'env://DW' is no secret that the Data API can read",
        ),
    ],
)
def test_a_warehouse_that_cannot_be_asked_is_refused_with_what_it_lacks(opened, chain, said, told):
    with pytest.raises(ConfigError, match=told):
        opened({"jobs/j.py": chain, "conf/datasets.toml": ENTRY, "conf/base.toml": BASE + said})


def test_a_warehouse_whose_staging_is_on_s3_makes_a_plan_of_s3(opened, chain):
    said = 'properties = { workgroup = "w", staging = "s3://b/f" }'
    project = opened({"jobs/j.py": chain, "conf/datasets.toml": ENTRY, "conf/base.toml": BASE + said})

    assert project.datasets["raw.flights"].connection.database == "dev"
    assert project.plan((), (), "2013-02-08", None, None, {}).is_on_s3


@pytest.mark.parametrize("url", ["redshift://eu-west-1", "kinesis://eu-west-1/dev", "redshift://eu-west-1/a/b"])
def test_a_database_stands_in_the_address_of_a_warehouse_and_of_no_other(opened, chain, url):
    base = BASE.replace("redshift://eu-west-1/dev", url)

    with pytest.raises(ConfigError, match="redshift://region/database"):
        opened({"jobs/j.py": chain, "conf/datasets.toml": ENTRY, "conf/base.toml": base})


SOURCE = '[raw.flights]\nformat = "csv"\nschema = "id INT"\n'
TABLE = '[marts.days]\nformat = "dynamodb"\nconnection = "tables"\ntable = "days"\n'


def test_a_table_of_dynamodb_has_the_columns_of_the_step_that_writes_it_or_its_own(opened, chain):
    base = BASE.replace("warehouse", "tables").replace("redshift://eu-west-1/dev", "dynamodb://eu-west-1")
    merges = "from etl import Merge\n" + chain.replace("ReplaceTable()", 'Merge("id")')
    project = opened({"jobs/j.py": merges, "conf/datasets.toml": TABLE + SOURCE, "conf/base.toml": base})
    assert project.datasets["marts.days"].written_by == "marts.days"

    with pytest.raises(ConfigError, match="a dynamodb dataset needs a schema"):
        opened(
            {
                "jobs/j.py": chain,
                "conf/datasets.toml": TABLE.replace("marts.days", "raw.flights"),
                "conf/base.toml": base,
            }
        )


ASKS = """
from etl import Daily, Job, sql_script_step

JOB = Job(schedule=Daily())
refreshed = sql_script_step("marts.refreshed", connection="{0}", sql="UPDATE t SET day = '{{start:%Y-%m-%d}}'")
"""
SHOP = BASE.replace("warehouse", "shop").replace("redshift://eu-west-1/dev", "jdbc:mysql://db:3306/shop")


def test_statements_are_asked_of_a_database_that_the_environment_has(opened):
    project = opened({"jobs/j.py": ASKS.format("shop"), "conf/base.toml": SHOP})
    plan = project.plan((), (), "2013-02-08", None, None, {})

    assert plan.steps[0].connection.vendor == "mysql"
    assert "asks      shop  jdbc:mysql://db:3306/shop" in render_plan(plan)
    assert plan.steps[0].to_json()["connection"] == "shop"


@pytest.mark.parametrize(
    ("name", "url", "told"),
    [
        ("shpo", "jdbc:mysql://db:3306/shop", "no connection 'shpo' in this environment; did you mean 'shop'"),
        ("shop", "kafka://b:9092", "kafka://b:9092 takes no statements of SQL"),
        ("shop", "redshift://eu-west-1/dev", "connection shop: needs workgroup or cluster"),
    ],
)
def test_statements_that_nobody_can_be_asked_are_refused(opened, name, url, told):
    base = SHOP.replace("jdbc:mysql://db:3306/shop", url)

    with pytest.raises(ConfigError, match=told):
        opened({"jobs/j.py": ASKS.format(name), "conf/base.toml": base})
