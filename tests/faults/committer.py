"""A driver of its own that commits to one table as fast as it can: what a second Spark application is to the first.

``python -m tests.faults.committer TABLE NAME COMMITS``: a commit holds a transaction id and nothing else, and
goes through the same door as a publish; each is told once Delta said that it is in the log. Which server S3 is, the
environment says.
"""

from __future__ import annotations

import sys

from etl.model.s3 import S3Settings
from etl.spark.session import SessionSettings, start
from etl.storage.delta_bridge import Bridge


def commit(bridge: Bridge, table: str, name: str) -> int:
    """Commit a transaction id and return the version that Delta says it got."""
    log = bridge.log(table)
    transaction = log.startTransaction(bridge.option(), bridge.option())
    actions = bridge.scala_seq([bridge.set_transaction(name, 1)])
    operation = bridge.module("DeltaOperations$ManualUpdate")
    return int(transaction.commitIfNeeded(actions, operation, bridge.scala_map({})).get())


def tell(line: str) -> None:
    """Print a line that the reader sees at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Commit when told to by a line on stdin, so that all drivers begin at one time."""
    table, name, commits = sys.argv[1:]
    asked = SessionSettings(app_name=name, master="local[1]", profile="test", s3=S3Settings())
    bridge = Bridge(start(asked))
    commit(bridge, table, f"{name}-warm")
    tell("ready")
    sys.stdin.readline()
    for own in (f"{name}-{number}" for number in range(int(commits))):
        tell(f"{commit(bridge, table, own)} {own}")


if __name__ == "__main__":
    main()
