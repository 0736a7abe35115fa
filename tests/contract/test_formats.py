"""An archive of any other format is refused in one line, with what makes it anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from support.entries import PROFILE, entry, unit

from search.errors import StoreError
from search.repair import mend
from search.stores.base import Scope, Term, WordLookup
from search.stores.elasticsearch import bodies
from search.stores.elasticsearch.indices import META
from search.stores.sqlite.file import FORMAT
from search.stores.sqlite.store import EmbeddedStore


def set_format(store, value):
    if isinstance(store, EmbeddedStore):
        with closing(sqlite3.connect(store.location)) as connection:
            connection.execute("DELETE FROM meta WHERE key = 'format'")
            if value is not None:
                connection.execute("INSERT INTO meta VALUES ('format', ?)", (value,))
            connection.commit()
        return
    [mapping] = store._writing.indices.get_mapping(index=store._name).body.values()
    meta = mapping["mappings"]["_meta"][META] | {"format": value}
    store._writing.indices.put_mapping(index=store._name, meta={META: meta})


def uses(store):
    """Ways to come to an archive."""
    return {
        "profile": store.profile,
        "create": lambda: store.create(PROFILE),
        "upsert": lambda: store.upsert([entry("b", "tin", unit(1))]),
        "delete": lambda: store.delete(["a"]),
        "kept": lambda: store.kept(["a"]),
        "entries": lambda: list(store.entries()),
        "stats": store.stats,
    }


@pytest.mark.parametrize("value", ["1", "99", 1, 99, "nonsense", "", None, "²"])
def test_one_of_another_format_is_refused(store, make_store, value):
    store.upsert([entry("a", "tin", unit(1))])
    store.flush()
    before = list(store.entries())
    is_number = str(value).isdecimal() or not isinstance(store, EmbeddedStore)
    now = str(FORMAT) if isinstance(store, EmbeddedStore) else bodies.FORMAT
    set_format(store, value)
    way = f"songngu index SOURCE… --archive {store.location}"
    if not is_number:
        way = f"songngu doctor --mend --archive {store.location}"
    for name, use in uses(make_store()).items():
        if name == "kept" and not isinstance(store, EmbeddedStore):
            continue  # documents by id: read without a look at what the index says of itself
        with pytest.raises(StoreError) as raised:
            use()
        assert str(raised.value).endswith(way), name
        assert "\n" not in str(raised.value)
    if isinstance(store, EmbeddedStore):
        with pytest.raises(StoreError, match="songngu"):
            make_store().find([WordLookup(Scope("vi"), (Term("exact", "tin"),), 5)])
        if is_number:
            with pytest.raises(StoreError, match="made by another version"):
                mend(make_store())
    set_format(store, now)
    assert [one.article for one in store.entries()] == [one.article for one in before]
