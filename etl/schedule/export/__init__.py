"""A project's schedule as files for what else runs it: cron, systemd, Airflow, Step Functions.

All of them only say *when*. Which interval is meant follows from the time that they hand over (``--date due:…``), by
the job's own schedule: no other tool has to know what an interval is, and days on which clocks change come out right.
"""
