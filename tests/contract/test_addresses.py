"""One address, one article, in every store: whoever writes, however many write at once."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import closing

from support.commands import songngu, songngu_json, start
from support.entries import PROFILE, entry, unit
from support.histories import processes

from indexer.pipeline import Indexer
from indexer.sources import Origin, RawDocument
from search.addresses import article_key
from search.archive import open_archive, open_store
from search.settings import Settings
from search.stores.base import hashes_of
from search.stores.ledger import Ledger
from search.stores.sqlite.rows import insert
from search.stores.sqlite.store import EmbeddedStore

__all__ = ["processes"]

WRITERS = 4
ADDRESSES = 60


def at(id_, number, text="tin", **fields):
    """An entry from an address, written in a way of its own."""
    return entry(id_, text, unit(1), url=f"https://bao.example/{number}?utm_source={id_}", **fields)


def shared(store):
    """Addresses that several articles of a store have."""
    keys = Counter(article_key(article.url) for article in store.stream() if article.url)
    return [key for key, times in keys.items() if times > 1]


def test_an_address_that_another_article_has_is_taken(store, make_store):
    store.upsert([at("a", 1), at("b", 2)])
    report = make_store().upsert([at("c", 1), at("d", 3), at("e", 3), at("a", 1, "tin mới")])
    assert set(report.written) == {"d", "a"}
    assert set(report.taken) == {("c", "a"), ("e", "d")}
    assert (report.failures, report.barred, report.outdated) == ((), (), ())
    assert hashes_of(store, ["a", "b", "c", "d", "e"]).keys() == {"a", "b", "d"}
    # Who has an article may not move it to where another one is.
    assert store.upsert([at("b", 1)]).taken == (("b", "a"),)
    assert store.articles(["b"])["b"] == at("b", 2).article
    # What is gone leaves its address to others.
    store.delete(["a"])
    assert store.upsert([at("b", 1)]).written == ("b",)
    assert store.upsert([at("f", 2)]).written == ("f",)


def write(location, name, folder):
    """A writer of its own process: the same addresses as the others, its own ids."""
    with closing(open_store(location, Settings())) as store:
        (folder / f"{name}.ready").touch()
        while not (folder / "go").exists():
            time.sleep(0.001)
        written, taken = [], []
        for first in range(0, ADDRESSES, 10):
            numbers = range(first, first + 10)
            report = store.upsert([at(f"{name}-{n}", n, f"tin của {name}") for n in numbers])
            assert not report.failures
            written += report.written
            taken += report.taken
    (folder / f"{name}.json").write_text(json.dumps([written, taken]), "utf-8")


def test_several_writers_at_once(store, processes, tmp_path):
    names = [f"w{n}" for n in range(WRITERS)]
    writers = [
        processes.Process(target=write, args=(store.location, name, tmp_path)) for name in names
    ]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 120
    while not all((tmp_path / f"{name}.ready").exists() for name in names):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (tmp_path / "go").touch()
    written, taken = set(), []
    for name, writer in zip(names, writers, strict=True):
        writer.join(120)
        assert writer.exitcode == 0
        writer.close()
        wrote, refused = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        written |= set(wrote)
        taken += refused
    store.flush()
    kept = {article.id for article in store.stream()}
    assert kept == written
    assert shared(store) == []
    assert len(kept) == ADDRESSES
    assert len(taken) == (WRITERS - 1) * ADDRESSES
    assert {holder for _, holder in taken} <= kept


def document(id_, number, text):
    fields = {"id": id_, "text": text, "url": f"https://bao.example/{number}"}
    return RawDocument(Origin(f"{id_}.jsonl", 1, f"/{id_}.jsonl"), fields=fields)


def test_a_run_that_is_overtaken_ends_as_if_it_had_come_second(place):
    """Between its look at the archive and its writing, another run writes the same addresses."""
    with open_archive(place, settings=Settings()) as archive:
        archive.create()
        problems = []
        overtaken = Indexer(archive, problems.append, lambda report: None)
        look_up = archive.store.ids_at

        def look_up_and_be_overtaken(keys):
            archive.store.ids_at = look_up
            found = look_up(keys)
            first = Indexer(archive, problems.append, lambda report: None)
            first.run([document("a", 1, "Tin một của hôm nay."), document("b", 2, "Tin hai.")])
            return found

        archive.store.ids_at = look_up_and_be_overtaken
        documents = [
            document("x", 1, "Tin một được viết lại."),
            document("y", 2, "Tin hai."),
            document("z", 3, "Tin ba."),
        ]
        report = overtaken.run(documents)
        assert (report.added, report.updated, report.unchanged, report.failed) == (1, 1, 1, 0)
        assert problems == []
        kept = {article.id: article.text for article in archive.store.stream()}
        assert kept == {"a": "Tin một được viết lại.", "b": "Tin hai.", "z": "Tin ba."}
        assert Ledger(archive.store).brought("/x.jsonl") == ["a"]
        assert report.held["/x.jsonl"] >= {"a"}
        again = Indexer(archive, problems.append, lambda report: None).run(documents)
        assert (again.unchanged, again.documents) == (3, 3)


def test_commands_at_once(place, tmp_path):
    stories = [
        {"text": f"Bài số {n} kể về cây cầu thứ {n}.", "url": f"https://bao.example/{n}"}
        for n in range(40)
    ]
    sources = []
    for name in ("a", "b", "c"):
        sources.append(tmp_path / f"{name}.jsonl")
        rows = (story | {"id": f"{name}-{n}"} for n, story in enumerate(stories))
        sources[-1].write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "first.jsonl").write_text('{"id": "first", "text": "Một tin có trước."}', "utf-8")
    songngu_json("index", "first.jsonl", "--archive", place, cwd=tmp_path)
    command = ("--archive", place, "--json", "--errors")
    runs = [
        start("index", source, *command, f"{source.stem}-errors", cwd=tmp_path)
        for source in sources
    ]
    counts = Counter()
    for run in runs:
        output, errors = run.communicate(timeout=600)
        assert run.returncode == 0, errors
        report = json.loads(output)
        counts.update({kind: report[kind] for kind in ("added", "updated", "unchanged")})
    assert counts == {"added": 40, "updated": 0, "unchanged": 80}
    with closing(open_store(place, Settings())) as store:
        store.flush()
        assert shared(store) == []
        assert sum(store.stats().articles.values()) == 41
    for source in sources:
        report = songngu_json("index", source, "--archive", place, cwd=tmp_path)
        assert report["unchanged"] == 40


def doubled(path):
    """An archive as it was made before: an address may have several articles."""
    with closing(EmbeddedStore(path)) as store:
        store.create(PROFILE)
        store.upsert([at("one", 9, "tin riêng")])
        with store._writing() as connection:
            for e in (
                at("old", 1, "tin cũ dài hơn nhiều", date="2025-01-01"),
                at("new", 1, "tin mới", date="2025-01-02"),
                at("short", 2, "tin"),
                at("whole", 2, "tin đầy đủ"),
                at("same-2", 3, "tin y hệt"),
                at("same-1", 3, "tin y hệt"),
            ):
                insert(connection, e)
        Ledger(store).bring(["old", "one"], "/tin/một")
        Ledger(store).bring(["short"], "/tin/hai")
        store.flush()
        assert len(shared(store)) == 3


def test_an_archive_with_doubles_is_mended(tmp_path):
    doubled(tmp_path / "news.db")
    done = songngu("copy", "news.db", "copied.db", cwd=tmp_path)
    assert done.returncode == 1
    assert "same-2 is left out: same-1 has its address there" in done.stderr
    assert "doctor --mend" in done.stderr.splitlines()[-1]
    done = songngu("doctor", "--mend", "--archive", "news.db", cwd=tmp_path)
    assert "removed: old, whose address new has" in done.stdout
    assert "3 articles removed" in done.stdout
    with closing(EmbeddedStore(tmp_path / "news.db")) as store:
        assert [kept.id for kept in store.listing()] == ["new", "one", "same-1", "whole"]
        assert Ledger(store).origins(["new", "whole", "old", "short"]) == {
            "new": ("/tin/một",),
            "whole": ("/tin/hai",),
        }
        assert store.upsert([at("other", 2)]).taken == (("other", "whole"),)
    done = songngu("copy", "news.db", "whole.db", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
