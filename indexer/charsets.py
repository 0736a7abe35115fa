"""One rule for character sets: what bytes say, and Vietnamese written before Unicode.

Files, fetched pages, web archives and tables are all read by it. Vietnamese has encodings that
Python does not know and detectors do not tell apart (TCVN3, VNI, VISCII): they borrow the letters
of Western text, and only whether Vietnamese syllables come of it proves which one it is.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from functools import partial

from search.errors import ExtractionError
from search.text.languages import exact
from search.text.syllables import SyllableTable, is_syllable

_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})",
    re.IGNORECASE,
)
_HEAD = 64 << 10
"""Bytes in which a document says what it is in."""

# Browsers read what calls itself Latin-1 as its superset, and so do we: WHATWG Encoding Standard.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030"}
_SPELLINGS = {"x-windows-1258": "cp1258", "utf8mb4": "utf-8", "x-sjis": "cp932"}
_NOT_FOR_TEXT = {"utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined"}
_WIDE = 0.4  # share of zero bytes in every other place that only UTF-16 has
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
_CONTROLS = 0.02  # most of them, as a share of the characters, that a text has
_DAMAGED = 0.1  # share of unreadable characters that a text in UTF-8 may have
_OTHER_SCRIPT = 0.4  # share of bytes beyond ASCII from which on a text is in no Latin script


def decoded(data: bytes, charset: str | None = None, *, strict: bool = False) -> str:
    """Decode a document in the character set that it is really in.

    What proves itself comes first, because headers and templates are often wrong: a byte order
    mark, zeros at every other place, UTF-8 that decodes without an error, Vietnamese syllables.
    Then comes what the server says, and what the document says of itself. Text that was encoded
    twice, or was read as Western before it got here, is mended.

    Args:
        charset: What the header Content-Type says.
        strict: Whether it is an error to declare what nobody knows, where nothing proves itself.

    Raises:
        ExtractionError: It is in an unknown character set, and ``strict``.
    """
    if (wide := wide_encoding(data[:_HEAD])) is not None:
        return data.decode(wide, "replace")
    try:
        return modernised(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pass
    found = _DECLARED.search(data[:_HEAD])
    own = found[1].decode("ascii", "replace") if found else None
    said = [_known(charset), _known(own)]
    named = [name for name in said if name is not None and not name.startswith("utf")]
    text = data.decode("utf-8-sig", "replace")
    foreign = sum(1 for char in text if char > "\x7f")
    if text.count("\N{REPLACEMENT CHARACTER}") <= _DAMAGED * foreign:
        # A few bad bytes must not turn all the other letters into noise.
        return text
    if (vietnamese_text := vietnamese(data)) is not None:
        return vietnamese_text
    if named:
        return _decode(data, named[0])
    if strict and own is not None and said == [None, None]:
        raise ExtractionError(
            f"the page is in the unknown character set {own!r}, and not in UTF-8: convert it, for"
            f" example with iconv -f {own.upper()} -t UTF-8"
        )
    if sum(byte > 127 for byte in data[:_HEAD]) > _OTHER_SCRIPT * len(data[:_HEAD]):
        # The detector knows scripts; Western letters it takes for Central European ones.
        from charset_normalizer import from_bytes

        if (best := from_bytes(data[:_HEAD]).best()) is not None:
            return _decode(data, best.encoding)
    return western(data)


def vietnamese(data: bytes) -> str | None:
    """Decode bytes of a Vietnamese encoding other than UTF-8; None where they are not one."""
    text = western(data)
    convert = conversion(text)
    return convert(text) if convert is not None else None


def western(data: bytes) -> str:
    """Decode Windows-1252; undefined bytes become the control characters, as in browsers."""
    return "".join(_WESTERN[byte] for byte in data)


def wide_encoding(head: bytes) -> str | None:
    """Recognise UTF-16 or UTF-32 by its byte order mark, else by its zero bytes; else None.

    Other files have zeros too: what they say must be text.
    """
    for mark, encoding in _WIDE_MARKS:
        if head.startswith(mark):
            return encoding
    guessed = _by_zeros(head)
    if guessed is None:
        return None
    text = head.decode(guessed, "ignore")
    return guessed if len(_CONTROL.findall(text)) <= _CONTROLS * len(text) else None


def _by_zeros(head: bytes) -> str | None:
    """Name the encoding that has zeros where these bytes have them; None where none has."""
    ends = [head[place::4].count(0) for place in range(4)]
    if sum(ends) > 0.6 * len(head):
        return "utf-32-be" if ends[0] > ends[3] else "utf-32-le"
    even, odd = ends[0] + ends[2], ends[1] + ends[3]
    if max(even, odd) > _WIDE * len(head) / 2 and min(even, odd) < 0.05 * len(head):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _decode(data: bytes, encoding: str) -> str:
    if encoding == "cp1252":
        return western(data)
    return unicodedata.normalize("NFC", data.decode(encoding, "replace"))


def _known(name: str | None) -> str | None:
    """Look up Python's name of a character set, as browsers understand it; None for others."""
    spelled = (name or "").strip().strip("\"'").lower()
    try:
        found = codecs.lookup(_SPELLINGS.get(spelled, spelled))
        b"".decode(found.name)  # refuses codecs that make no text
    except (LookupError, ValueError):
        return None
    return None if found.name in _NOT_FOR_TEXT else _MEANT.get(found.name, found.name)


# ---- Vietnamese in the letters of Western text

_WESTERN = [bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256)]
_BYTE = {char: byte for byte, char in enumerate(_WESTERN) if byte > 127} | {
    chr(byte): byte for byte in range(128, 256)
}
_TONES = {"f": "\u0300", "s": "\u0301", "r": "\u0309", "x": "\u0303", "j": "\u0323"}

# Letters from byte 0xa1 or 0x80 on; a full stop stands where there is none.
_TCVN3 = (
    "ĂÂÊÔƠƯĐăâêôơưđ......àảãáạ.ằẳẵắ.......ặầẩẫấậè.ẻẽéẹềểễếệìỉ...ĩíịò"
    ".ỏõóọồổỗốộờởỡớợù.ủũúụừửữứựỳỷỹýỵ."
)
_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
# A letter and what follows it: its tone, or its tone and its hat or breve.
_VNI_MARKS = {
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309",
    "ü": "\u0306\u0303", "ë": "\u0306\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309",
    "ã": "\u0302\u0303", "ä": "\u0302\u0323",
}  # fmt: skip
_VNI_LETTERS = {"ô": "ơ", "ö": "ư", "ñ": "đ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI = re.compile(
    f"([aeouyôö])([{''.join(_VNI_MARKS)}])|([{''.join(_VNI_LETTERS)}])", re.IGNORECASE
)

_SAMPLE = 20_000  # characters read to know what a text is
_LEAST_WORDS, _MOST_WORDS = 3, 100
_LEAST_SHARE = 0.9  # of the words with such letters are syllables, if it is the right encoding
_LEAST_GAIN = 0.25
_TAGS = re.compile(r"<[^<>]{0,1000}>")
_EDGES = "«»“”‘’„…–—-•·°€£©®™§¡¿´`\"'()[]{}<>.,;:!?/\\|*&%#@+=~_^$0123456789\xa0"
_TWICE = re.compile("[" + "".join(map(re.escape, sorted(_BYTE))) + "]{2,}")


def modernised(text: str) -> str:
    """Convert text that was written before Unicode, or was encoded once too often.

    Such text is proven by what comes of it: Vietnamese syllables, where there were none before. All
    other text is returned as it is.
    """
    convert = conversion(text)
    return convert(text) if convert else text


def conversion(text: str) -> Callable[[str], str] | None:
    """Find the function that converts a text to Unicode; None where none is needed.

    Decided on a whole document, so that its short fields are read like the long ones.
    """
    if text.isascii():
        return None
    if _twice(text) != text:
        return _twice
    sample = _TAGS.sub(" ", text[: 2 * _SAMPLE])[:_SAMPLE]
    words = [word for word in sample.split() if not word.strip(_EDGES).isascii()][:_MOST_WORDS]
    if len(words) < _LEAST_WORDS:
        return None
    now = _share(words)
    if now >= _LEAST_SHARE:
        return None
    tried = [(_share(words, convert), convert) for convert in _CONVERSIONS]
    share, convert = max(tried, key=lambda each: each[0])
    return convert if share >= max(_LEAST_SHARE, now + _LEAST_GAIN) else None


def _share(words: list[str], convert: Callable[[str], str] = str) -> float:
    """Count how many words are Vietnamese syllables, written with nothing but its letters."""
    good = sum(map(_is_vietnamese, (convert(word).strip(_EDGES) for word in words)))
    return good / len(words)


def _is_vietnamese(word: str) -> bool:
    """Tell whether all parts of a word are syllables, those with marks in use."""
    known = SyllableTable.bundled().numbers
    parts = re.split(r"[-–/.,]", unicodedata.normalize("NFC", word))
    return all(
        is_syllable(part.lower()) if part.isascii() else exact(part) in known
        for part in parts
        if part
    )


def _twice(text: str) -> str:
    """Decode text whose UTF-8 was taken for Western letters and encoded again."""
    foreign = sum(not char.isascii() for char in text)
    if sum(char in _BYTE for char in text) < 0.95 * foreign:
        return text  # letters that such text cannot have
    good = bad = 0

    def once(found: re.Match[str]) -> str:
        nonlocal good, bad
        try:
            made = bytes(_BYTE[char] for char in found[0]).decode("utf-8")
        except UnicodeDecodeError:
            bad += 1
            return found[0]
        good += len(found[0])
        return made

    # The second half of "à" is a space that does not break, and becomes one that does.
    mended = _TWICE.sub(once, text.replace("Ã ", "Ã\xa0"))
    return mended if good >= max(3, 8 * bad) else text


def _from_bytes(text: str, letters: dict[int, str]) -> str:
    """Replace characters by the byte that they have in Western text; others stay."""
    return "".join(letters.get(_BYTE.get(char, -1), char) for char in text)


def _from_code_page(text: str) -> str:
    """Decode Windows-1258, which writes tones after their letters."""
    return unicodedata.normalize("NFC", _from_bytes(text, _CP1258))


def _from_tcvn3(text: str) -> str:
    """Decode TCVN 5712, the encoding of the fonts .VnTime.

    Its ư is a hyphen that programs lose, so many texts have the code of ừ for it: told by ươ, which
    has no tone on its first letter.
    """
    read = _from_bytes(text, _TCVN3_LETTERS)
    mended = re.sub("ừ(?=[ơớờởỡợ])", "ư", read)
    return mended if mended == read else re.sub(r"\w*ừ\w*", _likelier, mended)


def _likelier(found: re.Match[str]) -> str:
    """Choose between ừ and ư in a syllable, by frequency."""
    other = found[0].replace("ừ", "ư")
    table = SyllableTable.bundled()
    counts = [
        int(table.counts[table.numbers[form]]) if form in table.numbers else 0
        for form in (exact(found[0]), exact(other))
    ]
    return other if counts[1] > counts[0] else found[0]


def _from_vni(text: str) -> str:
    """Decode VNI for Windows: most marks are characters of their own, after their letters."""

    def letter(found: re.Match[str]) -> str:
        if alone := found[3]:
            made = _VNI_LETTERS[alone.lower()]
            return made.upper() if alone.isupper() else made
        base = _VNI_LETTERS.get(found[1].lower(), found[1].lower())
        made = unicodedata.normalize("NFC", base + _VNI_MARKS[found[2].lower()])
        return made.upper() if found[1].isupper() else made

    return _VNI.sub(letter, text)


_CP1258 = {byte: bytes([byte]).decode("cp1258", "ignore") for byte in range(128, 256)}
_TCVN3_LETTERS = {0xA1 + place: char for place, char in enumerate(_TCVN3) if char != "."}
_VISCII_LETTERS = {0x80 + place: char for place, char in enumerate(_VISCII)}
_CONVERSIONS = (
    _from_code_page,
    _from_tcvn3,
    partial(_from_bytes, letters=_VISCII_LETTERS),
    _from_vni,
)
