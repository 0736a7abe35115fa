"""What each line of a news page's text looks like: prose, label, caption, date, furniture.

A line is judged alone, by its neighbours, and by how often it occurs on the page. The words that
give furniture away are those of Vietnamese and English pages in general, in their folded form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import takewhile

from indexer.pages.bylines import credits_line, is_name, says_signed, signature, signers_beside_date
from indexer.pages.dates import find_date
from search.text.languages import LANGUAGES, exact_tokens, fold

LEAST_WORDS = 25
"""Words of running text below which nothing is taken for an article."""

_STOP_WORDS = frozenset(word for lang in LANGUAGES.values() for word in lang.stop_words)


class Kind(Enum):
    """What a line seems to be."""

    PROSE = auto()
    ITEM = auto()
    """An entry of a list, with its bullet or number."""
    SHORT = auto()
    """Anything without the marks of a sentence: headline, sub-heading, menu entry, table cell."""
    CAPTION = auto()
    FILE = auto()
    DATE = auto()
    BYLINE = auto()
    NOISE = auto()
    """Buttons, players, counters, notices."""
    LINK = auto()
    """A pointer to another story, which says so: "Read more: …"."""
    LISTING = auto()
    """The heading of a list of other stories."""
    END = auto()
    """The heading of comments, or a line of the page's footer: no article goes on below."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank.

    Attributes:
        folded: Its text without case and marks.
        gap: Whether a blank line stands before it.
        copies: How often the page has it.
        date: ISO 8601, where the line shows one and little else.
        names: Who signed, where the line says so.
    """

    text: str
    folded: str
    kind: Kind
    words: int
    gap: bool
    copies: int
    date: str | None = None
    names: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether it ends as sentences do."""
        return ends_sentence(self.text)

    @property
    def headline(self) -> bool:
        """Whether it could be the headline of a story: some words, and no full stop."""
        return self.kind is Kind.SHORT and self.words >= 5 and not self.text.endswith((".", ":"))


_FILE = re.compile(
    r"[\w() .,%+@-]{1,120}\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|heic|avif|mp4|mp3|m4a|mov|pdf)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?:[-–—•*+▪●■]\s+|\(?(?:\d{1,2}|[a-zđ])[.)]\s+)\S")
_SENTENCE_END = re.compile(r"[.!?…:;][\"”’'»)\]]*$")
_INNER_STOP = re.compile(r"[^\W\d_]{3}[.!?…][\"”’»)]*\s+[\"“‘(]?[^\W\d_a-z]")
_GLUED = re.compile(r"(?<=[a-zà-ỹ])(?=[A-ZĐ])")

_CREDIT = re.compile(
    r"(?:\b(?:Ảnh|ẢNH|Ảnh minh họa|Ảnh tư liệu|Nguồn ảnh|Đồ họa|Photo|PHOTO|Photos|PHOTOS"
    r"|Photograph|Photographer|Image|Images|Picture|Pictures|Credit|Image credits?"
    r"|Photo credits?|Illustration|File photo)\s*(?:[:：]|by\b|courtesy\b|via\b).{0,80}$"
    r"|(?:Getty(?: Images)?|Shutterstock|iStock|Unsplash|stock\.adobe\.com|/(?:AFP|AP|EPA|TTXVN|VNA"
    r"|Reuters|REUTERS|Xinhua|Bloomberg|Getty Images)|\bREUTERS/[\w .'-]{3,40}"
    r"|\(?AP Photo\b.{0,40})"
    r"[)\]]?\.?$|\bREUTERS/|\(AP Photo|^\[\d+/\d+\]|^\d{1,2} ?(?:of|/) ?\d{1,2}(?=[A-Z])"
    r"|\bFile (?:photo|image)\b|\bCredit\.\.\."
    r"|[.!?”\"’\w] \((?:[^\W\d_][\w.'’-]* ?){1,4} ?/ ?[^()]{2,40}\)$"
    r"|[.!?”\"’] (?:Courtesy of|Permission granted by) .{2,60}$"
    r"|[.!?”\"’] / (?:[A-Z][\w.'’-]* ?){1,4}$"
    r"|\((?:[\w.-]+ ){0,3}[Pp]hotos?(?: by|:| courtesy).{2,60}\)$"
    r"|^(?:(?:Media|Image|Video) caption|Chụp lại hình ảnh|Chú thích ảnh)\b.)"
)
# Alone on a line, it says that the next one is a caption.
_CAPTION_BELOW = re.compile(
    r"(?:(?:image|media|video) caption|chup lai hinh anh|chu thich anh)\s*[,:]?"
)
_NO_CAPTION_TEXT = re.compile(
    r"^(?:\[\d+/\d+\]|Item \d+ of \d+\s|\d{1,2} of \d{1,2} ?[|:]\s"
    r"|(?:(?:Media|Image|Video) caption|Chụp lại hình ảnh|Chú thích ảnh)\s*[,:]?\s)\s*"
    r"|\s*Purchase Licensing Rights\b.*$|,? opens new tab$"
)
# "© Ann Lee/AFP Divers at the reef": a caption, where a footer would give a year.
_CREDIT_FIRST = re.compile(r"(?:©|Ảnh:|Photo:)\s*\S.{20,}")
# A photographer alone: the line above says what the picture shows.
_CREDIT_ALONE = re.compile(
    r"[(\[]?(?:Ảnh|Nguồn ảnh|Ảnh chụp|Đồ họa|Photo|Photos|Photograph|Image|Images|Picture|Credit"
    r"|Photo credit|Image credit)\s*(?:[:：]|by\b)\s*\S.{0,50}",
    re.IGNORECASE,
)
# A line of these and nothing else is furniture. Folded; longest first is seen to below.
_NOISE_PHRASES = """
in|in bai|in bai viet|print|share|chia se|chia se bai viet|share this|share this article|share via
|share on|email|e-mail|mail|gui mail|gui email|gui cho ban be|facebook|twitter|x|zalo|telegram
|linkedin|whatsapp|pinterest|reddit|messenger|tumblr|viber|skype|sms|line|instagram|youtube|tiktok
|bluesky|threads|flipboard|pocket|copy|copy link|link|link copied|linked in|you tube|whats app
|tik tok|previous post|next post|back to gallery|sao chep|sao chep lien ket
|sao chep link|luu|luu bai|luu bai viet|luu tin|save|saved|bookmark|thich|like|tweet|pin|follow
|follow us|follow us on|theo doi|theo doi chung toi|google news|google|on|tren|us|via|fb|rss
|nghe bai|nghe doc bai|nghe bao|nghe|nghe bai viet|listen|listen to this article|listen to article
|play|pause|mute|unmute|stop|dung|nu mien bac|nam mien bac|nu mien nam|nam mien nam|nu mien trung
|nam mien trung|giong doc|giong nu|giong nam|giong mien bac|giong mien nam|toc do|toc do doc
|binh thuong|current time|duration|loaded|remaining time|fullscreen|chuan|audio|doc bai|am luong
|nu|nam|mien bac|mien nam|podcast|podcasts|video|videos|co chu|phong to|thu nho|font size|kich thuoc
|co chu nho|co chu lon|doi giao dien|dark mode|aa|a|menu|home|trang chu|search|search for|tim kiem
|close|dong|back to top|ve dau trang|len dau trang|skip to content|skip to main content
|skip to navigation|log in|login|log out|logout|sign in|sign up|sign out|register|subscribe
|subscribe now|dang nhap|dang ky|dang xuat|tai khoan|my account|account|next|previous|prev
|next article|previous article|bai truoc|bai sau|tin truoc|tin sau|more|xem them|doc them|xem tiep
|xem tat ca|tat ca|see more|see all|view all|read more|read less|thu gon|load more|show more
|tai them|xem toan bo|continue reading|continue reading the main story|doc tiep
|click here|loading|dang tai|expand|collapse|cancel
|huy|gui|send|submit|accept|accept all|reject|reject all|cookies|cookie settings|manage cookies
|privacy|privacy policy|terms|terms of use|terms of service|terms and conditions|terms & conditions
|contact|contact us|about|about us|lien he|lien he quang cao|gioi thieu|quang cao|advertisement
|advertising|advertise|ads|ad|sponsored|promoted|skip advertisement|story continues below this ad
|story continues below|story continues
|article continues below|article continues below advertisement|continues below|image|images
|image caption|image source|media caption|chup lai hinh anh|chu thich anh
|caption|photo|photos|photo gallery|view gallery|gallery|anh|media
|getty images|hide caption|toggle caption|enlarge|enlarge this image|breaking|breaking news|live
|hot|rss|tieng viet|english|quay lai|bao loi|danh gia|gop y|phan hoi|tra loi|doc ngay|xem ngay
|reply|report|help|faq
|faqs|and|or|to|bang|hoac|qua|cho|voi|open|opens new tab|opens in new window|new tab|read|doc
|wordcount|by|written by|author|authors|publish date|published by|posted by|tac gia|word count
|mins|min read|phut doc|phut|reading time|estimated reading time|ago|edition
|after newsletter promotion|skip past newsletter promotion|newsletter promotion
|thuc hien|tong hop|bai va anh|clip|ad feedback|story saved|feedback|link copied|see all topics
|published|updated|last updated|cap nhat|lan cuoi|just now|vua xong|gift article|give this article
|your browser does not support the audio element|newsletters|newsletter|tags|keywords|tu khoa
""".replace("\n", "")
_NOISE_COUNT = (
    r"\d[\d.,:/%'+]*\s*(?:k|x|s|min(?:ute)?s?|phut|gio|hours?|hrs?|days?|ngay|weeks?|tuan|months?"
    r"|thang|shares?|likes?|views?|luot xem|luot|ratings?|votes?|photos?|anh)?"
    r"(?:\s*(?:read|doc|truoc|ago|to read))?"
)
_NOISE_STEP = re.compile(
    rf"(?:(?:{'|'.join(sorted(_NOISE_PHRASES.split('|'), key=len, reverse=True))})(?![^\W_])"
    rf"|{_NOISE_COUNT}(?![^\W_]))|[^\w]+"
)
_BOX_BEGINS = re.compile(
    r"(?:skip|bo qua) .{2,60} (?:and continue reading|va tiep tuc doc)(?: .{2,40})?"
)
_BOX_ENDS = re.compile(r"(?:end of|het phan) .{2,60}")
_CONTENTS = re.compile(
    r"jump to(?: section)?|(?:table of )?contents|in this (?:article|guide|story)|on this page"
    r"|muc luc|noi dung (?:chinh|bai viet)|trong bai (?:viet )?nay"
)
_LONGEST_BOX = 40
"""Lines."""
# Notices that are whole sentences: two of these signs, or one that nobody else uses.
_NOTICE_SIGN = re.compile(
    r"\bsubscri(?:be|bing|bers?|ption)\b|\bnewsletters?\b|\b(?:your|my) inbox\b|\bsign(?:ing)? up\b"
    r"|\blog(?:ged|ging)? ?in\b|\bsign(?:ed)? in\b|\bcookies?\b|\bprivacy (?:policy|notice)\b"
    r"|\bterms (?:of|and)\b|\byour e-?mail\b|\bjavascript\b|\bad ?blocker\b|\bfree trial\b"
    r"|\badvertisements?\b|\bour (?:newsletters?|app|journalism|partners|terms)\b"
    r"|\bcheck your e-?mail\b"
    r"|\bwe.d like to hear\b|\bletters to the editor\b|\bon (?:facebook|twitter|instagram)\b"
    r"|\bsupport (?:independent|our)\b|\bclick here\b|\breceive (?:updates|our|the)\b"
    r"|\bdonat(?:e|ion)\b"
)
_NOTICE = re.compile(
    r"i would like to (?:be emailed|receive)|registration is (?:a )?free|create (?:a"
    r"|your) free account"
    r"|take (?:this|our) survey|taking this survey|we use cookies|this (?:site"
    r"|website) uses cookies|enable javascript"
    r"|javascript is (?:disabled|not)|requires javascript|breaking news alerts"
    r"|^get .{3,70} (?:alerts|delivered|newsletters?|inbox|e-?mails?)\b"
    r"|by (?:providing|submitting|entering|clicking|signing|continuing|subscribing)\b.{0,80}"
    r"(?:agree|terms|privacy|consent)"
    r"|affiliate (?:links?|commission)|all rights reserved|bao luu moi quyen|ghi ro nguon"
    r"|vui long (?:dang nhap|ghi ro|bat javascript)|dang nhap de |dang ky (?:nhan (?:tin"
    r"|ban tin)|email)"
    r"|giay phep (?:so|hoat dong|thiet lap|xuat ban)|tong bien tap|co quan chu quan|ban quyen thuoc"
    r"|trinh duyet (?:cua ban )?khong ho tro|your browser (?:does not|doesn.t) support"
    r"|the views expressed|opinions expressed are|do not (?:necessarily )?reflect the views"
    r"|this (?:article|story|content) (?:was |is |may )?(?:originally |first )?(?:published"
    r"|appeared|provided)"
    r"|you have been successfully|thank you for (?:subscribing|signing)|follow us on"
    r"|theo doi chung toi"
    r"|moi (?:ban doc|quy (?:ban )?doc gia|quy vi)\b.{0,50}\b(?:theo doi|chuyen muc|don doc|xem)\b"
    r"|quet ma qr|tai ung dung|download (?:our|the) app"
    r"|^a version of this (?:article|story|column) appear"
    r"|^this (?:audio|video|article|summary) (?:is|was) (?:auto|automatically|ai|machine)\b"
    r"|\bcontributed to this (?:report|story|article)\b"
    r"|press standards organi[sz]ation|editors.? code of practice|wish to complain"
    r"|find this story in my"
    r"|^view this post on \w+$|^a (?:post|video) shared by .{2,80}$"
    r"|^getting your .{2,40} ready\W*$|chi (?:mang tinh(?: chat)?|co tinh chat) tham khao"
    r"|^(?:sign up|subscribe)(?:$| ?[:.!,]| (?:now|here|to|for|today)\b)"
    r"|^(?:image source|nguon hinh anh|role|vai tro), .{2,60}$"
    r"|we(?:'|’)ll send you|scroll (?:down )?to|report (?:an )?(?:error|typo)"
)
_LINK = re.compile(
    r"(?:>{1,}|»|→|►|▶|\*{2,})\s*\S|(?:read (?:more|also|next|on)|see (?:also|more)|also read"
    r"|also see"
    r"|more|related|related (?:story|article|news|reading)|watch|watch now|listen|explainer|opinion"
    r"|don.t miss|must read|in pictures|xem them|doc them|doc tiep|doc ngay|xem ngay|tin lien quan"
    r"|bai lien quan|moi xem|moi doc|co the ban quan tam|xem lai|funda olunye udaba lapha)"
    r"\s*(?:[:：|>»–]|\s-\s)\s*\S"
)
# Alone on a line, above a headline, it is no button.
_MORE_BELOW = re.compile(r"(?:doc|xem) them|read more|see more|related article")
# With its colon it heads what an expert says; without, it is the button below a comment.
_ANSWER = re.compile(r"(?:tra loi|hoi|dap) ?:")
_LISTING = re.compile(
    r"(?:tin|bai|bai viet|cac tin|cac bai|video|anh|chuyen)? ?(?:tuc )?(?:khac|cu hon|moi hon|"
    r"(?:co )?lien quan|cung (?:chuyen muc|tac gia|chu de|muc|su kien)|(?:doc"
    r"|xem) nhieu(?: nhat)?|noi bat"
    r"|moi(?: nhat| cap nhat)?|nong|nen doc|dang quan tam|hay nhat|tai tro)"
    r"(?: (?:trong )?(?:tuan|ngay|thang|hom nay|nhat|cap nhat|trong tuan|24h|24 gio))?"
    r"|(?:dong su kien|su kien lien quan|tham khao them|doc gia quan tam|chu de(?: lien quan)?"
    r"|tin tu \w+"
    r"|(?:co the )?ban (?:co the )?(?:se )?(?:quan tam|thich)|danh cho ban|goi y cho ban"
    r"|tieu diem|doc them"
    r"|chi dao dieu hanh|lien ket website|thong tin doanh nghiep|tu khoa|chuyen muc|top|multimedia)"
    r"|(?:the )?(?:related|recommended|suggested|trending|popular|latest|featured|sponsored"
    r"|recent|similar)"
    r"(?: (?:articles?|stories|story|posts?|news|content|topics?|videos?|reading|links?"
    r"|coverage|for you"
    r"|now|today|this week|on .{2,20}|from .{2,25}|in .{2,20}|tags))?"
    r"|(?:the )?(?:most|top|more|latest|other)[- ](?:read|popular|viewed|watched|shared"
    r"|commented|recent"
    r"|trending|stories|news|headlines|videos?|articles?|posts?|latest|(?:stories |news "
    r"|articles )?"
    r"(?:from|on|in|like|about|by|for) .{2,40})(?: (?:in|on|this|now|today|articles?|stories"
    r"|news) ?.{0,25})?"
    r"|(?:you|we) (?:may|might|could|think you.ll) (?:also )?(?:like|love|enjoy|be interested in)"
    r"|(?:what to )?read next|up next|next up|also (?:read|in .{2,20})|see also|check also"
    r"|don.t miss"
    r"|around the web|from (?:our partners|the web|around .{2,20})|editors?.? (?:picks?|choice"
    r"|selection)"
    r"|must[- ]reads?|keep reading|explore more|further reading|more|the latest"
    r"|in case you missed it"
    r"|in this (?:article|story)|on this topic|topics?(?: in this .{3,8})?|filed under"
    r"|share this (?:article|story|post)"
    r"|about the authors?|view (?:all )?(?:posts|more).{0,30}|paid (?:post|content)|partner content"
    r"|read more(?: (?:stories|articles|news|from|on|about).{0,30})?"
    r"|(?:a )?newsletter(?: promo.{0,20})?"
    r"|stay (?:informed|connected|up to date).{0,20}|get .{3,40} (?:newsletter|inbox|alerts).{0,20}"
)
_MORE_OF = re.compile(r"More(?: (?:[A-Z][\w'’&.-]*|of|on|in|the)){1,4}:?")
_TAGS = re.compile(r"(?:tags?|tu khoa|keywords?|chu de|topics?|the)\s*[:：]\s*\S")
_COMMENTS = re.compile(
    r"(?:\(?\d+\)? )?(?:comments?|responses?|replies|thoughts on .*|binh luan|y kien(?: ban doc)?)"
    r"(?: ?\(?\d+\)?)?(?: (?:cua ban|ban doc|closed|are closed|on .*))?"
    r"|leave a (?:reply|comment)|join the (?:conversation|discussion)|(?:gui|viet) (?:binh luan"
    r"|y kien).*"
    r"|(?:post|add|write|view|show|read) (?:a |your |all |the )?(?:\d+ )?comments?|(?:sign"
    r"|log) ?in to comment"
    r"|(?:have|what is|what's) your (?:say|opinion|take).*|would you like to comment.*"
    r"|the conversation \(\d+\)"
    r"|(?:binh luan|y kien) ?(?:\(\d+\)|\d+)"
)
_FOOTER = re.compile(
    r"© ?(?:(?:19|20)\d\d|copyright|.{0,60}(?:(?:19|20)\d\d|rights reserved))"
    r"|©.{0,40}$|\(c\) ?(?:19|20)\d\d|copyright\b|ban quyen\b|(?:so )?giay phep\b|tong bien tap\b"
    r"|co quan (?:chu quan|cua)\b|chiu trach nhiem (?:noi dung|chinh)\b|toa soan\s*:|tru so\s*:"
    r"|all rights reserved|main menu$|our network$|bao dien tu .{3,30} - "
)


def read_lines(text: str) -> list[Line]:
    """Split a page's normalised text into lines that are not blank, each judged."""
    raw = [line.strip() for line in text.split("\n")]
    folded = [fold(line) for line in raw]
    copies = Counter(filter(None, folded))
    lines: list[Line] = []
    gap = False
    for text_, key in zip(raw, folded, strict=True):
        if not key:
            gap = True
            continue
        kind, date, names = _judge(text_, key, gap, lines)
        words = len(text_.split())
        lines.append(Line(text_, key, kind, words, gap, copies[key], date, names))
        gap = False
    return _without_contents(_without_boxes([_in_company(lines, i) for i in range(len(lines))]))


def _without_contents(lines: list[Line]) -> list[Line]:
    """Make a table of contents noise, so that it repeats no sub-heading."""
    for i, line in enumerate(lines):
        if not _CONTENTS.fullmatch(line.folded.strip(" :")):
            continue
        entries = list(takewhile(lambda below: below.copies > 1, lines[i + 1 : i + _LONGEST_BOX]))
        named = {entry.folded for entry in entries}
        if len(named) < 2:
            continue
        for j, other in enumerate(lines):
            if i <= j <= i + len(entries):
                lines[j] = replace(other, kind=Kind.NOISE)
            elif other.folded in named:
                lines[j] = replace(other, copies=other.copies - 1)
    return lines


def _without_boxes(lines: list[Line]) -> list[Line]:
    """Make noise of the boxes that a page lets its readers skip.

    "Skip Podcast and continue reading" … "End of Podcast", for those who listen to pages.
    """
    for i, line in enumerate(lines):
        if line.words <= 12 and _BOX_BEGINS.fullmatch(line.folded):
            below = range(i + 1, min(i + _LONGEST_BOX, len(lines)))
            end = next((j for j in below if _BOX_ENDS.fullmatch(lines[j].folded)), i)
            for j in range(i, end + 1):
                lines[j] = replace(lines[j], kind=Kind.NOISE, names=(), date=None)
    return lines


def _in_company(lines: Sequence[Line], i: int) -> Line:
    """Judge a line anew by its neighbours."""
    line = lines[i]
    before, after = lines[i - 1 : i], lines[i + 1 : i + 2]
    if line.kind is Kind.END and all(
        other.kind is Kind.NOISE and other.words <= 4 for other in (*before, *after)
    ):
        return replace(line, kind=Kind.NOISE)  # among buttons, "Comments" is one of them
    credited = any(_CREDIT_ALONE.fullmatch(other.text) for other in after)
    if credited and line.kind in (Kind.SHORT, Kind.PROSE) and 2 < line.words <= 30:
        return replace(line, kind=Kind.CAPTION)
    if line.headline and any(_MORE_BELOW.fullmatch(other.folded) for other in before):
        return replace(line, kind=Kind.LINK)
    if _CREDIT_ALONE.fullmatch(line.text):
        return replace(line, kind=Kind.NOISE)
    return line


def caption_text(text: str) -> str:
    """Cut a caption to what it says, without the labels and buttons in its line."""
    return _NO_CAPTION_TEXT.sub("", text).strip()


def telling_words(text: str) -> list[str]:
    """List the folded words of a line that are no stop words."""
    return [fold(token) for token in exact_tokens(text) if token not in _STOP_WORDS]


def ends_sentence(text: str) -> bool:
    """Tell whether a line ends in punctuation as sentences do."""
    return _SENTENCE_END.search(text) is not None


def sentence_ends(text: str) -> int:
    """Count the sentences that end inside of a line."""
    return len(_INNER_STOP.findall(text))


@dataclass(frozen=True, slots=True)
class _Given:
    """A line to be judged, and the one above it."""

    text: str
    folded: str
    words: int
    gap: bool
    above: Line | None

    @property
    def bare(self) -> str:
        """The folded text without the marks around a heading."""
        return self.folded.strip(" :.»>…")


@dataclass(frozen=True, slots=True)
class _Said:
    """What a line says beside its kind."""

    date: str | None = None
    names: tuple[str, ...] = ()


_PLAIN = _Said()


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to know a line.

    Attributes:
        kind: What the line then is.
        says: What it says, where the rule holds; else None.
        example: Lines of which the last is known by this rule and by none above it.
    """

    kind: Kind
    says: Callable[[_Given], _Said | None]
    example: str


def _holds(test: Callable[[_Given], object]) -> Callable[[_Given], _Said | None]:
    return lambda given: _PLAIN if test(given) else None


def _dated(given: _Given) -> _Said | None:
    if given.words > 18 or not any(c.isdigit() for c in given.text):
        return None
    found = find_date(given.text)
    if found is None or not _beside_date(given.text, found[1]):
        return None
    return _Said(found[0], signers_beside_date(given.text, found[1]))


def _below_picture(given: _Given) -> bool:
    above = given.above
    announced = above is not None and (
        above.kind is Kind.FILE or _CAPTION_BELOW.fullmatch(above.folded) is not None
    )
    return announced and 2 < given.words <= (40 if given.gap else 90)


def _heads_list(given: _Given) -> bool:
    return given.words <= 12 and bool(
        _LISTING.fullmatch(given.bare) or _MORE_OF.fullmatch(given.text)
    )


def _credited(given: _Given) -> _Said | None:
    names = credits_line(given.text) if given.words <= 25 else ()
    return _Said(names=names) if names else None


def _signed(given: _Given) -> _Said | None:
    if given.words > 16 or ends_sentence(given.text.rstrip(".)")):
        return None
    names = signature(given.text)
    return _Said(names=names) if names else None


def _named_below(given: _Given) -> _Said | None:
    if given.above is None or not says_signed(given.above.folded) or not is_name(given.text):
        return None
    return _Said(names=(given.text,))


def _asks(given: _Given) -> bool:
    """Tell whether a line is a short question or exclamation: a headline as often as a sentence."""
    short = given.words <= 18 and given.text.endswith(("?", "!"))
    return short and ends_sentence(given.text) and not _INNER_STOP.search(given.text)


def _lists_menu(given: _Given) -> bool:
    return given.words >= 12 and not ends_sentence(given.text) and _is_menu(given.text)


def _tells(given: _Given) -> bool:
    if ends_sentence(given.text):
        return given.words >= 8
    return given.words >= 40 or (given.words >= 12 and _INNER_STOP.search(given.text) is not None)


RULES: tuple[Rule, ...] = (
    Rule(Kind.FILE, _holds(lambda g: _FILE.fullmatch(g.text)), "harbour_at-dawn.jpg"),
    Rule(Kind.DATE, _dated, "Thứ tư, 24/9/2025, 08:30 (GMT+7)"),
    Rule(Kind.CAPTION, _holds(_below_picture), "harbour.jpg\nFishermen mend nets at dawn"),
    # With its colon it heads what an expert says; without, it is the button below a comment.
    Rule(Kind.SHORT, _holds(lambda g: _ANSWER.fullmatch(g.folded)), "Trả lời:"),
    # "Xem thêm" alone is a button; with a colon it heads what follows.
    Rule(
        Kind.LISTING,
        _holds(lambda g: g.text.endswith(":") and g.words > 1 and _is_noise(g.text)),
        "Xem thêm:",
    ),
    Rule(Kind.NOISE, _holds(lambda g: _is_noise(g.text)), "Chia sẻ Facebook Twitter"),
    Rule(
        Kind.END,
        _holds(lambda g: _COMMENTS.fullmatch(g.folded.strip(" :."))),
        "Lò nung đỏ lửa trở lại với 40 thợ gốm.\nBình luận (12)",
    ),
    Rule(
        Kind.END,
        _holds(lambda g: g.words <= 60 and _FOOTER.match(g.folded)),
        "Lò nung đỏ lửa trở lại với 40 thợ gốm.\n© 2025 Tin Bờ Sông.",
    ),
    Rule(Kind.LISTING, _holds(_heads_list), "Tin cùng chuyên mục"),
    Rule(
        Kind.LINK,
        _holds(lambda g: g.words <= 40 and (_TAGS.match(g.folded) or _LINK.match(g.folded))),
        "Read more: River town lights its kiln again",
    ),
    Rule(Kind.BYLINE, _credited, "Nội dung: Mai An - Ảnh: Trí Dũng - Thiết kế: Bảo Trâm"),
    Rule(
        Kind.NOISE,
        _holds(lambda g: g.words <= 80 and _is_notice(g.folded, g.words)),
        "Sign up to our newsletter and get the best stories in your inbox.",
    ),
    Rule(
        Kind.CAPTION,
        _holds(lambda g: g.words <= 80 and (_CREDIT.search(g.text) or _CREDIT_FIRST.match(g.text))),
        "Thợ gốm xếp bát vào lò trước giờ châm lửa. Ảnh: Minh Hạ",
    ),
    Rule(Kind.BYLINE, _signed, "By Ann Lee and Bob Ray"),
    Rule(Kind.BYLINE, _named_below, "Tác giả:\nNguyễn Thu Hà"),
    Rule(
        Kind.ITEM,
        _holds(lambda g: g.words >= 3 and _ITEM.match(g.text)),
        "- Jars: 400 pieces for the first order of the year",
    ),
    Rule(Kind.SHORT, _holds(_asks), "Who pays for the kiln that the flood cracked?"),
    Rule(
        Kind.SHORT,
        _holds(_lists_menu),
        "Home News World Asia Europe Business Markets Sport Football Tennis Culture Film Music",
    ),
    Rule(
        Kind.PROSE,
        _holds(_tells),
        "The first match was struck on Wednesday in front of two hundred neighbours.",
    ),
    Rule(Kind.SHORT, _holds(lambda g: g.text), "Keeping to wood"),
)
"""How a line is known, the most telling signs first: the first rule that holds decides."""


def _judge(
    text: str, folded: str, gap: bool, before: Sequence[Line]
) -> tuple[Kind, str | None, tuple[str, ...]]:
    """Find a line's kind, date and names by the first rule that holds."""
    given = _Given(text, folded, len(text.split()), gap, before[-1] if before else None)
    for rule in RULES:
        if (said := rule.says(given)) is not None:
            return rule.kind, said.date, said.names
    raise AssertionError("the last rule holds always")


def _beside_date(text: str, rest: str) -> bool:
    """Tell whether what stands beside a date is a name or place at most, not a clause."""
    others = [word for word in rest.split() if word not in ("by", "written", "boi", "bai")]
    if len(others) <= 2:
        return True
    capitals = {fold(word.strip(".,;:|()-")) for word in text.split() if word[:1].isupper()}
    return len(others) <= 7 and sum(word in capitals for word in others) >= 0.7 * len(others)


def _is_menu(text: str) -> bool:
    """Tell whether a line is a menu's entries side by side: capitals, and hardly any commas."""
    words = [word for word in text.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return capitals >= 0.7 * len(words) and text.count(",") < 0.1 * len(words)


def _is_noise(text: str) -> bool:
    if len(text) > 150:
        return False
    return _only_noise(fold(text)) or _only_noise(fold(_GLUED.sub(" ", text)))


def _only_noise(folded: str) -> bool:
    at = 0
    while at < len(folded):
        step = _NOISE_STEP.match(folded, at)
        if step is None or step.end() == at:
            return False
        at = step.end()
    return True


def _is_notice(folded: str, words: int) -> bool:
    if _NOTICE.search(folded):
        return True
    signs = len(set(_NOTICE_SIGN.findall(folded)))
    return signs >= 2 and words <= 50
