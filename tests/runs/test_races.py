import pytest

from etl.runs.stores import open_store
from tests.runs.racing import winners


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_of_eight_processes_that_race_for_an_object_exactly_one_wins(place, tmp_path, request):
    root = str(tmp_path) if place == "folder" else request.getfixturevalue("s3_bucket").root

    created, changed = winners(root, runners=8, rounds=20)

    assert [len(won) for won in created] == [1] * 20
    assert [len(won) for won in changed] == [1] * 20
    store = open_store(root)
    assert [store.get(f"race/{n}").body for n in range(20)] == [f"{changed[n][0]} current".encode() for n in range(20)]
