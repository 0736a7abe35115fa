"""Counterparts and copies: what either store keeps of them, whatever becomes of the articles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.entries import DIMENSION, PROFILE, entry, unit

from search.records import Link
from search.stores.links import LinkCounts, LinkRecord, Links, as_unmatched, forget, regroup

MODEL = "model 1"


def record(id_, lang="vi", *, hash_="h", model=MODEL, vector=None, group=None, **fields):
    vector = unit(1.0) if vector is None else vector
    return LinkRecord(id_, lang, hash_, model, vector=vector, group=group or id_, **fields)


def pair(vi, en, score=0.1):
    return [
        record(vi, "vi", matched=True, counterpart=en, score=score),
        record(en, "en", matched=True, counterpart=vi, score=score),
    ]


def filled(store, *ids):
    entries = [entry(id_, f"bài {id_}", unit(1.0, i), lang=id_[:2]) for i, id_ in enumerate(ids)]
    store.upsert(entries)
    store.flush()
    return {e.article.id: e.article.content_hash for e in entries}


def test_before_anything_was_linked(store):
    links = Links(store)
    assert Links(store).links(["a"]) == {}
    assert links.records(["a"]) == {}
    assert links.members(["a"]) == {}
    assert links.partners(["a"]) == ()
    assert links.sharing([1, 2], most=5) == {}
    assert list(links.vectors("vi", model=MODEL)) == []
    assert links.orphans() == []
    assert links.counts() == LinkCounts()
    links.remove(["a"])
    links.clear()
    links.put([])
    assert links.pending(MODEL) == []


def test_a_record_comes_back_as_it_was(store):
    kept = record(
        *("vi-1", "vi"),
        vector=unit(0.5, 0.25),
        date="2025-09-24T08:00:00+07:00",
        keys=(-(2**63), 7, 2**63 - 1),
        near=0.75,
        place=2,
        copies=3,
        matched=True,
        counterpart="en-1",
        score=0.125,
    )
    Links(store).put([kept, record("vi-2", vector=np.zeros(0, np.float32))])
    [back] = Links(store).records(["vi-1", "absent"]).values()
    np.testing.assert_allclose(back.vector, kept.vector, atol=1e-3)
    assert [getattr(back, n) for n in LinkRecord.__slots__ if n != "vector"] == [
        getattr(kept, n) for n in LinkRecord.__slots__ if n != "vector"
    ]
    assert Links(store).links(["vi-1"]) == {"vi-1": Link("en-1", "vi-1", 2, 3)}
    assert Links(store).records(["vi-2"])["vi-2"].vector.shape == (0,)


def test_putting_again_replaces_and_forgets_old_keys(store):
    Links(store).put([record("vi-1", keys=(1, 2))])
    Links(store).put([record("vi-1", keys=(2, 3))])
    assert Links(store).sharing([1, 2, 3], most=5) == {2: ("vi-1",), 3: ("vi-1",)}
    assert Links(store).counts().linked == 1


def test_what_shares_keys_is_found_up_to_a_limit(store):
    Links(store).put([record(f"vi-{i}", keys=(5, i)) for i in range(10, 16)])
    found = Links(store).sharing([5, 12, 99], most=4)
    assert found.keys() == {5, 12}
    assert found[12] == ("vi-12",)
    assert len(found[5]) == 4


@pytest.mark.parametrize("model", [MODEL, "model 2"])
def test_pending_are_the_new_and_the_changed(store, model):
    hashes = filled(store, "vi-1", "vi-2", "vi-3")
    Links(store).put([record("vi-1", hash_=hashes["vi-1"]), record("vi-2", hash_="older")])
    assert Links(store).pending(model) == (
        ["vi-2", "vi-3"] if model == MODEL else ["vi-1", "vi-2", "vi-3"]
    )


def test_orphans_are_records_without_article(store):
    filled(store, "vi-1")
    Links(store).put([record("vi-1"), record("vi-9")])
    assert Links(store).orphans() == ["vi-9"]


def test_vectors_are_those_of_one_language_model_and_of_firsts(store):
    Links(store).put(
        [
            record("vi-b", vector=unit(0, 1), near=0.25),
            record("vi-a", vector=unit(1)),
            record("vi-c", place=1),
            record("vi-d", model="other"),
            record("vi-e", vector=np.zeros(0, np.float32)),
            record("vi-f", matched=True),
            record("en-a", "en"),
        ]
    )
    [block] = Links(store).vectors("vi", model=MODEL)
    assert block.ids == ("vi-a", "vi-b", "vi-f")
    assert block.vectors.shape == (3, DIMENSION)
    np.testing.assert_allclose(block.vectors[1], unit(0, 1))
    np.testing.assert_allclose(block.near, [0, 0.25, 0])
    [block] = Links(store).vectors("vi", model=MODEL, unmatched=True)
    assert block.ids == ("vi-a", "vi-b")


def test_vectors_are_streamed_in_blocks(store):
    many = [record(f"vi-{i:05}", vector=unit(1, i)) for i in range(2500)]
    Links(store).put(many)
    blocks = list(Links(store).vectors("vi", model=MODEL))
    assert len(blocks) > 1
    assert [id_ for block in blocks for id_ in block.ids] == [r.id for r in many]


def test_lead_vectors_are_of_first_passages(store):
    store.upsert([entry("vi-1", "một hai ba bốn", unit(1), unit(0, 1)), entry("vi-2", "không")])
    store.flush()
    kept = store.vectors(["vi-1", "vi-2", "absent"])
    found = {id_: vectors[0] for id_, vectors in kept.items() if len(vectors)}
    assert found.keys() == {"vi-1"}
    np.testing.assert_allclose(found["vi-1"], unit(1), atol=1e-6)


def test_a_counterpart_that_is_deleted_is_never_shown(store):
    filled(store, "vi-1", "en-1", "vi-2", "en-2")
    Links(store).put([*pair("vi-1", "en-1"), *pair("vi-2", "en-2")])
    assert Links(store).counts() == LinkCounts(linked=4, counterparts=2)
    assert store.delete(["en-1"]) == 1
    assert Links(store).links(["vi-1", "en-1"]) == {"vi-1": Link(None, "vi-1")}
    assert not Links(store).records(["vi-1"])["vi-1"].matched  # to be looked at anew
    assert Links(store).links(["vi-2"])["vi-2"].counterpart == "en-2"


def group_of(*dates, name="story"):
    return [
        record(f"vi-{i}", date=date, group=name, place=1000 + i) for i, date in enumerate(dates)
    ]


def test_the_first_published_stands_for_a_group(store):
    Links(store).put(group_of("2025-03-02", None, "2025-03-01T09:00:00+07:00"))
    regroup(Links(store), ["story"])
    assert Links(store).members(["story", "other"]) == {"story": ("vi-2", "vi-0", "vi-1")}
    assert Links(store).links(["vi-0", "vi-1", "vi-2"]) == {
        "vi-2": Link(None, "story", 0, 2),
        "vi-0": Link(None, "story", 1, 2),
        "vi-1": Link(None, "story", 2, 2),
    }
    assert Links(store).counts() == LinkCounts(linked=3, groups=1, copies=2, unmatched=1)


def test_a_group_closes_up_when_its_first_is_deleted(store):
    filled(store, "vi-0", "vi-1", "vi-2", "en-1")
    Links(store).put(group_of("2025-03-01", "2025-03-02", "2025-03-03"))
    regroup(Links(store), ["story"])
    [first] = Links(store).records(["vi-0"]).values()
    _, partner = pair("vi-0", "en-1")
    Links(store).put([replace(first, matched=True, counterpart="en-1", score=0.1), partner])
    regroup(Links(store), ["story"])
    assert Links(store).links(["vi-2"])["vi-2"].counterpart == "en-1"
    store.delete(["vi-0"])
    assert Links(store).links(["vi-1", "vi-2", "en-1"]) == {
        "vi-1": Link(None, "story", 0, 1),
        "vi-2": Link(None, "story", 1, 1),
        "en-1": Link(None, "en-1"),
    }
    left = Links(store).records(["vi-1", "vi-2", "en-1"])
    assert {id_ for id_, record in left.items() if not record.matched} == {"vi-1", "en-1"}


def test_an_earlier_copy_takes_the_first_place(store):
    Links(store).put(group_of("2025-03-02", "2025-03-03"))
    regroup(Links(store), ["story"])
    [first] = Links(store).records(["vi-0"]).values()
    _, partner = pair("vi-0", "en-1")
    earlier = record("vi-9", group="story", date="2025-01-01", place=5)
    Links(store).put([replace(first, matched=True, counterpart="en-1"), partner, earlier])
    regroup(Links(store), ["story"])
    assert Links(store).members(["story"]) == {"story": ("vi-9", "vi-0", "vi-1")}
    records = Links(store).records(["vi-9", "vi-0", "vi-1", "en-1"])
    assert {id_ for id_, r in records.items() if r.counterpart} == set()
    assert {id_ for id_, r in records.items() if not r.matched} == {"vi-9", "en-1"}


def test_forgetting_what_is_not_there(store):
    filled(store, "vi-1")
    forget(Links(store), ["vi-1", "absent"])
    assert store.delete(["vi-1", "absent"]) == 1
    assert as_unmatched(record("vi-1", place=1)).matched  # a copy never looks for itself


def test_links_survive_a_rebuild(store):
    filled(store, "vi-1", "en-1")
    entries = list(store.entries())
    Links(store).put(pair("vi-1", "en-1"))
    with store.rebuild(PROFILE) as generation:
        generation.upsert(entries)
    assert Links(store).links(["vi-1"])["vi-1"].counterpart == "en-1"


def test_two_groups_become_one(store):
    first, second = group_of("2025-03-02", "2025-03-03", name="a")
    mine, partner = pair("vi-1", "en-1")
    second = replace(mine, group="a", date=second.date)
    Links(store).put([replace(first, place=0), second, partner])
    regroup(Links(store), ["a"])
    assert Links(store).links(["vi-0", "vi-1", "en-1"]) == {
        "vi-0": Link(None, "a", 0, 1),
        "vi-1": Link(None, "a", 1, 1),
        "en-1": Link(None, "en-1"),
    }
    left = Links(store).records(["vi-0", "en-1"])
    assert not any(record.matched for record in left.values())


def test_an_archive_begun_anew_has_no_links(make_store, store):
    filled(store, "vi-1")
    Links(store).put([record("vi-1", keys=(1,))])
    Links(store).clear()
    assert Links(make_store()).counts() == LinkCounts()
    assert Links(make_store()).sharing([1], most=1) == {}


def test_another_process_sees_links_at_once(make_store, store):
    Links(store).put(pair("vi-1", "en-1"))
    assert Links(make_store()).links(["en-1"])["en-1"].counterpart == "vi-1"
