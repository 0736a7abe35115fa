"""After any history of an archive, whatever is derived from it holds what it holds, and no more.

SONGNGU_FUZZ says how many random histories are tried on each kind of store.
"""

from __future__ import annotations

import copy
import uuid
from contextlib import closing

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.counts import count, done
from support.histories import (
    CROWD,
    NAME,
    PROFILES,
    SINGLE,
    TOPICS,
    article,
    perform,
    perform_killed,
    processes,
)

from search.stores.base import NearestLookup, Scope, Term, WordLookup
from search.stores.ledger import Ledger
from search.stores.links import Links, forget
from search.stores.sqlite.store import EmbeddedStore
from search.text.languages import LANGUAGES

__all__ = ["processes"]

HISTORIES = count("SONGNGU_FUZZ", 12)
ALL = SINGLE + CROWD
ORIGINS = ["/tin", "/tin/hà nội", "/khác"]
MANY = 200
VERSIONS = range(3)
TOKENS = ["tin", NAME, *TOPICS, *(f"số{id_}" for id_ in ALL[::5]), *(f"lần{v}" for v in VERSIONS)]
LOOKUPS = [
    WordLookup(Scope(lang), (Term(field, token),), k)
    for lang in LANGUAGES
    for k in (1, MANY)
    for field, token in [("exact", token) for token in TOKENS] + [("pairs", "tin_cảng")]
]

some = st.lists(st.sampled_from(SINGLE), min_size=1, max_size=3, unique=True) | st.just(CROWD)
versions = st.sampled_from(VERSIONS)


def writes(kind):
    pairs = st.builds(lambda ids, version: [(id_, version) for id_ in ids], some, versions)
    return pairs.map(lambda written: (kind, *written))


def named(kind, *before):
    return st.tuples(*before, some).map(lambda drawn: (kind, *drawn[:-1], *drawn[-1]))


operations = st.one_of(
    writes("upsert"),
    writes("upsert"),
    writes("shallow"),
    *(named(kind) for kind in ("delete", "delete", "bar", "lift", "link")),
    *(named(kind, st.sampled_from(ORIGINS)) for kind in ("bring", "withdraw")),
    *(st.just((kind,)) for kind in ("deepen", "rebuild", "copy", "flush", "find")),
)
steps = st.one_of(
    operations,
    operations,
    st.just(("reopen",)),
    st.tuples(st.just("killed"), operations, st.integers(1, 300) | st.integers(1, 4000)),
)


class Model:
    """What an archive holds after everything that was done to it.

    Attributes:
        live: Id → (version, shallow).
        barred: Ids that may not come in.
        brought: Id → its sources, also of articles that are not there.
        linked: Ids of articles that have a link record.
        profile: Number of the present one.
    """

    def __init__(self):
        self.live, self.barred, self.brought, self.linked, self.profile = {}, set(), {}, set(), 0

    def apply(self, operation):
        what, *arguments = operation
        if what in ("upsert", "shallow"):
            for id_, version in arguments:
                if id_ not in self.barred:
                    shallow = article(id_, version, shallow=what == "shallow").shallow
                    self.live[id_] = (version, shallow)
        elif what == "deepen":
            self.live = {id_: (version, False) for id_, (version, _) in self.live.items()}
        elif what == "delete":
            self.remove(arguments)
        elif what == "bar":
            self.barred |= set(arguments)
            self.remove(arguments)
        elif what == "lift":
            self.barred -= set(arguments)
        elif what == "bring":
            for id_ in arguments[1:]:
                self.brought.setdefault(id_, set()).add(arguments[0])
        elif what == "withdraw":
            origin, *ids = arguments
            for id_ in ids:
                left = {
                    other
                    for other in self.brought.pop(id_, set())
                    if other != origin and not other.startswith(f"{origin}/")
                }
                if left:
                    self.brought[id_] = left
            self.remove([id_ for id_ in ids if id_ not in self.brought])
        elif what == "link":
            self.linked |= set(arguments) & self.live.keys()
        elif what == "rebuild":
            self.profile = 1 - self.profile

    def remove(self, ids):
        for id_ in ids:
            self.live.pop(id_, None)
            self.brought.pop(id_, None)
            self.linked.discard(id_)

    @classmethod
    def of(cls, store):
        """What a store says that it holds."""
        self, kept = cls(), list(store.listing())
        hashes = {article(k.id, v).article.content_hash: v for k in kept for v in VERSIONS}
        self.live = {k.id: (hashes[k.hash], k.shallow) for k in kept}
        self.barred = set(Ledger(store).tombstones())
        self.brought = {id_: set(found) for id_, found in Ledger(store).origins(ALL).items()}
        self.linked = set(Links(store).records(ALL))
        self.profile = PROFILES.index(store.profile())
        return self

    def is_between(self, before, after):
        """Whether each part is as it was, or as it was to be."""
        return self.profile in (before.profile, after.profile) and all(
            one(self) in (one(before), one(after))
            for id_ in ALL
            for one in (
                lambda model, id_=id_: model.live.get(id_),
                lambda model, id_=id_: model.brought.get(id_),
                lambda model, id_=id_: id_ in model.barred,
                lambda model, id_=id_: id_ in model.linked,
            )
        )


def derived(store):
    """What the indexes find, and what a fresh index of the same articles finds."""
    found = []
    for k, ids in zip(
        [lookup.k for lookup in LOOKUPS],
        [{c.id for c in candidates} for candidates in store.find(LOOKUPS)],
        strict=True,
    ):
        found.append(ids if k == MANY else len(ids))  # which of equals comes first may differ
    nearest = [NearestLookup(Scope(lang), article("a1", 0).vectors[0], MANY) for lang in LANGUAGES]
    found += [{c.id for c in candidates} for candidates in store.find(nearest)]
    return found


def assert_true(store, fresh):
    """Everything that is derived from an archive's articles is of exactly these articles.

    Args:
        fresh: Where an archive of the same articles can be made.
    """
    entries = list(store.entries())
    live = {entry.article.id for entry in entries}
    with closing(EmbeddedStore(fresh)) as anew:
        anew.create(store.profile())
        anew.upsert(entries)
        assert derived(store) == derived(anew)
    sizes = {lang: sum(e.article.lang == lang for e in entries) for lang in LANGUAGES}
    assert {lang: store.sizes().get(lang, 0) for lang in LANGUAGES} == sizes
    if isinstance(store, EmbeddedStore):
        _, vectors, words = store._follower.follow()
        assert {lang: words.searchers[lang].num_docs for lang in LANGUAGES} == sizes
        assert {lang: set(vectors[lang].places) for lang in LANGUAGES} == {
            lang: {e.article.id for e in entries if e.article.lang == lang} for lang in LANGUAGES
        }
    # An article that is gone may have a record for the moment until linking begins.
    forget(Links(store), Links(store).orphans())
    assert set(Links(store).records(ALL)) <= live
    assert set(Links(store).links(ALL)) == set(Links(store).records(ALL))
    for origin in ORIGINS:
        under = {o for o in ORIGINS if o == origin or o.startswith(f"{origin}/")}
        brought = {id_ for id_, found in Ledger(store).origins(ALL).items() if under & set(found)}
        assert set(Ledger(store).brought(origin)) == brought & live


def placed(step, folder, name, model):
    """A step with the place it needs: copies go to the file of the present profile."""
    return (*step, f"{folder}/{name}-copy-{model.profile}.db") if step == ("copy",) else step


@settings(
    max_examples=HISTORIES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=1, max_size=12))
def test_what_is_derived_is_of_exactly_what_is_kept(make_store, processes, tmp_path, history):
    done("SONGNGU_FUZZ")
    name = uuid.uuid4().hex[:8]
    store, model = make_store(name), Model()
    store.create(PROFILES[0])
    for what, *arguments in history:
        if what == "reopen":
            store = make_store(name)
            continue
        killed = False
        if what == "killed":
            operation, at = arguments
            operation = placed(operation, tmp_path, name, model)
            killed = perform_killed(processes, store.location, operation, at)
        else:
            operation = placed((what, *arguments), tmp_path, name, model)
            perform(store, operation)
        before, seen = copy.deepcopy(model), Model.of(store)
        model.apply(operation)
        if killed:
            assert seen.is_between(before, model)
            model = seen
        else:
            assert vars(seen) == vars(model)
    store.flush()
    assert_true(store, tmp_path / f"{name}-fresh.db")
    for place in tmp_path.glob(f"{name}-copy-?.db"):
        with closing(EmbeddedStore(place)) as copied:
            if copied.profile() is not None:  # a kill may have come before there was one
                assert_true(copied, tmp_path / f"{place.stem}-fresh.db")
