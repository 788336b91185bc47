"""The signals of a run, and that nobody else takes any."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import etl
from etl.cli.signals import interruptible
from etl.engine.stop import Stop


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_asks_the_run_to_stop(capfd, number, code):
    stop = Stop()
    before = signal.getsignal(number)

    with interruptible(stop):
        os.kill(os.getpid(), number)

    assert stop.requested == code
    assert signal.getsignal(number) is before
    assert "stopping" in capfd.readouterr().err


def test_signals_are_taken_again_from_whoever_took_them():
    stop = Stop()

    with interruptible(stop) as take_signals:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        take_signals()
        os.kill(os.getpid(), signal.SIGTERM)

    assert stop.requested == 143


def test_a_second_interrupt_kills():
    code = (
        "import os, signal; from etl.cli.signals import interruptible; from etl.engine.stop import Stop\n"
        "with interruptible(Stop()):\n  os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGINT)\n"
        "print('survived')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == -signal.SIGINT
    assert "survived" not in done.stdout


def test_only_the_command_line_takes_signals():
    root = Path(etl.__file__).parent
    taking = [
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if re.search(r"^ +.*\bsignal\.signal\(", file.read_text(), re.MULTILINE)
    ]

    assert taking == ["cli/signals.py"]
