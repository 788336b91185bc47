"""A platform in one file: it keeps what is sent, and a run there is over at once."""

from __future__ import annotations

from etl.ship.platform import RemoteRun

sent = {}


class Toy:
    def submit(self, submission):
        sent[submission.run_id] = submission
        return submission.run_id

    def describe(self, remote_id):
        return RemoteRun(remote_id=remote_id, state="succeeded")

    def cancel(self, remote_id):
        pass

    def logs(self, remote_id):
        yield f"ran {sent[remote_id].bundle}"


def platform(asking):
    return Toy()
