"""Web pages that hold no article: lists of headlines, login and pay walls, error pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from indexer.pages.blocks import Block, Role
from indexer.pages.lines import LEAST_WORDS
from indexer.pages.metadata import PageMetadata
from indexer.pages.story import Story
from search.errors import NotAnArticleError
from search.text.languages import fold

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


class SentOnError(NotAnArticleError):
    """A page that only sends browsers on, by ``<meta http-equiv="refresh">``.

    Attributes:
        address: Where the page sends them, absolute.
    """

    def __init__(self, address: str) -> None:
        super().__init__(f"the page only sends on to {address}: index that address")
        self.address = address


def refuse(
    head: PageMetadata, story: Story, blocks: Sequence[Block], *, title: str, words: int
) -> None:
    """Raise where a page is something else than an article.

    Args:
        words: Of the text that was found, wherever that was.

    Raises:
        SentOnError: The story is at another address.
        NotAnArticleError: With what the page seems to be.
    """
    if words < LEAST_WORDS and head.sends_on:
        raise SentOnError(head.sends_on)
    said = fold("\n".join((title, *head.titles[:3], *head.titles[-1:])))
    if words < 150 and any(_ERROR_PAGE.search(line) for line in said.split("\n")):
        raise NotAnArticleError(f"an error page, not an article: it is titled {title[:80]!r}")
    if _is_list(head, story, blocks, words):
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


def _is_list(head: PageMetadata, story: Story, blocks: Sequence[Block], words: int) -> bool:
    """Tell whether a page is one of a section: what is told sums up other stories.

    What stands beside a story does not count, however many headlines that are.
    """
    told = head.is_article and head.date and story.titled and words >= LEAST_WORDS
    if told and not _is_front_page(head.url):
        return False
    if story.listed:
        return True
    headlines = sum(
        block.role is Role.HEADING and block.linked > 0.8 and block.words >= 5 for block in blocks
    )
    few = words < LEAST_WORDS or (head.is_article is False and words < 250)
    return few and headlines >= 5


def _is_front_page(url: str | None) -> bool:
    """Tell whether an address is that of a whole site, whatever the page declares to be."""
    parts = urlsplit(url or "")
    return bool(parts.hostname) and not parts.path.strip("/") and not parts.query
