"""The beginning of a file, as it is stored and as Spark would unpack it."""

import bz2
import gzip

import pytest

from etl.storage.listing import head

TEXT = b"id,km\n" + b"1,2\n" * 5_000


@pytest.mark.spark
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TEXT),
        ("a.csv.gz", gzip.compress(TEXT)),
        ("a.csv.bz2", bz2.compress(TEXT)),
        ("a", TEXT[:3]),
        ("a", b""),
    ],
)
def test_a_head_is_unpacked_as_the_name_says(spark, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    plain = TEXT if name != "a" else content

    assert head(spark, str(file), 4096) == (content[:4], plain[:4096])
