"""Flights from New York in 2013: typed, joined with the weather at departure, and summed per route and hour.

Reads   raw.flights raw.weather reference.airlines reference.planes reference.airports
Writes  clean.flights clean.weather core.airlines core.planes core.airports core.flight_weather
        marts.route_on_time marts.delay_by_hour

One module a zone: ``clean``, ``core``, ``marts``. ``landing`` is a script that delivers the raw files, not a step.
"""

from etl import Daily, Job
from jobs.nyc_flights import clean, core, marts

__all__ = ["JOB", "clean", "core", "marts"]

JOB = Job(schedule=Daily(at="06:00"), owner="flight data", retries=2)
