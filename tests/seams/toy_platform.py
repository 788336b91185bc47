"""A platform in one file: it keeps what is sent, and a run there is over at once."""

from __future__ import annotations

from etl.ship.platform import RemoteRun


class Toy:
    sent = {}

    def submit(self, submission):
        self.sent[submission.run_id] = submission
        return submission.run_id

    def describe(self, remote_id):
        return RemoteRun(remote_id=remote_id, state="succeeded")

    def cancel(self, remote_id):
        pass

    def logs(self, remote_id):
        yield f"ran {self.sent[remote_id].bundle}"


def platform(asking):
    return Toy()
