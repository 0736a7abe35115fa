"""A web page → the fields of the article on it, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from lxml.html import HtmlElement

from indexer.pages.blocks import Shape, blocks_of
from indexer.pages.bylines import personal
from indexer.pages.dates import parse_date
from indexer.pages.lines import LEAST_WORDS
from indexer.pages.markup import decoded, parsed
from indexer.pages.metadata import read_metadata
from indexer.pages.refusals import refuse
from indexer.pages.story import Head, Story, find_story
from indexer.pages.telling import Reading, read_page, told_blocks
from indexer.pages.titles import find_title
from search.text.languages import fold

_MUCH_MORE = 1.6
_MISSED_WORDS = 80
"""What a generous reading has more than the article, as a factor and in words, is told of."""


@dataclass(frozen=True)
class Extracted:
    """The article on a page.

    Attributes:
        fields: Empty ones are left out: title, lead, text (paragraphs, an empty line between them;
            without title, lead and captions), date (ISO 8601), authors, captions, section, tags,
            url (the canonical one, else the given), source, lang (where the page declares it).
        notes: What a reader of the report should know, a line each.
    """

    fields: dict[str, object]
    notes: tuple[str, ...] = ()


def extract_page(
    html: bytes | str, *, url: str | None = None, charset: str | None = None
) -> Extracted:
    """Find the article on a web page.

    Args:
        html: The page as it came; bytes are decoded as the page itself says, UTF-8 where they are.
        url: Where it was found; relative addresses in the page are resolved by it.
        charset: What the server said of the bytes.

    Raises:
        NotAnArticleError: The page holds no article; the message is one line with the reason.
        ExtractionError: It cannot be read: too large, no HTML, an unknown character set.
    """
    tree = parsed(decoded(html, charset) if isinstance(html, bytes) else html)
    head = read_metadata(tree, url=url)
    shape = Shape(tree)
    blocks = blocks_of(tree, shape)
    title = find_title(head.titles, blocks, head.source)
    reading = read_page(tree)
    told = told_blocks(blocks, (reading.text, head.body))
    story = find_story(blocks, told, shape, head=Head(title, head.description, head.authors))
    paragraphs, captions = list(story.paragraphs), story.captions
    words = story.words
    if len(head.body.split()) >= max(LEAST_WORDS, 2.5 * words):
        # A script fills the page in the browser: its text is in JSON-LD at most.
        paragraphs = [line for line in head.body.split("\n") if line]
        words = len(head.body.split())
    shown = sum(len(caption.split()) for caption in captions)
    if head.is_article and words < LEAST_WORDS and shown >= 2 * LEAST_WORDS:
        # A story told in pictures: what they show is its text.
        paragraphs, words, captions = [*paragraphs, *captions], words + shown, ()
    refuse(head, story, blocks, title=title, words=words)
    text = "\n\n".join(paragraphs)
    found: dict[str, object] = {
        "title": title,
        "lead": story.lead,
        "text": text,
        "date": head.date or _shown_date(tree, story, head.day),
        "authors": list(head.authors or personal(story.names, head.sites)),
        "captions": list(captions),
        "section": head.section,
        "tags": list(head.tags),
        "url": head.url,
        "source": head.source,
        "lang": _language(head.lang, f"{title}\n{story.lead}\n{text}"),
    }
    fields = {name: value for name, value in found.items() if value}
    return Extracted(fields, _missed(fields, reading))


def _missed(fields: dict[str, object], reading: Reading) -> tuple[str, ...]:
    """Write a note where a generous reading has far more than the article: no silent loss."""
    kept = " ".join(str(fields.get(name, "")) for name in ("title", "lead", "text", "captions"))
    words = len(kept.split())
    if reading.most < max(_MUCH_MORE * words, words + _MISSED_WORDS):
        return ()
    known = fold(kept)
    first = next((line for line in reading.generous if fold(line)[:60] not in known), "")
    return (
        f"text: {words:,} words were kept, and a more generous reading of the page has"
        f" {reading.most:,}: look whether something is missing, such as {first[:80]!r}",
    )


def _shown_date(tree: HtmlElement, story: Story, day: str | None) -> str | None:
    """Find the date that the page shows by its headline, else in its mark-up, else its address."""
    if story.date:
        return story.date
    times = tree.xpath("//time[@datetime]")
    if 0 < len(times) <= 3:
        try:
            return parse_date(times[0].get("datetime"))
        except ValueError:
            pass
    return day


def _language(declared: str | None, text: str) -> str | None:
    """Take the language that the page declares, if its text looks like it."""
    if declared is None:
        return None
    from search.text.detection import detect, is_third_language  # their tables load when needed

    return declared if detect(text).lang == declared and not is_third_language(text) else None
