"""What the user typed → what is looked up: phrases, exclusions, terms for each language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from search.errors import FilterError, QueryError, QueryTooLongError
from search.records import MODES, SORTS, Filters, Query, day_of
from search.stores.base import Phrase, Term, WordGroup
from search.text.cognates import beside_names, written_alike
from search.text.detection import Detection, detect, is_known, switch
from search.text.diacritics import Restorer
from search.text.information import information
from search.text.keyboard import decode_typing
from search.text.languages import (
    LANGUAGES,
    Language,
    Token,
    fold,
    has_marks,
    name_tokens,
    normalise,
    tokens,
)
from search.text.quantities import Quantity
from search.text.shorthand import expansion, separated
from search.text.syllables import is_syllable

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
"""For ``str.translate``: every quotation mark → the plain one."""
# A minus before a number is the number's: "VN-Index -12 điểm" leaves nothing out.
_OPERATOR = re.compile(
    r'(?P<minus>(?<!\S)-(?="))?"(?P<phrase>[^"]*)"|(?<!\S)-(?P<word>[^\W\d][^\s"]*)'
)
_TYPOGRAPHIC = re.compile("[“”„‟«»]")
_HEADLINE_WORDS = 4
"""Words beside a quotation from which on it is one in a headline, not a phrase that must occur."""

# A query in two languages: a few words of each. One English word among many is a loan.
_MOST_MIXED_WORDS = 12
_WORDS_BESIDE_ONE = 8
_CLEAR_SWITCH = 3.5  # log odds of the less certain part; single names and loans are below
_FEWEST_IN_SIDE = 2

# Boosts of the fields in a language's own word list, relative to the exact or folded token.
_COMPOUND_BOOST = 0.25
_STEM_BOOST = 0.3
_TITLE_BOOST = 0.15
_PAIR_BOOST = 2.0
_RESTORED_BOOST = 0.5
_STEM_SHARE = 0.9  # of a word's weight, where another form of it occurs
_UNREAD_SHARE = 0.5  # where the syllable has other marks than were read: enough to be found
_QUANTITY_WEIGHT = 6.0  # of a date: as much as a rare word
_QUANTITY_BOOSTS = (1.0, 0.5)  # of a whole date and of its day in any year; or of the only token


@dataclass(frozen=True)
class ReadQuery:
    """A query after reading.

    Attributes:
        text: The words to look for, operators taken out, keys of input methods read.
        lang: The language it was read as.
        read_as: What was read where it is not what was typed: ``text`` with its diacritics; else
            None.
        phrases: Exact tokens of each quoted phrase.
        quotes: Whether the phrases are a quotation in a headline: stories with them come first, and
            others are found too.
        excluded: Exact tokens of each exclusion.
    """

    text: str
    lang: str
    read_as: str | None = None
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()
    quotes: bool = False
    sides: tuple[ReadQuery, ...] = ()

    @property
    def lists(self) -> bool:
        """Whether it has no words, but filters alone: all that passes them is listed."""
        return not self.text

    def side(self, target: str) -> ReadQuery:
        """What it says to a language's stories: all of it, unless it is in two languages."""
        return next((side for side in self.sides if side.lang == target), self)

    @property
    def meant(self) -> str:
        """The text with its diacritics, where they were restored."""
        return self.read_as or self.text

    @property
    def embedded(self) -> str:
        """The text to embed: what abbreviations stand for is written out."""
        written = [
            expansion(token.exact) or self.meant[token.start : token.end]
            for token in self.meant_tokens
        ]
        shown = [self.meant[token.start : token.end] for token in self.meant_tokens]
        return self.meant if written == shown else " ".join(written)

    @cached_property
    def typed_tokens(self) -> tuple[Token, ...]:
        """The tokens of ``text``."""
        return tuple(tokens(self.text))

    @cached_property
    def known(self) -> bool:
        """Whether any of its words is known in a language, or is a number or a name with a
        capital."""
        if self.quantities or any(is_known(token) for token in self.typed_tokens):
            return True
        if self.text.isupper():
            return any(any(map(str.isdigit, token.exact)) for token in self.typed_tokens)
        return any(
            self.text[token.start].isupper() or any(map(str.isdigit, token.exact))
            for token, alike in zip(self.typed_tokens, self._alike, strict=True)
            if alike
        )

    @cached_property
    def meant_tokens(self) -> tuple[Token, ...]:
        """The tokens of ``meant``."""
        return tuple(tokens(self.meant))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The dates and numbers of ``meant``."""
        return tuple(LANGUAGES[self.lang].quantities(self.meant))

    def terms(self, target: str) -> tuple[Term, ...]:
        """What to look up in a language's word fields; empty where words say nothing there."""
        if target != self.lang:
            alike = (token for token in self.alike() if token not in LANGUAGES[target].stop_words)
            names = [Term("folded", token) for token in alike]
            return _unique([*names, *self._pairs_of_names(), *self._quantity_terms()])
        language = LANGUAGES[target]
        marked = language.marks_tell_words_apart
        own = self._marked_terms(language) if marked else self._unmarked_terms(language)
        return _unique([*own, *self._quantity_terms()])

    def shares(self, target: str) -> tuple[tuple[WordGroup, ...], ...]:
        """What a story may hold a share of: words; in its title; in its opening; pairs of words.

        Function words are left out, where there are others. In another language's stories only what
        is written alike can occur.
        """
        language = LANGUAGES[target]
        own = target == self.lang
        wanted = [not dated for dated in self._in_date] if own else list(self._alike)
        stop_words = language.stop_words if own else LANGUAGES[self.lang].stop_words
        telling = [
            want and token.exact not in stop_words
            for want, token in zip(wanted, self.meant_tokens, strict=True)
        ]
        chosen = telling if any(telling) or not own else wanted
        words, plain = [], []
        seen = set()
        for typed, meant, is_chosen in zip(
            self.typed_tokens, self.meant_tokens, chosen, strict=True
        ):
            if is_chosen and meant.exact not in seen:
                seen.add(meant.exact)
                weight = information(meant.exact, self.lang)
                forms = (*self._forms(typed, meant, language), Term("authors", typed.folded))
                words.append(WordGroup(_unique([*forms, *self._as_number(meant)]), weight))
                [form] = language.plain([typed.exact])
                plain.append((form, weight))
        dates = [
            WordGroup(
                tuple(
                    Term("words", token, boost)
                    for token, boost in zip(quantity.wanted, _QUANTITY_BOOSTS, strict=False)
                ),
                _QUANTITY_WEIGHT,
            )
            for quantity in self.quantities
            if quantity.is_date and quantity.wanted
        ]
        pairs = {
            f"{fold(one.exact)}_{fold(two.exact)}": (one, two)
            for one, two in self._neighbours(chosen)
            if own or (is_syllable(one.folded) and is_syllable(two.folded))
        }
        return (
            (*words, *dates),
            tuple(WordGroup((Term("title", form),), weight) for form, weight in plain),
            tuple(WordGroup((Term("opening", form),), weight) for form, weight in plain),
            tuple(
                WordGroup(
                    (Term("pairs", pair),),
                    information(one.folded, self.lang) + information(two.folded, self.lang),
                )
                for pair, (one, two) in pairs.items()
            ),
        )

    def _as_number(self, meant: Token) -> Iterator[Term]:
        """The number that a word is part of, however it is written: "1,2 triệu", "1.2 million"."""
        for number in self.quantities:
            if not number.is_date and number.start <= meant.start < number.end:
                yield from (Term("words", token) for token in number.wanted)

    def _forms(self, typed: Token, meant: Token, language: Language) -> tuple[Term, ...]:
        """The forms in a language's stories that stand for a word of the query."""
        if language.code == "vi" and (whole := expansion(typed.exact)):
            # The last pair tells most: "Chí Minh" of the city's name.
            pair = "_".join(fold(word) for word in whole.split()[-2:])
            return (Term("folded", typed.folded), Term("pairs", pair))
        if language.code != self.lang:
            return (Term("folded", typed.folded),)
        if not language.marks_tell_words_apart:
            [stem] = language.query_words([typed.exact])
            return _unique([Term("folded", typed.folded), Term("words", stem, _STEM_SHARE)])
        if has_marks(typed.exact) or (self._accented and meant.exact == typed.exact):
            return _unique([Term("exact", typed.exact), Term("exact", meant.exact)])
        if self.read_as is None:
            return (Term("folded", typed.folded),)
        return _unique([Term("exact", meant.exact), Term("folded", typed.folded, _UNREAD_SHARE)])

    @cached_property
    def _accented(self) -> bool:
        return any(has_marks(token.exact) for token in self.typed_tokens)

    def clauses(self, target: str) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...]]:
        """(phrases, exclusions) for a language's articles.

        A mark that was typed counts in a language whose marks tell words apart; elsewhere, and
        where none was typed, the folded text is compared, so that names match across spellings.
        """
        language = LANGUAGES[target]
        return (
            tuple(_phrase(phrase, language) for phrase in self.phrases),
            tuple(_phrase(phrase, language) for phrase in self.excluded),
        )

    def alike(self) -> list[str]:
        """Folded tokens that are written alike in every language: names, numbers, acronyms.

        The words of a date are left out: the date has a token of its own.
        """
        return [
            token.folded
            for token, alike in zip(self.typed_tokens, self._alike, strict=True)
            if alike
        ]

    def without_dates(self, these: Sequence[Token]) -> list[str]:
        """The exact forms of ``typed_tokens`` or ``meant_tokens`` but for the words of dates."""
        return [token.exact for token, date in zip(these, self._in_date, strict=True) if not date]

    @cached_property
    def name_parts(self) -> frozenset[str]:
        """Folded syllables that may complete the names beside which they stand in the query."""
        return frozenset(beside_names(self.typed_tokens, self._alike))

    @cached_property
    def own_words(self) -> int:
        """How many words only its language has: no name, number or function word, and in English
        none that may be a Vietnamese syllable."""
        return sum(
            not alike
            and token.exact not in LANGUAGES[self.lang].stop_words
            and is_syllable(token.folded) == (self.lang == "vi")
            for token, alike in zip(self.meant_tokens, self._alike, strict=True)
        )

    def written_alike_in(self, text: str) -> str:
        """The words of ``text`` or ``meant`` that other languages share, far ones kept apart."""
        kept, last = "", 0
        both = zip(self.typed_tokens, tokens(text), self._alike, self._in_date, strict=True)
        for place, (_, token, alike, dated) in enumerate(both):
            if alike or dated:
                kept += text[last : token.start] if place and last else ""
                kept += text[token.start : token.end]
                last = token.end
            elif last:
                kept, last = f"{kept} | ", 0
        return kept.strip(" |")

    @cached_property
    def _alike(self) -> list[bool]:
        alike = written_alike(self.typed_tokens, self.meant_tokens, text=self.text, lang=self.lang)
        return [found and not date for found, date in zip(alike, self._in_date, strict=True)]

    @cached_property
    def _in_date(self) -> list[bool]:
        dates = [(date.start, date.end) for date in self.quantities if date.is_date]
        return [
            any(start <= token.start < end for start, end in dates) for token in self.meant_tokens
        ]

    def _marked_terms(self, language: Language) -> Iterable[Term]:
        """Where marks tell words apart: a typed mark is required; an absent one only in a query
        that has marks elsewhere, and where it was not restored."""
        for token, meant in zip(self.typed_tokens, self.meant_tokens, strict=True):
            if self._accented and (has_marks(token.exact) or meant.exact == token.exact):
                yield Term("exact", token.exact)
                if meant.exact != token.exact:
                    yield Term("exact", meant.exact)  # "săt" is no word: "sắt" is
            else:
                yield Term("folded", token.folded)
                if self.read_as is not None:
                    yield Term("exact", meant.exact, _RESTORED_BOOST)
            yield Term("title", token.folded, _TITLE_BOOST)
        for compound in language.query_words([token.exact for token in self.meant_tokens]):
            yield Term("words", compound, _COMPOUND_BOOST)

    def _pairs_of_names(self) -> Iterator[Term]:
        """Ordered bigrams of Vietnamese syllables: words of other names are rare by themselves.

        Of *Lương Tam Quang* every syllable is in each third story; *luong tam* and *tam quang* are
        in those about the man (Metzler and Croft, "A Markov random field model for term
        dependencies", SIGIR 2005).
        """
        for one, two in self._neighbours(self._alike):
            if is_syllable(one.folded) and is_syllable(two.folded):
                yield Term("pairs", f"{one.folded}_{two.folded}", _PAIR_BOOST)

    def _neighbours(self, wanted: Sequence[bool]) -> Iterator[tuple[Token, Token]]:
        """Those of the wanted tokens that have nothing but a space or hyphen between them."""
        flagged = zip(self.typed_tokens, wanted, strict=True)
        for (one, first), (two, second) in pairwise(flagged):
            if first and second and not self.text[one.end : two.start].strip(" -"):
                yield one, two

    def _quantity_terms(self) -> Iterable[Term]:
        for quantity in self.quantities:
            for token, boost in zip(quantity.wanted, _QUANTITY_BOOSTS, strict=False):
                yield Term("words", token, boost)

    def _unmarked_terms(self, language: Language) -> Iterable[Term]:
        forms = [token.exact for token in self.typed_tokens]
        for form, stem in zip(forms, language.query_words(forms), strict=True):
            yield Term("folded", fold(form))
            yield Term("words", stem, _STEM_BOOST)
            yield Term("title", stem, _TITLE_BOOST)


def read_query(
    query: Query, *, max_chars: int, restorer: Callable[[], Restorer] | None = None
) -> ReadQuery:
    """Take a query apart and decide on its language.

    One without words, but with filters, has no text.

    Args:
        restorer: Gives what restores diacritics, asked only where some may be missing; the bundled
            one where left out.

    Raises:
        QueryTooLongError: It is longer than ``max_chars``.
        QueryError: It asks for nothing, or a parameter has no such value.
    """
    check(query)
    if len(query.text) > max_chars:
        raise QueryTooLongError(
            f"The query has {len(query.text)} characters; {max_chars} are allowed."
            " Shorten it to the words that matter."
        )
    typed = normalise(query.text).strip()
    if not typed and query.filters != Filters():
        return ReadQuery("", next(iter(LANGUAGES)) if query.lang == "both" else query.lang)
    decoded = typed if query.verbatim else separated(decode_typing(typed))
    text, phrases, excluded = _take_apart(decoded)
    quoted = {form for phrase in phrases for form in phrase}
    beside = sum(token.exact not in quoted for token in tokens(text))
    quotes = (
        bool(phrases)
        and not query.only_phrases
        and (beside >= _HEADLINE_WORDS or (beside > 0 and _TYPOGRAPHIC.search(typed) is not None))
    )
    if not text.strip():
        raise QueryError(
            "The query only says what to leave out. Add a word to look for."
            if excluded
            else "The query is empty. Type a word, a name or a question."
        )
    if next(tokens(text), None) is None:
        raise QueryError(
            "The query has only signs in it. Type a word, a name, a number or a question."
        )
    detection = _detected(text)
    read_as = text if decoded != typed else None
    if not (query.verbatim or phrases) and (parts := _parts(text, restorer)):
        meant = " ".join(part.meant for part in parts)
        return ReadQuery(
            text,
            detection.lang,
            meant if meant != text else read_as,
            excluded=excluded,
            sides=tuple(_joined(parts, place, excluded=excluded) for place, _ in enumerate(parts)),
        )
    if not query.verbatim and detection.lang == "vi" and detection.accents != "full":
        restoration = (restorer or Restorer.bundled)().restore(text)
        restored = _with_phrases(restoration.text, text, phrases)
        read_as = restored if restored != text else read_as
    return ReadQuery(text, detection.lang, read_as, phrases, excluded, quotes)


def _detected(text: str) -> Detection:
    """The language of a query: abbreviations alone are those of the list, which is Vietnamese."""
    words = [token.exact for token in tokens(text) if token.exact[0].isalpha()]
    if words and all(map(expansion, words)):
        return Detection("vi", 1.0)
    return detect(text)


def _parts(text: str, restorer: Callable[[], Restorer] | None) -> tuple[ReadQuery, ...]:
    """The two parts of a query that is half in one language, half in the other; else nothing.

    A query in one language is not to be torn apart: each side must be clear, with words that only
    its language has, and must say something without the other's.
    """
    words = sum(token.exact[0].isalpha() for token in tokens(text))
    if not 2 < words <= _MOST_MIXED_WORDS:
        return ()
    place, odds = switch(text)
    if odds < _CLEAR_SWITCH:
        return ()
    halves = [text[:place].strip(), text[place:].strip()]
    langs = [detect(half).lang for half in halves]
    if sorted(langs) != ["en", "vi"]:
        return ()
    parts = []
    for half, lang in zip(halves, langs, strict=True):
        restored = (restorer or Restorer.bundled)().restore(half).text if lang == "vi" else half
        parts.append(ReadQuery(half, lang, restored if restored != half else None))
    own = {part.lang: part.own_words for part in parts}
    if own["vi"] < _FEWEST_IN_SIDE or _WORDS_BESIDE_ONE * own["en"] < words:
        return ()
    sides = [_joined(parts, number) for number, _ in enumerate(parts)]
    if any(len(side.shares(side.lang)[0]) < _FEWEST_IN_SIDE for side in sides):
        return ()
    return tuple(parts)


def _joined(
    parts: Sequence[ReadQuery], number: int, *, excluded: tuple[tuple[str, ...], ...] = ()
) -> ReadQuery:
    """One part of a query with what of the other is written alike in its language."""
    own, other = parts[number], parts[1 - number]

    def with_other(mine: str, others: str) -> str:
        texts = [mine, others] if number == 0 else [others, mine]
        return " | ".join(text for text in texts if text)

    text = with_other(own.text, other.written_alike_in(other.text))
    meant = with_other(own.meant, other.written_alike_in(other.meant))
    return ReadQuery(text, own.lang, meant if meant != text else None, excluded=excluded)


def _with_phrases(restored: str, typed: str, phrases: Sequence[tuple[str, ...]]) -> str:
    """The restored text with quoted phrases as they were typed."""
    if not phrases:
        return restored
    before, after = list(tokens(typed)), list(tokens(restored))
    forms = [token.exact for token in before]
    kept = {
        place + i
        for phrase in phrases
        for place in range(len(forms) - len(phrase) + 1)
        if tuple(forms[place : place + len(phrase)]) == phrase
        for i in range(len(phrase))
    }
    pieces, last = [], 0
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        if place in kept:
            pieces += [restored[last : other.start], typed[one.start : one.end]]
            last = other.end
    return "".join([*pieces, restored[last:]])


def check(query: Query) -> None:
    """Raise QueryError where a parameter has no such value."""
    if not 1 <= query.k <= 1000:
        raise QueryError(f"k must be between 1 and 1000, not {query.k}.")
    if query.offset < 0:
        raise QueryError(f"offset must not be negative, but is {query.offset}.")
    for name, value, allowed in (
        ("lang", query.lang, ("both", *LANGUAGES)),
        ("mode", query.mode, MODES),
        ("sort", query.sort, SORTS),
    ):
        if value not in allowed:
            raise QueryError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    for name, names in (("author", query.filters.authors), ("section", query.filters.sections)):
        for one in names:
            if not name_tokens(one):
                raise FilterError(f"{name} must be a name, and {one!r} is none.", one)
    for name, date in (("from", query.filters.date_from), ("to", query.filters.date_to)):
        try:
            day_of(date)
        except ValueError:
            raise QueryError(f"{name} must be a date like 2025-09-24, not {date!r}.") from None
    first, last = day_of(query.filters.date_from), day_of(query.filters.date_to)
    if first and last and first > last:
        raise QueryError(
            f"No day lies between {query.filters.date_from} and {query.filters.date_to}."
            " Exchange the two dates."
        )


def _take_apart(
    text: str,
) -> tuple[str, tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """(the rest, phrases, exclusions); the words of a phrase stay in the rest."""
    phrases: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []

    def take(match: re.Match[str]) -> str:
        excludes = match["minus"] or match["word"]
        inner = match["phrase"] if match["phrase"] is not None else match["word"]
        found = tuple(token.exact for token in tokens(inner))
        if found:
            (excluded if excludes else phrases).append(found)
        return " " if excludes else f" {inner} "

    rest = _OPERATOR.sub(take, text.translate(QUOTES)).replace('"', " ")
    return " ".join(rest.split()), tuple(phrases), tuple(excluded)


def unquoted(text: str) -> str:
    """What was typed, with the words of required phrases free; what is excluded stays excluded."""

    def free(match: re.Match[str]) -> str:
        return match[0] if match["minus"] or match["word"] else f" {match['phrase']} "

    typed = text.translate(QUOTES)
    found = _OPERATOR.sub(free, typed)
    return text if found == typed else " ".join(found.split())


def _phrase(phrase: tuple[str, ...], language: Language) -> Phrase:
    if language.marks_tell_words_apart and any(map(has_marks, phrase)):
        return Phrase("exact", phrase)
    return Phrase("folded", tuple(map(fold, phrase)))


def _unique(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Each field's token once, at its highest boost: a word typed twice is not meant twice."""
    highest: dict[tuple[str, str], Term] = {}
    for term in terms:
        key = term.field, term.token
        if key not in highest or highest[key].boost < term.boost:
            highest[key] = term
    return tuple(highest.values())
