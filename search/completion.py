"""What may be meant by a query that is still being typed: an archive's titles, names and labels.

The words that stand in titles are kept in memory, folded, one title after the other, so that a
keystroke costs a scan of a few megabytes and no embedding. At most ``_MOST_TITLES`` in each
language, the newest, and ``_MOST_NAMES`` names: about 30 MB for 57,000 stories.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

from search.records import day_of
from search.stores.base import Outline, Store
from search.text.detection import detect
from search.text.keyboard import decode_typing
from search.text.languages import LANGUAGES, exact_tokens, fold, normalise, spans

Kind = Literal["name", "author", "section", "source", "title"]

_OPERATORS: dict[str, dict[str, str]] = {
    "en": {"author": "author", "section": "section", "source": "source"},
    "vi": {"author": "tác giả", "section": "mục", "source": "nguồn"},
}
"""What names a filter in a query (``ranking.query``)."""

_MOST_TITLES = 100_000
_MOST_NAMES = 20_000
_READ_AT_ONCE = 2_000
_LIFE_S = 30.0
_SHARE = 20
"""Titles are not read again before as many times what that took: it never costs much."""
_LONGEST = 120
"""Characters that are typed towards something; who types more is not looking for its end."""
_MOST_WORDS_OF_A_NAME = 4
_LONGEST_NAME = 6
_SHORTEST_LAST = 3
"""Letters of a single word from which on it may begin a name behind others."""
_SMALL = 0.25
"""Share of a title's words with a small letter, stop words left out, from which on capitals tell
names."""
_ADDRESSES = frozenset({"ông", "mr", "mrs", "ms"})
_FEWEST_STORIES = 3
"""In whose titles a name of one word must stand."""

_SENTENCE_ENDS = re.compile(r"[.?!:…\"“”‘'(|–-]\s*$")
_MEANS_SOMETHING = re.compile(r"[\"“”„‟«»:]|(?<!\S)[-\u2013]")
"""What a query would not take for a part of a title."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Something of the archive that begins as was typed.

    Attributes:
        kind: "name" of a person or place in titles; "author", "section", "source"; "title".
        text: As it stands in the archive.
        before: The words that were typed before it.
        lang: Its language, of a source that of its name.
        stories: How many have it; of titles 1.
    """

    kind: Kind
    text: str
    before: str = ""
    lang: str = "en"
    stories: int = 1

    @property
    def complete(self) -> bool:
        """Whether it can be searched for; a filter alone cannot."""
        return self.kind in ("name", "title") or bool(self.before)

    def query(self, interface: str = "en") -> str:
        """Write the query that it makes of what was typed.

        Args:
            interface: The language of the words that name filters.
        """
        if self.kind == "title":
            return " ".join(_MEANS_SOMETHING.sub(" ", self.text).split())
        operator = _OPERATORS[interface].get(self.kind)
        said = f'{operator}:"{self.text}"' if operator else self.text
        return f"{self.before} {said}".strip()

    def to_json(self, interface: str = "en") -> dict[str, Any]:
        """Write an entry of ``suggestions`` in the API."""
        return {
            "kind": self.kind,
            "text": self.text,
            "query": self.query(interface),
            "complete": self.complete,
            "lang": self.lang,
            "stories": self.stories,
        }


@dataclass(frozen=True, slots=True)
class _Typed:
    """One way to read what was typed.

    Attributes:
        exact: Its words, marks kept, joined by spaces; ends with one where the last is complete.
    """

    exact: str

    @property
    def folded(self) -> str:
        return fold(self.exact)


class _Texts:
    """Texts in an order of their own, found by what their words begin with."""

    def __init__(self, texts: Iterable[str]) -> None:
        lines, starts, at = [], [], 0
        for text in texts:
            line = f" {' '.join(exact_tokens(text))} \n"
            starts.append(at)
            at += len(line)
            lines.append(line)
        self._starts = starts
        self._exact = "".join(lines)
        self._folded = "".join(map(_folded_in_place, lines))

    def find(self, typed: Sequence[_Typed], most: int, *, inside: bool) -> Iterator[int]:
        """Numbers of texts that begin as was typed, then of those with a word that does.

        A mark that was typed must be there; a letter without one may have any.

        Args:
            most: Of each of the two.
        """
        seen: set[int] = set()
        for first in (True, False) if inside else (True,):
            found = 0
            for way in typed:
                for number in self._numbers(way, first=first):
                    if number not in seen:
                        seen.add(number)
                        yield number
                        found += 1
                    if found >= most:
                        break

    def _numbers(self, typed: _Typed, *, first: bool) -> Iterator[int]:
        wanted = f"\n {typed.folded}" if first else f" {typed.folded}"
        if first and self._folded.startswith(wanted[1:]) and self._has_marks(1, typed.exact):
            yield 0
        at = self._folded.find(wanted)
        while at >= 0:
            begin = at + len(wanted) - len(typed.folded)
            number = bisect_right(self._starts, begin) - 1
            if self._has_marks(begin, typed.exact):
                yield number
                at = self._folded.find("\n", begin)  # a line counts once
            else:
                at += 1
            at = self._folded.find(wanted, at) if at >= 0 else -1

    def _has_marks(self, begin: int, typed: str) -> bool:
        if typed.isascii():
            return True
        there = self._exact[begin : begin + len(typed)]
        return all(map(_may_become, typed, there))


@dataclass(frozen=True)
class _Names:
    """Names of one kind, those of most stories first."""

    kind: Kind
    names: tuple[str, ...]
    stories: tuple[int, ...]
    lang: str | None
    texts: _Texts

    @classmethod
    def of(cls, kind: Kind, counts: Counter[str], lang: str | None) -> _Names:
        """Those of the counted names that can be asked for."""
        ranked = [(n, c) for n, c in counts.most_common(_MOST_NAMES) if '"' not in n]
        names = tuple(name for name, _ in ranked)
        return cls(kind, names, tuple(c for _, c in ranked), lang, _Texts(names))


@dataclass(frozen=True)
class _CompletionIndex:
    """What an archive offers: names, and by language the ids of titles, the newest first."""

    names: tuple[_Names, ...] = ()
    titles: tuple[tuple[str, tuple[str, ...], _Texts], ...] = ()

    @classmethod
    def of(cls, outlines: Iterable[Outline]) -> _CompletionIndex:
        """Index what is told of an archive's stories."""
        labels: dict[tuple[Kind, str | None], Counter[str]] = {}
        titles: dict[str, list[tuple[int, str, str]]] = {lang: [] for lang in LANGUAGES}
        sure: set[str] = set()  # names that stand inside a sentence

        def count(kind: Kind, lang: str | None, names: Iterable[str]) -> None:
            labels.setdefault((kind, lang), Counter()).update(names)

        for story in outlines:
            count("author", story.lang, story.authors)
            count("section", story.lang, filter(None, [story.section]))
            count("source", None, filter(None, [story.source]))
            if story.title:
                named = dict(names_in(story.title, story.lang))
                count("name", story.lang, list(named))
                sure.update(name for name, inside in named.items() if inside)
                titles[story.lang].append((-(day_of(story.date) or 0), story.id, story.title))
        for (kind, _), counted in labels.items():
            if kind == "name":
                for name in [n for n, c in counted.items() if c < _FEWEST_STORIES]:
                    if " " not in name or (counted[name] == 1 and name not in sure):
                        del counted[name]
        made = []
        for lang, listed in titles.items():
            listed.sort()
            del listed[_MOST_TITLES:]
            ids = tuple(id_ for _, id_, _ in listed)
            made.append((lang, ids, _Texts(title for _, _, title in listed)))
        # Names in the order in which they are offered.
        order = ("name", "author", "section", "source")
        ranked = sorted(labels.items(), key=lambda item: order.index(item[0][0]))
        names = tuple(_Names.of(kind, counts, lang) for (kind, lang), counts in ranked)
        return cls(names, tuple(made))

    def name_completions(self, typed: str, lang: str, k: int) -> Iterator[Completion]:
        """Names for all that was typed, and for its last words."""
        words = typed.split()
        for skipped in range(max(0, len(words) - _MOST_WORDS_OF_A_NAME), len(words)):
            rest, before = " ".join(words[skipped:]), " ".join(words[:skipped])
            if skipped and skipped == len(words) - 1 and len(rest) < _SHORTEST_LAST:
                return
            ways = ways_to_read(rest)
            found = False
            for some in self.names:
                if lang in ("both", some.lang) or some.lang is None:
                    for number in some.texts.find(ways, k, inside=not skipped):
                        name, stories = some.names[number], some.stories[number]
                        lang_of = some.lang or detect(name).lang
                        yield Completion(some.kind, name, before, lang_of, stories)
                        found = True
            if found:
                return

    def title_ids(self, typed: str, lang: str, k: int) -> list[str]:
        """Ids of stories whose titles may be meant, both languages in turn."""
        ways = ways_to_read(typed)
        lists = [
            [ids[number] for number in texts.find(ways, k, inside=True)]
            for of, ids, texts in self.titles
            if lang in ("both", of)
        ]
        longest = max(map(len, lists), default=0)
        return [some[place] for place in range(longest) for some in lists if place < len(some)]


class Completer:
    """Completes what is typed from one archive. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = threading.Lock()
        self._due = -1.0
        self._state = b""
        self._index = _CompletionIndex()

    def complete(self, typed: str, *, lang: str = "both", k: int = 8) -> tuple[Completion, ...]:
        """Offer at most ``k`` completions, names before titles; none where nothing is typed.

        What was added in the last half minute may be missing; titles of stories that are gone are
        never offered.
        """
        typed = normalise(typed).replace("\n", " ").lstrip()
        if not exact_tokens(typed) or len(typed) > _LONGEST:
            return ()
        index = self._current()
        names: dict[tuple[str, str], Completion] = {}
        for found in index.name_completions(typed, lang, k):
            known = names.setdefault((found.kind, fold(found.query())), found)
            if known is not found and known.lang != found.lang:  # one name in both languages
                both = known.stories + found.stories
                names[found.kind, fold(found.query())] = replace(known, stories=both)
        ids = index.title_ids(typed, lang, k)
        kept = self._store.outlines(ids) if ids else {}
        titles: dict[str, Completion] = {}
        for id_ in ids:
            if (story := kept.get(id_)) and story.title:  # as it is now
                one = Completion("title", story.title, lang=story.lang)
                titles.setdefault(fold(story.title), one)
        return (*_some(list(names.values()), k - min(len(titles), k // 2)), *titles.values())[:k]

    def common(self, kind: Kind) -> Iterator[Completion]:
        """Give the names of a kind, those of most stories first in each language."""
        for some in self._current().names:
            if some.kind == kind:
                for name, stories in zip(some.names, some.stories, strict=True):
                    yield Completion(kind, name, "", some.lang or detect(name).lang, stories)

    def _current(self) -> _CompletionIndex:
        """The index, brought up to date by one thread while the others use it as it is."""
        if time.monotonic() >= self._due and self._reading.acquire(blocking=False):
            try:
                began = time.monotonic()
                self._bring_up_to_date()
                took = time.monotonic() - began
                self._due = time.monotonic() + max(_LIFE_S, _SHARE * took)
            finally:
                self._reading.release()
        return self._index

    def _bring_up_to_date(self) -> None:
        state = blake2b()
        ids = []
        for kept in self._store.listing():
            state.update(f"{kept.id} {kept.hash} ".encode("utf-8", "surrogatepass"))
            ids.append(kept.id)
        if state.digest() != self._state:
            self._index = _CompletionIndex.of(self._outlines(ids))
            self._state = state.digest()

    def _outlines(self, ids: Sequence[str]) -> Iterator[Outline]:
        for start in range(0, len(ids), _READ_AT_ONCE):
            yield from self._store.outlines(ids[start : start + _READ_AT_ONCE]).values()


def ways_to_read(typed: str) -> list[_Typed]:
    """How a query that is being typed may be meant: as it stands, and with Telex or VNI read.

    The tone of the last word is left where it was typed, since more letters may follow.
    """
    typed = normalise(typed).lower()
    ends = " " if typed[-1:].isspace() else ""
    ways = []
    for text in (decode_typing(typed), typed):
        ways.append(" ".join(exact_tokens(text)))
        ways.append(" ".join(token for token, _, _ in spans(text)))
    return [_Typed(way + ends) for way in dict.fromkeys(ways) if way]


def names_in(title: str, lang: str) -> Iterator[tuple[str, bool]]:
    """Find what are names by their capitals in a title; none in one that is all capitals.

    Returns:
        Each name, and whether it stands inside a sentence, where its first capital is its own.
    """
    words = list(spans(title))
    capitals = [word[0].isupper() for word, _, _ in words]
    stop_words = LANGUAGES[lang].stop_words
    telling = [word[0].islower() for word, _, _ in words if word.lower() not in stop_words]
    if sum(telling) < _SMALL * len(telling):
        return  # a headline in capitals, or with a capital in every word
    run: list[tuple[str, int, int]] = []
    for span, capital in zip(
        [*words, ("", len(title), len(title))], [*capitals, False], strict=True
    ):
        if run and (not capital or title[run[-1][2] : span[1]] != " "):
            began_sentence = not run[0][1] or bool(_SENTENCE_ENDS.search(title[: run[0][1]]))
            while run and run[0][0].lower() in stop_words | _ADDRESSES:
                run.pop(0)
                began_sentence = False
            long_enough = len(run) > 1 or (run and len(run[0][0]) > 2 and not began_sentence)
            if long_enough and len(run) <= _LONGEST_NAME:
                yield title[run[0][1] : run[-1][2]], not began_sentence
            run = []
        if capital:
            run.append(span)


def _some(names: list[Completion], most: int) -> list[Completion]:
    """At most so many, the kinds in turn, in the order of the kinds."""
    if len(names) <= most:
        return names
    by_kind: dict[str, list[Completion]] = {}
    for name in names:
        by_kind.setdefault(name.kind, []).append(name)
    taken: list[Completion] = []
    place = 0
    while len(taken) < most:
        taken += [some[place] for some in by_kind.values() if place < len(some)]
        place += 1
    chosen = taken[:most]
    return [name for name in names if name in chosen]


def _folded_in_place(line: str) -> str:
    """Fold every letter for itself, so that places stay: one letter gives one."""
    folded = fold(line)
    return folded if len(folded) == len(line) else "".join(map(_folded_letter, line))


@lru_cache(maxsize=1 << 12)
def _folded_letter(letter: str) -> str:
    folded = fold(letter)
    return folded if len(folded) == 1 else letter


@lru_cache(maxsize=1 << 14)
def _may_become(typed: str, there: str) -> bool:
    """Whether a typed letter has no mark that the other has not."""
    if typed == there:
        return True
    marks = [unicodedata.normalize("NFD", c.replace("đ", "d\u0335"))[1:] for c in (typed, there)]
    return set(marks[0]) <= set(marks[1])
