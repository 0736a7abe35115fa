"""Floors of which words cross the languages, on parallel questions, pinned to their data.

A word of a question should cross when it stands in the paragraph of the other language that answers
it, is no function word and is rare there; one that crosses and stands elsewhere is noise. Measured
2026-11-24, picked / without noise: Vietnamese 0.97 / 0.86, lower-case 0.95 / 0.83, lower-case
without marks 0.93 / 0.82; English 0.97 / 0.84, lower-case or capitals 0.85 / 0.89.
"""

import hashlib
import json
from collections import Counter, defaultdict

import pytest

from search.ranking.query import read_query
from search.records import Query
from search.text.languages import LANGUAGES, exact_tokens, fold

CHECKSUMS = {
    "corpus.jsonl": "62d0e97f1cc83bac",
    "queries.jsonl": "e995908b9a44d037",
    "queries-unaccented.jsonl": "83892f293748232b",
}


@pytest.fixture(scope="module")
def xquad(shared):
    """(folded words and language of each paragraph, questions, unaccented ones, their answers)."""
    folder = shared / "data" / "xquad-dev"
    rows = {}
    for name, checksum in CHECKSUMS.items():
        raw = (folder / name).read_bytes()
        assert hashlib.sha256(raw).hexdigest()[:16] == checksum, "the data is not the measured one"
        rows[name] = list(map(json.loads, raw.decode().splitlines()))
    paragraphs = {
        row["_id"]: (
            row["metadata"]["lang"],
            set(map(fold, exact_tokens(f"{row['title']} {row['text']}"))),
        )
        for row in rows["corpus.jsonl"]
    }
    answers = defaultdict(list)
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        question, paragraph, _ = line.split("\t")
        answers[question].append(paragraph)
    unaccented = {row["_id"]: row["text"] for row in rows["queries-unaccented.jsonl"]}
    return paragraphs, rows["queries.jsonl"], unaccented, answers


@pytest.mark.parametrize(
    ("lang", "form", "least_picked", "least_right"),
    [
        ("vi", "as typed", 0.96, 0.85),
        ("vi", "lower", 0.94, 0.81),
        ("vi", "unaccented lower", 0.92, 0.81),
        ("vi", "upper", 0.92, 0.81),
        ("en", "as typed", 0.96, 0.83),
        ("en", "lower", 0.84, 0.88),
        ("en", "upper", 0.84, 0.88),
    ],
)
def test_words_that_cross(xquad, lang, form, least_picked, least_right):
    paragraphs, questions, unaccented, answers = xquad
    other = "en" if lang == "vi" else "vi"
    texts = [words for language, words in paragraphs.values() if language == other]
    occurrences = Counter(word for words in texts for word in words)
    function_words = {fold(w) for language in LANGUAGES.values() for w in language.stop_words}
    picked = wanted = right = noise = 0
    for question in questions:
        if question["metadata"]["lang"] != lang:
            continue
        text = unaccented[question["_id"]] if "unaccented" in form else question["text"]
        text = text.lower() if "lower" in form else text.upper() if form == "upper" else text
        read = read_query(Query(text), max_chars=5000)
        found = set(read.alike()) if read.lang == lang else set()
        found -= LANGUAGES[other].stop_words
        [gold] = [paragraphs[i][1] for i in answers[question["_id"]] if paragraphs[i][0] == other]
        crossing = {
            word
            for word in set(map(fold, exact_tokens(text))) & gold - function_words
            if occurrences[word] <= 0.05 * len(texts)
        }
        picked += len(crossing & found)
        wanted += len(crossing)
        right += len(found & gold)
        noise += sum(occurrences[word] > 0 for word in found - gold)
    assert picked / wanted >= least_picked
    assert right / (right + noise) >= least_right
