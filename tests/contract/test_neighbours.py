"""What else has been written on a story's subject: each store, vectors made by hand."""

import numpy as np
import pytest
from support.entries import entry, unit

from search.archive import Archive
from search.neighbours import LEAST_NEARNESS
from search.ranking.profile import LinkingConstants, RankingProfile
from search.settings import Settings
from search.stores.links import LinkRecord, Links

USUAL = 0.5
LINKING = LinkingConstants(USUAL, 0, 0, 0, 14, 0, 0)


def near(cosine, other):
    """A vector with a cosine to the first axis; ``other`` is the axis that it leans to."""
    rest = np.zeros(14)
    rest[other] = np.sqrt(1 - cosine**2)
    return unit(cosine, *rest)


def link(id_, lang, group, place=0, counterpart=None):
    return LinkRecord(
        id_,
        lang,
        "h",
        "m",
        group=group,
        place=place,
        copies=1,
        matched=True,
        counterpart=counterpart,
    )


@pytest.fixture
def archive(store):
    """The story "s" with what is near to it; a few are copies and counterparts."""
    store.upsert(
        [
            entry("s", "bài gốc", unit(1), unit(0, 1), date="2025-03-10T08:00:00+07:00"),
            entry("s-copy", "bài gốc", near(0.999, 1), date="2025-03-11"),
            entry("s-en", "the same", near(0.99, 2), lang="en", date="2025-03-09"),
            entry("s-en-copy", "the same", near(0.98, 2), lang="en", date="2025-03-09"),
            entry("before", "trước đó", near(0.9, 3), date="2025-01-02"),
            entry("before-copy", "trước đó", near(0.91, 3), date="2025-01-03"),
            entry("after", "sau đó", near(0.85, 4), date="2025-04-01"),
            entry("same-day", "cùng ngày", near(0.8, 5), date="2025-03-10T06:00:00+07:00"),
            entry("undated", "không rõ ngày", near(0.7, 6)),
            entry("far", "chuyện khác", near(0.51, 7), date="2024-01-01"),
            entry("long-before", "long before", near(0.8, 8), lang="en", date="2024-05-05"),
            entry("far-en", "something else", near(0.52, 9), lang="en"),
            entry("no-vector", "không có vectơ"),
        ]
    )
    Links(store).put(
        [
            link("s", "vi", "s", counterpart="s-en"),
            link("s-copy", "vi", "s", 1, counterpart="s-en"),
            link("s-en", "en", "s-en", counterpart="s"),
            link("s-en-copy", "en", "s-en", 1, counterpart="s"),
            link("before", "vi", "before"),
            link("before-copy", "vi", "before", 1),
        ]
    )
    store.flush()
    return Archive(store, Settings(), profile=RankingProfile(linking=LINKING))


def ids(stories):
    return [story.article.id for story in stories]


def test_related_stories_are_the_nearest_of_each_language_but_the_story_itself(archive):
    found = archive.related("s")
    assert ids(found.nearest["vi"]) == ["before", "after", "same-day", "undated"]
    assert ids(found.nearest["en"]) == ["long-before"]
    assert [story.nearness for story in found.nearest["vi"]] == sorted(
        (story.nearness for story in found.nearest["vi"]), reverse=True
    )
    assert all(LEAST_NEARNESS["own"] <= story.nearness <= 1 for story in found.nearest["vi"])


def test_earlier_coverage_is_of_earlier_days_oldest_first(archive):
    assert ids(archive.related("s").earlier) == ["long-before", "before"]
    assert ids(archive.related("s", earlier=1).earlier) == ["before"]
    assert archive.related("undated").earlier == ()


def test_no_more_than_are_asked_for(archive):
    found = archive.related("s", k=1)
    assert ids(found.nearest["vi"]) == ["before"]
    assert ids(found.earlier) == ["long-before", "before"]


def test_a_story_without_a_vector_or_that_is_not_there_has_none(archive):
    for id_ in ("no-vector", "nobody"):
        found = archive.related(id_)
        assert found.nearest == {"vi": (), "en": ()}
        assert found.earlier == ()


def test_an_encoder_for_which_nothing_was_fitted_has_the_background_of_its_lists(archive):
    unfitted = Archive(archive.store, Settings(), profile=RankingProfile())
    assert ids(unfitted.related("s").nearest["vi"])[0] == "before"
    assert "far" not in ids(unfitted.related("s").nearest["vi"])
