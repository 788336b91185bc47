import gzip

import pytest

from etl.storage.listing import FIRST, head

WIDE = ",".join(f"column_{n:04d}" for n in range(FIRST // 5)).encode()


@pytest.mark.spark
@pytest.mark.parametrize("first", [b"a,b", WIDE], ids=["short", "wide"])
def test_the_head_of_a_file_holds_its_first_line(spark, tmp_path, first):
    file = tmp_path / "rows.csv"
    file.write_bytes(first + b"\n" + b"1,2\n" * 50_000)

    found = head(spark, str(file))

    assert found.startswith(first + b"\n")
    assert file.read_bytes().startswith(found)


@pytest.mark.spark
@pytest.mark.parametrize(
    "content",
    [
        b"no line ends here",
        "größe,\u010a\n".encode("utf-16") * 2_000,
        b"a,b\n" + b"\0" * FIRST,
        gzip.compress(WIDE, 0),
        b"",
    ],
    ids=["without an end", "UTF-16", "no text", "gzip", "empty"],
)
def test_where_a_first_line_cannot_be_told_by_its_bytes_the_head_is_whole(spark, tmp_path, content):
    file = tmp_path / "rows"
    file.write_bytes(content)

    assert head(spark, str(file)) == content[:65_536]
