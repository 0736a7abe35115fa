"""Measures on cases worked out by hand."""

import json
from math import log2

import pytest

from search.errors import SourceError
from search.evaluation import (
    Ranked,
    all_found,
    evaluate,
    measures,
    read_judged,
    read_rows,
    share,
)
from search.records import Article, Hit, Query, Results, Snippet


def test_measures_by_hand():
    relevant = {"q1": frozenset({"a"}), "q2": frozenset({"b"}), "q3": frozenset({"c"})}
    rankings = {"q1": ["a", "x"], "q2": ["x", "y", "b"], "q3": []}
    found = measures(relevant, rankings)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / log2(4) + 0) / 3, abs=1e-4)
    assert found["recall@10"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["mrr@10"] == pytest.approx((1 + 1 / 3) / 3, abs=1e-4)


def test_what_comes_after_the_tenth_does_not_count():
    found = measures({"q": frozenset({"a"})}, {"q": [*map(str, range(10)), "a"]})
    assert set(found.values()) == {0.0}


def test_two_relevant_articles():
    relevant = {"q": frozenset({"a", "b"})}
    found = measures(relevant, {"q": ["a", "x", "b"]})
    ideal = 1 + 1 / log2(3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / log2(4)) / ideal, abs=1e-4)
    assert all_found(relevant, {"q": ["a", "x", "b"]}, ["q"]) == 1.0
    assert all_found(relevant, {"q": ["a", "x"]}, ["q"]) == 0.0


def test_share():
    langs = {"a": "vi", "b": "en", "c": "vi"}
    assert share(langs, {"q": ["a", "b", "c"], "r": ["b"]}, ["q", "r"], "vi") == 0.5


def hit(id_, lang):
    return Hit(Article(id=id_, lang=lang, text="x"), 1.0, ("words",), Snippet("x"))


def test_a_whole_evaluation(tmp_path):
    rows = [{"_id": f"{i}-{lang}", "title": "", "text": "x", "metadata": {"lang": lang}}
            for i in "12" for lang in ("vi", "en")]  # fmt: skip
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    asked = [{"_id": "q1", "text": "một", "metadata": {"lang": "vi"}}]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)), "utf-8")
    qrels = "query-id\tcorpus-id\tscore\nq1\t1-vi\t1\nq1\t1-en\t1\nq1\t2-en\t0\n"
    (tmp_path / "qrels" / "test.tsv").write_text(qrels, "utf-8")

    def search(text):
        found = {"vi": (hit("1-vi", "vi"),), "en": (hit("2-en", "en"), hit("1-en", "en"))}
        mixed = ("1-vi", "2-en", "1-en")
        return Ranked.of(Results(Query(text), "vi", None, 5.0, {"vi": 1, "en": 2}, found, mixed))

    report = evaluate(read_judged(tmp_path), search)
    assert report["vi>vi"]["ndcg@10"] == 1.0
    assert report["vi>en"]["ndcg@10"] == pytest.approx(1 / log2(3), abs=1e-4)
    assert report["mixed"]["both@10"] == 1.0
    assert report["mixed"]["own_language_share"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["latency_ms"] == {"p50": 5.0, "p95": 5.0}


def test_ends_of_line_inside_a_string_end_no_row(tmp_path):
    rows = [{"_id": "1", "text": "one\u2028two\x85three"}, {"_id": "2", "text": "four"}]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "corpus.jsonl").write_text("\ufeff" + lines + "\n", "utf-8", newline="")
    assert read_rows(tmp_path / "corpus.jsonl") == rows


def test_a_folder_that_is_no_such(tmp_path):
    with pytest.raises(SourceError, match="BEIR"):
        read_judged(tmp_path)
