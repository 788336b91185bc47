"""The table of known causes. In each part, what is said more exactly stands first."""

from etl.report.causes.known_cause import KnownCause
from etl.report.causes.machines import MACHINES
from etl.report.causes.rows import ROWS
from etl.report.causes.services import SERVICES
from etl.report.causes.storage import STORAGE
from etl.report.causes.versions import VERSIONS

KNOWN: tuple[KnownCause, ...] = (*STORAGE, *SERVICES, *VERSIONS, *ROWS, *MACHINES)

__all__ = ["KNOWN", "KnownCause"]
