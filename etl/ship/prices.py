"""What a run has cost, about: the service's own figures times the list prices of one region on one day."""

from __future__ import annotations

from collections.abc import Mapping

from etl.ship.record import Record

REGION, DAY = "us-east-1", "2026-09-01"
# US dollars. AWS pages "Amazon EMR pricing" (Serverless, Linux/x86) and "AWS Glue pricing" (Spark jobs; Flex).
SERVERLESS = {"vCPU-hours": 0.052624, "GB-hours": 0.0057785, "storage GB-hours": 0.000111}
GLUE = {"DPU-hours": 0.44}
PRICES: Mapping[str, Mapping[str, float]] = {"emr-serverless": SERVERLESS, "glue": GLUE}


def cost(used: Mapping[str, float], record: Record) -> str:
    """Return a run's cost for people; empty where the platform gives no figures, or one has no price."""
    prices = PRICES.get(record.platform, {})
    if not used or set(used) - set(prices):
        return ""
    dollars = sum(amount * prices[unit] for unit, amount in used.items())
    return f"about {dollars:,.2f} USD (list prices of {REGION}, {DAY}; without data transfer and S3)"
