"""What an archive holds on a draft: “has anyone written this?”

``coverage`` reads the draft, looks every paragraph up in both languages, and says of each story
near to it whether it is the same story, tells the same event or is background, which paragraphs it
is near to, and when it was published. ``background_lines`` writes the dated, cited lines of a
background box: nothing in them is made up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as calendar_date
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from search.archive import Archive
from search.drafts import Draft, read_draft
from search.encoders.base import FloatArray
from search.ranking.nearness import (
    FEATURES,
    KINDS,
    Nearness,
    NearnessModel,
    Surroundings,
    TextPrint,
    features,
    in_the_same_words,
    usual_nearness,
    whole_of,
)
from search.ranking.snippets import cut
from search.records import Article, Link
from search.stores.base import FloatArray64, NearestLookup, Scope
from search.text.languages import LANGUAGES
from search.text.sentences import sentences

MOST_STORIES = 50
"""That an answer may have."""
BACKGROUND_LINES = 5

_NEAREST = 40
"""Stories that are looked up for each paragraph in each language."""
_CANDIDATES = 10
"""Of these, those that are compared; the others show how near stories usually are."""
_BESIDE = 3
"""Stories that are named beside a paragraph."""
_BESIDE_LEAST = 0.25
"""How near, as a share of the way from usual to identity, one must be to stand beside it."""
_AGAIN = 0.5
"""What is left of a story's worth for a background box that has its day or its paragraph."""
_LONGEST_LINE = 240
_MONTHS = (
    "January February March April May June July August September October November December".split()
)


@dataclass(frozen=True, slots=True)
class Telling:
    """A story as it is told in one language.

    Attributes:
        copies: How many further articles tell it in nearly the same words.
        near: How near it is to each part of the draft: 0 is usual, 1 is identity.
        part: The place of the part it is nearest to.
        passage: What of it is nearest to that.
    """

    article: Article
    copies: int
    near: tuple[float, ...]
    part: int
    passage: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write a telling of a story in ``Coverage.to_json``."""
        article = self.article
        return {
            "id": article.id,
            "lang": article.lang,
            "title": article.title,
            "date": article.date,
            "source": article.source,
            "url": article.url,
            "copies": self.copies,
            "part": self.part + 1,
            "passage": self.passage,
        }


@dataclass(frozen=True, slots=True)
class CoveredStory:
    """A story of the archive: all its copies, in both languages where they are known.

    Attributes:
        kind: What it is to the draft.
        relevance: 0 to 1, within its kind.
        tellings: At least one; the one nearest to the draft first.
        parts: Places of the draft's parts that it is named beside, ascending.
    """

    kind: Nearness
    relevance: float
    tellings: tuple[Telling, ...]
    parts: tuple[int, ...] = ()

    @property
    def date(self) -> str | None:
        """When it was first published, as far as that is known."""
        return min((t.article.date for t in self.tellings if t.article.date), default=None)

    @property
    def part(self) -> int:
        """The place of the draft's part that it is nearest to."""
        return self.tellings[0].part

    def telling(self, lang: str) -> Telling:
        """The story in a language; in the other where it is not known in this one."""
        return next((t for t in self.tellings if t.article.lang == lang), self.tellings[0])


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an archive holds on a draft.

    Attributes:
        stories: The same story first, then the same event, then background; each the nearest first.
        beside: For each part of the draft the places of the stories that are nearest to it.
    """

    draft: Draft
    stories: tuple[CoveredStory, ...]
    beside: tuple[tuple[int, ...], ...]
    took_ms: float

    def of(self, *kinds: Nearness) -> list[CoveredStory]:
        """The stories of some kinds."""
        return [story for story in self.stories if story.kind in kinds]

    def timeline(self) -> list[int]:
        """Places of the stories by date, the earliest first, unknown dates last."""
        dates = [story.date for story in self.stories]
        return sorted(range(len(dates)), key=lambda i: (dates[i] is None, dates[i] or "", i))

    def to_json(self) -> dict[str, Any]:
        """Write the answer of ``songngu before --json`` and ``POST /api/v1/before``.

        Parts and stories are numbered from 1.
        """
        return {
            "lang": self.draft.lang,
            "title": self.draft.title,
            "took_ms": round(self.took_ms, 1),
            "parts": [
                {"lang": part.lang, "text": part.text, "stories": [place + 1 for place in beside]}
                for part, beside in zip(self.draft.parts, self.beside, strict=True)
            ],
            "stories": [
                {
                    "kind": story.kind,
                    "relevance": round(story.relevance, 4),
                    "date": story.date,
                    "parts": [place + 1 for place in story.parts],
                    "tellings": [telling.to_json() for telling in story.tellings],
                }
                for story in self.stories
            ],
            "timeline": [place + 1 for place in self.timeline()],
            "background": {lang: background_lines(self, lang) for lang in LANGUAGES},
        }


def coverage(
    archive: Archive, text: str, *, lang: str = "both", k: int = 20, until: str | None = None
) -> Coverage:
    """Find what has been written before on what a draft is about.

    Args:
        text: Plain, or HTML as it is copied from a page.
        lang: "both", or the only language whose stories are wanted.
        k: Most stories wanted, 1 to ``MOST_STORIES``.
        until: The last day that counts as before; None is today. Stories of unknown date count.

    Raises:
        DraftError: The draft cannot be compared.
        StoreError: The archive cannot answer.
        EncoderError: Its encoder cannot be loaded.
    """
    began = time.perf_counter()
    draft = read_draft(text)
    compared = compare(archive, draft, lang=lang, until=until)
    stories = _stories(compared, NearnessModel.bundled())[: min(k, MOST_STORIES)]
    beside = [_beside(stories, place) for place in range(len(draft.parts))]
    named = [tuple(p for p, some in enumerate(beside) if n in some) for n in range(len(stories))]
    stories = [replace(story, parts=parts) for story, parts in zip(stories, named, strict=True)]
    shown = tuple(_with_passages(archive, compared.asked, stories))
    return Coverage(draft, shown, tuple(beside), (time.perf_counter() - began) * 1000)


@dataclass(frozen=True)
class Comparison:
    """A draft beside the stories that may be near to it, before anything is said of them.

    Attributes:
        asked: float32 (parts + 1, dimension): vectors of its parts and of the whole.
        articles: By ascending id; ``near``, ``values`` and ``same`` have theirs in that order.
        links: Of the articles.
        near: float64 (articles, parts + 1): how near each is to each part and to the whole.
        values: float64 (articles, ``search.ranking.nearness.FEATURES``).
        same: Whether each is in the draft's words.
    """

    asked: FloatArray
    articles: tuple[Article, ...]
    links: Mapping[str, Link]
    near: FloatArray64
    values: FloatArray64
    same: tuple[bool, ...]


def compare(
    archive: Archive, draft: Draft, *, lang: str = "both", until: str | None = None
) -> Comparison:
    """Look up every part of a draft in each language, and compare it with what is found.

    Args:
        lang, until: As in ``coverage``.
    """
    vectors = archive.embed([part.text for part in draft.parts])
    sizes = np.array([len(part.text) for part in draft.parts], np.float64)
    weights = sizes / sizes.sum()
    asked = np.vstack([vectors, whole_of(vectors, weights)])
    langs = [code for code in LANGUAGES if lang in ("both", code)]
    around, ids = _look_up(archive, draft, asked, weights, langs)
    links = archive.links(ids)
    others = {link.counterpart for link in links.values() if link.counterpart} - set(ids)
    links |= archive.links(sorted(others))
    found = archive.articles([*ids, *sorted(others)])
    kept = {
        id_: archive.ranking.language_free(rows)
        for id_, rows in archive.store.vectors(list(found)).items()
    }
    last = until or calendar_date.today().isoformat()

    def counts(article: Article) -> bool:
        before = (article.date or "")[:10] <= last
        return before and article.lang in around and len(kept.get(article.id, ())) > 0

    articles = tuple(found[id_] for id_ in sorted(found) if counts(found[id_]))
    print_of_draft = TextPrint.of(draft.lang, draft.text)
    near = np.zeros((len(articles), len(asked)))
    values = np.zeros((len(articles), len(FEATURES)))
    same = []
    for row, article in enumerate(articles):
        near[row] = around[article.lang].nearness(kept[article.id])
        print_of_story = TextPrint.of(article.lang, f"{article.title}\n{article.body}")
        across = draft.parts[int(near[row, :-1].argmax())].lang != article.lang
        values[row] = features(near[row], weights, print_of_draft, print_of_story, across=across)
        same.append(in_the_same_words(print_of_draft, print_of_story))
    return Comparison(asked, articles, links, near, values, tuple(same))


def _look_up(
    archive: Archive, draft: Draft, asked: FloatArray, weights: FloatArray64, langs: Sequence[str]
) -> tuple[dict[str, Surroundings], list[str]]:
    """Find what is near to any part of a draft, and how near stories are to each anyway."""
    lookups = [NearestLookup(Scope(lang), vector, _NEAREST) for lang in langs for vector in asked]
    found = iter(archive.store.find(lookups))
    around: dict[str, Surroundings] = {}
    ids: set[str] = set()
    for lang in langs:
        usual = []
        for own in [*(part.lang for part in draft.parts), draft.lang]:
            to_queries = archive.ranking.usual.get("own" if lang == own else "across")
            candidates = next(found)
            ids |= {candidate.id for candidate in candidates[:_CANDIDATES]}
            usual.append(usual_nearness([c.score for c in candidates], to_queries))
        around[lang] = Surroundings(asked, np.array(usual), weights)
    return around, sorted(ids)


def _stories(compared: Comparison, model: NearnessModel) -> list[CoveredStory]:
    """The stories of which something is said, the nearest first."""
    links = compared.links
    judged = model.judge(compared.values, compared.same)
    rows: dict[str, list[int]] = {}
    for place, article in enumerate(compared.articles):
        rows.setdefault(_row(article.id, links), []).append(place)
    made = []
    for row in rows.values():
        best = min(row, key=lambda place: (judged[place][0], -judged[place][1]))
        rank, probability = judged[best]
        if rank == len(KINDS):
            continue
        # Of copies the first stands for all; but the one that is the draft, for itself.
        chosen: dict[str, int] = {}
        for place in sorted(row, key=lambda place: _place(compared.articles[place], links)):
            chosen.setdefault(compared.articles[place].lang, place)
        first = compared.articles[best].lang
        if KINDS[rank] == "same":
            chosen[first] = best
        tellings = tuple(
            _telling(compared, chosen[code]) for code in sorted(chosen, key=lambda c: c != first)
        )
        made.append(CoveredStory(KINDS[rank], probability, tellings))
    made.sort(key=lambda s: (KINDS.index(s.kind), -round(s.relevance, 6), s.tellings[0].article.id))
    return made


def _place(article: Article, links: Mapping[str, Link]) -> tuple[int, str]:
    link = links.get(article.id)
    return (link.place if link else 0, article.id)


def _row(id_: str, links: Mapping[str, Link]) -> str:
    """What all copies of a story and of its counterpart share."""
    link = links.get(id_)
    if link is None:
        return id_
    other = links.get(link.counterpart or "")
    return min(link.group, other.group) if other else link.group


def _telling(compared: Comparison, place: int) -> Telling:
    article, near = compared.articles[place], compared.near[place, :-1]
    link = compared.links.get(article.id)
    return Telling(article, link.copies if link else 0, tuple(near.tolist()), int(near.argmax()))


def _beside(stories: Sequence[CoveredStory], part: int) -> tuple[int, ...]:
    """The places of the stories to name beside a part, the nearest first."""
    near = [max(telling.near[part] for telling in story.tellings) for story in stories]
    places = [place for place, value in enumerate(near) if value >= _BESIDE_LEAST]
    return tuple(sorted(places, key=lambda place: -near[place])[:_BESIDE])


def _with_passages(
    archive: Archive, asked: FloatArray, stories: Sequence[CoveredStory]
) -> Iterable[CoveredStory]:
    """Add to each telling what of it is nearest to the part that it is near to."""
    tellings = [telling for story in stories for telling in story.tellings]
    lookups = [
        NearestLookup(Scope(t.article.lang, ids=(t.article.id,)), asked[t.part], 1)
        for t in tellings
    ]
    found = archive.store.find(lookups) if lookups else []
    spans = {c.id: c.passage for some in found for c in some}
    for story in stories:
        shown = []
        for telling in story.tellings:
            body, span = telling.article.body, spans.get(telling.article.id)
            text = body[span.start : span.end] if span else body
            shown.append(replace(telling, passage=cut(text.strip(), ()).text))
        yield replace(story, tellings=tuple(shown))


def background_lines(
    found: Coverage, lang: str, *, address: Callable[[Article], str | None] = lambda a: a.url
) -> list[str]:
    """Write the lines of a background box: date, title or first sentence, source and address.

    Stories in the draft's own words are left out. Of the others those are taken that are near,
    with different days and paragraphs; dated ones before those of unknown date; by date.

    Args:
        lang: Which telling of a story is cited, where it has one in that language.
        address: Where a story is to be read.
    """
    left = found.of("event", "background")
    worth = [story.relevance + (story.kind == "event") for story in left]
    chosen: list[CoveredStory] = []
    while left and len(chosen) < BACKGROUND_LINES:
        days = {story.date and story.date[:10] for story in chosen}
        parts = {story.part for story in chosen}
        values = [
            (
                story.date is not None,
                value
                * (_AGAIN if story.date and story.date[:10] in days else 1.0)
                * (_AGAIN if story.part in parts else 1.0),
            )
            for story, value in zip(left, worth, strict=True)
        ]
        best = max(range(len(left)), key=values.__getitem__)
        chosen.append(left.pop(best))
        worth.pop(best)
    chosen.sort(key=lambda story: (story.date is None, story.date or ""))
    return [_line(story.telling(lang).article, lang, address) for story in chosen]


def _line(article: Article, lang: str, address: Callable[[Article], str | None]) -> str:
    url = address(article)
    host = urlsplit(article.url).hostname if article.url else None
    source = article.source or host or ""
    if article.lang != lang:
        note = {"vi": "bằng tiếng Anh", "en": "in Vietnamese"}[lang]
        source = f"{source} ({note})" if source else note
    cited = ", ".join(filter(None, [source, url]))
    line = " – ".join(filter(None, [_day(article.date, lang), headline(article), cited]))
    return " ".join(line.split())


def _day(date: str | None, lang: str) -> str:
    """A published day as newspapers of a language write it."""
    if date is None:
        return {"vi": "Không rõ ngày", "en": "Date unknown"}[lang]
    year, month, day = map(int, date[:10].split("-"))
    return f"{day}/{month}/{year}" if lang == "vi" else f"{day} {_MONTHS[month - 1]} {year}"


def headline(article: Article) -> str:
    """A story's title; of one without, its first sentence. On one line."""
    text = " ".join(article.title.split())
    if not text:
        body = " ".join(article.body[: 10 * _LONGEST_LINE].split())
        start, end = next(sentences(body), (0, 0))
        text = body[start:end]
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE].rsplit(" ", 1)[0] + "…"
