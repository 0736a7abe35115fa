"""Floors of language detection and of restored diacritics, pinned to their data.

Measured 2026-11-24: syllables 0.951 (XQuAD questions) and 0.960 (NTREX headlines); detection of the
first three words 0.969 (accented), 0.975 (unaccented), 1.000 (English).
"""

import hashlib
import json

import pytest

from search.detection import detect
from search.languages import exact_tokens
from search.restoring import Restorer

CHECKSUMS = {
    "xquad-dev/queries.jsonl": "e995908b9a44d037",
    "xquad-dev/queries-unaccented.jsonl": "83892f293748232b",
    "ntrex-dev/queries.jsonl": "704aa876d5e7c260",
    "ntrex-dev/queries-unaccented.jsonl": "2e7d9b9c2395b275",
}


def queries(shared, name):
    raw = (shared / "data" / name).read_bytes()
    assert hashlib.sha256(raw).hexdigest()[:16] == CHECKSUMS[name], (
        "the data is not the measured one"
    )
    return {row["_id"]: row for row in map(json.loads, raw.decode().splitlines())}


@pytest.mark.parametrize(("data", "floor"), [("xquad-dev", 0.948), ("ntrex-dev", 0.955)])
def test_restored_syllables(shared, data, floor):
    accented = queries(shared, f"{data}/queries.jsonl")
    right = total = 0
    for id_, row in queries(shared, f"{data}/queries-unaccented.jsonl").items():
        meant = exact_tokens(accented[id_]["text"])
        restored = exact_tokens(Restorer.bundled().restore(row["text"]).text)
        assert len(meant) == len(restored)
        right += sum(a == b for a, b in zip(meant, restored, strict=True))
        total += len(meant)
    assert right / total >= floor


@pytest.mark.parametrize(("words", "floor"), [(3, 0.965), (5, 0.99), (100, 1.0)])
@pytest.mark.parametrize("kind", ["vi", "en", "unaccented"])
def test_detection(shared, words, floor, kind):
    if kind == "unaccented":
        texts = [r["text"] for r in queries(shared, "xquad-dev/queries-unaccented.jsonl").values()]
    else:
        rows = queries(shared, "xquad-dev/queries.jsonl").values()
        texts = [row["text"] for row in rows if row["metadata"]["lang"] == kind]
    expected = "en" if kind == "en" else "vi"
    right = sum(detect(" ".join(text.split()[:words])).lang == expected for text in texts)
    assert right / len(texts) >= floor


def test_accented_questions_are_left_alone(shared):
    rows = queries(shared, "xquad-dev/queries.jsonl").values()
    texts = [row["text"] for row in rows if row["metadata"]["lang"] == "vi"]
    changed = sum(Restorer.bundled().restore(text).changed for text in texts)
    assert changed / len(texts) <= 0.01
