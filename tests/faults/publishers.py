"""What ``test_published_kills.py`` kills: ``python publishers.py LAKE FIRST SAID URLS`` publishes day after day.

It appends a JSON line to the file SAID when its session is there, and before each day. URLS says by name where the
databases are, as JSON.
"""

import itertools
import json
import sys
from datetime import date, timedelta
from pathlib import Path

from etl import Append, Merge, Source, Target, step
from etl.model.connection import Connection
from etl.spark.session import SessionSettings, start
from etl.testing import Lake
from tests.postgres_server import USER, VARIABLE

DDL = "id INT NOT NULL, day DATE, word STRING"
TARGETS = {"postgresql": Append(), "mysql": Append(), "dynamodb": Merge("id")}
ROWS = 30


def day_of(number):
    """Return the day with this number."""
    return date(2013, 1, 1) + timedelta(days=number)


def rows_of(number):
    """Return the source's rows of a day."""
    return [(number * ROWS + each, day_of(number), f"w{each}") for each in range(ROWS)]


def declared(lake, urls):
    """Return a lake whose targets are tables of the databases."""
    for name in TARGETS:
        said = {"properties": {"endpoint_url": urls[name]}} if name == "dynamodb" else {}
        url = "dynamodb://eu-west-1" if name == "dynamodb" else urls[name]
        who = {} if said else {"user": USER, "password": f"env://{VARIABLE}"}
        connection = Connection(url=url, **said, **who)
        lake.dataset(f"clean.{name}", format=connection.format, connection=connection, table="killed")
    return lake


def steps():
    """Return the steps by the name of the database that they publish to."""

    def made(name, write):
        @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target(f"clean.{name}", DDL, write))
        def copied(rows):
            return rows.repartition(2)

        return copied

    return {name: made(name, write) for name, write in TARGETS.items()}


def main():
    """Publish until somebody ends this."""
    root, first, place, urls = sys.argv[1:]
    session = start(SessionSettings(app_name="victim", profile="test", master="local[2]"))
    lake = declared(Lake(session, Path(root)), json.loads(urls))
    with Path(place).open("a", buffering=1) as file:
        file.write(json.dumps({"jvm": session._jvm.java.lang.ProcessHandle.current().pid()}) + "\n")
        for number in itertools.count(int(first)):
            file.write(json.dumps({"began": number}) + "\n")
            for each in steps().values():
                lake.run_step(each, date=str(day_of(number)))


if __name__ == "__main__":
    main()
