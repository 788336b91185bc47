"""Reading one TOML file, and where its keys stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config.document import Document, read_document
from etl.errors import ConfigError


def read(tmp_path: Path, text: str | bytes) -> Document:
    file = tmp_path / "base.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(file, "conf/base.toml")


def refused(tmp_path: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return caught.value


def test_a_key_is_found_on_its_own_line(tmp_path: Path) -> None:
    document = read(tmp_path, 'a = 1\n\n[zones]\nraw = "x" # c\n"odd key" = 2\n')

    assert document.place(("zones", "raw")).line == 4
    assert str(document.place(("zones", "odd key"))) == 'conf/base.toml:5: zones."odd key"'


def test_a_key_inside_an_inline_table_is_found_by_the_key_around_it(tmp_path: Path) -> None:
    assert read(tmp_path, "[a]\nb = { c = 1 }\n").place(("a", "b", "c")).line == 2


def test_lines_inside_texts_and_lists_are_no_keys(tmp_path: Path) -> None:
    document = read(tmp_path, 'a = """\n[b]\nc = 1\n"""\nd = [\n "[e]",\n]\nf = 1\n')

    assert set(document.lines) == {("a",), ("d",), ("f",)}
    assert document.place(("f",)).line == 8


def test_a_key_that_is_set_twice_names_both_lines(tmp_path: Path) -> None:
    error = refused(tmp_path, "[run]\nthreads = 1\nthreads = 2\n")

    assert (error.place.line, error.place.key) == (3, "run.threads")
    assert "2 and 3" in error.message


def test_a_table_that_is_declared_twice_names_both_lines(tmp_path: Path) -> None:
    error = refused(tmp_path, "[run]\n[zones]\n[run]\n")

    assert (error.place.line, error.place.key) == (3, "run")


def test_what_is_not_toml_is_shown_with_line_and_column(tmp_path: Path) -> None:
    error = refused(tmp_path, "a = 1\nb: 2\n")

    assert error.place.line == 2
    assert "column 2" in error.message
    assert "b: 2" in error.message


@pytest.mark.parametrize(
    "text",
    ["password = hunter2", 'db_password = "hunter2" x', 'raw = "s3a://KEY:hunter2@b/x', 'u = "jdbc:x?password=hunter2'],
)
def test_a_line_with_a_credential_is_not_shown(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in str(refused(tmp_path, text))


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa = 1\r\nb = 2\r\n").place(("b",)).line == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a = 1\nb = '\xff'", 2),
        (b"a = 1\n\0", 2),
        ("", None),
        ("# only a comment\n", None),
        ("x = 1\na" + ".a" * 40 + " = 1", 2),
        ("a = 1\nb = {" + '"q"' + '."q"' * 20_000 + " = 1}", 2),
        ("a = " + "[" * 100_000, None),
        ("#" * (1024 * 1024 + 1), None),
    ],
    ids=["not UTF-8", "NUL", "empty", "comment", "dotted", "dotted in a table", "nested", "large"],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str | bytes, line: int | None) -> None:
    assert refused(tmp_path, text).place.line == line


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for name in ("missing.toml", "."):
        with pytest.raises(ConfigError):
            read_document(tmp_path / name, name)
