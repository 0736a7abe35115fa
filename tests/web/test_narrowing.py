"""Narrowing on the page and in the API: facets, the chart over time, spans of days, switches."""

import re
from datetime import date, timedelta

import pytest
from support.archives import demo_archive, stories, write_archive
from support.pages import read_page

from search.archive import open_archive
from search.records import Article, Filters, Query
from search.settings import Settings
from webui import create_app

QUERY = "trường học"


def get(client, status=200, **parameters):
    names = {name.rstrip("_"): value for name, value in parameters.items()}
    response = client.get("/", query_string=names)
    assert response.status_code == status
    return read_page(response)


def follow(client, link):
    return read_page(client.get(link.get("href")))


def total(page):
    return int(re.match(r"[0-9]+", page.one("h1").text)[0])


def facet(page, kind):
    """(text, count) of all values of a facet, without those behind a click twice."""
    section = page.one("section", **{"aria-labelledby": f"by-{kind}"})
    return [tuple(li.text.rsplit(" ", 1)) for li in section.all("li")]


def choice(page, kind, text):
    section = page.one("section", **{"aria-labelledby": f"by-{kind}"})
    return next(a for a in section.all("a") if a.one(cls="value").text == text)


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A site over stories of which little is known, and one with markup for a name."""
    some = [
        Article("a", "vi", "Giá vàng tăng mạnh hôm nay.", "Giá vàng"),
        Article(
            "b",
            "vi",
            "Giá vàng giảm.",
            date=date.today().isoformat(),
            source='"><script>alert(1)</script>',
            authors=("<b>Lê</b>", "Vũ"),
        ),
    ]
    place = tmp_path_factory.mktemp("strange") / "news.db"
    write_archive(some, place)
    settings = Settings(archive=str(place))
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings).test_client()


# Facets


def test_facets_count_all_matches_and_not_the_page(client, archive):
    page = get(client, q=QUERY, k="1")
    facets = archive.facets(archive.result_set(Query(QUERY)))
    assert total(page) == facets.total > 2
    for kind in ("sources", "sections", "authors"):
        shown = [(text, int(count)) for text, count in facet(page, kind)]
        assert shown == [(value.value, value.count) for value in getattr(facets, kind)]
    assert sum(int(count) for _, count in facet(page, "sources")) == facets.total


def test_a_value_narrows_and_is_taken_off_where_it_was_chosen(client):
    page = get(client, q=QUERY, page="1")
    source, count = facet(page, "sources")[0]
    narrowed = follow(client, choice(page, "sources", source))
    assert narrowed.one("input", name="source").get("value") == source
    assert [li.text for li in narrowed.one("ul", cls="chips").all("li")] == [
        f"Remove filter: {source} ×"
    ]
    for meta in narrowed.one(cls="columns").all("p", cls="meta"):
        assert meta.one("b").text == source
    # Further sources may be added: they are counted as if none was chosen.
    others = [text for text, _ in facet(page, "sources")[1:]]
    offered = facet(narrowed, "sources")
    assert offered[0] == (f"Remove filter: {source} ×", count)
    assert [text for text, _ in offered[1:]] == others
    both = follow(client, choice(narrowed, "sources", others[0]))
    assert {box.get("value") for box in both.all("input", name="source")} == {source, others[0]}
    off = follow(client, choice(narrowed, "sources", source))
    assert off.one("h1").text == page.one("h1").text


def test_a_value_that_nothing_has_stays_chosen_until_it_is_taken_off(client):
    page = get(client, q=QUERY, source=["Báo đã đóng cửa", "Red River Post"])
    assert ("Remove filter: Báo đã đóng cửa ×", "0") in facet(page, "sources")


def test_authors_and_sections_stay_chosen_in_the_next_search(client):
    page = get(client, q="", author="alice mai", section="Sport", headline="1")
    assert page.one("input", name="author").get("value") == "alice mai"
    assert page.one("input", name="section").get("value") == "Sport"
    assert "checked" in page.one("input", name="headline").attributes


def test_what_is_unknown_is_counted_as_unknown(strange):
    page = get(strange, q="giá vàng")
    assert facet(page, "sources")[-1] == ("source unknown", "1")
    assert facet(page, "authors")[-1] == ("author unknown", "1")
    assert "date unknown: 1" in page.one("figure").text
    assert not page.all("section", **{"aria-labelledby": "by-sections"})


def test_names_of_an_archive_are_text(strange):
    answer = strange.get("/", query_string={"q": "giá vàng", "author": "<i>x</i>"})
    html = answer.get_data(as_text=True)
    assert "<script>alert" not in html
    assert "<b>Lê" not in html
    assert "<i>x" not in html
    page = get(strange, q="giá vàng")
    [link] = page.one("section", **{"aria-labelledby": "by-sources"}).all("a")
    assert total(follow(strange, link)) == 1


# Over time


def bars(page):
    return page.one("svg").all("a")


def test_bars_zoom_from_years_to_days_and_back(client, archive):
    page = get(client, from_="2000-01-01")
    labels = [a.get("aria-label") for a in bars(page)]
    assert labels[:2] == ["2024: 6 stories", "2025: 42 stories"]
    months = follow(client, bars(page)[1])
    assert total(months) == 42
    labels = [a.get("aria-label") for a in bars(months)]
    assert labels[0] == "January 2025: 3 stories"
    listed = months.one("figure").one("details").all("a")
    assert [a.get("href") for a in listed] == [a.get("href") for a in bars(months)]
    days = follow(client, bars(months)[0])
    assert total(days) == 3
    assert days.one("input", name="from").get("value") == "2025-01-01"
    assert days.one("input", name="to").get("value") == "2025-01-31"
    day = follow(client, bars(days)[0])
    out = [day]
    for words in ("January 2025", "2025", "All time"):
        link = out[-1].one("p", cls="zoom").one("a")
        assert link.text == f"← Zoom out: {words}"
        if words != "All time":
            out.append(follow(client, link))
    assert [total(page) for page in out[1:]] == [3, 42]


def test_every_match_has_its_place_in_the_chart(client):
    page = get(client, q=QUERY)
    counted = [int(re.search(r"([0-9]+) stor", a.get("aria-label"))[1]) for a in bars(page)]
    assert sum(counted) == total(page)
    assert not re.search(r"<svg.*\bstyle=", client.get(f"/?q={QUERY}").text, re.DOTALL)


def test_the_chart_in_vietnamese(client):
    page = get(client, q=QUERY, ui="vi", from_="2025", to="2025")
    assert page.one("figcaption").text.startswith("Số bài theo tháng")
    assert re.match(r"Tháng \d+/2025: \d+ bài", bars(page)[0].get("aria-label"))


def test_spans_of_days_are_offered_where_the_archive_has_stories(client, strange):
    names = [a.text for a in get(client, q=QUERY).one("ul", cls="presets").all("a")]
    assert names[-3:] == ["2026", "2025", "2024"]
    today = date.today()
    page = get(strange, q="giá vàng")
    links = page.one("ul", cls="presets").all("a")
    assert [a.text for a in links] == [
        *("Past 24 hours", "Past 7 days", "Past 30 days", str(today.year))
    ]
    week = follow(strange, links[1])
    assert week.one("input", name="from").get("value") == (today - timedelta(7)).isoformat()
    assert total(week) == 1
    chosen = week.one("ul", cls="presets").one("a", cls="chosen")
    assert chosen.text == "Past 7 days"
    assert total(follow(strange, chosen)) == 2


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ({"from": "31/02/2025"}, "Ngày bắt đầu không hợp lệ: “31/02/2025”."),
        ({"to": "abc"}, "Ngày kết thúc không hợp lệ: “abc”."),
        ({"from": "2025-12-01", "to": "2025-01-01"}, "Ngày bắt đầu muộn hơn ngày kết thúc."),
    ],
)
def test_a_wrong_day_keeps_the_results_and_is_told_beside_its_field(client, typed, note):
    answer = client.get("/", query_string={"q": QUERY, "ui": "vi", **typed})
    assert answer.status_code == 200
    page = read_page(answer)
    assert page.one("h1").text == get(client, q=QUERY, ui="vi").one("h1").text
    [field] = [one for one in page.all("input", type="date") if one.get("aria-invalid")]
    told = page.one(id=field.get("aria-describedby")).text
    assert told.startswith(note)
    assert "Tham số" not in page.text
    assert "open" in page.one("details", cls="filters").attributes
    refused = client.get("/api/v1/search", query_string={"q": QUERY, **typed})
    assert refused.status_code == 400
    assert refused.json["error"]["code"] == "bad_parameter"


def test_days_in_the_wrong_order_can_be_put_right(client):
    page = get(client, q=QUERY, from_="2025-12-01", to="2025-01-01")
    assert page.one("input", name="from").get("value") == "2025-12-01"
    assert page.one("input", name="to").get("value") == "2025-01-01"


# Switches, and filters alone


def ids(client, **parameters):
    names = {name.rstrip("_"): value for name, value in parameters.items()}
    answer = client.get("/api/v1/search", query_string={"k": "100", **names})
    assert answer.status_code == 200
    return {
        lang: [hit["id"] for hit in hits if hit["zone"] == "match"]
        for lang, hits in answer.json["results"].items()
    }


def test_headlines_alone(client):
    everything, narrowed = ids(client, q="cà phê"), ids(client, q="cà phê", headline="1")
    assert set(narrowed["vi"]) < set(everything["vi"])
    by_id = {story["id"]: story for story in stories()}
    for id_ in narrowed["vi"]:
        assert "cà phê" in f"{by_id[id_]['title']} {by_id[id_].get('lead', '')}".lower()
    page = get(client, q="cà phê", headline="1")
    assert total(page) == sum(map(len, narrowed.values()))
    assert page.one("ul", cls="chips").text == "Remove filter: In the title or lead ×"


def test_first_reports_alone(client, archive):
    everything, first = ids(client, q="cà phê"), ids(client, q="cà phê", first="1")
    assert sum(map(len, first.values())) < sum(map(len, everything.values()))
    for id_, link in archive.links([*everything["vi"], *everything["en"]]).items():
        told = {id_, link.counterpart} & {*first["vi"], *first["en"]}
        assert len(told) == 1
    assert total(get(client, q="cà phê", first="1")) == sum(map(len, first.values()))


def test_an_author_alone_is_a_list_newest_first(client):
    expected = archive_ids("Alice Mai")
    for parameters in ({"q": 'author:"alice mai"'}, {"author": "Alice Mai"}):
        assert ids(client, **parameters) == {"vi": [], "en": expected}
        page = get(client, **parameters)
        assert total(page) == len(expected)
        sort = page.one("nav", cls="sort").all("a")
        assert [(a.text, a.get("aria-current")) for a in sort] == [
            ("Newest", "true"),
            ("Oldest", None),
        ]
        assert not page.all("li", cls="why")
    assert get(client, author="nobody at all").one("h1").text.startswith("0 stories")


def archive_ids(author):
    wrote = [story for story in stories() if author in story.get("authors", ())]
    return [story["id"] for story in sorted(wrote, key=lambda s: s["date"], reverse=True)]


def test_without_words_and_filters_the_start_page_is_shown(client):
    for parameters in ({"q": "", "lang": "vi"}, {"headline": "1"}, {"from": ""}):
        assert read_page(client.get("/", query_string=parameters)).one("body", cls="start")


def test_a_pasted_headline_is_words(client):
    for pasted in ("Báo: Giá vàng tăng", "To: the people", "From: Hanoi"):
        assert client.get("/", query_string={"q": pasted}).status_code == 200
    assert ids(client, q="Báo: Giá vàng tăng") == ids(client, q="Báo Giá vàng tăng")


def test_what_is_counted_is_remembered_for_a_while_only(tmp_path_factory):
    settings = Settings(archive=str(demo_archive(tmp_path_factory)))
    with open_archive(settings=settings) as archive:
        app = create_app(archive, settings=settings)
        with app.app_context():
            from webui.site import FACETS_KEPT, current_site

            site = current_site()
            query = Query("", filters=Filters("2025-01-01"))
            facets = site.facets(query)
            assert site.facets(Query("", k=3, offset=3, filters=query.filters)) is facets
            found = archive.result_set(Query("", lang="vi", filters=query.filters))
            assert site.facets(query, found).total == len(found.zone("match"))
            for day in range(FACETS_KEPT + 3):
                site.facets(Query("", filters=Filters(f"20{day:02}-01-01")))
            assert len(site._facets) == FACETS_KEPT
