"""After a run its targets stand in the catalogue; what fails there is a note."""

from attrs import evolve

from etl.errors import PlatformError
from etl.model.dataset import Dataset
from etl.model.glue import GlueCatalogSettings
from etl.model.schema import parse_schema
from etl.runs.registrar import Target, registered
from tests.aws.glue_service import Glue

SETTINGS = GlueCatalogSettings(databases={"clean": "shop"})


def target(name):
    uri = f"s3://lake/{name.replace('.', '/')}"
    return Target(Dataset(name=name, uri=uri, schema=parse_schema("id INT, day DATE")), ("day",))


def test_only_zones_with_a_database_are_registered():
    glue = Glue("shop")

    done = list(registered(glue, SETTINGS, [target("clean.orders"), target("raw.orders")]))

    assert [(one.dataset, one.change) for one in done] == [("clean.orders", "created")]


def test_a_target_that_fails_keeps_no_other_from_being_registered():
    glue = Glue("shop")
    glue.faults["CreateTable"] = ["AccessDeniedException"]

    first, second = registered(glue, SETTINGS, [target("clean.orders"), target("clean.lines")])

    assert (first[0], type(first[1])) == ("clean.orders", PlatformError)
    assert second.change == "created"


def test_what_is_done_after_a_run_is_told_as_notes_and_its_failure_is_one(execution, ledger, kept):
    def refused(result):
        yield f"{result.run_id}: one table created"
        raise PlatformError("Glue's table shop.lines: glue:CreateTable is not allowed")

    result = evolve(execution(), afterwards={"targets were not registered": refused}).run()

    assert (result.exit_code, ledger.run("a").state) == (0, "finished")
    assert [data["message"] for kind, data in zip(kept("kind"), kept("data"), strict=True) if kind == "note"] == [
        "a: one table created",
        "targets were not registered: PlatformError: Glue's table shop.lines: glue:CreateTable is not allowed",
    ]
