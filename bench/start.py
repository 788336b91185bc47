"""CPU of the commands that only look: how long somebody waits for an answer that needs no Spark.

    python -m bench.start [--rounds 5]

Prints, for each command, the least CPU seconds (user and system) of a new process over the rounds, and how many modules
it imports. The aim is 0.3 s. Times depend on the machine, so no test asserts them: the tests count modules.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Sequence

COMMANDS = (("--help",), ("list",), ("plan", "nyc_flights", "--date", "2013-02-08"))
PROGRAM = "import sys; from etl.cli import main; main(sys.argv[1:]); sys.stderr.write(' '.join(sys.modules))"


def cost(argv: Sequence[str]) -> tuple[float, int]:
    """Return the CPU seconds of one command line in a new process, and the number of modules it imports."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", PROGRAM, *argv]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, len(said.split())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser("python -m bench.start")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'command':44}{'CPU s':>8}{'modules':>9}")
    for argv in COMMANDS:
        costs = [cost(argv) for _ in range(rounds)]
        print(f"{'etl ' + ' '.join(argv):44}{min(seconds for seconds, _ in costs):8.2f}{costs[0][1]:9}")


if __name__ == "__main__":
    main()
