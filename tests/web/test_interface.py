"""The interface's language: by address, by cookie, by what the browser prefers."""

import pytest
from support.pages import read_page

VI_HEADING = "Một câu hỏi, tin tức hai thứ tiếng"
EN_HEADING = "One question, the news in two languages"


def heading(client, path="/", accept=None):
    page = read_page(client.get(path, headers={"Accept-Language": accept} if accept else {}))
    assert page.one("html").get("lang") == ("vi" if page.one("h1").text == VI_HEADING else "en")
    return page.one("h1").text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, EN_HEADING),
        ("vi", VI_HEADING),
        ("vi-VN,vi;q=0.9,en-US;q=0.6,en;q=0.5", VI_HEADING),
        ("en-GB,en;q=0.9,vi;q=0.8", EN_HEADING),
        ("fr-FR,fr;q=0.9", EN_HEADING),
        ("fr,vi;q=0.5", VI_HEADING),
        ("de,en;q=0.3,vi;q=0.7", VI_HEADING),
        ("*", EN_HEADING),
        ("vi;q=0", EN_HEADING),
        ("\x7f;;;q=x", EN_HEADING),
    ],
)
def test_by_what_the_browser_prefers(client, accept, expected):
    assert heading(client, accept=accept) == expected
    assert "Set-Cookie" not in client.get("/").headers


def test_the_address_wins_and_is_remembered(client):
    assert heading(client, "/?ui=vi", accept="en") == VI_HEADING
    cookie = client.get_cookie("ui")
    assert cookie.value == "vi"
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert heading(client, "/", accept="en") == VI_HEADING
    assert heading(client, "/?ui=en", accept="vi") == EN_HEADING
    assert heading(client, "/", accept="vi") == EN_HEADING


def test_an_unknown_choice_is_none(client):
    assert heading(client, "/?ui=xx", accept="vi") == VI_HEADING
    assert client.get_cookie("ui") is None
    client.set_cookie("ui", "xx")
    assert heading(client, "/", accept="vi") == VI_HEADING


def test_a_choice_stays_in_the_links_for_those_without_cookies(app):
    client = app.test_client(use_cookies=False)
    page = read_page(client.get("/?q=metro&ui=vi"))
    assert page.one("input", name="ui").get("value") == "vi"
    own = [a.get("href") for a in page.all("a") if a.get("href").startswith("/?")]
    assert own
    assert all("ui=vi" in href for href in own)
    page = read_page(client.get("/?q=metro"))
    assert not page.all("input", name="ui")


def test_the_switch_keeps_the_search(client):
    page = read_page(client.get("/?q=tàu điện&source=Báo+A&source=Báo+B&k=20"))
    switch = page.one("nav", cls="interface").all("a")
    assert [(a.text, a.get("lang")) for a in switch] == [("Tiếng Việt", "vi"), ("English", "en")]
    assert [bool(a.get("aria-current")) for a in switch] == [False, True]
    vietnamese = read_page(client.get("/" + switch[0].get("href")))
    assert vietnamese.one("html").get("lang") == "vi"
    assert vietnamese.one("input", name="q").get("value") == "tàu điện"
    chosen = [field.get("value") for field in vietnamese.all("input", name="source")]
    assert set(chosen) == {"Báo A", "Báo B"}


def test_dates_and_numbers_are_written_as_the_reader_does(client, archive):
    stats = archive.stats()
    year, month, day = stats.date_last[:10].split("-")
    vietnamese = read_page(client.get("/?ui=vi")).one("section", cls="holdings").text
    assert f"{int(day)}/{int(month)}/{year}" in vietnamese
    english = read_page(client.get("/?ui=en")).one("section", cls="holdings").text
    months = "January February March April May June July August September October November December"
    assert f"{months.split()[int(month) - 1]} {int(day)}, {year}" in english


def test_stories_keep_their_own_language(client):
    page = read_page(client.get("/?q=metro&ui=vi"))
    for lang in ("vi", "en"):
        for article in page.one("section", cls=f"column-{lang}").all("article"):
            assert article.get("lang") == lang
            assert article.one("ul", cls="notes").get("lang") == "vi"
