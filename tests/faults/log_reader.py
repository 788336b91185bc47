"""A reader of Delta tables that needs no Spark: it reads the log's files, as fast as it can, while others publish."""

import json
import threading
from pathlib import Path
from urllib.parse import unquote


def snapshot(table):
    """Return the data files of a table's last version: path to number of rows; None where there is no table.

    The logs here are younger than a day, so that no checkpoint has replaced their files.
    """
    commits = sorted(Path(table, "_delta_log").glob("[0-9]*[0-9].json"))
    assert [int(commit.stem) for commit in commits] == list(range(len(commits))), f"{table} lacks versions"
    files = {}
    for commit in commits:
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files[action["add"]["path"]] = json.loads(action["add"]["stats"])["numRecords"]
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
    return files if commits else None


class Reader(threading.Thread):
    """Looks at tables until it is told to stop, and keeps what no reader should ever see.

    Args:
        tables: path to the number of rows that a day, or the whole table, has: any multiple may be seen.
    """

    def __init__(self, tables):
        super().__init__(daemon=True)
        self.tables, self.wrong, self.looks, self.stopping = tables, [], 0, threading.Event()

    def run(self):
        while not self.stopping.wait(0.05):
            for table, unit in self.tables.items():
                try:
                    self.look(table, unit)
                except Exception as error:
                    self.wrong.append(f"{table}: {error!r}")

    def look(self, table, unit):
        files = snapshot(table)
        self.looks += 1
        if files is None:
            return
        lacking = [path for path in files if not Path(table, unquote(path)).is_file()]
        if lacking:
            self.wrong.append(f"{table} names files that nobody finds: {lacking}")
        if sum(files.values()) % unit:
            self.wrong.append(f"{table} has {sum(files.values())} rows, which is no multiple of {unit}")

    def stop(self):
        self.stopping.set()
        self.join()
