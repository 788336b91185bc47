import os
import signal
import subprocess
import sys
import time

from attrs import evolve

from etl.runs import processes
from etl.runs.processes import find, here, look

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def becomes(process, condition):
    for _ in range(500):
        if look(process) == condition:
            return True
        time.sleep(0.01)
    return False


def test_this_process_is_at_work():
    assert here().process == find(os.getpid())
    assert look(here().process) == "running"


def test_a_process_is_running_then_stopped_then_gone_before_anybody_collects_it():
    sleeper = subprocess.Popen(SLEEPER)
    process = find(sleeper.pid)
    try:
        assert look(process) == "running"
        sleeper.send_signal(signal.SIGSTOP)
        assert becomes(process, "stopped")
        sleeper.send_signal(signal.SIGCONT)
        assert becomes(process, "running")
    finally:
        sleeper.kill()
    assert becomes(process, "gone")
    sleeper.wait()
    assert find(sleeper.pid) is None


def test_a_number_that_was_given_out_again_is_another_process():
    assert look(evolve(here().process, started="1")) == "gone"


def test_without_proc_the_same_is_asked_of_ps(monkeypatch):
    def told(pid):
        return processes._told_by_ps(pid)

    monkeypatch.setattr(processes, "_told", told)

    assert look(find(os.getpid())) == "running"
    assert find(2**22 + 1) is None
