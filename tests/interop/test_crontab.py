"""A crontab becomes a project: each line a job that runs what cron ran, when cron ran it."""

import json

import pytest

from etl.cli import main
from etl.errors import ConfigError
from etl.interop.crontab import project, read
from etl.model.template import Moment, render
from etl.project.project import open_project

TABLE = """
# m h dom mon dow command
SHELL=/bin/bash
PATH=/usr/local/bin:/usr/bin:/bin
MAILTO="ops@example.com"
DB_PASSWORD=very-secret
0 6 * * 1-5 /opt/bin/report.sh --day "$(date +\\%F)" > /var/log/report.log 2>&1
*/15 * * * *\tcd /srv && ./poll.py
CRON_TZ=Europe/Berlin
30 2 1 * * mail -s "hi" ann%Dear Ann,%all is well.
@hourly awk '{print $1}' /tmp/in
@reboot /opt/bin/start.sh
"""


@pytest.fixture
def opened(tmp_path):
    """``opened(text)`` is the project that a crontab becomes, and its files."""

    def make(text, **options):
        files = project(read(text, "crontab", **options), "nightly")
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return open_project(tmp_path), files

    return make


def test_each_line_is_a_job_with_its_times_and_its_command(opened):
    made, _ = opened(TABLE)
    jobs = {job.name: job for job in made.jobs}

    assert list(jobs) == ["awk", "mail", "poll", "report"]
    assert {name: job.job.schedule.expression for name, job in jobs.items()} == {
        "report": "0 6 * * 1-5",
        "poll": "*/15 * * * *",
        "mail": "30 2 1 * *",
        "awk": "0 * * * *",
    }
    assert jobs["mail"].job.schedule.timezone == "Europe/Berlin"
    assert jobs["report"].job.schedule.timezone == "UTC"


def test_a_percent_is_a_line_end_unless_a_backslash_stands_before_it(opened):
    _, files = opened(TABLE)

    assert "$(date +%F)" in files["jobs/report.py"]
    assert "mail -s \"hi\" ann <<'HEADRACE'\\nDear Ann,\\nall is well.\\nHEADRACE" in files["jobs/mail.py"].replace(
        "\\'", "'"
    )


def test_braces_are_the_commands_own(opened):
    made, _ = opened(TABLE)
    (step,) = next(job for job in made.jobs if job.name == "awk").steps

    assert [render(word, Moment()) for word in step.body.command] == [*("/bin/bash", "-c", "awk '{print $1}' /tmp/in")]


def test_no_secret_is_copied(opened):
    _, files = opened(TABLE)

    assert "very-secret" not in json.dumps(files)
    assert "'DB_PASSWORD': 'env://DB_PASSWORD'" in files["jobs/report.py"]


def test_the_report_says_of_every_line_what_became_of_it(opened):
    _, files = opened(TABLE)

    assert "line 7, mapped: job `report`" in files["REPORT.md"]
    assert "line 12, left out: @reboot /opt/bin/start.sh: @reboot is no time of a clock" in files["REPORT.md"]
    assert "cron mailed every output to ops@example.com" in files["REPORT.md"]


def test_a_systems_crontab_names_a_user(opened):
    _, files = opened("17 * * * * root cd / && run-parts --report /etc/cron.hourly\n", system=True)

    assert "cron ran it as root" in files["REPORT.md"]
    assert "'cd / && run-parts --report /etc/cron.hourly'" in files["jobs/run_parts.py"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 6 * * \n", "neither NAME=value nor five fields"),
        ("61 6 * * * x\n", "cannot be read"),
        ("@often x\n", "@often is no time"),
        ("# nothing\n", "runs nothing"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_place(text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read(text, "crontab")

    assert caught.value.place.file == "crontab"


def test_the_command_lays_out_a_project_that_opens(tmp_path, capsys):
    (tmp_path / "crontab").write_text(TABLE)

    code = main(["import", "cron", str(tmp_path / "crontab"), "-o", str(tmp_path / "made")])

    said = capsys.readouterr()
    assert code == 0, said.err
    assert "4 mapped, 1 left out" in said.err
    assert (tmp_path / "made/jobs/report.py").is_file()
    assert main(["schedule", "next", "-C", str(tmp_path / "made")]) == 0
