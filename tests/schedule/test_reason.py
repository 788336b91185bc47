"""Why a run failed, from what it printed."""

import pytest

from etl.schedule.local import reason

LINES = """
18:47:12  1 of 2 ERROR clean.orders 2026-01-01 ..................... [InputError, target unchanged in 0.7s]
            conf/datasets.toml:2: raw.orders: no file at data/raw
            → deliver it
18:47:12  2 of 2 SKIP marts.spent 2026-01-01 ....................... [clean.orders did not succeed]
Done. PASS=0 WARN=0 FAIL=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=2 in 0.8s  x  report: report.html
"""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (LINES, "clean.orders: conf/datasets.toml:2: raw.orders: no file at data/raw"),
        ("Error: conf/base.toml:3: unknown key\n  → remove it\n", "conf/base.toml:3: unknown key"),
        ("Killed\n", "Killed"),
        ("Done. PASS=1\n", ""),
        ("", ""),
    ],
)
def test_the_first_step_that_failed_is_the_reason_else_the_last_words(said, why):
    assert reason(said) == why
