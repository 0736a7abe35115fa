"""Searching as a reader does, in a real browser."""

import re

import pytest

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
VI_QUERY = "đường sắt tốc độ cao"
EN_QUERY = "metro line"


def search(page, typed):
    page.fill("#q", typed)
    page.press("#q", "Enter")
    page.wait_for_url(re.compile(r"\?q="))


def sync_api():
    """Imported late: without playwright these tests are skipped, with the reason."""
    from playwright import sync_api

    return sync_api


def follow(page, link, address):
    """Click, and wait for the page that it leads to: a click itself waits for no answer."""
    link.click()
    page.wait_for_url(re.compile(address))


def count(page, lang):
    return page.locator(f".column-{lang} article").count()


@pytest.mark.parametrize("typed", [VI_QUERY, "duong sat toc do cao", EN_QUERY])
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_both_columns_answer(visit, typed, javascript):
    page = visit(java_script_enabled=javascript)
    search(page, typed)
    assert count(page, "vi") > 0
    assert count(page, "en") > 0
    assert page.input_value("#q") == typed
    assert page.locator("mark").count() > 0
    assert page.locator(".read-as b").count() == (typed == "duong sat toc do cao")


def test_everything_works_without_script(visit):
    page = visit(java_script_enabled=False, **DESKTOP)
    page.get_by_text("Tiếng Việt", exact=True).nth(1).click()  # the switch in the form
    search(page, VI_QUERY)
    assert "lang=vi" in page.url
    assert count(page, "en") == 0
    both = page.locator(".toolbar").get_by_role("link", name="Both languages")
    follow(page, both, r"^(?!.*lang=vi)")
    assert count(page, "en") > 0
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Until").fill("1990-01-01")
    follow(page, page.get_by_role("button", name="Apply"), "to=1990-01-01")
    assert page.locator("h1").inner_text().startswith("No story matches")
    chip = page.get_by_role("link", name="Remove filter: until January 1, 1990")
    follow(page, chip, "^(?!.*to=1990-01-01)")
    assert count(page, "vi") > 0


def test_addresses_stay_short_with_script(visit):
    page = visit()
    search(page, VI_QUERY)
    assert page.evaluate("decodeURIComponent(location.search)") == f"?q={VI_QUERY}".replace(
        " ", "+"
    )
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Words only").check()
    follow(page, page.get_by_role("button", name="Apply"), "mode=")
    assert page.evaluate("location.search").endswith("&mode=words")


def test_columns_stand_side_by_side_on_a_desktop(visit):
    page = visit("/?q=metro", **DESKTOP)
    left = page.locator(".column-vi").bounding_box()
    right = page.locator(".column-en").bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"] + 1
    assert not page.locator(".jump").is_visible()


@pytest.mark.parametrize("path", ["/", "/?q=metro", "/?q=metro&lang=en&mode=words", "/?q=qwxzvjk"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_scrolls_sideways(visit, path, width):
    page = visit(path, viewport={"width": width, "height": 844})
    filters = page.locator(".filters summary")
    if filters.count():
        filters.click()
    extra = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(extra) == 0


def test_reading_pages_fit_a_phone(visit):
    page = visit("/?q=metro", **PHONE)
    page.locator('a[href^="/article/"]:visible').first.tap()
    page.wait_for_url(re.compile("/article/"))
    assert page.locator("article h1").is_visible()
    extra = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(extra) == 0


def test_the_interface_follows_the_browser_and_the_switch(visit):
    page = visit("/", locale="vi-VN")
    assert page.locator("html").get_attribute("lang") == "vi"
    search(page, EN_QUERY)
    assert page.get_by_role("button", name="Tìm kiếm").is_visible()
    follow(page, page.locator(".interface").get_by_role("link", name="English"), "ui=en")
    assert page.get_by_role("button", name="Search").is_visible()
    assert page.input_value("#q") == EN_QUERY
    page.goto(page.url.split("?")[0])
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_keyboard_is_enough(visit):
    page = visit("/", **DESKTOP)
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type(EN_QUERY)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q="))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(ring) == "solid"
    page.keyboard.press("Enter")
    sync_api().expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('nav').className") == "switch"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("lang=vi"))
    assert count(page, "en") == 0


def test_the_slash_goes_to_the_box_but_can_be_typed_in_it(visit):
    page = visit("/?q=metro", **DESKTOP)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("End")
    page.keyboard.type(" 24/9")
    assert page.input_value("#q") == "metro 24/9"


def test_composition_is_respected(visit):
    """Vietnamese is composed (Telex, VNI): Enter confirms a word and must not search yet."""
    page = visit("/")
    session = page.context.new_cdp_session(page)
    address = page.url
    for composed in ("t", "ti", "tie", "tiê", "tiến", "tiếng"):
        session.send(
            "Input.imeSetComposition",
            {"text": composed, "selectionStart": len(composed), "selectionEnd": len(composed)},
        )
    assert page.input_value("#q") == "tiếng"
    # What a browser sees of Enter while an input method holds it.
    for kind in ("rawKeyDown", "keyUp"):
        session.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229},
        )
    assert page.url == address
    session.send("Input.insertText", {"text": "tiếng"})
    page.keyboard.insert_text(" Việt")
    assert page.input_value("#q") == "tiếng Việt"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q="))
    assert page.input_value("#q") == "tiếng Việt"


def test_dark_and_light_follow_the_system(visit):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = visit("/?q=metro", color_scheme="light").evaluate(ground)
    dark = visit("/?q=metro", color_scheme="dark").evaluate(ground)
    assert light == "rgb(251, 250, 246)"
    assert dark == "rgb(23, 22, 19)"


def test_the_policy_is_in_force(chromium, site):
    """Even a script that somebody managed to put into a page is refused."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site)
    refused = page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) =>
                resolve(event.violatedDirective));
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.body.append(script);
        })"""
    )
    assert refused.startswith("script-src")
    assert page.evaluate("window.injected") is None
    context.close()
