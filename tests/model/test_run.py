import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import etl
from etl.model.run import new_run_id, utc_now


def test_a_run_id_sorts_by_the_time_in_utc_and_is_not_given_twice():
    there = datetime(2013, 2, 8, 1, 0, tzinfo=timezone(timedelta(hours=-5)))

    ids = {new_run_id(there) for _ in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch(r"20130208T060000Z-[0-9a-f]{8}", one) for one in ids)


def test_the_clock_is_in_utc():
    assert utc_now().tzinfo is UTC


def test_the_wall_clock_is_read_in_one_place():
    root = Path(etl.__file__).parent
    reading = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(")

    assert [str(file.relative_to(root)) for file in root.rglob("*.py") if reading.search(file.read_text())] == [
        "model/run.py"
    ]
