"""The languages Songngu reads: tokens, folding, compounds and stems, stop words.

Indexing, queries, marks and every store use these functions and no others, so a token is the same
thing everywhere. A further language costs one entry in ``LANGUAGES``.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from search.text.quantities import Quantity, quantities

TEXT_VERSION = 2
"""Raised whenever a change here alters tokens; archives of another version must be rebuilt."""

# Invisible characters that web pages and word processors leave inside words: soft hyphen, zero
# width (non-)joiners and spaces, direction marks, word joiner, byte order mark.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")  # as East Asian keyboards write ASCII
_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")
# Putting many marks on one letter in order takes time that grows with their square; no writing has
# more than a few, and Unicode's Stream-Safe Text Format (UAX 15) has thirty at most.
_MOST_MARKS = 30
_MANY_MARKS = re.compile(rf"[^\x00-\x7f\w\s]{{{_MOST_MARKS + 1},}}")

# A number with its separators, or letters and digits with apostrophes inside ("don't", "O'Neill").
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+(?![^\W_])|[^\W_]+(?:['’ʼ][^\W_]+)*")
_GROUPED_NUMBER = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")

_LONGEST_TOKEN = 100
"""Characters; the rest of a longer token is cut off: no engine takes terms of any length."""

_OPENING_TOKENS = 80
"""Of a story's first sentences, in which news says what it is about."""

BETWEEN = "|"
"""Stands between two names in one field: no phrase reaches over it, since no token is like it."""

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # huyền, sắc, ngã, hỏi, nặng


def _tone_table(plain: str) -> dict[str, str]:
    """Map each vowel pair with the tone on its second vowel to that with the tone on its first."""
    first, second = plain[0], plain[1]
    return {
        unicodedata.normalize("NFC", first + second + tone): unicodedata.normalize(
            "NFC", first + tone + second
        )
        for tone in _TONES
    }


# "hoà" and "hòa" are one word: where nothing follows the pair, the tone goes to the first vowel;
# where a consonant or vowel follows ("hoàn", "khoái"), to the second. "quý" is no pair: its onset
# is qu.
_TO_FIRST = {**_tone_table("oa"), **_tone_table("oe"), **_tone_table("uy")}
_TO_SECOND = {first: second for second, first in (_tone_table("oa") | _tone_table("oe")).items()}
_OPEN_PAIR = re.compile(rf"(?<!q)(?:{'|'.join(_TO_FIRST)})$")
_CLOSED_PAIR = re.compile(rf"(?:{'|'.join(_TO_SECOND)})(?=(?:ng|nh|ch|[nmptcioy])$)")


def normalise(text: str) -> str:
    """Bring text into the form that is kept and shown.

    NFC, no invisible or control characters, plain spaces, and plain letters and digits in place of
    full-width ones.

    Line breaks stay (as ``\n``); runs of other white space become one space.
    """
    text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _CONTROL.sub(" ", text)
    text = _FULL_WIDTH.sub(lambda wide: chr(ord(wide.group()) - 0xFEE0), text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", with_few_marks(text)))


def with_few_marks(text: str) -> str:
    """Limit the marks on one letter to a number that can be put in order fast."""

    def few(run: re.Match[str]) -> str:
        kept, marks = [], 0
        for char in run.group():
            marks = marks + 1 if unicodedata.combining(char) else 0
            if marks <= _MOST_MARKS:
                kept.append(char)
        return "".join(kept)

    return _MANY_MARKS.sub(few, text)


def place_tone(syllable: str) -> str:
    """Put the tone of a lower-case syllable where dictionaries put it: ``hoà`` → ``hòa``."""
    if syllable.isascii():
        return syllable
    syllable = _OPEN_PAIR.sub(lambda pair: _TO_FIRST[pair.group()], syllable)
    return _CLOSED_PAIR.sub(lambda pair: _TO_SECOND[pair.group()], syllable)


def _number(token: str) -> str:
    """Write a number with a decimal point and no grouping: 3.500, 3,500 → 3500; 3,5 → 3.5."""
    if grouped := _GROUPED_NUMBER.fullmatch(token):
        separator = grouped.group(1)
        return token.replace(separator, "").replace(",", ".")
    return token.replace(",", ".") if token.count(",") == 1 and "." not in token else token


@lru_cache(maxsize=1 << 18)
def exact(token: str) -> str:
    """Make the form of one token that equality means: lower-case, NFC, tone placed, marks kept."""
    token = token[:_LONGEST_TOKEN]
    if token[0].isdigit() and not token.isalnum():
        return _number(token)
    token = unicodedata.normalize("NFC", token).lower().replace("ð", "đ")  # eth typed for đ
    if "'" in token or "’" in token or "ʼ" in token:
        token = token.replace("’", "'").replace("ʼ", "'").removesuffix("'s")
    return place_tone(token)


@lru_cache(maxsize=1 << 18)
def fold(text: str) -> str:
    """Lower-case a text and drop all marks; đ becomes d. Unaccented queries are compared with that.

    NFKD also opens compatibility forms (full-width letters, ligatures).
    """
    if text.isascii():
        return text.lower()
    lower = with_few_marks(text.lower().replace("đ", "d").replace("ð", "d"))
    decomposed = unicodedata.normalize("NFKD", lower)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def has_marks(token: str) -> bool:
    """Whether a token carries marks that folding would take away."""
    return not token.isascii() and fold(token) != token.lower()


class Token(NamedTuple):
    """A word in a text. A tuple, since a search makes thousands of them.

    Attributes:
        start, end: Offsets in the text that was read, in characters, end exclusive.
        exact: The form that ``exact`` gives.
    """

    start: int
    end: int
    exact: str

    @property
    def folded(self) -> str:
        """The exact form without marks."""
        return fold(self.exact)


def tokens(text: str) -> Iterator[Token]:
    """Split a text into its words and numbers, in order. The text should be NFC (``normalise``)."""
    for match in _TOKEN.finditer(text):
        yield Token(match.start(), match.end(), exact(match.group()))


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Give (token as it stands, start, end) of a text: ``tokens`` without forms, for bulk work."""
    for match in _TOKEN.finditer(text):
        yield match.group(), match.start(), match.end()


def exact_tokens(text: str) -> list[str]:
    """Give the exact forms of a text's tokens: ``tokens`` without offsets, for bulk work."""
    return [exact(token) for token in _TOKEN.findall(text)]


def name_tokens(name: str) -> list[str]:
    """The folded tokens by which authors and sections are found."""
    return [fold(token) for token in exact_tokens(normalise(name))]


@dataclass(frozen=True, slots=True)
class Forms:
    """An article's analysed text: each field's tokens joined by single spaces.

    Attributes:
        title, opening: Plain tokens of the title, and of the first words of the body.
        pairs: Folded tokens that follow one another: what tells a name whose syllables are common.
        authors, section: Folded tokens; between two authors stands ``BETWEEN``.
    """

    exact: str
    folded: str
    words: str
    title: str
    opening: str
    pairs: str
    authors: str = ""
    section: str = ""


FORM_FIELDS = tuple(field.name for field in fields(Forms))


@dataclass(frozen=True, slots=True)
class Language:
    """How one language is read.

    Attributes:
        code: ISO 639-1.
        endonym: The language's name in itself.
        words: A normalised text → tokens of the field "words", in order. Those of dates and
            numbers are added to them.
        plain: Exact tokens → as many of the fields "title" and "opening".
        query_words: A query's exact tokens → tokens to look up in the field "words".
        stop_words: Function words in their exact form; never removed from an index.
        marks_tell_words_apart: Whether a typed mark distinguishes words (tones), so that
            exact and folded forms must not be confused.
        bare_days: Whether "24/9" alone is a day.
    """

    code: str
    endonym: str
    words: Callable[[str], Iterable[str]]
    plain: Callable[[list[str]], list[str]]
    query_words: Callable[[list[str]], list[str]]
    stop_words: frozenset[str]
    marks_tell_words_apart: bool
    bare_days: bool

    def forms(
        self,
        *,
        title: str,
        body: str,
        authors: Sequence[str] = (),
        section: str | None = None,
        words: str | None = None,
    ) -> Forms:
        """Analyse an article for a store's word fields.

        Args:
            words: That field where it was kept: finding compounds costs more than all the rest.
        """
        text = f"{title}\n{body}" if title else body
        exact_list = exact_tokens(text)
        opening = exact_tokens(body[: 10 * _OPENING_TOKENS])[:_OPENING_TOKENS]
        return Forms(
            exact=" ".join(exact_list),
            folded=" ".join(map(fold, exact_list)),
            words=" ".join(self._all_words(text)) if words is None else words,
            title=" ".join(self.plain(exact_tokens(title))),
            opening=" ".join(self.plain(opening)),
            pairs=" ".join(self.pairs(exact_list)),
            authors=f" {BETWEEN} ".join(" ".join(name_tokens(author)) for author in authors),
            section=" ".join(name_tokens(section or "")),
        )

    def pairs(self, exact_list: Sequence[str]) -> Iterator[str]:
        """Tokens of the field "pairs" for consecutive exact ones; none with a stop word."""
        for one, two in pairwise(exact_list):
            if one not in self.stop_words and two not in self.stop_words:
                yield f"{fold(one)}_{fold(two)}"

    def quantities(self, text: str) -> Iterator[Quantity]:
        """The dates and numbers of a text, in order."""
        return quantities(text, bare_days=self.bare_days)

    def _all_words(self, text: str) -> Iterator[str]:
        yield from self.words(text)
        for quantity in self.quantities(text):
            yield from quantity.tokens


@lru_cache(maxsize=1)
def _vietnamese_tokenizer() -> Callable[[str], str]:
    """Load pyvi, without scikit-learn where nothing else has loaded that.

    The library behind pyvi's model takes no more of it than a base class, and has another one for
    where it cannot be imported: 0.3 s instead of 1.7.
    """
    modules: dict[str, Any] = sys.modules
    hidden = "sklearn" not in modules
    if hidden:
        modules["sklearn"] = None
    try:
        from pyvi import ViTokenizer
    finally:
        if hidden:
            del modules["sklearn"]
    tokenize: Callable[[str], str] = ViTokenizer.tokenize
    return tokenize


def _vietnamese_compounds(text: str) -> Iterator[str]:
    """Find words of two or more syllables, as pyvi's conditional random field joins them.

    Single syllables are left to the field "exact": pyvi errs on names, so compounds only add.
    """
    tokenize = _vietnamese_tokenizer()  # queries do without it
    for line in text.split("\n"):
        # What is longer is no word of any language, and pyvi's patterns are slow with it.
        words = (word for word in line.replace("_", " ").split() if len(word) <= _LONGEST_TOKEN)
        for word in tokenize(" ".join(words)).split():
            if "_" in word and (syllables := exact_tokens(word.replace("_", " "))):
                yield "_".join(syllables)


def _vietnamese_query_compounds(query: list[str]) -> list[str]:
    """Join every run of two or three syllables; those that are no word are in no index."""
    return ["_".join(query[i : i + n]) for n in (2, 3) for i in range(len(query) - n + 1)]


@lru_cache(maxsize=1)
def _english_stemmer() -> Callable[[list[str]], list[str]]:
    import Stemmer

    stem: Callable[[list[str]], list[str]] = Stemmer.Stemmer("english").stemWords
    return stem


def _english_stems(text: str) -> list[str]:
    """Stem folded tokens by Snowball's Porter 2: "cafés" and "cafes" are one word."""
    return _english_query_stems(exact_tokens(text))


def _english_query_stems(query: list[str]) -> list[str]:
    return _english_stemmer()([fold(token) for token in query])


_VIETNAMESE_STOP_WORDS = frozenset(
    "và của là có cho các những được với trong một không đã này khi đến về người để ở tại cũng từ"
    " ra vào như theo trên sau còn lại sẽ đó nhiều phải rằng bị do hay hoặc nhưng mà thì nên vì"
    " bởi nếu đang rất nào gì ai đâu sao thế vậy đây kia ấy bao nhiêu mấy cái con chiếc việc sự"
    " cuộc".split()
)
_ENGLISH_STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her his how"
    " i if in into is it its may more most no not of on or our out she should so some such than"
    " that the their them then there these they this to up was we were what when where which who"
    " whom whose why will with would you your".split()
)

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language(
            code="vi",
            endonym="Tiếng Việt",
            words=_vietnamese_compounds,
            plain=lambda exact_list: [fold(token) for token in exact_list],
            query_words=_vietnamese_query_compounds,
            stop_words=_VIETNAMESE_STOP_WORDS,
            marks_tell_words_apart=True,
            bare_days=True,
        ),
        Language(
            code="en",
            endonym="English",
            words=_english_stems,
            plain=_english_query_stems,
            query_words=_english_query_stems,
            stop_words=_ENGLISH_STOP_WORDS,
            marks_tell_words_apart=False,
            bare_days=False,
        ),
    )
}
"""The languages of an archive, in the order in which lists are shown."""
