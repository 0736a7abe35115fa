"""Who signed a story: the names in the byline lines of Vietnamese and English pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from search.text.languages import fold
from search.text.quantities import MONTH
from search.text.syllables import is_syllable

_SIGNED = re.compile(
    r"(?:(?:by|written by|story by|words by|reported by|reporting by|report by|text by|posted by"
    r"|additional reporting by|tác giả|phóng viên|bài và ảnh|bài, ảnh|tin, ảnh|tin và ảnh"
    r"|bài viết|thực hiện|người viết|biên tập|nguồn|theo|(?P<staff>pv|ctv))\s*[:：,]?\s+)"
    r"(?P<names>\S.*)",
    re.IGNORECASE,
)
# "Nội dung: Mai An - Ảnh: Trí Dũng - Thiết kế: Bảo Trâm": who wrote comes first.
_CREDITS = re.compile(
    r"(?:nội dung|bài(?: viết)?|tin|thực hiện|text|story|words)\s*[:：]\s*(?P<names>[^:：]{3,60}?)"
    r"\s*[-–—|•;,.]?\s*\b(?:ảnh|hình ảnh|video|clip|thiết kế|đồ họa|kỹ thuật|trình bày|photos?"
    r"|photography|pictures|design|graphics?)\s*[:：].*",
    re.IGNORECASE,
)
_SIGNED_BELOW = re.compile(
    r"(?:by|written by|words by|story by|authors?|author of the article|tac gia|thuc hien|bai)\s*:?"
)
_GLUED_BY = re.compile(r"^By(?=[A-Z])")  # where copying lost the gap
_SIGNED_AFTER = re.compile(r"(?<=\d)[\s,|·•–—-]+(?:by|bởi)\s+(?P<names>\S.*)$", re.IGNORECASE)
_BRACKETED = re.compile(r"\((?:theo|nguồn|via|source)[: ]\s*(?P<names>[^)]{2,60})\)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\.?")  # "(Reporting by Ann Lee; Editing by Tom Park)"
_AGENCIES = (
    r"TTXVN(?:/Vietnam\+)?|Vietnam\+|VNA|VOV[\w.-]*(?: [\w.-]+){0,2}|VTV[\w.-]*|AFP|AP|Reuters"
    r"|Xinhua|PV|CTV|TH|t/h|SKĐS"
)
_AGENCY_ALONE = re.compile(rf"[(\[]?(?:theo )?(?:{_AGENCIES})(?:\s*/\s*[\w.+]+)?[)\]]?")
_WITH_AGENCY = re.compile(
    rf"(?P<names>[^\W\d_][\w .'’-]{{1,60}}?)\s*(?:[/–-]\s*(?:{_AGENCIES})"
    r"|\((?:theo|t/h|tổng hợp|lược dịch|dịch|ghi|biên dịch)[^)]{0,50}\)|\((?:TTXVN|TH"
    r"|T/h)[^)]{0,30}\))",
    re.IGNORECASE,
)
_OTHER_ROLES = re.compile(
    r"[;,.]?\s+(?:\w+ )?(?:editing|edited|reporting|writing|photos?) by ", re.IGNORECASE
)
_NAME_DIVIDER = re.compile(r"\s*(?:,|;|\||&|\band\b|\bvà\b|\s[-–—/·•]\s)\s*")

# "Meg James Staff Writer", and "Meg JamesStaff Writer" where copying lost the gap.
_ROLE = re.compile(
    r"(?:\s+|(?<=[a-zà-ỹ.]))(?:(?:Staff|Senior|Chief|Deputy|Assistant|Associate|Executive|Special"
    r"|Contributing|Guest|Freelance|Political|Politics|Business|Economics|Markets|Money|Consumer"
    r"|Sports?|Football|Health|Medical|Science|Space|Technology|Tech|Digital|Online|Content|News"
    r"|World|National|Foreign|Diplomatic|Europe|Asia|Home|Crime|Legal|Education|Environment"
    r"|Climate|Energy|Travel|Food|Fashion|Arts|Culture|Entertainment|Showbiz|TV|Film|Music|Royal"
    r"|Transport|Defence|Defense|Security|Religion|Investigations?|Features?|Opinion|Editorial|Live"
    r"|Hub|Audience|Managing|Data|Video|Photo|Weekend|Sunday|Breaking)\s+)*"
    r"(?i:Writer|Reporter|Editor|Correspondent|Columnist|Contributor|Producer|Director|Journalist"
    r"|Analyst|Critic|Author|Photographer|Fellow|Technologist|Professor|Lecturer)\b.*$"
)
# What follows a name: where the person works, when it was written.
_AFTER_NAME = re.compile(
    r"\s+(?:for|in|at|from|of|with)\s.*$|\s+[Tt]he\s+[A-Z].*$|\s*[(\[].*$"
    r"|\s+(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?$"
    r"|\s+(?:January|February|April|July|August|September|October|November|December)$",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"[A-Z]{2,6}\d?(?: News| Sport| Politics| Business)?")
_MONTH_OF_DAY = re.compile(rf"\s[\s—–-]*(?:{MONTH})\.?\s+(?=\d)", re.IGNORECASE)
# Labels and places that are spelled like names. Folded.
_NO_NAMES = frozenset(
    "thoi su|the gioi|xa hoi|kinh te|kinh doanh|phap luat|giao duc|suc khoe|doi song|du lich"
    "|giai tri|the thao|cong nghe|khoa hoc|van hoa|chinh tri|ban doc|bat dong san|quoc te"
    "|trong nuoc|goc nhin|y kien|tai chinh|thi truong|moi truong|quoc phong|an ninh|doi ngoai"
    "|phong su|nhip song|tam su|tuyen sinh|bong da|gia dinh|lam dep|am thuc|giao thong|do thi"
    "|dau tu|chung khoan|ngan hang|doanh nghiep|nong nghiep|lao dong|viec lam|nha dat|tin tuc"
    "|tin nong|chuyen de|to tam|ho so|phan tich|binh luan|quan su|an sinh|dan sinh|chinh sach"
    "|viet nam|ha noi|sai gon|ho chi minh|da nang|hai phong|can tho|thua thien hue|an giang"
    "|ba ria|vung tau|bac giang|bac kan|bac lieu|bac ninh|ben tre|binh dinh|binh duong|binh phuoc"
    "|binh thuan|ca mau|cao bang|dak lak|dak nong|dien bien|dong nai|dong thap|gia lai|ha giang"
    "|ha nam|ha tinh|hai duong|hau giang|hoa binh|hung yen|khanh hoa|kien giang|kon tum|lai chau"
    "|lam dong|lang son|lao cai|long an|nam dinh|nghe an|ninh binh|ninh thuan|phu tho|phu yen"
    "|quang binh|quang nam|quang ngai|quang ninh|quang tri|soc trang|son la|tay ninh|thai binh"
    "|thai nguyen|thanh hoa|tien giang|tra vinh|tuyen quang|vinh long|vinh phuc|yen bai"
    "|middle east|united states|united kingdom|new york|new york city|washington dc|los angeles"
    "|hong kong|south africa|new zealand|north america|south korea|north korea|latin america"
    "|press release|open access|full story|free article|subscriber only|premium content".split("|")
)
_LABEL_WORDS = frozenset(
    "news world politics business sport sports opinion live video videos audio podcast share"
    " print comments comment save follow image images photo photos credit credits copy link menu"
    " home search more read view watch listen story stories article articles content topics topic"
    " section edition newsletter subscribe sign log free premium advertisement sponsored gallery"
    " your our my this that these with without from about what why how when who is are was the a"
    " an and or of in on at for to update updates updated published breaking exclusive analysis"
    " review reviews science technology health culture travel money markets events games today"
    " download pdf privacy login join key point points glance last next latest top best new now"
    " full open courtesy get graphics marketing".split()
)


# No name but an address, or an account of the paper's system. Folded.
_ACCOUNT = re.compile(
    r"[@/<>{}=]|\d|\.(?:vn|com|net|org)\b"
    r"|^(?:bao|tap chi|dai|toa soan|ban bien tap|cong thong tin)\b"
    r"|^(?:admin(?:istrator)?|editors?|editorial|staff(?: reporter)?|webmaster|root|user|guest)$"
)

_PRESENTING = ("is", "covers", "writes", "reports")
"""What follows an author's name, full or last, where it is told who that is."""

_LONGEST = 1000
"""Characters of a line in which names are looked for; no byline comes near it."""


def _bounded(text: str) -> str:
    """Cut a line, with single spaces, to what the patterns here are quick with."""
    return " ".join(text[: 2 * _LONGEST].split())[:_LONGEST]


def letters(text: str) -> str:
    """Keep a text's folded letters and digits: what extraction leaves unchanged."""
    return re.sub(r"[\W_]+", "", fold(text))


def is_name(text: str, *, vietnamese: bool = False) -> bool:
    """Tell whether a line is nothing but a person's name: two to five capitalised words.

    Args:
        vietnamese: Whether each word must be spelled like a Vietnamese syllable.
    """
    words = text.split()
    return (
        2 <= len(words) <= 5
        and all(
            word[0].isupper()
            and word.strip(".").replace("-", "").replace("'", "").replace("’", "").isalpha()
            and (not vietnamese or is_syllable(fold(word)))
            for word in words
        )
        and fold(text) not in _NO_NAMES
    )


def bare_names(text: str, *, vietnamese_only: bool = False) -> tuple[str, ...]:
    """Read the names that a line consists of, with nothing that says that they signed.

    Vietnamese papers sign with the bare name; English ones often show it beside the date. Nothing
    in the line tells a name from a label then, so the caller has to know that its place is right.

    Args:
        vietnamese_only: Whether names must be spelled in Vietnamese syllables.
    """
    text = _GLUED_BY.sub("", _bounded(text))
    if len(text.split()) > 12:
        return ()
    parts = [without_role(part) for part in _NAME_DIVIDER.split(text.strip(" ,;|·•–—-"))]
    if not parts or not all(parts):
        return ()
    if all(is_name(part, vietnamese=True) for part in parts):
        return tuple(dict.fromkeys(parts))
    if vietnamese_only:
        return ()
    plausible = all(
        is_name(part)
        and len(part.split()) <= 4
        and not part.isupper()
        and not _LABEL_WORDS.intersection(fold(part).split())
        for part in parts
    )
    return tuple(dict.fromkeys(parts)) if plausible else ()


def names_in(text: str) -> tuple[str, ...]:
    """Read the names in what follows "By": divided by commas, "and", dashes; without roles."""
    text = re.sub(r"\S+@\S+|https?://\S+|@\w+", " ", _bounded(text))
    text = _OTHER_ROLES.split(text, maxsplit=1)[0]
    text = re.split(r"\s+[|•·]\s+|\s+(?=\d)|\(\d", _MONTH_OF_DAY.sub(" ", text))[0]
    # After a role comes whom it is held for: "Ann Lee, Staff Writer, Coast Gazette".
    parts = takewhile(bool, (without_role(part) for part in _NAME_DIVIDER.split(text.strip())))
    names = [p for p in parts if len(p.split()) <= 6 and p[0].isupper()]
    # "Ann Lee, CNN": whom the others write for.
    return tuple(dict.fromkeys(p for p in names if p is names[0] or not _INITIALS.fullmatch(p)))


def without_role(name: str) -> str:
    """Cut from a name what its bearer does, works for, or when that was; say it once.

    Empty where there is a role and no name.
    """
    name = _bounded(name).strip(" .,:;-–—()[]*")
    name = _ROLE.sub("", f" {name}").strip(" .,:;-–—")
    name = _AFTER_NAME.sub("", name).strip(" .,:;-–—")
    words = name.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half and words[:half] == words[half:] else name


def says_signed(folded: str) -> bool:
    """Tell whether a folded line announces that the next one is a name ("By", "Tác giả:")."""
    return _SIGNED_BELOW.fullmatch(_bounded(folded)) is not None


def is_agency(text: str) -> bool:
    """Tell whether a line names a news agency and nobody in it."""
    return _AGENCY_ALONE.fullmatch(_bounded(text)) is not None


def signers_beside_date(text: str, rest: str) -> tuple[str, ...]:
    """Read names beside a date: "By Ann Lee - 24 Sep 2025", "Ann Lee · 24 Sep 2025".

    Args:
        text: The line.
        rest: What it says besides the date, folded.
    """
    text = text[: 2 * _LONGEST].strip()
    if match := _SIGNED.match(text):
        if not rest:
            return ()
        # Months may follow a name: "By Ann Lee September 24, 2025".
        given = (w for w in match["names"].split() if fold(w.strip(".,;:-")) in rest.split())
        return names_in(" ".join(given))
    if match := _SIGNED_AFTER.search(text):  # "24 Sep 2025 by Ann Lee"
        return names_in(match["names"])
    first, bar, _ = re.sub(r"\s{2,}|\s*[|·•]\s*", "|", text.strip()).partition("|")
    return bare_names(first) if bar else ()


def credits_line(text: str) -> tuple[str, ...]:
    """Read who wrote a story from a line that names each one's part in it."""
    match = _CREDITS.fullmatch(_bounded(text))
    return names_in(match["names"]) if match else ()


def signature(text: str) -> tuple[str, ...]:
    """Read who signed, where a line says so and nothing else; it must not end a sentence."""
    text = _bounded(text)
    if is_agency(text):
        return ()
    text = re.split(r"\s[|•·]\s(?=By\s)", text)[-1]  # "Harbour Radio | By Ann Lee"
    if whole := _IN_BRACKETS.fullmatch(text):
        text = whole[1]
    for pattern in (_SIGNED, _WITH_AGENCY, _BRACKETED):
        if (match := pattern.fullmatch(text.strip(" .*[]"))) is None:
            continue
        names = names_in(match["names"])
        if match.groupdict().get("staff") and not all(is_name(n, vietnamese=True) for n in names):
            continue  # "CTV" is a reporter in Vietnam and a broadcaster in Canada
        # "Theo báo cáo của…" and "By the end of…" begin sentences, not signatures.
        words = [word for name in names for word in name.split()]
        capitals = sum(word[0].isupper() or not word[0].isalpha() for word in words)
        said = re.split(r"\s+[|•·]\s+", _OTHER_ROLES.split(match["names"])[0])[0]
        parts = takewhile(bool, map(without_role, _NAME_DIVIDER.split(said.strip())))
        given = len(re.findall(r"[^\W\d_]+", " ".join(parts)))
        if names and capitals >= 0.7 * len(words) and len(words) >= 0.6 * min(given, 8):
            return names
    return ()


def people(text: str) -> tuple[str, ...]:
    """Read the names in a value that may hold several: "Ann Lee and Bob Ray"."""
    text = re.sub(r"^(?:by|bởi|tác giả|theo)\s*:?\s+", "", text.strip(), flags=re.IGNORECASE)
    return names_in(text) or ((text,) if 0 < len(text.split()) <= 5 else ())


def personal(names: Sequence[str], sites: Sequence[str]) -> tuple[str, ...]:
    """Keep the names of persons: not the paper's own, an agency's or a system's account.

    Args:
        sites: What the paper is called.
    """
    known = {letters(name) for name in sites}
    kept = (
        name.title() if name.isupper() and " " in name else name
        for name in names
        if 1 < len(name) <= 60
        and not is_agency(name)
        and not _ACCOUNT.search(fold(name))
        and not any(
            letters(name) == site or (len(name) >= 6 and site.startswith(letters(name)))
            for site in known
        )
    )
    return tuple(dict.fromkeys(kept))


def presents_author(text: str, authors: Sequence[str]) -> bool:
    """Tell whether a paragraph presents an author: "Ann Lee is a reporter at …", "Lee covers …"."""
    full = {
        f"{fold(name)} {verb} " for name in authors for verb in (*_PRESENTING, "was", "are", "la")
    }
    last = {f"{fold(name.split()[-1])} {verb} " for name in authors for verb in _PRESENTING}
    return len(text.split()) <= 100 and fold(text).startswith(tuple(full | last))
