"""What is counted as late, and per what."""

from jobs.nyc_flights.marts import delay_by_hour, marts_route_on_time

ROWS = "flight_date STRING, origin STRING, dest STRING, cancelled BOOLEAN, arr_delay_minutes INT"
HOURS = "flight_date STRING, scheduled_hour INT, cancelled BOOLEAN, dep_delay_minutes INT, wind_speed_mph DOUBLE"
DAY = "2013-02-08"


def test_a_flight_is_on_time_if_it_arrives_less_than_fifteen_minutes_late(table, assert_table):
    flights = table(ROWS, [(DAY, "JFK", "SJU", False, delay) for delay in (-30, 14, 15, 200)])

    assert_table(marts_route_on_time(flights).select("arrived", "on_time", "on_time_share"), [(4, 2, 0.5)])


def test_cancelled_and_diverted_flights_are_in_neither_part_of_the_share(table, assert_table):
    flights = table(ROWS, [(DAY, "JFK", "SJU", c, d) for c, d in ((True, None), (False, None), (False, 0))])

    assert_table(marts_route_on_time(flights), [(DAY, "JFK", "SJU", 3, 1, 1, 1, 1.0)])


def test_a_route_on_which_nothing_arrived_has_no_share(table, assert_table):
    flights = table(ROWS, [(DAY, "JFK", "SJU", True, None)])

    assert_table(marts_route_on_time(flights).select("flights", "on_time_share"), [(1, None)])


def test_routes_and_days_are_counted_apart(table, assert_table):
    routes = [(DAY, "JFK", "SJU"), (DAY, "EWR", "SJU"), ("2013-02-09", "JFK", "SJU")]
    flights = table(ROWS, [(*route, False, 0) for route in routes])

    counted = marts_route_on_time(flights).select("flight_date", "origin", "flights")
    assert_table(counted, [(DAY, "JFK", 1), (DAY, "EWR", 1), ("2013-02-09", "JFK", 1)])


def test_delays_of_an_hour_are_summed_over_the_flights_that_departed(table, assert_table):
    flights = table(HOURS, [(DAY, 17, False, 10, 28.0), (DAY, 17, False, 20, 30.0), (DAY, 17, True, None, None)])

    assert_table(delay_by_hour(flights=flights), [(DAY, 17, 3, 1, 15.0, 20.0, 30.0)])


def test_an_hour_without_departure_has_no_delay(table, assert_table):
    flights = table(HOURS, [(DAY, 5, True, None, None)])

    assert_table(delay_by_hour(flights=flights), [(DAY, 5, 1, 1, None, None, None)])


def test_the_marts_give_the_targets_columns_in_order(table):
    assert tuple(marts_route_on_time(table(ROWS, [])).columns) == marts_route_on_time.target.schema.names
    assert tuple(delay_by_hour(flights=table(HOURS, [])).columns) == delay_by_hour.target.schema.names
