"""Two tellings of one story set against each other: their numbers, dates and names.

For a desk that checks its own translation: whatever one telling says and the other does not is
told. A value is searched for in the whole of the other text, in every way in which that may say
it: "1,2 triệu" and "1.2 million", "24/9" and "September 24", "mười bốn" and "14", "Nguyễn Văn
Nam" and "Nguyen Van Nam". What translators translate – ministries, countries, titles – and words
that merely may be numbers ("one", "năm") are never missed; they only count as found.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from search.text.detection import english_share, foreign_share
from search.text.languages import LANGUAGES, Token, fold, tokens
from search.text.numerals import numerals
from search.text.quantities import MONTHS, Quantity
from search.text.syllables import is_syllable

Kind = Literal["number", "date", "name"]
KINDS: tuple[Kind, ...] = ("number", "date", "name")

_YEAR = re.compile(r"(?:19|20)\d\d|1[0-8]\d\d")
_WEEKDAYS = {
    "en": "monday tuesday wednesday thursday friday saturday sunday".split(),
    "vi": "hai ba tư năm sáu bảy nhật".split(),
}
_WEEKDAY = {
    "en": re.compile(rf"(?<!\w)({'|'.join(_WEEKDAYS['en'])})s?(?!\w)", re.IGNORECASE),
    "vi": re.compile(
        r"(?<!\w)(?:(?P<sure>ngày|hôm|sáng|trưa|chiều|tối|đêm) )?"
        r"(?:thứ (hai|ba|tư|năm|sáu|bảy|[2-7])|chủ (nhật))(?!\w)",
        re.IGNORECASE,
    ),
}
_MONTH_WORDS = {
    name: number
    for number, names in enumerate(
        "một,giêng hai ba tư,bốn năm sáu bảy tám chín mười mười_một mười_hai,chạp".split(), 1
    )
    for name in names.replace("_", " ").split(",")
}
_MONTH = {
    "en": re.compile(
        r"(?<!\w)(?:(?P<sure>in|of|last|next|this|early|late|mid|since|until|from|by|during|between|and)"
        rf"[ -])?(?P<month>{'|'.join(name.capitalize() for name in MONTHS)})(?![\w])"
    ),
    "vi": re.compile(
        rf"(?<!\w)tháng (?P<month>{'|'.join(sorted(_MONTH_WORDS, key=len, reverse=True))}"
        r"|1[0-2]|0?[1-9])"
        r"(?![\w]|[.,]\d)(?: năm (?P<year>(?:19|20)\d\d)(?!\d))?",
        re.IGNORECASE,
    ),
}
_VERBS = frozenset({"may", "march", "mar", "sept", "dec", "jan"})

_SURNAMES = frozenset(
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương đào đinh đoàn trịnh trương"
    " mai phùng".split()
)
"""What Vietnamese names of people begin with; other names of syllables may be translated."""
_SURNAMES_FOLDED = frozenset(map(fold, _SURNAMES))
_GENITIVE = re.compile(r"(?:['’ʼ]s?|(?<!s)s['’ʼ]?)$")
_OF_A_PLACE = re.compile(r"(?:ians?|eans?|ans?|ish|ese|ics?|ia|ea|a|o|y)$")
_TRANSLATED_WORDS = (
    "academy africa america arab army asia asian association award bank bay beach bishop"
    " board boulevard bridge cabinet captain castle cathedral central championship channel"
    " chapel christian church city club college commission committee company confession"
    " congress council county court crown cup democrat department district doctor dr duke earl"
    " east emperor empire europe federation festival football fort forum foundation freeway"
    " galleries gallery garden general governor grand group gulf hall highway hospital host"
    " hotel house institute island jew judge king lake league liberties library lives lord"
    " master mayor memorial minister ministry miss mission monsieur mount mp mps mr mrs ms mt"
    " museum national north northern ocean office open order palace park parliament party"
    " plaza police pope premier president prime prince princess prix prof professor province"
    " queen radio republic river road route royal saint school sea secretary senate senator"
    " sir society south southern square st state station street studio temple this tower town"
    " treaties treaty tribune troopers tv union university valley video village war west"
    " western white world"
)
_EXONYMS = (
    "arabia argentina athens australia austria beijing belgium berlin brazil britain british"
    " brussels bulgaria burma cambodia canada china chinese croatia cuba cyprus czech"
    " czechoslovak dane denmark dutch egypt england english estonia finland france french"
    " frenchmen geneva georgia german germany greece greek holland hungary iceland india"
    " indonesia ireland irish israel italian italy japan japanese korea korean laos laotian"
    " latvia lisbon lithuania london malaysia mecca mexico mongol mongolia morocco moscow"
    " myanmar netherland netherlands norway norwegian philippine philippines poland polish"
    " portugal portuguese prague pyongyang romania rome russia russian scotland scottish"
    " serbia shanghai singapore slovakia spain spanish swede sweden swedish swiss switzerland"
    " syria taipei taiwan thai thailand tibet turk turkey turkish ukraine vatican venice"
    " vienna vietnamese wales washington yugoslavia"
)
_TRANSLATED = frozenset(f"{_TRANSLATED_WORDS} {_EXONYMS}".split())
"""What is translated, although it is rare in English text or common in Vietnamese."""
_RARE = 1e-6  # of all English words; from there on a word has a meaning that is translated
_FOREIGN = 1.6  # times commoner among the foreign words of Vietnamese news than in English
_CONTRACTED = re.compile(r"['’ʼ](?:d|ll|ve|re|m|t)$")
_WORDS_END = re.compile(
    r"(?:isms?|ists?|istic|tions?|ments?|ness|it(?:y|ies)|men|eers?|esses|ics|i[sz]ed|ers)$"
)
_LEAST_LETTERS = 3
_LEAST_STEM = 4
_SENTENCE_END = re.compile(r"[.?!:…\n\"“”«»‘(–—•-]\W*$")
_BEFORE_A_STOP = frozenset(
    {"mr", "mrs", "ms", "dr", "st", "prof", "tp", "ts", "gs", "ths", "bs", "pgs"}
)
_JOINT = re.compile(r" |-|’|'| ?& ?|\. ?")


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text says something.

    Attributes:
        start, end: Offsets in the text.
        text: What stands there.
        flagged: The parts of it that the other text does not have.
    """

    start: int
    end: int
    text: str
    flagged: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A number, date or name with where each of two texts has it.

    Attributes:
        mentions: By language; none in a language whose text has nothing like it.
    """

    kind: Kind
    mentions: Mapping[str, tuple[Mention, ...]]

    @property
    def differs(self) -> bool:
        """Whether one text says something of it that the other does not."""
        return any(mention.flagged for found in self.mentions.values() for mention in found)


@dataclass(frozen=True, slots=True)
class _Part:
    """A number or date, or a word of a name: the other text must show one of the keys."""

    start: int
    end: int
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Told:
    """Something that a text says.

    Attributes:
        parts: What the other text has to say too; none where it need not.
        shows: What it counts as in the other's favour.
    """

    kind: Kind
    start: int
    end: int
    parts: tuple[_Part, ...]
    shows: frozenset[str]


def compare(texts: Mapping[str, str]) -> list[Statement]:
    """Set two texts against each other; what differs comes first.

    Args:
        texts: By language, two of them, NFC.

    Returns:
        What either says of numbers, dates and names, each once, in the order of the texts.
    """
    said = {lang: list(_said(text, lang)) for lang, text in texts.items()}
    shown = {lang: {key for one in some for key in one.shows} for lang, some in said.items()}
    first, second = texts
    others = {first: second, second: first}
    told = {
        lang: [(one, _mention(one, texts[lang], shown[others[lang]])) for one in some]
        for lang, some in said.items()
    }
    index = {lang: _Index(some) for lang, some in told.items()}
    queue = [(lang, one, here) for lang, some in told.items() for one, here in some if one.parts]
    queue.sort(key=lambda entry: not entry[2].flagged)
    statements: list[Statement] = []
    done: set[tuple[str, int]] = set()
    for lang, one, mention in queue:
        if (lang, one.start) in done:
            continue
        found = {lang: index[lang].same(one), others[lang]: index[others[lang]].alike(one)}
        mentions: dict[str, tuple[Mention, ...]] = {}
        for code in texts:
            some = found[code]
            done |= {(code, o.start) for o, m in some if mention.flagged or not m.flagged}
            # Where this one agrees, what else the other text says there is told by itself.
            mentions[code] = tuple(
                m if mention.flagged else replace(m, flagged=()) for _, m in some
            )
        statements.append(Statement(one.kind, mentions))
    return statements


class _Index:
    """What a text says, by its keys."""

    def __init__(self, told: Sequence[tuple[_Told, Mention]]) -> None:
        self._told = told
        self._by_keys: dict[frozenset[frozenset[str]], list[int]] = defaultdict(list)
        self._by_key: dict[str, list[int]] = defaultdict(list)
        for place, (one, _) in enumerate(told):
            self._by_keys[frozenset(part.keys for part in one.parts)].append(place)
            for key in one.shows:
                self._by_key[key].append(place)

    def same(self, one: _Told) -> list[tuple[_Told, Mention]]:
        """What says the very same."""
        return [self._told[at] for at in self._by_keys[frozenset(p.keys for p in one.parts)]]

    def alike(self, one: _Told) -> list[tuple[_Told, Mention]]:
        """What says the same in the other text, or most of it."""
        common = Counter(
            place
            for part in one.parts
            for place in {at for key in part.keys for at in self._by_key.get(key, ())}
        )
        most = max(common.values(), default=0)
        best = [self._told[place] for place in sorted(common) if common[place] == most]
        return [entry for entry in best if entry[0].parts] or best[:1]


def _mention(one: _Told, text: str, shown: Set[str]) -> Mention:
    """What is said, with the parts that another text does not show."""
    flagged = tuple((p.start, p.end) for p in one.parts if shown.isdisjoint(p.keys))
    return Mention(one.start, one.end, text[one.start : one.end], flagged)


def _said(text: str, lang: str) -> Iterator[_Told]:
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return all(end <= a or start >= b for a, b in taken)

    for one in _dates(text, lang):
        if free(one.start, one.end):
            taken.append((one.start, one.end))
            yield one
    for quantity in LANGUAGES[lang].quantities(text):
        if not quantity.is_date and free(quantity.start, quantity.end):
            taken.append((quantity.start, quantity.end))
            keys = frozenset({quantity.tokens[0].rstrip("%")})
            yield _value("number", quantity.start, quantity.end, keys)
    for numeral in numerals(text, lang):
        if numeral.sure and not free(numeral.start, numeral.end):
            continue
        keys = frozenset(f"num:{value.normalize():f}" for value in numeral.values)
        year = _YEAR.fullmatch(text[numeral.start : numeral.end])
        kind: Kind = "date" if year else "number"
        yield _value(kind, numeral.start, numeral.end, keys, sure=numeral.sure)
    yield from _names(text, lang, free)


def _value(
    kind: Kind,
    start: int,
    end: int,
    keys: frozenset[str],
    shows: frozenset[str] = frozenset(),
    *,
    sure: bool = True,
) -> _Told:
    """A number or date, which the other text has to say where it surely is one."""
    return _Told(kind, start, end, (_Part(start, end, keys),) if sure else (), keys | shows)


def _dates(text: str, lang: str) -> Iterator[_Told]:
    for quantity in LANGUAGES[lang].quantities(text):
        if quantity.is_date:
            yield _date(quantity)
    for match in _MONTH[lang].finditer(text):
        name = match["month"].lower()
        number = MONTHS.get(name) or _MONTH_WORDS.get(name) or int(name)
        if lang == "vi" and match["year"]:
            token = f"date:{match['year']}-{number:02}"
            yield _date(Quantity(match.start(), match.end(), (token,)))
            continue
        sure = lang == "vi" or name not in _VERBS or bool(match["sure"])
        keys, shows = frozenset({f"month:{number:02}"}), frozenset({f"num:{number}"})
        start = match.start("month") if lang == "en" else match.start()
        yield _value("date", start, match.end(), keys, shows, sure=sure)
    for match in _WEEKDAY[lang].finditer(text):
        if lang == "en":
            number = _WEEKDAYS["en"].index(match[1].lower())
            sure = match[1][0].isupper()
        else:
            name = (match[2] or match[3]).lower()
            number = int(name) - 2 if name.isdigit() else _WEEKDAYS["vi"].index(name)
            sure = bool(match["sure"] or match[3])
        keys = frozenset({f"day:{number}"})
        shows = frozenset({f"num:{number + 2}"} if lang == "vi" else ())
        yield _value("date", match.start(), match.end(), keys, shows, sure=sure)


def _date(quantity: Quantity) -> _Told:
    """A day or month; a text that tells no year, or no day, agrees with one that does."""
    whole = quantity.tokens[0].removeprefix("date:")
    parts = whole.split("-")
    if len(parts) == 3:
        year, month, day = parts
        keys = {whole, f"some:{month}-{day}"}
        shows = {whole, f"{month}-{day}", f"{year}-{month}", f"month:{month}", f"num:{year}"}
        shows |= {f"num:{int(day)}", f"num:{int(month)}"}
    elif len(parts[0]) == 4:
        year, month = parts
        keys = {whole, f"some:{month}"}
        shows = {whole, f"month:{month}", f"num:{year}"}
    else:
        month, day = parts
        keys = {whole}
        shows = {whole, f"some:{whole}", f"month:{month}", f"num:{int(day)}", f"num:{int(month)}"}
    part = _Part(quantity.start, quantity.end, frozenset(keys))
    return _Told("date", part.start, part.end, (part,), frozenset(shows))


def _names(text: str, lang: str, free: Callable[[int, int], bool]) -> Iterator[_Told]:
    """Sequences of words with a capital; of their words those count that are written alike.

    Every other word of the text may be one in its favour, as may two or three that follow each
    other: "Hanoi" is "Hà Nội".
    """
    words = list(tokens(text))
    shows = [
        frozenset(
            {f"name:{_stem(word.folded)}"}
            | {f"name:{''.join(w.folded for w in words[at : at + n])}" for n in (1, 2, 3)}
        )
        for at, word in enumerate(words)
    ]
    places = {word.start: at for at, word in enumerate(words)}
    for sequence in _sequences(text, words):
        if not free(sequence[0].start, sequence[-1].end):
            continue
        parts = [
            _Part(w.start, w.end, frozenset({f"name:{w.folded}", f"name:{_stem(w.folded)}"}))
            for w in sequence
            if _is_alike(text, w, sequence, lang)
        ]
        shown = frozenset().union(*(shows[places[word.start]] for word in sequence))
        yield _Told("name", sequence[0].start, sequence[-1].end, tuple(parts), shown)
    for word, shown in zip(words, shows, strict=True):
        yield _Told("name", word.start, word.end, (), shown)


def _stem(folded: str) -> str:
    """A name without the endings of a genitive, a plural or somebody of a place."""
    plain = _GENITIVE.sub("", folded)
    stem = _OF_A_PLACE.sub("", plain)
    return stem if len(stem) >= _LEAST_STEM else plain


def _sequences(text: str, words: Sequence[Token]) -> Iterator[list[Token]]:
    """Words with a capital that stand together; a full stop only joins initials and titles."""
    run: list[Token] = []
    for word in words:
        capital = text[word.start].isupper()
        between = text[run[-1].end : word.start] if run else ""
        joined = bool(_JOINT.fullmatch(between))
        if joined and "." in between:
            joined = run[-1].exact in _BEFORE_A_STOP or len(run[-1].exact) == 1
        if run and not (capital and joined):
            yield run
            run = []
        if capital:
            run.append(word)
    if run:
        yield run


def _is_alike(text: str, word: Token, sequence: Sequence[Token], lang: str) -> bool:
    """Whether a name's word stands in the other language as it stands here."""
    written = text[word.start : word.end]
    if len(written) < _LEAST_LETTERS or not written[0].isalpha():
        return False
    first = word is sequence[0] and (
        not word.start or bool(_SENTENCE_END.search(text[max(0, word.start - 4) : word.start]))
    )
    if is_syllable(word.folded):
        is_surname = _SURNAMES.__contains__ if lang == "vi" else _is_surname
        places = [at for at, one in enumerate(sequence) if is_surname(one.exact)]
        person = sequence[places[0] :] if places else ()
        return len(person) > 1 and word in person and all(is_syllable(w.folded) for w in person)
    if _GENITIVE.sub("", written).isupper() or (first and len(sequence) == 1):
        return False
    if lang == "vi":
        return fold(word.exact) == word.exact
    plain = _GENITIVE.sub("", word.folded)
    if _CONTRACTED.search(plain) or _WORDS_END.search(plain):
        return False
    if {word.folded, plain, _stem(plain)} & (_TRANSLATED | LANGUAGES[lang].stop_words):
        return False
    english = english_share(plain)
    return english < _RARE or foreign_share(plain) > _FOREIGN * english


def _is_surname(word: str) -> bool:
    folded = fold(word)
    return folded in _SURNAMES_FOLDED and english_share(folded) < _RARE
