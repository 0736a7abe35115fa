"""Clippings and citations in a real browser: kept, edited, shared as a file, in several tabs."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

PHONE = {"viewport": {"width": 390, "height": 844}}
RESULTS = "/?q=metro"
HOSTILE = "<img src=x onerror=alert(1)> \"'} {title} đường\u202e"


def expect(target):
    """Imported late: without playwright these tests are skipped, with the reason."""
    from playwright.sync_api import expect as asserting

    return asserting(target)


def clip(page, number=0):
    """Press the button of a story of the list; returns the story's title."""
    button = page.locator("button.clip").nth(number)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    return button.get_attribute("data-title")


def open_clippings(page):
    page.get_by_role("link", name="Clippings").click()
    page.wait_for_url(re.compile("/clippings"))


def titles(page):
    return page.locator("#clippings li h2").all_inner_texts()


def downloaded(page, press):
    with page.expect_download() as started:
        press()
    assert started.value.failure() is None
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def kept(page):
    return page.evaluate("Object.values(localStorage).map((one) => JSON.parse(one))")


def test_a_story_is_clipped_noted_and_found_again(visit):
    page = visit(RESULTS)
    title = clip(page)
    status = page.locator("#clipping-status [role=status]")
    expect(status).to_have_text(f"Clipped: {title}")
    page.reload()
    expect(page.locator("button.clip").first).to_have_attribute("aria-pressed", "true")
    other = clip(page, 1)
    open_clippings(page)
    assert titles(page) == [other, title]
    card = page.locator("#clippings li").nth(1)
    card.get_by_label("Tag").fill("giao thông")
    card.get_by_label("Note").fill(HOSTILE)
    page.reload()
    card = page.locator("#clippings li").nth(1)
    assert card.get_by_label("Note").input_value() == HOSTILE
    assert page.locator("#clippings img").count() == 0
    page.locator("#of-tag").select_option("giao thông")
    expect(page.locator("#clippings li")).to_have_count(1)
    expect(page.locator("#clippings .tally")).to_have_text("Showing 1 of 2")
    page.get_by_role("link", name=title).click()
    page.wait_for_url(re.compile(r"/article\?"))
    assert page.locator("h1").inner_text() == title
    expect(page.locator("button.clip")).to_have_attribute("aria-pressed", "true")


def test_what_was_removed_comes_back_with_its_note(visit):
    page = visit(RESULTS)
    title = clip(page)
    open_clippings(page)
    page.get_by_label("Note").fill("gọi lại")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#clippings li")).to_have_count(0)
    expect(page.locator("#clipping-status [role=status]")).to_have_text(
        f"No longer clipped: {title}"
    )
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#clippings li")).to_have_count(1)
    assert page.get_by_label("Note").input_value() == "gọi lại"
    # The same at the story itself.
    page.go_back()
    button = page.locator("button.clip").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert [one["note"] for one in kept(page)] == ["gọi lại"]


def test_a_desk_shares_clippings_as_a_file(visit, tmp_path):
    page = visit(RESULTS)
    title, other = clip(page), clip(page, 1)
    open_clippings(page)
    page.get_by_label("Note").nth(1).fill("của tôi")
    page.get_by_label("Tag").nth(2).fill("metro")  # the first is that which filters
    save = page.get_by_role("button", name="Save the clippings to a file")
    name, data = downloaded(page, save.click)
    assert re.fullmatch(r"songngu-clippings-\d{4}-\d\d-\d\d\.json", name)
    content = json.loads(data)
    assert (content["format"], content["version"]) == ("songngu-clippings", 1)
    assert [one["title"] for one in content["clippings"]] == [other, title]

    colleague = visit("/clippings")
    expect(colleague.get_by_text("There is nothing here yet.")).to_be_visible()
    colleague.set_input_files("#import", {"name": "a.json", "mimeType": "", "buffer": data})
    said = colleague.locator("#clipping-status [role=status]")
    expect(said).to_have_text("Imported: 2 new, 0 completed, 0 there already.")
    assert titles(colleague) == [other, title]
    # Both have notes on the same story: neither is lost, however often the file comes.
    content["clippings"][1] |= {"note": "của bạn", "tag": "tàu điện"}
    theirs = json.dumps(content).encode()
    for changed in (1, 0):
        colleague.set_input_files("#import", {"name": "b.json", "mimeType": "", "buffer": theirs})
        expect(said).to_have_text(
            f"Imported: 0 new, {changed} completed, {2 - changed} there already."
        )
    assert colleague.get_by_label("Note").nth(1).input_value() == "của tôi\ncủa bạn\n#tàu điện"
    assert colleague.get_by_label("Tag").nth(2).input_value() == "metro"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "holds no clippings"),
        ("[]", "holds no clippings"),
        ("null", "holds no clippings"),
        ('{"format": "other", "version": 1, "clippings": []}', "holds no clippings"),
        ('{"format": "songngu-clippings", "version": 1, "clippings": {}}', "holds no clippings"),
        ('{"format": "songngu-clippings", "version": 2, "clippings": []}', "newer version"),
        (
            '{"format": "songngu-clippings", "version": 1, "clippings": [{"id": "a"}, {"id": 7}]}',
            "Entry 2 of the file is damaged",
        ),
        (
            '{"format": "songngu-clippings", "version": 1, "clippings": [{"id": "a", "note": []}]}',
            "Entry 1 of the file is damaged",
        ),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(visit, content, said):
    page = visit(RESULTS)
    clip(page)
    open_clippings(page)
    before = kept(page)
    page.set_input_files("#import", {"name": "a.json", "mimeType": "", "buffer": content.encode()})
    expect(page.locator("#clipping-status [role=status]")).to_contain_text(said)
    assert kept(page) == before


def test_clippings_are_downloaded_by_tag_and_say_which_stories_are_gone(visit):
    page = visit(RESULTS)
    title = clip(page)
    clip(page, 1)
    open_clippings(page)
    page.get_by_label("Tag").nth(2).fill("metro")
    gone = {
        "format": "songngu-clippings",
        "version": 1,
        "clippings": [{"id": "no-such-story", "title": "Bài đã gỡ", "lang": "vi", "tag": "metro"}],
    }
    data = json.dumps(gone).encode()
    page.set_input_files("#import", {"name": "a.json", "mimeType": "", "buffer": data})
    lost = page.locator("#clippings li").filter(has_text="Bài đã gỡ")
    expect(lost.get_by_text("No longer in the archive.")).to_be_visible()
    assert lost.locator("h2 a").get_attribute("href") is None
    page.locator("#of-tag").select_option("metro")
    name, data = downloaded(page, page.get_by_role("button", name="CSV").click)
    assert name == "songngu-Clippings.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [(row["title"], row["clipping_tag"]) for row in rows] == [(title, "metro")]
    _, data = downloaded(page, page.get_by_role("button", name="RIS").click)
    assert data.count(b"TY  - NEWS") == 1


def test_tabs_do_not_lose_each_others_changes(visit):
    page = visit("/?q=Ha+Noi&mode=words")
    clip(page)
    other = page.context.new_page()
    other.goto(page.url)
    clip(other, 1)
    expect(page.locator("button.clip").nth(1)).to_have_attribute("aria-pressed", "true")
    clip(page, 2)
    open_clippings(other)
    expect(other.locator("#clippings li")).to_have_count(3)
    # Somebody writes in one tab while another tab changes the same story and removes others.
    note = other.get_by_label("Note").first
    note.fill("đang viết")
    page.goto(other.url)
    page.get_by_label("Tag").nth(1).fill("gấp")
    page.get_by_role("button", name="Remove").last.click()
    expect(other.locator("#clippings li")).to_have_count(2)
    expect(other.get_by_label("Tag").nth(1)).to_have_value("gấp")
    note.press_sequentially(" tiếp")
    assert {(one["tag"], one["note"]) for one in kept(page)} == {
        ("gấp", "đang viết tiếp"),
        ("", ""),
    }


FULL = "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
FORBIDDEN = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("", "SecurityError"); } })"""


@pytest.mark.parametrize(("trouble", "said"), [(FULL, "no more room"), (FORBIDDEN, "does not let")])
def test_a_browser_that_keeps_nothing_is_told_of_in_one_line(visit, trouble, said):
    page = visit("/")
    page.add_init_script(trouble)
    page.goto(page.url + "?q=metro")
    expect(page.locator("#clipping-status [role=status]")).to_have_text("")
    page.locator("button.clip").first.click()
    expect(page.locator("#clipping-status [role=status]")).to_contain_text(said)
    expect(page.locator("button.clip").first).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_is_enough_in_vietnamese(visit):
    page = visit("/?q=metro&ui=vi", **PHONE)
    button = page.get_by_role("button", name="Lưu bài").first
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#clipping-status [role=status]")).to_contain_text("Đã lưu:")
    page.get_by_role("link", name="Bài đã lưu").press("Enter")
    page.wait_for_url(re.compile("/clippings"))
    assert page.locator("html").get_attribute("lang") == "vi"
    expect(page.locator("#clippings .tally")).to_have_text("Hiện 1 trong số 1 bài")
    page.get_by_role("button", name="Bỏ lưu").press("Enter")
    expect(page.get_by_text("Chưa có bài nào.")).to_be_visible()
    extra = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(extra) == 0


def test_without_script_no_control_is_dead(visit):
    page = visit(RESULTS, java_script_enabled=False)
    assert page.locator("button.clip:visible").count() == 0
    page.get_by_role("link", name="Clippings").click()
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    assert page.locator("main button:visible, main input:visible").count() == 0
    page.go_back()
    page.get_by_text("Download", exact=True).click()
    name, data = downloaded(page, page.get_by_role("link", name="CSV").click)
    assert name == "songngu-metro.csv"
    assert data.startswith(b"\xef\xbb\xbftitle")
    page.locator('a[href^="/article/"]').first.click()
    page.get_by_text("Cite this story").click()
    assert page.locator("button.copy:visible").count() == 0
    expect(page.get_by_label("English style")).to_be_visible()


def test_a_citation_is_copied_and_that_is_said(visit):
    page = visit("/article/demo-001-vi", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Cite this story").click()
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.locator(".citation [role=status]")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("BibTeX", exact=True).input_value()
    assert copied.startswith("@article{")
