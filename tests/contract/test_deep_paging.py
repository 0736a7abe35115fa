"""Pages far behind the first are answered alike on every store."""

from __future__ import annotations

import pytest
from support.archives import demo_archive

from search.archive import open_archive
from search.records import Query
from search.settings import Settings
from search.transfer import copy_archive

OFFSETS = (0, 10, 40, 3_330, 9_990, 10_000, 59_000)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's stories in a file."""
    return str(demo_archive(tmp_path_factory))


@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
def test_every_page_is_answered(place, demo, mode):
    copy_archive(demo, place, settings=Settings())
    with (
        open_archive(place, settings=Settings()) as archive,
        open_archive(demo, settings=Settings()) as beside,
    ):
        for offset in OFFSETS:
            query = Query("giá cà phê", k=5, offset=offset, mode=mode)
            here, there = archive.search(query), beside.search(query)
            for lang in ("vi", "en"):
                # What is as relevant may stand in another order: vectors are rounded differently.
                ids = [hit.article.id for hit in here.results[lang]]
                relevance = [hit.relevance for hit in there.results[lang]]
                assert [hit.relevance for hit in here.results[lang]] == pytest.approx(
                    relevance, abs=0.005
                )
                assert here.total == there.total
                assert here.related == there.related
                assert not ids or offset < here.total[lang] + here.related[lang]
