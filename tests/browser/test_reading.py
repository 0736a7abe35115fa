"""From a search to a story and on to the next, in a real browser."""

import re

import pytest

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
QUERY = "/?q=can+tho&mode=words&k=2"


def follow(page, link, address):
    """Click, and wait for the page that it leads to."""
    link.click()
    page.wait_for_url(re.compile(address))


def in_view(page, selector):
    """Whether an element is wholly in the window, and nothing lies over its first line."""
    return page.evaluate(
        """(selector) => {
            const element = document.querySelector(selector);
            const box = element.getClientRects()[0];
            const whole = element.getBoundingClientRect();
            const top = document.elementFromPoint(box.left + 4, box.top + box.height / 2);
            return box.top >= 0 && whole.bottom <= innerHeight && element.contains(top);
        }""",
        selector,
    )


@pytest.mark.parametrize("options", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_hit_opens_at_its_best_passage_and_leads_on_and_back(visit, options, javascript):
    page = visit(QUERY, java_script_enabled=javascript, **options)
    hits = page.locator(".column-vi .hit h3 a")
    first, second = (hits.nth(at).inner_text() for at in (0, 1))
    follow(page, hits.nth(0), "/article/")
    assert page.locator("h1").inner_text() == first
    assert page.input_value("#q") == "can tho"
    assert page.locator("article mark").count() > 0
    assert in_view(page, "#best")
    assert "Result 1 of" in page.locator(".among").inner_text()
    follow(page, page.locator(".among [rel=next]"), "/article/.*")
    page.wait_for_function("(t) => document.querySelector('h1').innerText === t", arg=second)
    follow(page, page.locator(".among [rel=next]"), "/article/.*")
    page.wait_for_function("() => document.querySelector('.among').innerText.includes('3 of')")
    third = page.locator("h1").inner_text()
    assert in_view(page, "#best")
    follow(page, page.locator(".among .back"), "page=2")
    assert page.locator("#vi-3 h3").inner_text() == third
    assert in_view(page, "#vi-3 h3 a")


def test_the_keyboard_alone_goes_through_the_hits(visit):
    page = visit("/article/demo-002-en?q=metro+line", **DESKTOP)
    page.focus("#q")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.rel") == "next":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Possibly related" in page.locator(".among").inner_text()


def test_the_permanent_link_is_copied(visit):
    page = visit(
        "/article/demo-002-en?q=metro+line", permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("/article/demo-002-en")


def test_there_is_no_button_without_script(visit):
    page = visit("/article/demo-002-en", java_script_enabled=False)
    assert not page.locator("button.copy-link").is_visible()
    assert page.locator("a[rel=bookmark]").is_visible()


@pytest.mark.parametrize("path", ["/article/demo-008-vi?q=metro", "/beside?id=demo-002-en&q=metro"])
@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_nothing_overflows(visit, path, width):
    page = visit(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_paper_there_is_no_navigation_but_the_source_and_the_query(visit):
    page = visit("/article/demo-002-en?q=metro+line", **DESKTOP)
    page.emulate_media(media="print")
    for gone in (".among", ".search", ".steps", ".subject", ".interface"):
        assert not any(element.is_visible() for element in page.locator(gone).all()), gone
    printed = page.locator(".printed").inner_text()
    assert "/article/demo-002-en" in printed
    assert "metro line" in printed


def test_a_difference_is_reached_from_the_table(visit):
    page = visit("/beside?id=demo-002-en", **DESKTOP)
    page.get_by_role("link", name="86.000").first.click()
    page.wait_for_url(re.compile("#vi-"))
    assert in_view(page, ":target")
    mark = page.locator(":target mark.differs").first
    assert "only in the Vietnamese story" in mark.text_content()
