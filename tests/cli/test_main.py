"""The command as a process: exit codes, costs, pipes."""

import re
import subprocess
import sys
from importlib import import_module

import click
import pytest

from etl.cli import main
from etl.cli.root import COMMANDS, EXIT_CODES, module_of, root
from etl.errors import EtlError

CALL = "import sys; from etl.cli import main; code = main(sys.argv[1:])"
LIGHT = f"{CALL}; sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
SENTENCES = [(name, sentence) for group in COMMANDS.values() for name, sentence in group.items()]
MODULES = 320  # 304 in 2026


@pytest.mark.parametrize("argv", [["--help"], ["list"], ["plan", "--date", "2013-02-08"]], ids=" ".join)
def test_looking_imports_little_and_no_spark(project, argv):
    command = [sys.executable, "-c", LIGHT, *argv]

    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)

    imported = done.stderr.split()
    assert done.returncode == 0, done.stderr
    assert {"pyspark", "boto3", "great_expectations", "rich", "jinja2"} & set(imported) == set()
    assert len(imported) <= MODULES


def test_a_reader_that_goes_away_is_no_error(project):
    command = f'"{sys.executable}" -c "{CALL}; sys.exit(code)" list -C "{project}" | true; echo "${{PIPESTATUS[0]}}"'

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "0"
    assert not done.stderr


@pytest.mark.parametrize(("name", "sentence"), SENTENCES)
def test_the_table_of_commands_says_what_the_command_says(name, sentence):
    command = import_module(module_of(name)).command

    assert command.help.split("\n", 1)[0] == sentence


@pytest.mark.parametrize("name", [name for name, _ in SENTENCES])
def test_every_example_in_the_help_is_a_command_line(name):
    command = import_module(module_of(name)).command
    examples = re.findall(r"^ *etl (.+)$", command.help, re.MULTILINE)

    assert examples or name == "jars"
    for example in examples:
        words = example.split()
        context = root.make_context("etl", words, resilient_parsing=False)
        found, subcommand, rest = root.resolve_command(context, [*context._protected_args, *context.args])
        assert found == name
        with subcommand.make_context(found, rest, parent=context):
            pass


def test_help_lists_every_exit_code(capsys):
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    for code, meaning in EXIT_CODES:
        assert re.search(rf"^ +{code} +{re.escape(meaning)}$", out, re.MULTILINE)


def test_every_error_has_an_exit_code_that_help_explains():
    def classes(parent):
        return {parent}.union(*map(classes, parent.__subclasses__()))

    explained = {int(code) for codes, _ in EXIT_CODES for code in codes.split()}
    assert {error.exit_code for error in classes(EtlError)} <= explained


def test_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert re.fullmatch(r"etl \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (EtlError("no such thing", remedy="try another"), 1, "Error: no such thing\n  → try another"),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ZeroDivisionError("division by zero"), 1, "Error: ZeroDivisionError: division by zero\n  → "),
        (click.UsageError("no such option"), 2, "no such option"),
        (SystemExit(9), 9, ""),
    ],
)
def test_whatever_is_raised_becomes_an_exit_code_and_a_message(monkeypatch, capsys, error, code, words):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(root, "main", fail)

    assert main(["list"]) == code
    assert words in capsys.readouterr().err
