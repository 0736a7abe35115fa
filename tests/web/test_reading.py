"""A story as one that was found: marks, place among the results, the way back; side by side."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from support.pages import read_page

from search.records import Query

QUERY = "can tho"
WIDE = {"q": QUERY, "mode": "words", "k": "2"}


def get(client, address, status=200, **parameters):
    response = client.get(address, query_string=parameters or None)
    assert response.status_code == status
    return read_page(response)


def story(client, id_, **parameters):
    return get(client, f"/article/{id_}", **parameters)


def place(page):
    return page.one("nav", cls="among").one("p", cls="place").text


def listed(archive, lang, **changes):
    """The matches of a language, in the order of the pages."""
    found = archive.search(Query(QUERY, mode="words", k=1000, **changes))
    return [hit.article.id for hit in found.results[lang] if hit.zone == "match"]


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_next_and_previous_walk_the_list_as_the_pages_show_it(client, archive, sort, lang):
    expected = listed(archive, lang, sort=sort)
    assert len(expected) > 4, "too few to cross pages"
    page = story(client, expected[0], sort=sort, **WIDE)
    seen, back = [], []
    while True:
        seen.append(urlsplit(page.one("link", rel="canonical").get("href")).path.split("/")[-1])
        assert place(page).startswith(f"Result {len(seen)} of {len(expected)}")
        back.append(page.one("nav", cls="among").one("a", cls="back").get("href"))
        if len(seen) == len(expected):
            break
        [onward] = page.one("nav", cls="among").all("a", rel="next")
        assert parse_qs(urlsplit(onward.get("href")).query)["q"] == [QUERY]
        page = get(client, onward.get("href"))
    assert seen == expected
    for number, href in enumerate(back, 1):
        results = get(client, href)
        [hit] = results.all("li", id=urlsplit(href).fragment)
        assert urlsplit(hit.one("h3").one("a").get("href")).path == f"/article/{seen[number - 1]}"
    backwards = page.one("nav", cls="among").one("a", rel="prev").get("href")
    assert urlsplit(backwards).path == f"/article/{expected[-2]}"


def test_the_last_match_goes_on_with_what_is_possibly_related(client, archive):
    found = archive.search(Query("metro line", k=1000))
    matches = [hit for hit in found.results["en"] if hit.zone == "match"]
    related = [hit for hit in found.results["en"] if hit.zone == "related"]
    page = story(client, matches[-1].article.id, q="metro line")
    onward = page.one("nav", cls="among").one("a", rel="next").get("href")
    assert urlsplit(onward).path == f"/article/{related[0].article.id}"
    shown = get(client, onward)
    assert place(shown).startswith(f"Possibly related, 1 of {min(20, len(related))}")


def test_the_words_are_marked_and_the_best_passage_is_named_once(client, archive):
    for lang in ("vi", "en"):
        hit = archive.search(Query("metro line")).results[lang][0]
        page = story(client, hit.article.id, q="metro line")
        best = page.one(id="best")
        assert "best" in best.classes
        shown = hit.passage.text.strip("… \n").split("\n")[0]
        assert best.raw_text == shown
        assert page.one("article").all("mark")
        marks = [mark.raw_text for mark in page.one("h1").all("mark")]
        assert marks == [hit.article.title[a:b] for a, b in hit.title_marks]
        assert " ".join(hit.article.text.split()) in page.one("article").text
        assert page.one("input", id="q").get("value") == "metro line"


def test_what_was_chosen_is_kept_on_all_ways(client, archive):
    asked = {"q": "metro", "sort": "newest", "from": "2020-01-01", "k": "20", "ui": "vi"}
    page = get(client, "/", **asked)
    for link in page.one("section", cls="column-vi").one("article").all("a"):
        kept = {name: [value] for name, value in asked.items()}
        query = parse_qs(urlsplit(link.get("href")).query)
        query.pop("id", None)
        assert query == kept, link
        opened = get(client, link.get("href"))
        fields = {i.get("name"): i.get("value") for i in opened.one("form").all("input")}
        assert fields == asked
        back = opened.one("nav", cls="among").one("a", cls="back").get("href")
        assert parse_qs(urlsplit(back).query) == kept


def test_a_story_that_was_not_found_is_shown_with_the_way_back(client, archive):
    page = story(client, "demo-002-en", q="metro line", lang="vi")
    assert place(page) == "Not among the results"
    assert not page.all("a", rel="next")
    [back] = page.one("nav", cls="among").all("a", cls="back")
    assert parse_qs(urlsplit(back.get("href")).query) == {"q": ["metro line"], "lang": ["vi"]}


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "-metro"},
        {"q": "x" * 600},
        {"q": "metro", "from": "2025-99-99"},
        {"q": "metro", "k": "0", "sort": "sideways"},
        {"q": "from:31/31/2025 metro"},
        {"q": "\x00\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")},
    ],
)
def test_a_search_that_cannot_be_asked_shows_the_story(client, asked):
    page = story(client, "demo-002-en", **asked)
    assert page.one("h1").text.startswith("Ho Chi Minh City rides")


def test_without_a_query_nothing_speaks_of_results(client):
    page = story(client, "demo-002-en")
    assert not page.all("nav", cls="among")
    assert not page.all("mark")
    assert not page.all(id="best")
    assert page.one("dl", cls="printed").all("dt")[0].text == "Read at"


def test_what_is_printed_names_the_address_and_the_query(client):
    printed = story(client, "demo-002-en", q="metro line").one("dl", cls="printed")
    assert [d.text for d in printed.all("dd")] == [
        "http://localhost/article/demo-002-en",
        "metro line",
    ]


def test_authors_tags_source_and_section_lead_to_searches(client):
    page = story(client, "demo-002-en", q="metro line")
    article = page.one("article")
    links = {a.text: parse_qs(urlsplit(a.get("href")).query) for a in article.all("a")}
    assert links["Red River Post"] == {"q": ["metro line"], "source": ["Red River Post"]}
    assert links["National"] == {"q": ["metro line"], "section": ["National"]}
    assert links["Marcus Dang"] == {"q": ["metro line"], "author": ["Marcus Dang"]}
    assert links["transport"] == {"q": ["transport"]}
    for name in ("Red River Post", "National", "Marcus Dang"):
        [link] = [a for a in article.all("a") if a.text == name]
        assert get(client, link.get("href")).all("article", "hit"), name
    alone = [a.text for a in story(client, "demo-002-en").one("article").all("a")]
    assert "Marcus Dang" not in alone  # a search by author alone finds nothing
    assert "transport" in alone


def test_related_stories_and_earlier_coverage(client, archive):
    found = archive.related("demo-008-vi")
    assert found.nearest["vi"]
    assert found.earlier
    page = story(client, "demo-008-vi", q="trường")
    for lang, stories in found.nearest.items():
        sections = page.all("section", cls=f"column-{lang}")
        links = [a for section in sections for a in section.all("a")]
        assert [a.text for a in links] == [s.article.title for s in stories]
    timeline = page.one("ol", cls="timeline")
    days = [time.get("datetime")[:10] for time in timeline.all("time")]
    assert days == sorted(days)
    assert days[-1] == "2025-04-28"
    assert [a.text for a in timeline.all("a")] == [s.article.title for s in found.earlier]
    assert all("q=" in a.get("href") for a in timeline.all("a"))


def test_the_counterparts_and_copies_keep_the_query(client):
    page = get(client, "/", q="metro line")
    [beside] = page.one("section", cls="column-en").all("article")[0].all("a", cls="beside")
    both = get(client, beside.get("href"))
    assert both.one("input", id="q").get("value") == "metro line"
    assert both.one("a", cls="back").get("href") == "/?q=metro+line"
    alone = client.get("/copies", query_string={"id": "demo-002-vi", "q": "metro line"})
    assert alone.headers["Location"] == "/article/demo-002-vi?q=metro+line"


# Side by side


def test_what_only_one_of_two_says_is_marked_and_listed(client, archive):
    page = get(client, "/beside", id="demo-002-en")
    differing = page.one("section", cls="check").all("table")[0]
    rows = [[cell.text for cell in row.all("td")] for row in differing.all("tr")[1:]]
    assert ["86.000", "missing"] in rows
    assert ["missing", "Ellen Truong"] in rows
    assert not [row for row in rows if "40.000" in row]  # 40,000 there
    vi, en = page.all("article")
    marked = [mark.raw_text for mark in vi.all("mark", cls="differs")]
    assert "86.000 (only in the Vietnamese story)" in marked
    assert any(m.raw_text == "29 (only in the English story)" for m in en.all("mark"))
    for lang, article in (("vi", vi), ("en", en)):
        kept = archive.articles([f"demo-002-{lang}"])[f"demo-002-{lang}"]
        text = re.sub(r" \(only in the \w+ story\)", "", article.text)
        assert " ".join(kept.text.split()) in text
    agreeing = page.one("section", cls="check").one("details").one("table")
    assert any("40.000" in row.text and "40,000" in row.text for row in agreeing.all("tr"))


def test_the_check_speaks_the_readers_language(client):
    page = get(client, "/beside", id="demo-002-en", ui="vi")
    assert "chỉ có trong bài tiếng Việt" in page.all("article")[0].text
    hidden = page.all("article")[0].all("span", cls="visually-hidden")
    assert {span.get("lang") for span in hidden} == {"vi"}
