"""What the lines of a news page's text are: prose, headline, furniture, file name, caption, date."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from indexer.dates import find_date
from search.languages import fold


class Kind(Enum):
    """What a line seems to be, judged alone and by how often it occurs."""

    PROSE = auto()
    HEADLINE = auto()
    SHORT = auto()
    ITEM = auto()
    CAPTION = auto()
    FILE_NAME = auto()
    DATE = auto()
    BYLINE = auto()
    FURNITURE = auto()
    BOUNDARY = auto()
    """The heading of what follows an article: related stories, comments, a footer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank.

    Attributes:
        after_blank: Whether a blank line stands before it.
        repeated: Whether it occurs more than once in the page.
    """

    text: str
    kind: Kind
    words: int
    after_blank: bool
    repeated: bool


_FILE_NAME = re.compile(
    r"[\w() .,%+-]{1,120}\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|mp4|mp3|pdf)", re.I
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\s*/\s*\d{1,2}:\d{2}(?::\d{2})?)?")
_SENTENCE_END = re.compile(r"[.!?…:;][\"”’'»)\]]*$")
_ITEM = re.compile(r"(?:[-–•*+]|\(?\d{1,2}[.)])\s+\S")
_CREDIT = re.compile(
    r"(?:\b(?:Ảnh|Ảnh minh họa|Nguồn ảnh|Đồ họa|Photo|Photograph|Image|Picture|Credit|Video)\s*"
    r"(?:[:：/]|by\b|courtesy\b).{0,80}$"
    r"|(?:Getty Images|Shutterstock|/?(?:AFP|AP|EPA|TTXVN|VNA|Reuters|Xinhua))[)\]]?\.?$)"
)
_BYLINE = re.compile(
    r"(?:By|Written by|Reporting by|Editing by|Theo|Tác giả|Phóng viên|PV|Bài và ảnh|Tin, ảnh|Bài, ảnh"
    r"|Thực hiện|Nguồn)\s*:?\s+(?P<name>[A-ZĐÀ-Ỹ][^.!?]{1,80})"
)
_AGENCY = re.compile(
    r"(?P<name>[A-ZĐÀ-Ỹ][\w .'-]{1,50})\s*[/(–-]\s*(?:TTXVN|TTXVN/\w+|VNA|Vietnam\+)\)?"
)

# Compared with the folded line, from its beginning; the rest of the line must be short.
_BOUNDARY = re.compile(
    r"(?:tin (?:doc nhieu|lien quan|moi|cung chuyen muc|khac|noi bat|tuc moi|bai lien quan|cu hon)"
    r"|(?:bai|tin) (?:viet )?(?:lien quan|cung (?:chuyen muc|tac gia|chu de)|doc nhieu|noi bat|moi)"
    r"|cung (?:chuyen muc|chu de|tac gia)|(?:doc|xem) nhieu|co the ban quan tam|ban co the quan tam"
    r"|tin bai lien quan|moi nhat|y kien(?: ban doc)?|(?:\d+ )?binh luan|gui binh luan|tag:|tags?\b"
    r"|tu khoa|chu de:|related|more (?:from|on|stories|news|in|like)|most (?:read|popular|viewed)"
    r"|recommended|you (?:may|might) (?:also )?(?:like|be interested)|read (?:next|more)|up next"
    r"|(?:\d+ )?comments?\b|leave a (?:reply|comment)|join the (?:conversation|discussion)"
    r"|trending|latest (?:news|stories)|popular|editors?.? picks?|what to read next|topics?\b"
    r"|about the author|share this|filed under|see also|copyright|©|all rights reserved"
    r"|sponsored|promoted|around the web|from our partners|chi dao dieu hanh|lien ket"
    r"|dang ky nhan tin|sign up|newsletters?|subscribe)"
)
_FURNITURE = re.compile(
    r"(?:in|in bai(?: viet)?|print|share|chia se|email|e-mail|gui (?:email|mail|tin)|facebook|twitter|x"
    r"|zalo|telegram|linkedin|whatsapp|pinterest|reddit|messenger|copy(?: link)?|sao chep|luu(?: bai)?"
    r"|save|bookmark|thich|like|follow|theo doi|nghe (?:doc )?bai|listen|play|pause|mute|unmute"
    r"|(?:giong )?(?:nu|nam)(?: mien (?:bac|trung|nam))?|giong doc|toc do|binh thuong|co chu|phong to"
    r"|[aа][+-]?|menu|home|trang chu|search|tim kiem|dang nhap|dang ky|log ?in|sign in|register|close|dong"
    r"|skip to|back to top|ve dau trang|quang cao|advertis\w*|story continues|continue reading"
    r"|xem them|doc them|xem tiep|loading|dang tai|cookies?|we use cookies|accept|privacy|terms"
    r"|contact|lien he|hotline|dien thoai|toa soan|tong bien tap|giay phep|ban quyen|google news"
    r"|image(?: source| caption)?|caption|photo|video|audio|gallery|live|breaking|opinion|exclusive"
    r"|\d+ (?:min(?:ute)?s?|phut)(?: read| doc)?|\d+ (?:shares?|likes?|views?|luot xem)|font size"
    r"|published|updated|last (?:updated|modified)|posted|cap nhat|ngay dang|click|tap|download|tai ve"
    r"|report(?: a)? (?:error|typo)|bao loi|danh gia|rating|quay lai|tro ve|thu .{2,6}|edition)"
)


def read_lines(text: str) -> list[Line]:
    """The lines of a page's text that are not blank, each judged."""
    raw = [line.strip() for line in text.split("\n")]
    seen = Counter(_key(line) for line in raw if line)
    lines: list[Line] = []
    blank = True
    for line in raw:
        if not line:
            blank = True
            continue
        repeated = seen[_key(line)] > 1
        lines.append(Line(line, _kind(line, lines), len(line.split()), blank, repeated))
        blank = False
    return lines


def byline_name(text: str) -> str | None:
    """The name in a line that says who wrote, or None."""
    match = _BYLINE.fullmatch(text) or _AGENCY.fullmatch(text)
    return match["name"].strip(" ,|") if match else None


def is_name(text: str) -> bool:
    """Whether a line is nothing but a person's name: two to five capitalised words."""
    words = text.replace(" - ", " ").split()
    return 2 <= len(words) <= 5 and all(
        word[0].isupper() and word.strip(".,'-").replace("-", "").replace("'", "").isalpha()
        for word in words
    )


def ends_like_sentence(text: str) -> bool:
    """Whether a line ends in punctuation as sentences do."""
    return _SENTENCE_END.search(text) is not None


def _key(line: str) -> str:
    return fold(line)


def _kind(line: str, before: Sequence[Line]) -> Kind:
    words = len(line.split())
    folded = fold(line)
    if _FILE_NAME.fullmatch(line):
        return Kind.FILE_NAME
    if before and before[-1].kind is Kind.FILE_NAME and words > 2 and len(line) < 400:
        return Kind.CAPTION
    if not any(c.isalpha() for c in line):
        return Kind.DATE if find_date(line) else Kind.FURNITURE
    if words <= 14 and find_date(line) and not ends_like_sentence(line):
        return Kind.DATE
    if _CLOCK.match(line) and words <= 4:
        return Kind.FURNITURE
    if (match := _BOUNDARY.match(folded)) and _short_rest(folded, match.end()):
        return Kind.BOUNDARY
    if (match := _FURNITURE.match(folded)) and _short_rest(folded, match.end(), most=12):
        return Kind.FURNITURE
    if words <= 60 and _CREDIT.search(line):
        return Kind.CAPTION
    if words <= 10 and byline_name(line):
        return Kind.BYLINE
    if _ITEM.match(line):
        return Kind.ITEM
    sentence = ends_like_sentence(line)
    if (sentence and words >= 8) or words >= 35 or (". " in line and words >= 15):
        return Kind.PROSE
    if words >= 4 and not sentence:
        return Kind.HEADLINE
    return Kind.SHORT


def _short_rest(folded: str, end: int, *, most: int = 40) -> bool:
    """Whether what follows the matched beginning is no sentence of its own."""
    rest = folded[end:]
    return (
        (not rest or not rest[0].isalpha() or not folded[end - 1].isalpha())
        and len(rest) <= most
        and not (len(rest) > 15 and rest.endswith("."))
    )
