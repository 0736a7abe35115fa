"""Both errors of "no match": nonsense that is answered, questions that are not.

Nonsense is letters, syllables, random words in either language; questions are every third of
XQuAD's, whose paragraphs are there.
"""

import random

from support.archives import demo_archive, stories

from indexer.trial_archives import filled_archive
from search.archive import open_archive
from search.errors import QueryError
from search.evaluation import read_judged
from search.records import Query
from search.settings import Settings

ENGLISH = (
    "table quickly purple seven under bottle dance gravity spoon yellow envelope yesterday carpet"
    " logic onion jump velvet theory sock mountain whisper ladder pencil cloud hammer ribbon orbit"
).split()
VIETNAMESE = (
    "bàn nhanh tím bảy chai nhảy thìa vàng phong bì hôm qua thảm hành nhung tất núi thang bút mây"
    " búa ruy băng quỹ đạo mù tạt đèn lồng khúc khuỷu ngoằn ngoèo"
).split()
LETTERS = "qwrtpsdfghjklzxcvbnm"


def nonsense():
    rng = random.Random(7)
    for words in (1, 2, 3, 4):
        for _ in range(6):
            yield " ".join("".join(rng.choices(LETTERS, k=rng.randint(4, 9))) for _ in range(words))
    for words in (3, 5, 7):
        for vocabulary in (ENGLISH, VIETNAMESE):
            for _ in range(8):
                yield " ".join(rng.sample(vocabulary, words))
    yield from (
        "lorem ipsum dolor sit amet",
        "asdf asdf asdf",
        "aaaa bbbb cccc",
        "blorf snick wumple",
        "xyzzy plugh",
        "hahahaha hihihi",
        "foo bar baz quux",
        "ờ ừm à ơ",
        "lalala lolo",
        "khôngg bítt gìii",
        "tùng tùng cắc cắc",
    )


MOST_WITH_ANYTHING = 0.05


def answered(archive, queries):
    """Shares of queries that get a match, and anything at all, in any language."""
    matched = anything = total = 0
    for query in queries:
        total += 1
        try:
            results = archive.search(Query(query))
        except QueryError:
            continue
        matched += any(results.total.values())
        anything += any(results.total.values()) or any(results.related.values())
    return matched / total, anything / total


def test_nonsense_in_the_demo(tmp_path_factory):
    with open_archive(str(demo_archive(tmp_path_factory))) as archive:
        matched, anything = answered(archive, nonsense())
        titles = [story["title"] for story in stories()]
        found, _ = answered(archive, titles)
    assert matched == 0
    assert anything <= MOST_WITH_ANYTHING
    assert found == 1.0


def test_both_errors_among_paragraphs(shared):
    """Lost is a question whose paragraph is not in its list, though there are ten places."""
    folder = shared / "data" / "xquad-dev"
    judged = read_judged(folder)
    lost = {"same": 0, "cross": 0}
    asked = list(judged.queries)[::3]
    settings = Settings(max_query_chars=100_000)
    with filled_archive(folder, settings, on_progress=lambda _: None) as archive:
        matched, anything = answered(archive, nonsense())
        for id_, lang, text in asked:
            results = archive.search(Query(text))
            for target, hits in results.results.items():
                if not hits and judged.relevant(id_):
                    lost["same" if target == lang else "cross"] += 1
    assert matched == 0
    assert anything <= MOST_WITH_ANYTHING
    assert lost["same"] / len(asked) <= 0.015
    assert lost["cross"] / len(asked) <= 0.02
