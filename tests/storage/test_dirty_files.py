"""Dirty CSV and JSON files against Python's own readers: each record is published as they read it, or is corrupt.

    python -m pytest tests/storage/test_dirty_files.py --rounds 50     # 200 files a round

A round's seed is in the name of its test: the same seed makes the same files.
"""

import csv
import gzip
import json
import random
import re
from decimal import Decimal
from urllib.parse import unquote

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.model.schema import parse_schema
from etl.storage import files
from etl.storage.reading import Scope

FIRST = '{"n": 1, "d": 1.5, "t": "first"}\n'
CLEAN_CSV = "".join(f'{n},{n}.25,"name {n}, of ""{n}"""\n' for n in range(10))
CLEAN_JSON = "".join(f'{{"n": {n}, "d": {n}.25, "t": "name {n}, é"}}\n' for n in range(10))
FILES = 100  # of each format in a round
SCHEMA = parse_schema("n INT, d DECIMAL(6,2), t STRING")
TEXTS = [
    "Ann",
    "",
    "a,b",
    'say "x"',
    "é",
    "NULL",
    " blank ",
    "1.50",
    "{}",
    "}{",
    "a\tb",
    "\\",
    "'",
    '"',
    "1e5",
    "ä" * 50,
    "\ufffd",
]
NUMBERS = ["7", "-7", "007", "+7", "7.0", "1e2", "99999999999", " 7", "x", "", "0", "7,0", "-0"]
DECIMALS = [
    "12.50",
    "12,50",
    "1.005",
    "1234.5",
    "99999",
    "1e2",
    "1e-40",
    "0.000",
    "-0.01",
    "",
    "1.2.3",
    "12.5000000000000000001",
]
DIRT = ['"', ",", "\\", "\n", "\r\n", "{", "}", "[", "]", ":", " ", "\t", "é", "'", '""', "1", "}{", "\x01"]


def dirtied(text, chance):
    """Return the text with a few letters put in, taken out or exchanged."""
    while chance.random() < 0.5:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(["", *DIRT]) + text[at + chance.randrange(2) :]
    return text


def csv_line(chance):
    """Return a record, most often well formed."""
    values = [chance.choice(NUMBERS), chance.choice(DECIMALS), chance.choice(TEXTS)]
    written = ['"' + v.replace('"', '""') + '"' if chance.random() < 0.6 or set(v) & set(',"') else v for v in values]
    return dirtied(",".join(written), chance)


def json_line(chance):
    """Return a record or several, most often well formed."""
    text = json.dumps(chance.choice(TEXTS), ensure_ascii=chance.random() < 0.5)
    numbers = [
        chance.choice([number or "null", json.dumps(number)])
        for number in (chance.choice(NUMBERS), chance.choice(DECIMALS))
    ]
    record = f'{{"n": {numbers[0]}, "d": {numbers[1]}, "t": {chance.choice([text, text, numbers[1]])}}}'
    return dirtied(record * chance.choice([1, 1, 1, 2, 3]), chance)


def flipped(data, chance):
    """Return the bytes with one bit of one of them another; not so that it is a NUL, with which a file is refused."""
    at = chance.randrange(len(data))
    other = data[at] ^ 1 << chance.randrange(8)
    return data[:at] + bytes([other or 1]) + data[at + 1 :]


def lines_of(text):
    """Return a text's lines as Spark splits them, without blank ones."""
    return [line for line in re.split("\r\n|\r|\n", text) if line.strip(" ")]


def read_csv(line):
    """Return what Python's reader makes of a line: a row of the declared types, or None."""
    try:
        (values,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        return None
    return (
        typed(values[0] or None, values[1] or None, values[2] or None) if len(values) == len(SCHEMA.columns) else None
    )


def typed(number, amount, text):
    """Return a row of the declared types, None if a value is none of its type."""
    if number is not None and not (re.fullmatch("[+-]?[0-9]+", number) and abs(int(number)) < 2**31):
        return None
    if amount is not None and not (
        re.fullmatch(r"[+-]?(?=[.]?[0-9])[0-9]*(\.[0-9]{0,2}0*)?", amount) and abs(Decimal(amount)) < 10**4
    ):
        return None
    if text is not None and "\ufffd" in text:
        return None
    return (None if number is None else int(number), None if amount is None else Decimal(amount), text)


class Number(str):  # noqa: SLOT000 it is short-lived
    """A number as it is written."""


def read_json(line):
    """Return the rows that Python's reader makes of a line, one behind the other; None where it is no JSON."""
    decoder, rows, rest = (
        json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number),
        [],
        line.strip(),
    )
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        rest = rest[end:].lstrip()
        rows += [row_of(each) for each in (value if isinstance(value, list) else [value])]
    return rows


def row_of(record):
    """Return a row of the declared types, None if a value is none of its type or there is no record."""
    if not isinstance(record, dict):
        return None
    number, amount, text = record.get("n"), record.get("d"), record.get("t")
    if not (number is None or isinstance(number, Number)):
        return None
    if isinstance(text, (dict, list, bool)) or isinstance(amount, (dict, list, bool)):
        return "anything"
    exponent = isinstance(amount, Number) and re.fullmatch("-?[0-9.]+[eE][+-]?[0-9]+", amount)
    if exponent and Decimal(amount) == round(Decimal(amount), 2):
        amount = f"{Decimal(amount):f}"  # JSON's own way to write a whole number
    return typed(number and str(number), amount and str(amount), text if text is None else str(text))


def found(lake):
    """Return each file's good rows and its number of corrupt records."""
    reading = files.read(lake.spark, lake.dataset("raw.dirty"), Scope())
    rows = reading.frame.selectExpr(
        "input_file_name() AS f", "n", "d", "t", reading.corrupt.column, reading.corrupt.reason
    )
    by_file = {}
    for row in rows.collect():
        good, corrupt = by_file.setdefault(unquote(row["f"]).rsplit("/", 1)[-1], ([], []))
        if row[reading.corrupt.column] is None:
            good.append((row["n"], row["d"], row["t"]))
        else:
            corrupt.append(row[reading.corrupt.column])
    return by_file


def check_csv(seen, texts):
    """Hold what was read of each file against Python's reader."""
    for name, text in texts.items():
        good, corrupt = seen[name]
        physical = lines_of(text)
        rows = [row for row in map(read_csv, physical) if row is not None]
        assert [row for row in good if row not in rows] == [], [line for line in physical if read_csv(line) is None]
        assert len(good) + len(corrupt) - 1 == len(physical), (name, physical)  # one is the header


def check_json(seen, texts):
    """Hold what was read of each file against Python's reader."""
    for name, text in texts.items():
        good, corrupt = seen.get(name, ([], []))
        written = lines_of(text)
        read = {line: read_json(line) for line in written}
        rows = [row for each in read.values() for row in each or [] if row is not None]
        broken = [line for line, each in read.items() if each is None or None in each]
        if "anything" not in rows:
            assert [row for row in good if row not in rows] == [], broken
        told = {text.strip() for text in corrupt}
        least = sum(1 if line.strip() in told or read[line] is None else len(read[line]) for line in written)
        assert len(good) + len(corrupt) >= least, (name, written)


def deliver(lake, form, contents):
    """Deliver files of raw.dirty by name."""
    drift = {"on_drift": "evolve"} if form == "json" else {}
    lake.dataset("raw.dirty", format=form, schema=SCHEMA, **drift)
    for name, content in contents.items():
        lake.file("raw.dirty", name, content)


def test_dirty_csv_is_read_as_python_reads_it_or_is_corrupt(lake, seed):
    chance = random.Random(f"csv {seed}")  # noqa: S311
    texts = {f"{n}.csv": "\n".join(csv_line(chance) for _ in range(8)) + "\n" for n in range(FILES)}
    deliver(lake, "csv", {name: "n,d,t\n" + text for name, text in texts.items()})

    check_csv(found(lake), texts)


def test_dirty_json_is_read_as_python_reads_it_or_is_corrupt(lake, seed):
    chance = random.Random(f"json {seed}")  # noqa: S311
    texts = {f"{n}.json": FIRST + "\n".join(json_line(chance) for _ in range(8)) + "\n" for n in range(FILES)}
    deliver(lake, "json", texts)

    check_json(found(lake), texts)


def test_a_flipped_byte_in_csv_is_seen_or_read_as_python_reads_it(lake, seed):
    chance = random.Random(f"csv flips {seed}")  # noqa: S311
    contents = {f"{n}.csv": flipped(CLEAN_CSV.encode(), chance) for n in range(FILES)}
    deliver(lake, "csv", {name: b"n,d,t\n" + content for name, content in contents.items()})

    check_csv(found(lake), {name: content.decode(errors="replace") for name, content in contents.items()})


def test_a_flipped_byte_in_json_is_seen_or_read_as_python_reads_it(lake, seed):
    chance = random.Random(f"json flips {seed}")  # noqa: S311
    contents = {f"{n}.json": FIRST.encode() + flipped(CLEAN_JSON.encode(), chance) for n in range(FILES)}
    deliver(lake, "json", contents)

    check_json(found(lake), {name: content.decode(errors="replace") for name, content in contents.items()})


def test_a_file_that_ends_too_early_loses_no_record_but_its_last(lake):
    ends = range(0, len(CLEAN_CSV), max(1, len(CLEAN_CSV) // 16))
    csvs = {f"{end}.csv": CLEAN_CSV[:end] for end in ends}
    deliver(lake, "csv", {name: "n,d,t\n" + text for name, text in csvs.items()})
    check_csv(found(lake), csvs)

    lake.declared.clear()
    lake.root = lake.root / "json"
    ends = range(0, len(CLEAN_JSON), max(1, len(CLEAN_JSON) // 16))
    jsons = {f"{end}.json": FIRST + CLEAN_JSON[:end] for end in ends}
    deliver(lake, "json", jsons)
    check_json(found(lake), jsons)


@pytest.mark.parametrize("sixteenth", range(1, 16, 5))
def test_a_packed_file_that_ends_too_early_or_has_a_flipped_byte_is_refused(lake, sixteenth):
    packed = gzip.compress(("n,d,t\n" + CLEAN_CSV * 40).encode(), mtime=0)
    at = len(packed) * sixteenth // 16
    broken = {"cut.csv.gz": packed[:at], "flipped.csv.gz": packed[:at] + bytes([packed[at] ^ 4]) + packed[at + 1 :]}
    for name, content in broken.items():
        lake.declared.clear()
        lake.root = lake.root / name
        deliver(lake, "csv", {name: content})

        result = lake.run_step(publishing_all())

        assert (result.exit_code, lake.version("clean.out")) == (9, None), (name, result)
        assert name in result.error.message


def publishing_all():
    """Return a step that publishes raw.dirty as it is."""

    @step(
        sources={"dirty": Source("raw.dirty")},
        target=Target("clean.out", "n INT, d DECIMAL(6,2), t STRING", ReplaceTable()),
    )
    def publish(dirty):
        """Keep all."""
        return dirty

    return publish


def pytest_generate_tests(metafunc):
    """Make a test of each seed."""
    if "seed" in metafunc.fixturenames:
        rounds = metafunc.config.getoption("rounds", 2) or 2
        metafunc.parametrize("seed", range(rounds))
