"""Linking the demo's stories in either store: at once, bit by bit, after changes and deletions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.archives import demo_archive
from support.entries import PROFILE, entry

from indexer.linking.linker import link
from search.errors import ArchiveMissingError
from search.stores.links import Links
from search.stores.sqlite.store import EmbeddedStore
from search.text.languages import LANGUAGES

ONE, OTHER = "demo-003-vi", "demo-003-en"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Profile and entries of the demo's stories with their real vectors, by id."""
    kept = EmbeddedStore(demo_archive(tmp_path_factory))
    entries = {e.article.id: e for e in kept.entries()}
    profile = kept.profile()
    kept.close()
    return profile, entries


@pytest.fixture
def archive(make_store, demo):
    store = make_store()
    store.create(demo[0])
    return store


def add(store, entries):
    report = store.upsert(list(entries))
    assert not report.failures
    store.flush()


def retold(of, **changes):
    """An entry with changes in its article and the same vectors; at no address, as one has one."""
    article = replace(of.article, **({"url": None} | changes))
    language = LANGUAGES[article.lang]
    forms = language.forms(title=article.title, body=article.body, words=of.forms.words)
    return replace(of, article=article, forms=forms)


def counterparts(store, ids):
    return {id_: one.counterpart for id_, one in Links(store).links(list(ids)).items()}


def test_bit_by_bit_as_at_once(archive, make_store, demo):
    entries = demo[1]
    add(archive, entries.values())
    report = link(archive)
    at_once = counterparts(archive, entries)
    assert report.new == len(entries)
    assert report.counterparts == sum(map(bool, at_once.values())) // 2 >= 18
    for id_, other in at_once.items():
        assert other is None or (other[:8] == id_[:8] and at_once[other] == id_)
    assert archive.delete(list(entries)) == len(entries)
    archive.flush()
    ids = sorted(entries, key=lambda id_: id_[::-1])  # English first, then Vietnamese
    for start in range(0, len(ids), 20):
        add(archive, [entries[id_] for id_ in ids[start : start + 20]])
        link(archive)
    # What was decided when the archive was smaller stays: a pair at the threshold may differ.
    bit_by_bit = counterparts(archive, entries)
    assert sum(bit_by_bit[id_] != other for id_, other in at_once.items()) <= 2
    again = link(make_store())
    assert (again.new, again.linked) == (0, len(entries))


def test_again_forgets_and_finds_the_same(archive, demo):
    add(archive, demo[1].values())
    first = link(archive)
    second = link(archive, again=True)
    assert (second.new, second.counterparts) == (len(demo[1]), first.counterparts)


def test_copies_share_one_counterpart(archive, demo):
    _, entries = demo
    add(archive, entries.values())
    link(archive)
    earlier = retold(entries[ONE], id="earlier", date="2025-01-14", url=None, source="Báo khác")
    later = retold(entries[ONE], id="later", date="2025-01-16", title="Giá cà phê lập đỉnh - Báo B")
    add(archive, [earlier, later])
    report = link(archive)
    assert (report.new, report.groups, report.copies) == (2, 1, 2)
    links = Links(archive).links([ONE, "earlier", "later", OTHER])
    assert {links[id_].group for id_ in (ONE, "earlier", "later")} == {links[ONE].group}
    assert [links[id_].place for id_ in ("earlier", ONE, "later")] == [0, 1, 2]
    assert [links[id_].counterpart for id_ in ("earlier", ONE, "later")] == [OTHER] * 3
    assert links[OTHER].counterpart == "earlier"
    assert links[OTHER].copies == 0  # a translation is no copy


def test_a_changed_article_leaves_its_copies_and_its_counterpart(archive, demo):
    _, entries = demo
    copy = retold(entries[ONE], id="copy", date="2025-01-15")
    add(archive, [*entries.values(), copy])
    link(archive)
    assert Links(archive).links([ONE])[ONE].copies == 1
    other = entries["demo-030-vi"]  # another story altogether, without a counterpart
    changed = retold(other, id=ONE)
    add(archive, [changed])
    assert link(archive).new == 1
    links = Links(archive).links([ONE, "copy", OTHER, "demo-030-vi"])
    assert links["copy"].counterpart == OTHER
    assert (links["copy"].copies, links[OTHER].counterpart) == (0, "copy")
    assert links[ONE].counterpart is None
    assert links[ONE].group == links["demo-030-vi"].group


def test_a_deleted_story_makes_room_for_the_next_best(archive, demo):
    _, entries = demo
    # The same story in another newspaper's words: near enough to be the counterpart, no copy.
    second = retold(
        entries[OTHER],
        id="second",
        text="Growers in the Central Highlands hold back their beans as prices climb before Tet.",
        lead="",
        title="Coffee at a record in Buon Ma Thuot",
    )
    add(archive, [*entries.values(), second])
    link(archive)
    first = Links(archive).links([ONE])[ONE].counterpart
    assert first in (OTHER, "second")
    rest = {OTHER: "second", "second": OTHER}[first]
    assert Links(archive).links([rest])[rest].counterpart is None
    archive.delete([first])
    archive.flush()
    assert Links(archive).links([ONE])[ONE].counterpart is None
    assert link(archive).new == 0
    # Whoever lost a partner is compared again, with those that had been left over as well.
    assert Links(archive).links([ONE])[ONE].counterpart in (None, rest)


def test_far_apart_in_time_is_another_story(archive, demo):
    _, entries = demo
    moved = retold(entries[OTHER], date="2025-02-20")
    add(archive, [entries[ONE], moved])
    link(archive)
    assert counterparts(archive, [ONE, OTHER]) == {ONE: None, OTHER: None}


def test_articles_without_passages_or_dates(archive, demo):
    _, entries = demo
    bare = replace(entries[ONE], passages=(), vectors=entries[ONE].vectors[:0])
    undated = retold(entries["demo-008-vi"], date=None)
    add(archive, [bare, undated, entries[OTHER], entries["demo-008-en"]])
    assert link(archive).new == 4
    assert counterparts(archive, [ONE, OTHER, "demo-008-vi"]) == {
        ONE: None,
        OTHER: None,
        "demo-008-vi": "demo-008-en",
    }


def test_one_language_is_told(archive, demo):
    add(archive, [e for e in demo[1].values() if e.article.lang == "vi"])
    report = link(archive)
    assert report.counterparts == 0
    assert "Tiếng Việt" in report.note
    add(archive, [demo[1][OTHER]])
    assert link(archive).note is None
    assert Links(archive).links([ONE])[ONE].counterpart == OTHER


def test_an_encoder_without_constants_gets_copies_only(store):
    text = " ".join(f"từ{i}" for i in range(80))
    add(store, [entry("a", text), entry("b", text), entry("c", "other words", lang="en")])
    report = link(store)
    assert "encoder" in report.note
    assert (report.copies, report.counterparts) == (1, 0)


def test_nothing_to_link(missing_store, archive):
    assert link(archive).new == 0
    missing = missing_store
    if missing.profile() is None:
        with pytest.raises(ArchiveMissingError):
            link(missing)


def test_links_outlive_another_generation(archive, demo):
    profile, entries = demo
    add(archive, entries.values())
    link(archive)
    before = counterparts(archive, entries)
    with archive.rebuild(profile) as generation:
        generation.upsert(list(entries.values()))
    archive.flush()
    assert counterparts(archive, entries) == before
    assert link(archive).new == 0


def test_another_models_vectors_are_not_compared(archive, demo):
    """After reembed every article is linked anew; what was found stays to be seen until then."""
    profile, entries = demo
    add(archive, entries.values())
    link(archive)
    other = replace(profile, encoder=replace(profile.encoder, fingerprint="of another model"))
    assert PROFILE.encoder.fingerprint != other.encoder.fingerprint
    with archive.rebuild(other) as generation:
        generation.upsert(list(entries.values()))
    archive.flush()
    assert Links(archive).links([ONE])[ONE].counterpart == OTHER
    report = link(archive)
    assert report.new == len(entries)
    assert report.note
