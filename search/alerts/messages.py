"""New stories → the text of a message, in the language of its search, and the e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from html import escape
from itertools import groupby
from urllib.parse import quote, urlencode

from babel.dates import format_date

from search.addresses import canonical_url, digest
from search.alerts.saved_searches import MailSettings, SavedSearch
from search.records import Article
from search.text.languages import LANGUAGES, fold, normalise

MOST = 100
"""Stories that one e-mail tells of; of more it says how many, and where they are."""

_LEAD_CHARS = 280
_DATE = {"vi": "d/M/y", "en": "MMMM d, y"}
_UNKNOWN_DATE = {"vi": "không rõ ngày", "en": "date unknown"}
_SAME_STORY = {
    ("vi", "vi"): "Bản tiếng Việt của bài này",
    ("vi", "en"): "Bản tiếng Anh của bài này",
    ("en", "vi"): "The same story in Vietnamese",
    ("en", "en"): "The same story in English",
}
_ALL = {"vi": "Tất cả kết quả", "en": "All matches"}
_WHY = {
    "vi": "Bạn nhận tin này vì “{name}” là một tìm kiếm được lưu để theo dõi.",
    "en": "You get this because “{name}” is a saved search that is being watched.",
}
_NOT_IN_TEXT = dict.fromkeys((0xFFFE, 0xFFFF))


@dataclass(frozen=True, slots=True)
class NewStory:
    """A story that is new, and the same story in the other language, where that is known."""

    article: Article
    counterpart: Article | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What a message tells of: the newest stories first; ``total`` is how many are new in all.

    Attributes:
        site: Address of the site that links lead to, or empty.
    """

    search: SavedSearch
    stories: Sequence[NewStory]
    total: int
    site: str = ""


def subject(news: News) -> str:
    """Say in one line what it is about."""
    number = news.total
    if news.search.ui == "vi":
        return f"{news.search.name}: {_written(number, 'vi')} bài mới"
    return (
        f"{news.search.name}: {_written(number, 'en')} new {'story' if number == 1 else 'stories'}"
    )


def as_text(news: News) -> str:
    """Write the message as plain text."""
    ui = news.search.ui
    parts = [subject(news)]
    for lang, stories in _by_language(news.stories):
        parts.append(LANGUAGES[lang].endonym)
        for story in stories:
            lines = [f"* {_line(story.article.headline)}"]
            about = (_about(story.article, ui), link(story.article, news.site))
            lines += [f"  {line}" for line in (*about, _lead(story.article)) if line]
            if other := _elsewhere(story, news):
                lines.append(f"  = {_same(other, ui)}")
            parts.append("\n".join(lines))
    parts += [line for line in (_more(news), _all(news)) if line]
    parts.append(f"-- \n{_WHY[ui].format(name=news.search.name)}")
    return "\n\n".join(parts) + "\n"


def as_html(news: News) -> str:
    """Write the message as HTML: every text of a story is escaped, and in its language."""
    ui = news.search.ui
    parts = [
        f'<!doctype html>\n<html lang="{ui}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject(news))}</title></head>\n<body>\n<h1>{escape(subject(news))}</h1>"
    ]
    for lang, stories in _by_language(news.stories):
        parts.append(f'<h2 lang="{lang}">{escape(LANGUAGES[lang].endonym)}</h2>\n<ul>')
        for story in stories:
            href, title = link(story.article, news.site), escape(_line(story.article.headline))
            shown = f'<a href="{escape(href)}">{title}</a>' if href else title
            parts.append(
                f'<li lang="{lang}"><p><b>{shown}</b><br>'
                f'<span lang="{ui}">{escape(_about(story.article, ui))}</span></p>'
            )
            if lead := _lead(story.article):
                parts.append(f"<p>{escape(lead)}</p>")
            if other := _elsewhere(story, news):
                parts.append(f'<p lang="{ui}">{escape(_same(other, ui))}</p>')
            parts.append("</li>")
        parts.append("</ul>")
    if more := _more(news):
        parts.append(f"<p>{escape(more)}</p>")
    if href := search_link(news.search, news.site):
        parts.append(f'<p><a href="{escape(href)}">{_ALL[ui]}</a></p>')
    parts.append(f"<p><small>{escape(_WHY[ui].format(name=news.search.name))}</small></p>")
    return "\n".join([*parts, "</body>\n</html>\n"])


def as_email(news: News, to: str, mail: MailSettings, ids: Sequence[str]) -> EmailMessage:
    """Make the e-mail for one recipient, plain and as HTML.

    The same news for the same recipient have the same ``Message-ID``: where a message has to be
    sent twice, programs can tell.

    Args:
        ids: All stories that are told of.
    """
    domain = mail.sender.rpartition("@")[2]
    name = news.search.name
    # Bodies go in 7 bits: not every server takes letters with marks as they are.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = Address(mail.sender_name, addr_spec=mail.sender)
    message["To"] = to
    message["Subject"] = subject(news)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{digest(chr(10).join((name, to, *sorted(ids))))}@{domain}>"
    message["List-Id"] = f"<{_label(name)}.songngu.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = news.search.ui
    message.set_content(as_text(news))
    message.add_alternative(as_html(news), subtype="html")
    return message


def link(article: Article, site: str) -> str:
    """Link to the reading page at the site, or without one to the publisher's; empty without."""
    if site:
        return f"{site}/article?id={quote(article.id, safe='', errors='replace')}"
    url = article.url or ""
    return url if canonical_url(url) and url.isprintable() and not set(url) & set(' "<>\\') else ""


def search_link(search: SavedSearch, site: str) -> str:
    """Link to the search at the site, newest stories first; empty without a site."""
    query = search.query
    values = {
        "q": query.text,
        "lang": query.lang if query.lang != "both" else "",
        "mode": query.mode if query.mode != "hybrid" else "",
        "from": query.filters.date_from,
        "to": query.filters.date_to,
        "source": query.filters.sources,
        "author": query.filters.authors,
        "section": query.filters.sections,
        "verbatim": "1" if query.verbatim else "",
        "phrase": "1" if query.only_phrases else "",
        "sort": "newest",
        "ui": search.ui,
    }
    given = {name: value for name, value in values.items() if value}
    return f"{site}/?{urlencode(given, doseq=True)}" if site else ""


def _by_language(stories: Sequence[NewStory]) -> list[tuple[str, list[NewStory]]]:
    order = list(LANGUAGES)
    ordered = sorted(stories, key=lambda story: order.index(story.article.lang))
    return [(lang, list(some)) for lang, some in groupby(ordered, lambda s: s.article.lang)]


def _about(article: Article, ui: str) -> str:
    try:
        written = format_date(date.fromisoformat((article.date or "")[:10]), _DATE[ui], locale=ui)
    except ValueError:
        written = _UNKNOWN_DATE[ui]
    return " · ".join(filter(None, (_line(article.source or ""), written)))


def _lead(article: Article) -> str:
    """The lead, or the beginning of the text of a story that has a title without it."""
    text = _line(article.lead or (article.text if article.title else ""))
    if len(text) <= _LEAD_CHARS:
        return text
    return text[: _LEAD_CHARS + 1].rsplit(" ", 1)[0][:_LEAD_CHARS] + "…"


def _elsewhere(story: NewStory, news: News) -> Article | None:
    """The story in the other language, unless the message tells of that, too."""
    other = story.counterpart
    return None if other in [told.article for told in news.stories] else other


def _same(counterpart: Article, ui: str) -> str:
    return f"{_SAME_STORY[ui, counterpart.lang]}: {_line(counterpart.headline)}"


def _more(news: News) -> str:
    more = news.total - len(news.stories)
    if not more:
        return ""
    if news.search.ui == "vi":
        return f"Và {_written(more, 'vi')} bài mới khác, cũ hơn hoặc không rõ ngày."
    return f"And {_written(more, 'en')} more new, older or of unknown date."


def _all(news: News) -> str:
    href = search_link(news.search, news.site)
    return f"{_ALL[news.search.ui]}: {href}" if href else ""


def _written(number: int, ui: str) -> str:
    return f"{number:,}".replace(",", "." if ui == "vi" else ",")


def _line(text: str) -> str:
    """A text on one line, without what cannot be shown or sent."""
    return " ".join(normalise(text).translate(_NOT_IN_TEXT).split())


def _label(name: str) -> str:
    """A name as part of a domain, which no other name has."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in fold(name))[:40].strip("-")
    return f"{plain or 'search'}-{digest(name)[:8]}"
