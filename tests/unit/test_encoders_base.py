"""Identities, fingerprints, unit rows and batches."""

from __future__ import annotations

import numpy as np

from search.encoders.base import EncoderIdentity, checksum, fingerprint, unit_rows
from search.encoders.batches import batches


def test_identity_survives_json():
    known = EncoderIdentity("a/b", "r1", 384, ("query: ", "passage: "), "abc")
    values = known.to_json()
    assert values == {
        "name": "a/b",
        "revision": "r1",
        "dimension": 384,
        "prefixes": ["query: ", "passage: "],
        "fingerprint": "abc",
    }
    assert EncoderIdentity.from_json(values) == known


def test_fingerprint_depends_on_facts_and_not_on_their_order():
    assert fingerprint(a=1, b=("x", "y")) == fingerprint(b=["x", "y"], a=1)
    assert fingerprint(a=1, b=("x", "y")) != fingerprint(a=1, b=("y", "x"))
    # printf '{"name": "bundled"}' | sha256sum
    assert fingerprint(name="bundled") == "5e821a2d79730c59"


def test_checksum_sees_length_and_content(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(bytes(100_000))
    empty = checksum(path)
    path.write_bytes(bytes(100_001))
    longer = checksum(path)
    path.write_bytes(bytes(99_999) + b"\1")
    changed = checksum(path)
    assert len({empty, longer, changed}) == 3
    assert all(len(each) == 8 for each in (empty, longer, changed))


def test_unit_rows():
    rows = unit_rows(np.array([[3, 4], [0, 0], [np.nan, 1]], np.float64))
    even = 2**-0.5
    np.testing.assert_allclose(rows, [[0.6, 0.8], [even, even], [even, even]], rtol=1e-6)
    assert rows.dtype == np.float32
    assert unit_rows(np.empty((0, 5), np.float32)).shape == (0, 5)


def test_batches_go_from_long_to_short_within_the_budget():
    # 9 alone fills more than half; 4 and 3 take 8 with padding; 2, 2, 1 take 6.
    assert list(batches([2, 9, 1, 4, 3, 2], tokens=10)) == [[1], [3, 4], [0, 5, 2]]


def test_a_text_over_the_budget_is_a_batch_of_its_own():
    assert list(batches([30, 20], tokens=10)) == [[0], [1]]
    assert list(batches([], tokens=10)) == []
