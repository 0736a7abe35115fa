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


def test_measures_by_hand():
    relevant = {"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}
    rankings = {"q1": ["a", "x"], "q2": ["x", "y", "b"], "q3": []}
    found = measures(relevant, rankings)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / log2(4) + 0) / 3, abs=1e-4)
    assert found["recall@10"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["mrr@10"] == pytest.approx((1 + 1 / 3) / 3, abs=1e-4)


def test_what_comes_after_the_tenth_does_not_count():
    found = measures({"q": {"a": 1}}, {"q": [*map(str, range(10)), "a"]})
    assert set(found.values()) == {0.0}


def test_two_relevant_articles():
    relevant = {"q": frozenset({"a", "b"})}
    found = measures({"q": {"a": 1, "b": 1, "x": 0}}, {"q": ["a", "x", "b"]})
    ideal = 1 + 1 / log2(3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / log2(4)) / ideal, abs=1e-4)
    assert all_found(relevant, {"q": ["a", "x", "b"]}, ["q"]) == 1.0
    assert all_found(relevant, {"q": ["a", "x"]}, ["q"]) == 0.0


def test_share():
    langs = {"a": "vi", "b": "en", "c": "vi"}
    assert share(langs, {"q": ["a", "b", "c"], "r": ["b"]}, ["q", "r"], "vi") == 0.5


def test_grades_count_by_how_much_they_are():
    found = measures({"q": {"a": 2, "b": 1}}, {"q": ["b", "a"]})
    assert found["ndcg@10"] == pytest.approx((1 + 2 / log2(3)) / (2 + 1 / log2(3)), abs=1e-4)


@pytest.fixture
def folder(tmp_path):
    rows = [{"_id": f"{i}-{lang}", "title": "", "text": "x", "metadata": {"lang": lang}}
            for i in "12" for lang in ("vi", "en")]  # fmt: skip
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    asked = [
        {"_id": "q1", "text": "một", "metadata": {"lang": "vi", "kind": "topic"}},
        {"_id": "q2", "text": "hai", "metadata": {"lang": "vi", "expect": "none"}},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)), "utf-8")
    qrels = "query-id\tcorpus-id\tscore\nq1\t1-vi\t1\nq1\t1-en\t1\nq1\t2-en\t0\n"
    (tmp_path / "qrels" / "test.tsv").write_text(qrels, "utf-8")
    return tmp_path


def answer(text):
    if text == "hai":
        return Ranked({"vi": [], "en": ["1-en"]}, ["1-en"], 5.0, {"vi": 0, "en": 0})
    found = {"vi": ["3-vi", "1-vi"], "en": ["2-en", "1-en"]}
    return Ranked(found, ["1-vi", "2-en", "1-en"], 5.0, {"vi": 2, "en": 1})


def test_a_whole_evaluation(folder):
    report = evaluate(read_judged(folder), answer)
    assert report["vi>vi"]["ndcg@10"] == pytest.approx(1 / log2(3), abs=1e-4)
    assert report["kinds"] == {
        "topic": {d: pytest.approx(1 / log2(3), abs=1e-4) for d in ("vi>vi", "vi>en")}
    }
    # "2-en" was judged irrelevant, "3-vi" by nobody.
    assert report["matches"] == {"precision": 0.5, "recall": 0.5, "unanswerable without": 1.0}


def test_what_nobody_judged_is_passed_over(folder):
    report = evaluate(read_judged(folder), answer, judged_only=True)
    assert report["vi>vi"]["ndcg@10"] == 1.0
    assert report["vi>en"]["ndcg@10"] == pytest.approx(1 / log2(3), abs=1e-4)
    assert report["mixed"]["both@10"] == 1.0
    # Of the second query nothing was judged, and nothing is left.
    assert report["mixed"]["own_language_share"] == pytest.approx(1 / 6, abs=1e-4)
    assert report["latency_ms"] == {"p50": 5.0, "p95": 5.0}


def test_ends_of_line_inside_a_string_end_no_row(tmp_path):
    rows = [{"_id": "1", "text": "one\u2028two\x85three"}, {"_id": "2", "text": "four"}]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "corpus.jsonl").write_text("\ufeff" + lines + "\n", "utf-8", newline="")
    assert read_rows(tmp_path / "corpus.jsonl") == rows


def test_a_folder_that_is_no_such(tmp_path):
    with pytest.raises(SourceError, match="BEIR"):
        read_judged(tmp_path)
