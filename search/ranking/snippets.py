"""What is shown of a hit: the passage that answers best, cut to size, and the marks in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from search.ranking.query import ReadQuery
from search.records import Article, Passage, Snippet
from search.text.agencies import is_agency_line
from search.text.information import information
from search.text.languages import LANGUAGES, Token, fold, has_marks, tokens
from search.text.quantities import Quantity
from search.text.shorthand import expansion
from search.text.syllables import is_syllable

SNIPPET_CHARS = 320
_ELLIPSIS = "…"
_COMMON = 3.5
"""Decimal digits that a syllable tells, below which it is in stories of any kind."""
_NEAR = 6
"""Words between two that are said together."""
_SENTENCE_ENDS = frozenset('.?!:…\n"“')


@dataclass(frozen=True)
class Marker:
    """Decides which words of a text a query's words are.

    Attributes:
        exact, folded, stems: Forms that count as matched, stop words left out.
        quantities: The query's dates and numbers.
        pairs: Neighbours in the query, folded, where it was in another language.
        name_parts: Syllables that are marked only within a name.
        common: Forms that are marked only near other words of the query.
        respelled: Folded forms that count with a capital inside a sentence, whatever their marks:
            where a reading is announced, other words are not what was found, but names may be.
        written_out: What abbreviations stand for, folded.
    """

    lang: str
    exact: frozenset[str]
    folded: frozenset[str]
    stems: frozenset[str]
    quantities: tuple[Quantity, ...] = ()
    pairs: frozenset[tuple[str, str]] = frozenset()
    name_parts: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    respelled: frozenset[str] = frozenset()
    written_out: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, read: ReadQuery, target: str) -> Marker:
        """The marker for a query's matches in a language's articles."""
        language = LANGUAGES[target]
        read = read.side(target)
        excluded = {form for phrase in read.excluded for form in phrase}
        if target != read.lang:
            alike = {form for form in read.alike() if form not in language.stop_words}
            phrases = {fold(form) for phrase in read.phrases for form in phrase}
            folded = frozenset(alike | phrases) - excluded
            pairs = pairwise(token.folded for token in read.typed_tokens)
            return cls(
                lang=target,
                exact=frozenset(),
                folded=folded,
                stems=frozenset(),
                quantities=read.quantities,
                pairs=frozenset(pairs),
                name_parts=read.name_parts - excluded,
            )
        # "9" is no match by itself where the ninth month was meant.
        typed = _content(read.without_dates(read.typed_tokens), language.stop_words)
        meant = _content(read.without_dates(read.meant_tokens), language.stop_words)
        if language.marks_tell_words_apart:
            accented = any(map(has_marks, typed))
            unmarked = frozenset() if accented else frozenset(map(fold, typed))
            exact = frozenset({*meant, *typed} if accented else meant)
            announced = read.read_as is not None
            several = len(set(map(fold, meant))) > 1
            return cls(
                target,
                exact,
                # An unaccented word finds every word it may stand for.
                frozenset() if announced else unmarked,
                frozenset(),
                read.quantities,
                common=frozenset(
                    form
                    for form in (exact if announced else exact | unmarked)
                    if several and information(form, target) < _COMMON
                ),
                respelled=unmarked if announced else frozenset(),
                written_out=tuple(
                    tuple(fold(word) for word in whole.split())
                    for token in read.typed_tokens
                    if (whole := expansion(token.exact))
                ),
            )
        stems = frozenset(language.query_words(typed))
        return cls(target, frozenset(), frozenset(map(fold, typed)), stems, read.quantities)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of the matched words, ascending; neighbours are joined across a space.

        Across languages a name is matched by its syllables, which are common words by themselves
        ("Ho", "Chi"): they count with a capital, beside a neighbour that was typed beside them.
        """
        words = list(tokens(text))
        known: dict[str, bool] = {}  # a form comes many times
        for word in words:
            if word.exact not in known:
                known[word.exact] = self._matches(word)
        matched = [known[word.exact] for word in words]
        if self.pairs and words:
            parts = [token.folded in self.name_parts for token in words]
            matched = [a or b for a, b in zip(matched, parts, strict=True)]
            matched = self._names(text, words, matched)
        if self.common:
            matched = self._near_others(words, matched)
        for place, word in enumerate(words if self.respelled or self.written_out else ()):
            if self.respelled and word.folded in self.respelled:
                matched[place] |= _is_name(text, words, place)
            for whole in self.written_out:
                # A story has been found by the last two syllables: "Chí Minh".
                if tuple(w.folded for w in words[max(0, place - 1) : place + 1]) == whole[-2:]:
                    first = max(0, place + 1 - len(whole))
                    if tuple(w.folded for w in words[first : place + 1]) != whole:
                        first = place - 1
                    matched[first : place + 1] = [True] * (place + 1 - first)
        found = zip(words, matched, strict=True)
        marks = [(word.start, word.end) for word, match in found if match]
        marks += [(quantity.start, quantity.end) for quantity in self._said(text)]
        return _joined(text, sorted(marks))

    def _near_others(self, words: Sequence[Token], matched: Sequence[bool]) -> list[bool]:
        """Without common syllables that stand alone, far from other words of the query."""
        places = [place for place, match in enumerate(matched) if match]

        def stays(place: int) -> bool:
            word = words[place]
            return word.exact not in self.common and (
                word.folded not in self.common or not self.folded
            )

        return [
            match
            and (
                stays(place)
                or any(
                    abs(place - other) <= _NEAR and words[other].folded != words[place].folded
                    for other in places
                )
            )
            for place, match in enumerate(matched)
        ]

    def _names(self, text: str, words: Sequence[Token], matched: Sequence[bool]) -> list[bool]:
        capital = [m and text[w.start].isupper() for w, m in zip(words, matched, strict=True)]
        together = [
            capital[i] and capital[i + 1] and (first.folded, second.folded) in self.pairs
            for i, (first, second) in enumerate(pairwise(words))
        ]
        beside = [a or b for a, b in zip([False, *together], [*together, False], strict=True)]
        return [
            match and (near or not is_syllable(word.folded))
            for match, near, word in zip(matched, beside, words, strict=True)
        ]

    @property
    def words(self) -> int:
        """How many different words and dates can match."""
        dates = sum(quantity.is_date for quantity in self.quantities)
        return dates + len(self.folded | {fold(form) for form in self.exact})

    def coverage(self, texts: Iterable[str]) -> float:
        """Share of the query's words that occur in the texts, 0 to 1."""
        dates = [quantity for quantity in self.quantities if quantity.is_date]
        wanted = self.words
        if not wanted:
            return 0.0
        seen = set()
        for text in texts:
            for token in tokens(text):
                if self._matches(token):
                    seen.add(self._key(token))
            said = self._said(text) if dates else []
            seen.update(date.tokens[0] for date in dates if any(map(date.matches, said)))
        return min(1.0, len(seen) / wanted)

    def _said(self, text: str) -> list[Quantity]:
        """The dates and numbers of a text that may be the query's."""
        if not self.quantities:
            return []
        firsts = {asked.tokens[0] for asked in self.quantities}
        wanted = {token for asked in self.quantities for token in asked.wanted}
        return [
            said
            for said in LANGUAGES[self.lang].quantities(text)
            if said.tokens[0] in wanted or not firsts.isdisjoint(said.tokens)
        ]

    def _matches(self, token: Token) -> bool:
        if token.exact in self.exact or (self.folded and token.folded in self.folded):
            return True
        return bool(self.stems) and self._stem(token) in self.stems

    def _key(self, token: Token) -> str:
        return self._stem(token) if self.stems else token.folded

    def _stem(self, token: Token) -> str:
        return _stem(self.lang, token.exact)


@dataclass(frozen=True, slots=True)
class OpenedHit:
    """A story that is read with a query: what to mark in it, and where it stands in its list.

    Attributes:
        best: (start, end) in ``Article.body`` of the passage that answers best; None where the
            story was not found and has none of the words.
        place: From 0, in its language's list; None where it is not in the result set.
        matches: How many of the list are matches; they come first.
        listed: How many the list has.
        previous, next: Ids of the stories before and after it.
    """

    marker: Marker
    best: tuple[int, int] | None = None
    place: int | None = None
    matches: int = 0
    listed: int = 0
    previous: str | None = None
    next: str | None = None


def _is_name(text: str, words: Sequence[Token], place: int) -> bool:
    """Whether a word has a capital inside a sentence."""
    if not place or not text[words[place].start].isupper():
        return False
    return _SENTENCE_ENDS.isdisjoint(text[words[place - 1].end : words[place].start])


@lru_cache(maxsize=1 << 16)
def _stem(lang: str, form: str) -> str:
    return LANGUAGES[lang].query_words([form])[0]


def best_snippet(
    article: Article, passage: Passage | None, marker: Marker, *, otherwise: Snippet | None = None
) -> Snippet:
    """The passage that was nearest (else the whole body), cut around its densest marks.

    Args:
        otherwise: What is shown where it has no marks.
    """
    text = article.body[passage.start : passage.end] if passage is not None else article.body
    if is_agency_line(text):
        text = article.body
    marks = marker.spans(text.strip())
    return cut(text.strip(), marks) if marks or otherwise is None else otherwise


def snippet_span(body: str, snippet: Snippet) -> tuple[int, int] | None:
    """(start, end) of a snippet in the body that it was cut from; None where it is not there."""
    shown = snippet.text.strip(f"{_ELLIPSIS} \n")
    start = body.find(shown) if shown else -1
    return (start, start + len(shown)) if start >= 0 else None


def cut(text: str, marks: Sequence[tuple[int, int]]) -> Snippet:
    """At most ``SNIPPET_CHARS`` characters of a text, with as many of its marks as fit.

    The cut falls between words; an ellipsis shows where something was left out.
    """
    if len(text) <= SNIPPET_CHARS:
        return Snippet(text, tuple(marks))
    start = _densest(marks)
    if start > 0:
        start = _sentence_start(text, start)
    end = min(len(text), start + SNIPPET_CHARS)
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + SNIPPET_CHARS // 2)
    before = _ELLIPSIS if start > 0 else ""
    after = _ELLIPSIS if end < len(text) else ""
    shown = text[start:end].rstrip()
    shift = len(before) - start
    inside = [(a + shift, b + shift) for a, b in marks if a >= start and b <= start + len(shown)]
    return Snippet(f"{before}{shown}{after}", tuple(inside))


def _densest(marks: Sequence[tuple[int, int]]) -> int:
    """Where a window of the snippet's size covers the most marked characters."""
    starts = [start for start, _ in marks]
    best, best_start = 0, 0
    for i, (start, _) in enumerate(marks):
        last = bisect_left(starts, start + SNIPPET_CHARS - 20)
        covered = sum(end - begin for begin, end in marks[i:last])
        if covered > best:
            best, best_start = covered, start
    return best_start


def _sentence_start(text: str, start: int) -> int:
    """The beginning of the sentence, if it is near, else of a word a little before."""
    near = max(0, start - SNIPPET_CHARS // 3)
    if near == 0:
        return 0
    for end in (". ", "\n", "? ", "! "):
        found = text.rfind(end, near, start)
        if found >= 0:
            return found + len(end)
    return text.find(" ", max(0, start - 40), start) + 1 or start


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and text[joined[-1][1] : start] in ("", " "):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _content(forms: Sequence[str], stop_words: frozenset[str]) -> list[str]:
    """Forms that are no stop words; all of them when there is nothing else."""
    return [form for form in forms if form not in stop_words] or list(forms)
