"""How a scheduler begins a run: as a process of this machine, or as one that sends it to a platform."""

import sys
import time
from datetime import UTC, datetime

import pytest

from etl.model.interval import Unit, containing, parse_instant
from etl.runs.ledger import Ledger
from etl.runs.stores import open_store
from etl.schedule import local
from etl.schedule.runner import Order

ORDER = Order(
    job="shop",
    interval=containing(parse_instant("2013-02-08"), Unit.DAY),
    run_id="r1",
    at=datetime(2013, 2, 9, tzinfo=UTC),
)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """``begun(**options)`` begins a run; returns the words of its command and how it ended."""
    program = f"import sys; open({str(tmp_path / 'words')!r}, 'w').write(' '.join(sys.argv[1:])); sys.exit(3)"
    monkeypatch.setattr(local, "PROGRAM", (sys.executable, "-c", program))

    def begin(**options):
        runner = local.Local(ledger=Ledger(open_store(str(tmp_path / "state"))), **options)
        runner.begin(ORDER)
        end = time.monotonic() + 60
        while (ended := runner.ended(ORDER)) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        return (tmp_path / "words").read_text(), ended

    return begin


def test_a_run_of_this_machine_waits_for_others_of_its_target(begun):
    words, ended = begun(options=("-e", "prod"))

    assert words == "run shop --date 2013-02-08 --run-id r1 --progress lines --quiet --wait 24h -e prod"
    assert ended.exit_code == 3


def test_a_run_of_a_platform_is_submitted_with_what_is_deployed(begun):
    words, ended = begun(verb=("submit", "--to", "nightly", "--deployed", "--quiet"), options=("-e", "prod"))

    assert words == "submit shop --date 2013-02-08 --run-id r1 --to nightly --deployed --quiet -e prod"
    assert ended.at <= datetime.now(UTC)
