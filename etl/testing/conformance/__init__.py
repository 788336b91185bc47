"""What every format must do, as cases that a connector's own tests run: see docs/connectors-of-your-own.md.

A case is a function over a lake and a dataset of the format. It raises AssertionError where the format does not keep
what the engine, readers and the plan rely on.
"""

from etl.testing.conformance.case import DDL, Case, schema
from etl.testing.conformance.publishing import copying, publishing
from etl.testing.conformance.reading import reading

__all__ = ["DDL", "Case", "copying", "publishing", "reading", "schema"]
