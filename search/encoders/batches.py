"""Groups texts of similar length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], *, tokens: int) -> Iterator[list[int]]:
    """Group texts, longest first, into batches of at most ``tokens``, padding included.

    A text that is longer than that is a batch of its own.
    """
    batch: list[int] = []
    longest = 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and longest * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        longest = lengths[place] if not batch else longest
        batch.append(place)
    if batch:
        yield batch
