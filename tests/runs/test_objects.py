import sys
from types import SimpleNamespace

import pytest

from etl.errors import ConfigError, ConflictError, PlatformError
from etl.runs import stores
from etl.runs.folder import Folder
from etl.runs.objects import overwrite
from etl.runs.stores import open_store


def test_a_root_without_a_scheme_is_a_folder(tmp_path):
    assert open_store(str(tmp_path)) == Folder(tmp_path)


@pytest.mark.parametrize("root", ["gs://bucket", "FILE:///x"])
def test_a_root_that_no_store_knows_is_refused(root):
    with pytest.raises(ConfigError, match=root):
        open_store(root)


def test_a_scheme_is_one_entry(memory, monkeypatch):
    monkeypatch.setitem(stores.STORES, "memory", lambda *_: memory)

    assert open_store("memory://anywhere") is memory


def test_a_system_without_file_locks_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delitem(sys.modules, "etl.runs.folder")

    with pytest.raises(PlatformError, match="fcntl"):
        open_store(str(tmp_path))


def test_overwriting_takes_what_is_there_as_it_is(memory):
    overwrite(memory, "latest", b"1")
    overwrite(memory, "latest", b"2")

    assert memory.get("latest").body == b"2"


def test_overwriting_begins_again_when_another_writer_was_faster(memory):
    overwrite(memory, "latest", b"0")
    others = iter([b"theirs"])

    class Slow:
        put_if = staticmethod(memory.put_if)

        @staticmethod
        def get(key):
            found = memory.get(key)
            for body in others:
                memory.put_if(key, body, found.version)
            return found

    overwrite(Slow(), "latest", b"ours")

    assert memory.get("latest").body == b"ours"


def test_overwriting_ends_where_others_never_let_it(memory):
    def refuse(key, *_):
        raise ConflictError(key)

    with pytest.raises(ConflictError, match="all the time"):
        overwrite(SimpleNamespace(get=memory.get, put_if=refuse), "latest", b"1")
