"""The indexing run: what it counts, what it keeps, what it embeds – with the real encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer.passages import passage_text
from indexer.pipeline import BATCH, Indexer
from indexer.sources import Failure, Origin, RawDocument
from search.archive import open_archive
from search.settings import Settings
from search.stores.base import hashes_of


@pytest.fixture
def archive(tmp_path):
    with open_archive(str(tmp_path / "news.db"), settings=Settings()) as opened:
        opened.create()
        yield opened


@pytest.fixture
def both(request, tmp_path):
    """An archive of each kind; the parameter says which."""
    place = str(tmp_path / "news.db")
    if request.param == "elasticsearch":
        place = request.getfixturevalue("cluster")
    with open_archive(place, settings=Settings()) as opened:
        opened.create()
        yield opened


def document(number, line=None, **fields):
    given = {"id": f"a{number:03}", "text": f"Tin số {number} trong ngày.", **fields}
    return RawDocument(Origin("news.jsonl", line or number + 1), fields=given)


def run(archive, documents):
    """(report, problems) of a run."""
    problems = []
    indexer = Indexer(archive, problems.append, lambda report: None)
    return indexer.run(documents), problems


def counts(report):
    return (report.added, report.updated, report.unchanged, report.skipped, report.failed)


def test_every_document_is_counted_once(archive):
    documents = [
        document(1),
        document(2),
        Failure("news.jsonl", 4, "is not JSON"),
        Failure("news", None, "files passed over: 1 hidden", skipped=True),
        document(3, text=" "),
        document(1, line=7, text="Một tin khác có cùng số hiệu."),
        document(4, colour="red"),
    ]
    report, problems = run(archive, documents)
    assert counts(report) == (3, 0, 0, 2, 2)
    assert report.documents == len(documents)
    assert (report.warnings, report.passages, report.interrupted) == (1, 3, False)
    assert report.seconds > 0
    assert [(p.kind, p.file, p.line) for p in problems] == [
        ("failed", "news.jsonl", 4),
        ("skipped", "news", None),
        ("failed", "news.jsonl", 4),
        ("warning", "news.jsonl", 5),
        ("skipped", "news.jsonl", 7),
    ]
    assert archive.articles(["a001"])["a001"].text.startswith("Tin số 1")


def test_one_article_given_twice_is_added_once(archive):
    report, problems = run(archive, [document(1), document(1), document(2)])
    assert counts(report) == (2, 0, 1, 0, 0)
    assert report.passages == 2
    assert problems == []


def test_a_second_run_embeds_only_what_changed(archive):
    documents = [document(number) for number in range(5)]
    assert counts(run(archive, documents)[0]) == (5, 0, 0, 0, 0)
    before = {e.article.id: e for e in archive.store.entries()}
    report, _ = run(archive, documents)
    assert counts(report) == (0, 0, 5, 0, 0)
    assert report.passages == 0
    documents[2] = document(2, text="Tin số 2 được viết lại.")
    report, _ = run(archive, documents)
    assert counts(report) == (0, 1, 4, 0, 0)
    assert report.passages == 1
    after = {e.article.id: e for e in archive.store.entries()}
    assert after.keys() == before.keys()
    assert not np.allclose(after["a002"].vectors, before["a002"].vectors, atol=1e-3)
    np.testing.assert_array_equal(after["a003"].vectors, before["a003"].vectors)


def test_vectors_are_those_of_the_passages_texts(archive):
    long = "\n\n".join(f"Đoạn văn thứ {n} kể về một cây cầu mới ở miền núi. " * 8 for n in range(9))
    run(archive, [document(1, title="Cây cầu", text=long), document(2)])
    for entry in archive.store.entries():
        texts = [passage_text(entry.article, passage) for passage in entry.passages]
        assert all("Cây cầu" in text for text in texts) == (entry.article.id == "a001")
        fresh = archive.encoder.encode_passages(texts)
        assert np.sum(fresh * entry.vectors, axis=1).min() > 0.99
        assert max(archive.encoder.count_tokens(texts)) <= archive.encoder.max_tokens
    assert archive.stats().passages > 3


def test_progress_never_goes_back_and_ends_at_the_total(archive):
    seen = []
    documents = [document(number) for number in range(2 * BATCH + 5)]
    run_ = Indexer(archive, lambda problem: None, lambda report: seen.append(report.documents))
    run_.run(documents)
    assert seen == [BATCH, 2 * BATCH, len(documents)]


def test_documents_are_read_as_they_are_needed(archive):
    taken = []

    def endless():
        for number in range(10 * BATCH):
            taken.append(number)
            yield document(number)
            if number == BATCH:
                raise KeyboardInterrupt

    indexer = Indexer(archive, lambda problem: None, lambda report: None)
    with pytest.raises(KeyboardInterrupt):
        indexer.run(endless())
    assert len(taken) == BATCH + 1
    # What was reported before the interruption is kept and can be found.
    assert indexer.report.added == BATCH
    assert len(hashes_of(archive.store, [f"a{n:03}" for n in range(BATCH + 1)])) == BATCH
    report, _ = run(archive, [document(number) for number in range(BATCH + 1)])
    assert counts(report) == (1, 0, BATCH, 0, 0)


@pytest.mark.parametrize("both", ["embedded", "elasticsearch"], indirect=True)
def test_fields_of_absurd_length_cost_no_other_article(both):
    documents = [document(n) for n in range(4)]
    documents[1] = document(1, source="báo " * 20_000)
    documents[2] = document(2, section="mục " * 20_000, tags=["thẻ " * 20_000], title="t " * 9_000)
    report, problems = run(both, documents)
    assert report.added + report.failed == 4
    assert hashes_of(both.store, ["a000", "a003"]).keys() == {"a000", "a003"}
    for problem in problems:
        assert problem.line in (2, 3)
        assert len(problem.reason) < 500
    again, _ = run(both, [replace(d) for d in documents])
    assert (again.added, again.failed) == (0, report.failed)


@pytest.mark.parametrize("both", ["embedded", "elasticsearch"], indirect=True)
def test_nothing_to_index_is_no_error(both):
    report, problems = run(both, [])
    assert (counts(report), problems) == ((0, 0, 0, 0, 0), [])
