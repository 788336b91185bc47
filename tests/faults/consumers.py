"""What ``test_consumed_kills.py`` kills: ``python consumers.py LAKE URL TOPIC SAID`` consumes what is new, for ever."""

import sys
from pathlib import Path

from attrs import evolve

from etl import Append, Merge, Source, Target, step
from etl.model.connection import Connection
from etl.model.schema import parse_schema
from etl.spark.session import SessionSettings, start
from etl.testing import Lake

DDL = "id INT, word STRING"
TARGETS = {"files": "raw.files", "records": "raw.records", "latest": "raw.records"}


def declared(lake, url, topic):
    """Declare the sources: files one at a time, records of a topic fifty at a time."""
    if "raw.files" not in lake.declared:
        lake.dataset("raw.files", format="csv", schema=parse_schema(DDL), max_files=1)
        connection = Connection(url=url)
        lake.dataset("raw.records", format="kafka", schema=parse_schema(DDL), connection=connection, topic=topic)
        lake.declared["raw.records"] = evolve(lake.declared["raw.records"], max_offsets=50, uri=f"{url}#{topic}")
    return lake


def steps():
    """Return the steps by the name of what they publish."""

    def made(name, source):
        write = Merge("id") if name == "latest" else Append()

        @step(sources={"rows": Source(source, incremental=True)}, target=Target(f"clean.{name}", DDL, write))
        def copied(rows):
            return rows

        return copied

    return {name: made(name, source) for name, source in TARGETS.items()}


def main():
    """Consume until somebody ends this."""
    root, url, topic, said = sys.argv[1:]
    settings = SessionSettings(app_name="consumer", profile="test", master="local[2]", databases=("kafka",))
    session = start(settings)
    lake = declared(Lake(session, Path(root)), url, topic)
    Path(said).write_text(str(session._jvm.java.lang.ProcessHandle.current().pid()))
    while True:
        for each in steps().values():
            lake.run_step(each)


if __name__ == "__main__":
    main()
