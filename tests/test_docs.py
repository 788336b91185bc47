"""What the pages say is so: links lead somewhere, commands exist, tables are complete, jobs run as printed."""

import contextlib
import importlib.metadata
import inspect
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import attrs
import click
import pytest
from click.testing import CliRunner

from etl import ReplacePartitions, Source, Target, errors, expect, step
from etl.cli import main
from etl.cli.root import COMMANDS, EXIT_CODES, root
from etl.config.cluster import Cluster
from etl.config.settings import RunSettings, Settings
from etl.config.submit import Emr, EmrEks, EmrServerless, Glue
from etl.kinds import KINDS
from etl.model.formats import FORMATS, Format
from etl.model.glue import GlueCatalogSettings
from etl.model.result import Status
from etl.model.s3 import S3Settings
from etl.model.schema import parse_schema
from etl.model.text import KNOWN, TextRules
from etl.project.catalog import Entry
from etl.spark.settings import FORCED
from etl.testing import plugin

PROJECT = Path(__file__).parents[1]
PAGES = {
    str(file.relative_to(PROJECT)): file.read_text(encoding="utf-8")
    for file in sorted([PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").rglob("*.md")])
}
DAY = "2013-02-08"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^`([\w./=-]+)`\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def blocks(page, *languages):
    return [text for language, text in FENCE.findall(PAGES[page]) if language in languages]


def files(page):
    """The blocks that stand under a path: the files of an example."""
    return {path: text for path, _, text in NAMED.findall(PAGES[page])}


def commands():
    """Every `etl …` that a page shows as typed, or names in backquotes with an option or argument."""
    for page, text in PAGES.items():
        typed = [line for block in blocks(page, "console", "bash") for line in block.splitlines()]
        lines = [line.removeprefix("$ ") for line in typed if line.startswith("$ etl ")]
        inline = [code for code in CODE.findall(FENCE.sub("", text)) if code.startswith("etl ")]
        yield from ((page, line) for line in dict.fromkeys([*lines, *inline]))


def table(page, heading):
    """The cells of the first table under a heading, without its own heading row."""
    _, found, rest = f"\n{PAGES[page]}".partition(f"\n{heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    lines = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE).group().splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(FENCE.sub("", PAGES[page])):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = ((PROJECT / page).parent / path).resolve() if path else PROJECT / page
        assert file.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{page}: {target}"


def test_every_page_and_decision_is_reached_from_the_index():
    linked = {str(Path("docs", link)) for link in LINK.findall(PAGES["docs/index.md"])}

    assert {page for page in PAGES if page.startswith("docs/")} - linked == {"docs/index.md"}


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_every_command_shown_can_be_typed(page, line):
    words = [word for word in shlex.split(line)[1:] if word != "…"]
    if words[:1] in ([], ["--help"]):
        return
    command = root.get_command(click.Context(root), words[0])
    assert command is not None, f"{page}: {line}"
    command.make_parser(click.Context(command, info_name=words[0])).parse_args(words[1:])


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_compiles_and_imports_what_there_is(page):
    for text in blocks(page, "python"):
        compile(text, page, "exec")
        for line in re.findall(r"^from etl.* import .*$", text, re.MULTILINE):
            exec(line, {})  # noqa: S102 our own pages


def test_the_readme_names_every_command():
    names = [CODE.search(row[0]).group(1).removeprefix("etl ") for row in table("README.md", "## Commands")]

    assert sorted(names) == sorted(name for group in COMMANDS.values() for name in group)


def errors_of(module):
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    return [value for value in own if isinstance(value, type) and issubclass(value, errors.EtlError)]


def test_every_condition_stands_beside_its_department():
    shown = {
        CODE.search(row[0]).group(1): CODE.search(row[1]).group(1)
        for row in table("docs/operations.md", "### Conditions")
    }

    named = [*errors_of(errors.conditions), *errors_of(errors.failures)]
    assert shown == {one.__name__: one.__base__.__name__ for one in named}


def test_every_error_stands_under_its_exit_code_and_every_code_in_the_help():
    classes = errors_of(errors.tree)
    shown = {int(row[0]): set(CODE.findall(row[1])) for row in table("docs/operations.md", "## Exit codes")}

    assert {code: names for code, names in shown.items() if names} == {
        code: {one.__name__ for one in classes if one.exit_code == code} for code in {one.exit_code for one in classes}
    }
    assert set(shown) == {int(code) for codes, _ in EXIT_CODES for code in codes.split()}


def test_every_status_is_explained():
    assert [CODE.search(row[0]).group(1) for row in table("docs/operations.md", "## Runs")] == list(Status)


def arguments(builder):
    named = [one for one in inspect.signature(builder).parameters.values() if one.kind is not one.VAR_KEYWORD]
    names = {one.name for one in named}
    for hint in get_type_hints(builder, include_extras=True).values():
        names |= {key for kind in get_args(hint) if hasattr(kind, "__total__") for key in get_type_hints(kind)}
    return names - {"on_failure", "row_condition", "description"}


def test_the_table_of_expectations_is_that_of_the_builders():
    builders = {
        name: builder
        for name, builder in vars(expect).items()
        if inspect.isfunction(builder) and builder.__module__ == expect.__name__ and not name.startswith("_")
    }
    rows = table("docs/expectations.md", "## Types")

    assert {CODE.search(row[0]).group(1): set(CODE.findall(row[1])) for row in rows} == {
        name: arguments(builder) for name, builder in builders.items()
    }


def test_the_table_of_expectations_says_what_each_level_and_cost_is():
    for name, taken, level, cost in table("docs/expectations.md", "## Types"):
        kind = KINDS["expect_" + CODE.search(name).group(1)]
        assert level == kind.level, name
        assert cost == ("1 pass" if any(one.cost for one in kind.passes) else "none"), name
        assert set(CODE.findall(taken)) == {*kind.arguments, *kind.options}, name


def test_the_floors_are_those_that_are_enforced():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")

    assert blocks("docs/architecture.md", "text")[0].splitlines() == floors


def test_every_room_has_a_line():
    packages = {file.parent.name for file in (PROJECT / "etl").glob("*/__init__.py")}
    modules = {file.stem for file in (PROJECT / "etl").glob("[!_]*.py")}

    shown = [CODE.search(row[0]).group(1) for row in table("docs/architecture.md", "## Rooms")]
    assert sorted(shown) == sorted(packages | modules)


def test_the_table_of_formats_is_that_of_the_engine():
    shown = {
        CODE.search(name).group(1): (CODE.search(module).group(1), set(CODE.findall(writes)), promise)
        for name, module, _, writes, promise, _ in table("docs/architecture.md", "## Formats")
    }

    assert shown == {
        name: (one.module, {kind.__name__ for kind in one.writes}, one.promise or "none")
        for name, one in FORMATS.items()
    }


def said(default):
    return {True: "true", False: "false"}.get(default, str(default)) if isinstance(default, bool) else str(default)


def test_the_configuration_page_names_every_key_and_its_default():
    rows = table("docs/configuration.md", "## conf/base.toml and conf/env")
    shown = {CODE.search(row[0]).group(1): row for row in rows}
    sections = {"run": RunSettings, "s3": S3Settings, "glue_catalog": GlueCatalogSettings}
    own = {one.name: one for one in attrs.fields(Settings) if one.name not in sections}
    below = {f"{name}.{one.name}": one for name, kind in sections.items() for one in attrs.fields(kind)}

    assert {key.partition(".<")[0] for key in shown} == {*own, *below}
    for key in [*below, "state", "artifacts"]:
        default = (own | below)[key].default
        default = "" if isinstance(default, attrs.Factory) else default
        assert default == "" or shown[key][1] == f"`{said(default)}`", key


@pytest.mark.parametrize(
    ("page", "heading", "kind"),
    [
        ("emr", "## Keys", Emr),
        ("emr", "`[submit.<name>.cluster]`:", Cluster),
        ("emr-serverless", "## Keys", EmrServerless),
        ("emr-eks", "## Keys", EmrEks),
        ("glue", "## Keys", Glue),
    ],
)
def test_the_page_of_a_platform_names_every_key_and_its_default(page, heading, kind):
    shown = {CODE.search(row[0]).group(1): row[1] for row in table(f"docs/platforms/{page}.md", heading)}

    assert list(shown) == [one.name for one in attrs.fields(kind)]
    for one in attrs.fields(kind):
        default = said(one.default) if isinstance(one.default, str | int) else ""
        assert shown[one.name] == f"`{default}`" if default else shown[one.name].startswith("|"), one.name


def test_the_configuration_page_names_every_key_of_a_dataset_and_every_value_to_choose():
    shown = {CODE.search(row[0]).group(1): row for row in table("docs/configuration.md", "## conf/datasets.toml")}

    assert set(shown) == {one.name for one in attrs.fields(Entry)}
    for key, hint in get_type_hints(Entry).items():
        if get_origin(hint) is Literal:
            assert {value for value in get_args(hint) if f"`{value}`" not in " ".join(shown[key])} == set(), key


def test_the_configuration_page_names_every_forced_setting():
    rows = table("docs/configuration.md", "## Settings that are forced")
    assert {CODE.search(key).group(1): CODE.search(value).group(1) for key, value in rows} == {
        key: value for key, (value, _) in FORCED.items()
    }


def test_the_page_on_reading_names_every_option_and_rule_of_a_text_format():
    words = set(CODE.findall(PAGES["docs/reading.md"]))

    csv_only = {option for option in KNOWN["csv"] if option not in words}
    rules = {rule.name for rule in attrs.fields(TextRules) if rule.name not in words}
    assert (csv_only, rules) == (set(), set())


def test_the_configuration_page_names_every_variable_that_the_engine_reads():
    read = {
        name
        for file in (PROJECT / "etl").rglob("*.py")
        for name in re.findall(r"\bETL_[A-Z]+_[A-Z]+\b", file.read_text(encoding="utf-8"))
    }

    assert {name for name in read - {"ETL_RUN_THREADS"} if f"`{name}`" not in PAGES["docs/configuration.md"]} == set()


def test_the_testing_page_names_every_fixture():
    shown = [CODE.search(row[0]).group(1) for row in table("docs/testing.md", "# Testing")]
    fixtures = re.findall(r"@pytest\.fixture.*\ndef (\w+)\(", inspect.getsource(plugin))

    assert shown == fixtures


@pytest.fixture
def example(tmp_path):
    """``example(page)`` makes a project of this one's conf and the page's files."""

    def make(*pages):
        shutil.copytree(PROJECT / "conf", tmp_path / "conf")
        (tmp_path / "jobs").mkdir()
        (tmp_path / "jobs" / "__init__.py").touch()
        for path, text in (item for page in pages for item in files(page).items()):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return make


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """``sample(page, path)`` makes a module of a page's file and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(page, path):
        (tmp_path / f"sample_{Path(path).name}").write_text(files(page)[path], encoding="utf-8")
        return f"sample_{Path(path).stem}"

    return make


def test_the_source_format_of_the_architecture_page_is_read_by_interval(lake, spark, sample, monkeypatch):
    module = sample("docs/architecture.md", "etl/storage/orc.py")
    monkeypatch.setitem(FORMATS, "orc", Format(module=module, needs_schema=True))
    schema = parse_schema("id INT, day DATE")
    trips = lake.dataset("raw.trips", format="orc", schema=schema, partitioned_by=("day",))
    for day in (8, 9):
        spark.createDataFrame([(day,)], "id INT").write.orc(f"{trips.uri}/day=2013-02-0{day}")

    @step(
        sources={"trips": Source("raw.trips", interval_column="day")},
        target=Target("clean.trips", schema, ReplacePartitions("day")),
    )
    def copied(trips):
        return trips

    assert [lake.run_step(copied).status for _ in range(2)] == [Status.PASS, Status.NO_OP]
    assert [row[0] for row in lake.rows("clean.trips")] == [8]


def test_the_command_of_the_architecture_page_prints_the_zones(sample):
    command = import_module(sample("docs/architecture.md", "etl/cli/zones.py")).command

    printed = CliRunner().invoke(command, ["-C", str(PROJECT), "-o", "json"])

    assert {row["zone"] for row in json.loads(printed.output)} >= {"raw", "clean", "marts"}


def etl(directory, line):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*shlex.split(line)[1:], "-C", str(directory)])
    return code, err.getvalue()


def timeless(text):
    """A run's lines without clock, durations, run id, dots and indentation."""
    kept = [line for line in text.splitlines() if re.search(r"\d of \d|: expected|^Done\.", line)]
    bare = (re.sub(r"^\d\d:\d\d:\d\d\s+", "", line.strip()) for line in kept)
    return [re.sub(r"\.{2,}", "", re.sub(r" in \d+\.\d+s.*", "", line)).rstrip("]").split() for line in bare]


def test_the_job_of_the_readme_runs_and_says_what_is_printed_there(spark, example):
    shown = next(block for block in blocks("README.md", "console") if block.startswith("$ etl run orders"))
    command, printed = shown.split("\n", 1)
    project = example("README.md")

    code, err = etl(project, command.removeprefix("$ ") + " --progress lines")

    assert code == 0, err
    assert timeless(err) == timeless(printed)
    orders = spark.read.format("delta").load(str(project / "target/lake/clean/orders"))
    assert sorted(row["id"] for row in orders.collect()) == [1, 2, 3]


def test_the_job_of_the_authoring_page_runs_and_runs_again_for_nothing(spark, example):
    lines = [line.removeprefix("$ ") for line in blocks("docs/authoring.md", "console")[0].splitlines()]
    project = example("docs/authoring.md")

    for line in lines:
        code, err = etl(project, line)
        assert code == 0, (line, err)
    code, err = etl(project, lines[-1])

    assert code == 0
    assert "NO-OP=4 TOTAL=4" in err


def test_the_target_of_the_page_on_submitting_can_be_submitted_to(example):
    lines = [line for line in blocks("docs/submit.md", "console")[0].splitlines() if line.startswith("$ etl submit")]
    project = example("README.md", "docs/submit.md")
    zones = "".join(f'{zone} = "lake/{zone}"\n' for zone in ("raw", "clean", "marts", "quarantine"))
    (project / "conf/base.toml").write_text(f"[zones]\n{zones}")
    keys = {name: {"sha256": "00", "key": f"shop/0.1.0-0123456789ab/{name}"} for name in ("main.py", "app.zip")}
    bundle = {"schema_version": 1, "files": keys}
    (project / "bundle.json").write_text(json.dumps(bundle))

    ended = [etl(project, f"{line.removeprefix('$ ')} --bundle {project}") for line in lines]

    assert [code for code, _ in ended] == [0, 0], ended
    assert "s3://shop-prod/bundles/shop/0.1.0-0123456789ab" in ended[0][1]


@pytest.mark.spark
def test_the_tests_of_the_testing_page_pass(example):
    project = example("README.md", "docs/testing.md")
    (project / "pytest.ini").write_text("[pytest]\n")
    installed = any(entry.name == "headrace" for entry in importlib.metadata.entry_points(group="pytest11"))
    path = os.pathsep.join([str(project), str(PROJECT)])

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *([] if installed else ["-p", "etl.testing.plugin"])],
        cwd=project,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout
