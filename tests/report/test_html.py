import json
import re
from html.parser import HTMLParser

import pytest

from etl.model.result import ErrorInfo, RowCounts, Status
from etl.report.html import render

VOID = {"meta", "br", "path", "rect", "circle", "img", "link", "input", "hr"}


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, _):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(make):
    def of(*steps):
        return render(make.manifest, make.run(*steps).to_json())

    return of


def year(make):
    def step(day):
        status = Status.WARN if day.endswith("-08") else Status.PASS
        return make.step(interval=day, status=status, expectations=(make.broken(), make.met()))

    names = ("clean.weather", "core.planes", "core.flight_weather", "marts.route_on_time", "marts.delay_by_hour")
    others = [lambda day, name=name: make.step(name, interval=day, expectations=(make.met(),) * 4) for name in names]
    return make.days(365, step, *others)


def test_every_tag_is_closed_where_it_was_opened(page, make):
    parser = Balanced()
    parser.feed(page(make.step(status=Status.WARN, expectations=(make.broken(), make.met())), make.failing()))

    assert not parser.open
    assert parser.tags.count("svg") == 1


def test_the_page_refers_to_nothing_outside_itself(page, make):
    text = page(make.step(expectations=(make.broken(),)), make.failing())

    assert not re.findall(r"(?:https?:)?//[a-z]", text)
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    assert set(re.findall(r"<script[^>]*>", text)) == {'<script type="application/json" id="run_results">'}


def test_text_from_the_data_is_escaped(page, make):
    nasty = "</script><script>alert(1)</script>"
    error = ErrorInfo("TransformError", nasty, 1)

    text = page(make.step(status=Status.ERROR, error=error, message=nasty))

    assert "<script>" not in text
    assert "&lt;script&gt;alert" in text


def test_the_results_can_be_read_back_from_the_page(page, make):
    text = page(make.step())
    embedded = re.search(r'<script type="application/json" id="run_results">(.*?)</script>', text, re.DOTALL)

    assert json.loads(embedded[1]) == make.run(make.step()).to_json()


def test_an_error_is_shown_with_place_and_remedy(page, make):
    text = page(make.failing())

    assert "jobs/nyc_flights/core.py:40: division by zero" in text
    assert "→ see the row&#39;s distance" in text


def test_a_status_is_told_by_a_sign_and_not_by_colour_alone(page, make):
    text = page(make.step(), make.failing())

    assert "✓ OK" in text
    assert "✕ ERROR" in text


def test_a_year_is_a_calendar_of_bounded_size(make):
    text = render(make.manifest, year(make).to_json())

    assert len(re.findall(r'<td class="cell ', text)) == 365
    assert len(text.encode()) < 150 * 1024
    assert 'title="2013-02-08: WARN, 5,568 rows, 12 quarantined"' in text


def test_the_drawing_joins_a_step_to_the_one_that_writes_what_it_reads(make):
    first, second = make.manifest["steps"]
    named = make.manifest | {"steps": [first | {"name": "load", "target": "clean.flights"}, second]}

    text = render(
        named, make.run(make.step("load", target="clean.flights"), make.step("core.flight_weather")).to_json()
    )

    assert '<a href="#load">' in text
    assert ">clean.flights<" not in text.split("<svg")[1].split("</svg>")[0]


def test_a_page_is_made_without_a_manifest_and_without_steps(make):
    assert "<svg" not in render(None, make.run().to_json())
    assert "Passed" in render(None, make.run().to_json())


def test_the_interval_of_a_run_on_demand_is_left_out(page, make):
    assert "<b>interval" not in page(make.step(interval=None))


def test_rows_dropped_by_name_have_a_column_where_there_are_any(page, make):
    rows = RowCounts(read={"flights": 930}, filtered={"no carrier": 7}, output=923, published=923)

    assert "Dropped by name" not in page(make.step())
    assert re.search(r"7 <span[^>]*>no carrier", page(make.step(rows=rows)))


def test_rows_set_aside_are_a_warning_and_a_closed_gate_is_a_failure(page, make):
    assert "! WARN</span></td></tr>" in page(make.step(expectations=(make.broken("warn"),)))
    assert "✕ FAIL</span></td></tr>" in page(make.step(expectations=(make.broken("fail"),)))


def test_rows_that_a_gate_held_back_are_staged_and_not_published(page, make):
    held = make.step(status=Status.FAIL, rows=RowCounts(output=58, staged=58), expectations=(make.broken("fail"),))

    text = page(held, make.step("core.planes"))

    assert "58 staged only" in text
    assert "<b>928</b><span>rows published</span>" in text
    assert "0 rows, 58 staged" in text


def test_a_merge_shows_what_it_changed(make):
    merged = make.step(metrics={"inserted": 3, "updated": 1, "deleted": 0})

    assert "3 inserted, 1 updated, 0 deleted" in render(None, make.run(merged).to_json())


def test_intervals_that_a_run_did_not_come_to_are_counted(make):
    steps = [make.step(), make.step(status=Status.CANCELLED, interval="2013-02-09")]

    page = render(None, make.run(*steps, never_begun=("2013-02-09",), interrupted=130).to_json())

    assert "<b>never begun</b> 1 of 2 intervals" in page
    assert "<b>intervals</b> 2, 2013-02-08 to 2013-02-09" in page


def test_the_traceback_of_an_error_is_folded_away_below_it(page, make):
    trace = "Traceback (most recent call last):\n  File \"jobs/a.py\", line 3\nKeyError: 'x'\n"
    error = ErrorInfo("TransformError", "KeyError: 'x'", 1, "jobs/a.py:3", traceback=trace)

    text = page(make.step("core.flight_weather", Status.ERROR, error=error), make.failing())

    assert text.count("<summary>Traceback</summary>") == 1
    assert "line 3\nKeyError: &#39;x&#39;" in text


def test_a_range_names_the_days_that_broke_an_expectation_and_the_steps_that_failed(make):
    days = ["2013-02-08", "2013-02-09", "2013-02-10"]
    steps = [make.step(interval=day, expectations=(make.met() if day == days[1] else make.broken(),)) for day in days]
    failed = make.step("core.planes", Status.FAIL, interval=days[2])

    text = render(None, make.run(*steps, failed).to_json())

    assert "2013-02-08, 2013-02-10</div>" in text
    assert "2013-02-10: FAIL, 928 rows, 2 quarantined: core.planes FAIL" in text


def test_the_results_of_an_older_version_are_shown_without_what_it_did_not_say(make):
    results = make.run(make.step()).to_json()
    del results["never_begun"], results["steps"][0]["rows"]["staged"]

    assert "<b>928</b><span>rows published</span>" in render(None, results)
