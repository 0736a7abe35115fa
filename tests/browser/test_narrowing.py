"""Narrowing in a real browser: bars, facets and days, by mouse, by keyboard, without script."""

import re

import pytest

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}
SCRIPT = pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])


def follow(page, link, address):
    """Click, and wait for the page that it leads to: a click itself waits for no answer."""
    link.click()
    page.wait_for_url(re.compile(address))


def total(page):
    return int(re.match(r"[0-9]+", page.locator("h1").inner_text())[0])


@SCRIPT
def test_a_bar_a_facet_and_off_again(visit, javascript):
    page = visit("/?from=2000-01-01", java_script_enabled=javascript, **DESKTOP)
    everything = total(page)
    bar = page.locator(".timeline svg a").nth(1)
    assert bar.get_attribute("aria-label").startswith("2025: ")
    follow(page, bar, "from=2025-01-01&to=2025-12-31")
    year = total(page)
    assert year < everything
    facet = page.locator("#narrow section").first
    source = facet.locator(".value").first.inner_text()
    number = int(facet.locator(".count").first.inner_text())
    follow(page, facet.get_by_role("link", name=source), "source=")
    assert total(page) == number
    off = page.locator("#narrow").get_by_role("link", name=f"Remove filter: {source}")
    follow(page, off, "^(?!.*source=)")
    assert total(page) == year
    follow(page, page.get_by_role("link", name="Zoom out: All time"), "^(?!.*from=2025)")


def test_the_keyboard_is_enough(visit):
    page = visit("/?q=school", **DESKTOP)
    page.locator("#narrow").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert re.match(r"March 2025: \d stories", page.evaluate(focused))
    ring = "getComputedStyle(document.activeElement.querySelector('.reach')).strokeWidth"
    assert page.evaluate(ring) == "3px"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("from=2025-03-01&to=2025-03-31"))
    page.locator(".timeline summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("March ")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"from=(2025-03-\d\d)&to=\1"))


def test_beside_the_results_on_a_desktop_and_behind_them_on_a_phone(visit):
    page = visit("/?q=school", **DESKTOP)
    lists, narrow = (page.locator(one).bounding_box() for one in (".columns", "#narrow"))
    assert narrow["y"] == pytest.approx(lists["y"], abs=20)
    assert narrow["x"] >= lists["x"] + lists["width"]
    assert not page.locator(".to-narrow").is_visible()
    page = visit("/?q=school", **PHONE)
    page.locator(".to-narrow").tap()
    page.wait_for_url(re.compile("#narrow"))
    page.wait_for_function("document.getElementById('narrow').getBoundingClientRect().top < 300")
    extra = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(extra) == 0


@SCRIPT
def test_a_wrong_day_is_told_beside_its_field(visit, javascript):
    page = visit("/?q=school&from=31/02/2025", java_script_enabled=javascript)
    assert page.get_by_text("The start date is not valid: “31/02/2025”.").is_visible()
    assert page.locator(".hits article").count() > 0


def test_a_span_of_days_is_one_click(visit):
    page = visit("/?q=school")
    page.get_by_text("Filters", exact=True).click()
    follow(page, page.locator(".presets").get_by_role("link", name="2025"), "from=2025-01-01")
    assert page.locator(".chips li").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_are_seen_where_colours_are_forced(visit, scheme):
    page = visit("/?q=school", forced_colors="active", color_scheme=scheme)
    seen = """() => [getComputedStyle(document.querySelector('.bar')).fill,
                     getComputedStyle(document.body).backgroundColor]"""
    bar, ground = page.evaluate(seen)
    assert bar != ground
