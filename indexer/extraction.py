"""A web page → the fields of the article on it, or the reason why there is none.

The page's head gives what machines are told (``indexer.page_metadata``), its blocks the story
(``indexer.page_story``). trafilatura (Barbaresi, ACL 2021) reads pages whose mark-up shows no
story, and htmldate dates that stand nowhere else.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from copy import deepcopy

import lxml.html
from lxml.html import HtmlElement

from indexer.dates import parse_date
from indexer.page_blocks import Block, Role, Shape, blocks_of
from indexer.page_markup import parsed
from indexer.page_metadata import PageMetadata, personal, read_metadata
from indexer.page_story import Head, Story, find_story, overlap, tokens_of
from search.errors import NotAnArticleError
from search.languages import fold

LEAST_WORDS = 25
"""Words of running text below which nothing is taken for an article."""

_SHORT = 60
"""Words of a story below which trafilatura is asked as well."""

_ERROR_PAGE = re.compile(
    r"\b(?:404|403|410|50[0-4])\b.{0,30}(?:not found|error|forbidden|gone|khong tim thay|loi)"
    r"|^(?:error|loi) \d{3}|^(?:\d{3} )?(?:page|article|bai viet|trang|noi dung)?.{0,12}"
    r"(?:not found|khong tim thay|khong ton tai|does not exist|no longer (?:available|exists))"
    r"|page (?:cannot|can't|could not) be found|access denied|attention required|just a moment"
    r"|are you (?:a robot|human)|service unavailable|bad gateway|xac minh (?:ban|khong phai)",
)
_WALL = re.compile(
    r"\b(?:subscribe|sign in|log in|sign up|register|create (?:a|an|your) (?:free )?account"
    r"|become a (?:member|subscriber)|start your (?:free )?trial)\b.{0,80}"
    r"\b(?:to (?:continue|read|access|view|keep|unlock)|for (?:full|unlimited) access|continue)"
    r"|\b(?:to (?:continue|keep) reading|to read (?:this|the full|more))\b.{0,80}"
    r"\b(?:subscribe|sign in|log in|sign up|register|account)"
    r"|this (?:article|content|story) is (?:for|only|available|exclusive)\b.{0,40}"
    r"\b(?:subscribers|members)"
    r"|(?:dang nhap|dang ky|mua goi|tro thanh (?:thanh vien|doc gia))\b.{0,60}"
    r"\bde (?:doc|xem|tiep tuc)"
    r"|(?:de (?:doc|xem) (?:tiep|toan bo|day du|bai)).{0,60}(?:dang nhap|dang ky|mua|tra phi)"
    r"|noi dung (?:nay )?(?:chi )?danh (?:rieng )?cho (?:thanh vien|doc gia|hoi vien|nguoi dung)"
)


def extract_page(html: bytes | str, *, url: str | None = None) -> dict[str, object]:
    """Find the article on a web page.

    Args:
        html: The page as it came; bytes are decoded as the page itself says, UTF-8 where they are.
        url: Where it was found; relative addresses in the page are resolved by it.

    Returns:
        The article's fields, empty ones left out: title, lead, text (paragraphs, an empty line
        between them; without title, lead and captions), date (ISO 8601), authors, captions,
        section, tags, url (the canonical one, else the given), source, lang (where the page
        declares it and its text does not contradict).

    Raises:
        NotAnArticleError: The page holds no article; the message is one line with the reason.
        ExtractionError: It cannot be read: too large, no HTML, an unknown character set.
    """
    tree = parsed(html)
    head = read_metadata(tree, url=url)
    shape = Shape(tree)
    blocks = blocks_of(tree, shape)
    title = _title(head, blocks)
    story = find_story(blocks, shape, head=Head(title, head.description, head.authors))
    paragraphs, words = list(story.paragraphs), story.words
    if words < _SHORT and not _is_list(head, story, blocks):
        paragraphs, words = _second_opinion(tree, head, title, story)
    captions = story.captions
    shown = sum(len(caption.split()) for caption in captions)
    if head.is_article and words < LEAST_WORDS and shown >= 2 * LEAST_WORDS:
        # A story told in pictures: what they show is its text.
        paragraphs, words, captions = [*paragraphs, *captions], words + shown, ()
    _refuse(head, story, blocks, title=title, words=words)
    text = "\n\n".join(paragraphs)
    found: dict[str, object] = {
        "title": title,
        "lead": story.lead,
        "text": text,
        "date": head.date or _shown_date(tree, story, url),
        "authors": list(head.authors or personal(story.names, head.source, head.url)),
        "captions": list(captions),
        "section": head.section,
        "tags": list(head.tags),
        "url": head.url,
        "source": head.source,
        "lang": _language(head.lang, f"{title}\n{story.lead}\n{text}"),
    }
    return {name: value for name, value in found.items() if value}


def _title(head: PageMetadata, blocks: Sequence[Block]) -> str:
    """The headline: what the head calls it, unless that is the name of something else."""
    shown = [block for block in blocks if block.role is Role.TITLE and block.words > 2]
    if not head.titles:
        return shown[0].text if shown else ""
    likely = head.titles[0]
    for title in head.titles if shown else ():
        if max(overlap(tokens_of(title), tokens_of(block.text)) for block in shown) >= 0.4:
            likely = title
            break
    # The window's title has the site's name after it; on the page the headline stands alone.
    texts = {fold(block.text) for block in blocks if block.words <= 45}
    if fold(likely) not in texts:
        for divider in re.finditer(r"\s+[|–—·•»:-]\s+|\s*\|\s*", likely):
            if fold(likely[: divider.start()]) in texts and divider.start() >= 15:
                return likely[: divider.start()]
    return likely


def _second_opinion(
    tree: HtmlElement, head: PageMetadata, title: str, story: Story
) -> tuple[list[str], int]:
    """Paragraphs and their words: those found elsewhere, where they are far more than ours.

    Pages that a script fills in the browser have their text in JSON-LD at most.
    """
    enough = max(LEAST_WORDS, 2.5 * story.words)
    if len(head.body.split()) >= enough:
        return [line for line in head.body.split("\n") if line], len(head.body.split())
    import trafilatura  # half a second, and few pages need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text = trafilatura.extract(
                tree, include_comments=False, favor_precision=True, with_metadata=False
            )
        except Exception:
            text = None
    said = {fold(title), fold(story.lead)}
    lines = [line.strip() for line in (text or "").split("\n")]
    lines = [line for line in lines if line and fold(line) not in said]
    words = sum(len(line.split()) for line in lines if len(line.split()) >= 8)
    if words >= enough:
        return lines, words
    return list(story.paragraphs), story.words


def _shown_date(tree: HtmlElement, story: Story, url: str | None) -> str | None:
    """The date that the page shows by its headline, else the one in its address or mark-up."""
    if story.date:
        return story.date
    times = tree.xpath("//time[@datetime]")
    if 0 < len(times) <= 3:
        try:
            return parse_date(times[0].get("datetime"))
        except ValueError:
            pass
    head = tree.find("head")
    if head is None:
        return None
    import htmldate

    # Of the head alone: in the body it takes the date of any other story for this one's.
    alone = lxml.html.fromstring("<html><body></body></html>")
    alone.insert(0, deepcopy(head))
    day = htmldate.find_date(alone, original_date=True, extensive_search=False, url=url)
    return str(day) if day else None


def _language(declared: str | None, text: str) -> str | None:
    """The language that the page declares, if its text looks like it."""
    if declared is None:
        return None
    from search.detection import detect  # its tables are loaded only when they are needed

    return declared if detect(text).lang == declared else None


# Not an article ----------------------------------------------------------------------------------


def _is_list(head: PageMetadata, story: Story, blocks: Sequence[Block]) -> bool:
    """Whether a page is one of a section: headlines of other stories, and a sentence for each.

    A short story may have as many around it; then the head calls it an article and dates it.
    """
    if head.is_article and head.date and story.words >= LEAST_WORDS and head.titles:
        wanted = tokens_of(head.titles[0])
        if any(b.role is Role.TITLE and overlap(tokens_of(b.text), wanted) > 0.6 for b in blocks):
            return False
    if (story.cards >= 8 and story.carded >= 0.5) or (story.cards >= 4 and story.carded >= 0.8):
        return True
    headlines = sum(
        block.role is Role.HEADING and block.linked > 0.8 and block.words >= 5 for block in blocks
    )
    many = headlines >= 12 or story.cards >= 8
    return many and (story.words < 120 or (head.is_article is False and story.words < 250))


def _refuse(
    head: PageMetadata, story: Story, blocks: Sequence[Block], *, title: str, words: int
) -> None:
    """Raise where a page is something else than an article.

    Raises:
        NotAnArticleError: With what it seems to be.
    """
    said = fold(f"{title}\n" + "\n".join(head.titles[:3]))
    if words < 150 and any(_ERROR_PAGE.search(line) for line in said.split("\n")):
        raise NotAnArticleError(f"an error page, not an article: it is titled {title[:80]!r}")
    if _is_list(head, story, blocks):
        raise NotAnArticleError(
            "a list of headlines, not an article: index the pages of its stories instead"
        )
    if words < 120:
        around = fold(" \n ".join(block.text for block in blocks if block.words <= 60))
        if _WALL.search(around) or (head.is_free is False and words < LEAST_WORDS):
            raise NotAnArticleError(
                f"a login or pay wall: it shows {words} words of the story; save the page after"
                " signing in"
            )
    if words >= LEAST_WORDS:
        return
    if head.is_video:
        raise NotAnArticleError("a page of a video, without a story in words")
    raise NotAnArticleError(
        f"no article is on this page: its longest passage has {words} words of running text"
    )
