"""A run without Spark: ``python racer.py STATE DIARY RUN HOW WAIT``, a process that is led by lines on stdin.

HOW is a number: it takes so many targets one by one, and says which it got. Or ``all``: it takes three targets at once,
stays a moment, between ``in`` and ``out`` in the file DIARY, and goes.
"""

import json
import sys
import time
from pathlib import Path

from etl.engine.stop import Stop
from etl.errors import TargetLockedError
from etl.runs import held
from etl.runs.leases import Leases
from etl.runs.stores import open_store

held.POLL = 0.05


def forget(_):
    """Nobody keeps a ledger here."""


def each(run, targets):
    got, refused = [], []
    for number in range(targets):
        uri = f"s3://lake/clean/t{number}"
        try:
            run.take({uri: f"clean.t{number}"}, forget)
        except TargetLockedError as error:
            refused.append((uri, error.exit_code))
        else:
            run.check(uri)
            got.append(uri)
    return {"got": got, "refused": refused}


def together(run, diary, name, wait):
    run.take({f"s3://lake/clean/t{number}": f"clean.t{number}" for number in range(3)}, forget, wait=wait)
    with diary.open("a") as file:
        file.write(f"{name} in\n")
        file.flush()
        time.sleep(0.05)
        file.write(f"{name} out\n")
    return {"tokens": sorted(run.tokens.values())}


def main():
    state, diary, name, how, wait = sys.argv[1:]
    run = Leases(store=open_store(state)).begin(name, Stop())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    said = each(run, int(how)) if how != "all" else together(run, Path(diary), name, float(wait))
    if how == "all":
        run.end()
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()
    run.end()


if __name__ == "__main__":
    main()
