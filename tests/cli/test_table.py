"""Tables on a terminal and in a pipe."""

import os

import pytest

from etl.cli.table import print_rows

ROWS = [{"step": "clean.flights", "rows": 1234567, "description": "One row per flight, and much more to say of it"}]


def lines(capsys, monkeypatch, *, tty, columns):
    monkeypatch.setattr("sys.stdout.isatty", lambda: tty, raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))
    print_rows(ROWS, ("step", "rows", "description"), "text")
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_a_line_fits_the_terminal(capsys, monkeypatch, columns):
    shown = lines(capsys, monkeypatch, tty=True, columns=columns)

    assert max(map(len, shown)) <= columns
    assert "1,234,567" in shown[1]
    assert shown[1].startswith("clean.")


def test_a_terminal_too_narrow_for_numbers_keeps_them(capsys, monkeypatch):
    assert "1,234,567" in lines(capsys, monkeypatch, tty=True, columns=10)[1]


def test_a_pipe_gets_everything(capsys, monkeypatch):
    assert "much more to say of it" in lines(capsys, monkeypatch, tty=False, columns=40)[1]
