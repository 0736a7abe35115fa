"""The pages: every state a reader can meet, on the real demo archive."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from support.archives import stories
from support.pages import read_page

from search.archive import open_archive
from search.records import Query
from search.settings import Settings
from search.text.languages import fold
from webui import create_app

VI_QUERY = "đường sắt tốc độ cao"
EN_QUERY = "metro line"
# A name is written alike in both languages: by words, it finds much in each, and unequally much.
NAMES = {"q": "Ha Noi", "mode": "words"}


def column(page, lang):
    return page.one("section", cls=f"column-{lang}")


def titles(page, lang):
    return [h3.text for h3 in column(page, lang).all("h3")]


def matches(results, lang):
    return [hit for hit in results.results[lang] if hit.zone == "match"]


def get(client, status=200, headers=None, **parameters):
    names = {name.rstrip("_"): value for name, value in parameters.items()}
    response = client.get("/", query_string=names, headers=headers)
    assert response.status_code == status
    return read_page(response)


@pytest.fixture
def dated(archive):
    """Every demo story's date by title."""
    return {story["title"]: story.get("date") for story in stories()}


# Before a query


def test_the_start_page_invites_and_says_what_is_inside(client, archive):
    page = get(client)
    form = page.one("form")
    assert form.get("method") == "get"
    assert form.get("role") == "search"
    box = form.one("input", name="q")
    assert "autofocus" in box.attributes
    radios = form.all("input", name="lang")
    assert [(r.get("value"), "checked" in r.attributes) for r in radios] == [
        ("both", True),
        ("vi", False),
        ("en", False),
    ]
    stats = archive.stats()
    holdings = page.one("section", cls="holdings").text
    assert f"{stats.articles['vi']} stories" in holdings
    assert f"{stats.articles['en']} stories" in holdings
    days = [time.get("datetime") for time in page.one("section", cls="holdings").all("time")]
    assert days == [stats.date_first[:10], stats.date_last[:10]]
    assert page.one("meta", name="description").get("content")


def test_the_examples_of_the_start_page_find_something(client):
    examples = [a for a in read_page(client.get("/?ui=vi")).all("a") if a.all("kbd")]
    assert len(examples) == 3
    for example in examples:
        page = read_page(client.get(example.get("href")))
        assert page.one("input", id="q").get("value") == example.text
        assert page.all("article", "hit"), example.text


def test_an_empty_query_gets_a_hint(client):
    for typed in ("", "   ", "\x00", "\u200b\ufeff"):
        page = get(client, q=typed)
        assert "Type what you are looking for" in page.one("p", cls="hint").text
    assert not get(client).all("p", cls="hint")


def test_an_empty_archive_says_how_to_fill_it(tmp_path):
    settings = Settings(archive=str(tmp_path / "empty.db"))
    with open_archive(settings=settings) as archive:
        archive.create()
        page = read_page(create_app(archive, settings=settings).test_client().get("/"))
    assert "songngu index SOURCE…" in page.one("section", cls="holdings").text


# Results


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_story_is_found_by_its_title(client, lang):
    for story in [s for s in stories() if s["lang"] == lang][:5]:
        page = get(client, q=story["title"][:200])
        assert titles(page, lang)[0] == story["title"]
        assert page.one("input", name="q").get("value") == story["title"]


def test_vietnamese_is_found_without_diacritics(client):
    story = next(s for s in stories() if s["lang"] == "vi")
    page = get(client, q=fold(story["title"]))
    assert titles(page, "vi")[0] == story["title"]


def test_both_columns_answer_in_the_page_order_of_the_archive(client, archive):
    for typed in (VI_QUERY, EN_QUERY):
        results = archive.search(Query(typed))
        page = get(client, q=typed)
        for lang in ("vi", "en"):
            assert titles(page, lang) == [hit.article.title for hit in matches(results, lang)]
            assert titles(page, lang)
        assert page.all("h2")[0].text == "Tiếng Việt"
        assert page.all("h2")[1].text == "English"
        total = sum(results.total.values())
        assert page.one("h1").text == f"{total} stories for “{typed}”"


def test_each_list_says_how_much_of_it_is_shown(client, archive):
    total = archive.search(Query(NAMES["q"], mode="words")).total["vi"]
    assert total > 2

    def shown(**parameters):
        return column(get(client, **NAMES, **parameters), "vi").one("p", cls="range").text

    assert shown(k="100") == f"{total} stories"
    assert shown(k="2") == f"1–2 of {total}"
    assert shown(k="2", page="2") == f"3–{min(4, total)} of {total}"


def test_hits_show_where_when_and_why(client, archive):
    results = archive.search(Query(VI_QUERY))
    page = get(client, q=VI_QUERY)
    for lang in ("vi", "en"):
        hits = column(page, lang).all("article")
        for element, hit in zip(hits, matches(results, lang), strict=True):
            assert element.get("lang") == lang
            article = hit.article
            meta = element.one("p", cls="meta").text
            assert article.source in meta
            assert article.section in meta
            assert element.one("time").get("datetime") == article.date
            link = element.one("h3").one("a").get("href")
            assert urlsplit(link).path == f"/article/{article.id}"
            assert parse_qs(urlsplit(link).query) == {"q": [VI_QUERY]}
            assert urlsplit(link).fragment == "best"
            reasons = [reason.text for reason in element.all(cls="why")]
            names = {"words": "same words", "meaning": "similar meaning"}
            expected = [names[reason] for reason in hit.matched]
            assert reasons == expected + (["other language"] if lang == "en" else [])
            assert element.one("ul", cls="notes").get("lang") == "en"
            passage = element.one("p", cls="passage")
            assert passage.raw_text == hit.passage.text
            marked = [mark.raw_text for mark in passage.all("mark")]
            assert marked == [hit.passage.text[s:e] for s, e in hit.passage.marks]
            in_title = [mark.raw_text for mark in element.one("h3").all("mark")]
            assert in_title == [article.title[s:e] for s, e in hit.title_marks]
            # Never a score.
            assert f"{hit.relevance:.2f}" not in element.text
    assert column(page, "vi").all("mark")


def test_restored_diacritics_are_said_with_the_way_back(client, archive):
    typed = fold(VI_QUERY)
    read_as = archive.search(Query(typed)).read_as
    assert read_as
    page = get(client, q=typed)
    note = page.one("p", cls="read-as")
    assert note.one("b").text == read_as
    back = note.one("a").get("href")
    verbatim = read_page(client.get(back))
    note = verbatim.one("p", cls="read-as")
    assert note.text.startswith("Searched for exactly what you typed.")
    assert verbatim.one("input", name="q").get("value") == typed
    again = read_page(client.get(note.one("a").get("href")))
    assert again.one("p", cls="read-as").one("b").text == read_as


def test_a_word_that_nobody_has_is_offered_as_one_that_is_there(client):
    page = get(client, q="railwya line", lang="en")
    note = page.one("p", cls="read-as")
    assert note.text == "Did you mean railway line?"
    right = read_page(client.get(note.one("a").get("href")))
    assert right.one("input", name="q").get("value") == "railway line"
    assert right.one("input", name="lang", type="hidden").get("value") == "en"
    assert not right.all("p", cls="read-as")
    page = get(client, q="railwya", headers={"Accept-Language": "vi"})
    assert page.one("p", cls="read-as").text == "Có phải bạn muốn tìm railway?"


def test_the_language_switch_is_in_the_address(client):
    page = get(client, q=EN_QUERY, sort="newest")
    switch = page.one("nav", cls="switch")
    assert [a.text for a in switch.all("a")] == ["Both languages", "Tiếng Việt", "English"]
    vietnamese = switch.all("a")[1].get("href")
    assert "lang=vi" in vietnamese
    assert "sort=newest" in vietnamese
    only = read_page(client.get(vietnamese))
    assert [s.classes for s in only.all("section", cls="column")] == [["column", "column-vi"]]
    current = [a.text for a in only.one("nav", cls="switch").all("a") if a.get("aria-current")]
    assert current == ["Tiếng Việt"]
    assert only.one("input", name="lang").get("value") == "vi"
    assert only.one("input", name="sort").get("value") == "newest"


def test_filters_narrow_and_can_be_taken_off(client, archive):
    source = next(name for name in archive.stats().sources if name)
    page = get(
        client, q=NAMES["q"], source=source, from_="2000-01-01", to="2100-01-01", mode="words"
    )
    for lang in ("vi", "en"):
        for element in column(page, lang).all("article") if page.all(cls="columns") else []:
            assert element.one("p", cls="meta").one("b").text == source
    chips = page.one("ul", cls="chips").all("a")
    assert [chip.text for chip in chips] == [
        "Remove filter: from January 1, 2000 ×",
        "Remove filter: until January 1, 2100 ×",
        f"Remove filter: {source} ×",
        "Remove filter: Words only ×",
    ]
    assert page.one("input", name="from").get("value") == "2000-01-01"
    assert page.one("input", name="to").get("value") == "2100-01-01"
    assert [box.get("value") for box in page.all("input", name="source")] == [source]
    modes = [box for box in page.all("input", name="mode") if "checked" in box.attributes]
    assert [box.get("value") for box in modes] == ["words"]
    for chip in chips:
        fewer = read_page(client.get(chip.get("href")))
        assert len(fewer.one("ul", cls="chips").all("a")) == 3


def test_dates_bound_what_is_found(client, dated):
    days = sorted(date[:10] for date in dated.values() if date)
    middle = days[len(days) // 2]
    page = get(client, **NAMES, k="100", to=middle)
    found = [t.get("datetime")[:10] for t in page.one(cls="columns").all("time")]
    assert found
    assert max(found) <= middle


@pytest.mark.parametrize(("sort", "reverse"), [("newest", True), ("oldest", False)])
def test_sorting_by_date(client, sort, reverse):
    page = get(client, **NAMES, sort=sort, k="100")
    for lang in ("vi", "en"):
        days = [t.get("datetime") for t in column(page, lang).all("time")]
        assert len(days) > 1
        assert days == sorted(days, reverse=reverse)
    current = [a.text for a in page.one("nav", cls="sort").all("a") if a.get("aria-current")]
    assert current == [sort.capitalize()]


# Paging


def test_pages_turn_both_lists_until_each_is_exhausted(client, archive):
    totals = archive.search(Query(NAMES["q"], mode="words")).total
    longer, shorter = sorted(totals, key=lambda lang: totals[lang], reverse=True)
    assert totals[longer] > totals[shorter] > 0
    k = totals[shorter]
    last = -(-totals[longer] // k)
    seen = []
    for number in range(1, last + 1):
        page = get(client, **NAMES, k=str(k), page=str(number))
        seen += titles(page, longer)
        start = column(page, longer).one("ol", cls="hits").get("start")
        assert start == str((number - 1) * k + 1)
        nav = page.one("nav", cls="pages")
        assert nav.one("a", **{"aria-current": "page"}).text == str(number)
        assert bool(nav.all("a", rel="prev")) == (number > 1)
        assert bool(nav.all("a", rel="next")) == (number < last)
        if number > 1:
            none = column(page, shorter).one("p", cls="none")
            assert "earlier pages" in none.text or "first page" in none.text
    whole = archive.search(Query(NAMES["q"], mode="words", k=1000)).results[longer]
    assert seen == [hit.article.title for hit in whole]


def test_past_the_end_is_404_with_a_way_back(client):
    page = get(client, 404, q=VI_QUERY, page="99")
    assert page.one("h1").text == "There are no more stories"
    back = [a for a in page.one("main").all("a") if a.text == "To the first page"]
    assert client.get(back[0].get("href")).status_code == 200
    get(client, 404, q=VI_QUERY, page="9" * 80)


# Nothing found


NONSENSE = "qwxzv jkrpq zzyxw"  # letters that occur in no story


def test_no_close_match_is_said_honestly(client, archive):
    assert archive.search(Query(NONSENSE, mode="words")).total == {"vi": 0, "en": 0}
    page = get(client, q=NONSENSE, mode="words")
    assert page.one("h1").text == f"No story matches “{NONSENSE}”"
    assert not page.all("section", cls="column")
    tips = page.one("section", cls="nothing").text
    assert "Use fewer words" in tips
    assert "quotation marks" not in tips
    page = get(client, q=f'"{NONSENSE}"', lang="vi", mode="words")
    tips = page.one("section", cls="nothing")
    assert "quotation marks" in tips.text
    wider, unquoted = (link.get("href") for link in tips.all("a"))
    assert "lang=" not in wider
    assert "mode=" not in wider
    assert unquoted == f"/?q={NONSENSE.replace(' ', '+')}&lang=vi&mode=words"


def test_a_phrase_that_empties_a_list_can_be_taken_apart_in_one_click(client):
    page = get(client, q=f'"{VI_QUERY} xong"')
    none = page.one("section", cls="column-vi").one("p", cls="none")
    assert "No story in Vietnamese matches" in none.text
    found = client.get(none.one("a").get("href")).get_data(as_text=True)
    assert 'class="none"' not in found


# Reading one story


def test_the_reading_page(client, archive):
    for story in archive.search(Query(VI_QUERY)).results["vi"][:3]:
        article = story.article
        response = client.get(f"/article/{article.id}")
        assert response.status_code == 200
        page = read_page(response)
        element = page.one("article")
        assert element.get("lang") == "vi"
        assert element.one("h1").text == article.title
        for line in article.text.split("\n"):
            assert " ".join(line.split()) in element.text
        assert element.one("time").get("datetime") == article.date
        assert element.one("p", cls="lead").text == article.lead
        for caption in article.captions:
            assert caption in element.one("section", cls="captions").text
        # Its address leads nowhere (.example), so only pages of this site are linked.
        permanent = element.one("a", rel="bookmark").get("href")
        assert permanent == f"http://localhost/article/{article.id}"
        assert page.one("link", rel="canonical").get("href") == permanent
        links = [link.get("href") for link in element.all("a")]
        assert all(link.startswith("/") for link in links if link != permanent)


def test_an_unknown_story_is_404(client):
    for path in ("/article/none", "/article/", "/article", "/article?id=none", "/article/a//b/%ff"):
        response = client.get(path)
        assert response.status_code == 404
        assert read_page(response).one("h1").text == "There is no such page"


# Whatever is typed


@pytest.mark.parametrize(
    "raw",
    [
        "%00",
        "a%00b%1b%7f",
        "%ff%fe%ed%a0%80",
        "%E0%A4%A",
        "%",
        "%u0041",
        "+".join(["x"] * 200),
        "%F0%9F%98%80",
        "%22",
        "%22%22",
        "-",
        "-a",
        "--",
        "(((",
        "a+AND+OR+NOT+*:*+~2+%5Eb",
        "%E2%80%AE%E2%81%A6abc",
        "e%CC%81" * 100,
        "%0D%0ASet-Cookie:+x=1",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "..%2F..%2Fetc%2Fpasswd",
        "'%20OR%201=1--",
        "%7B%7B7*7%7D%7D",
    ],
)
@pytest.mark.parametrize("path", ["/?q=", "/api/v1/search?q=", "/article/", "/search?q=", "/?ui="])
def test_no_input_is_an_error_of_ours(client, path, raw):
    response = client.get(path + raw)
    assert response.status_code < 500
    assert "Set-Cookie" not in response.headers
    if response.mimetype == "text/html" and response.status_code != 301:
        read_page(response)


@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
def test_very_long_queries_are_413(client, mode):
    page = get(client, 413, q="đường " * 900, mode=mode)
    assert page.one("h1").text == "That search is too long"
    assert "500" in page.one("main").text
    assert len(page.one("input", name="q").get("value")) <= 500
    assert client.get("/", query_string={"q": "đ" * 501}).status_code == 413
    assert client.get("/", query_string={"q": "đ" * 500}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "x"),
        ("k", "101"),
        ("lang", "fr"),
        ("mode", "best"),
        ("sort", "price"),
        ("verbatim", "maybe"),
    ],
)
def test_bad_parameters_are_400_and_the_query_stays(client, name, value):
    page = get(client, 400, q=EN_QUERY, **{name + "_": value})
    assert f"“{name}”" in page.one("main").text
    assert page.one("input", name="q").get("value") == EN_QUERY


def test_a_query_that_only_excludes_is_400_in_both_languages(client):
    page = get(client, 400, q="-bóng")
    assert page.one("h1").text == "This search cannot be run"
    page = get(client, 400, q="-bóng", ui="vi")
    assert "Chưa có gì để tìm" in page.one("main").text


def test_unknown_parameters_are_ignored(client):
    page = get(client, q=EN_QUERY, fbclid="abc", utm_source="x")
    assert not [
        a for a in page.all("a") if "fbclid" in a.get("href") and "ui=" not in a.get("href")
    ]


# Addresses beside the pages


def test_small_addresses(client):
    guessed = client.get("/search?q=a%20b&lang=vi&utm=%ff")
    assert guessed.status_code == 301
    assert guessed.headers["Location"] == "/?q=a%20b&lang=vi&utm=%ff"
    with client.get("/favicon.ico") as icon:
        assert icon.mimetype == "image/svg+xml"
    with client.get("/robots.txt") as robots:
        assert "Disallow: /?" in robots.text
    assert client.head("/").status_code == 200
    assert client.head("/").data == b""


def test_static_files_are_kept_and_pages_are_not(client):
    page = get(client, q=EN_QUERY)
    for link in [link for link in page.all("link") if link.get("rel") not in ("help", "alternate")]:
        with client.get(link.get("href")) as response:
            assert response.status_code == 200
            assert "immutable" in response.headers["Cache-Control"]
        assert re.search(r"\?v=[0-9a-f]{12}$", link.get("href"))
    response = client.get("/", query_string={"q": EN_QUERY})
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert {"Accept-Language", "Cookie"} <= set(response.vary)


def test_the_site_works_under_a_prefix(app):
    client = app.test_client()
    response = client.get("/", query_string={"q": EN_QUERY}, base_url="http://localhost/news")
    html = response.get_data(as_text=True)
    assert 'action="/news/"' in html
    assert 'href="/news/static/site.css' in html
    guessed = client.get("/search?q=a", base_url="http://localhost/news")
    assert guessed.headers["Location"] == "/news/?q=a"
