"""Pasting a draft, reading what was found, and copying the background box, in a real browser."""

import re

import pytest
from support.archives import stories

BY_ID = {story["id"]: story for story in stories()}
METRO = BY_ID["demo-002-vi"]
DRAFT = "\n\n".join(
    [
        "Chuyện trong tuần",
        "Tuyến metro đầu tiên của Thành phố Hồ Chí Minh đã mở cửa sau hơn mười năm xây dựng; nhiều"
        " gia đình xếp hàng từ sớm để được đi miễn phí trong ngày khai trương, nhà ga chật kín.",
        "Trong khi đó, giá cà phê ở Tây Nguyên tiếp tục lập đỉnh. Nhiều hộ ở Đắk Lắk găm hàng chờ"
        " qua Tết vì tin rằng giá còn lên, thương lái mua được rất ít so với cùng kỳ năm trước.",
        "Câu lạc bộ cờ vua của phường tổ chức giải thường niên cho người cao tuổi vào cuối tuần.",
    ]
)
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


def compare(page, draft=DRAFT):
    page.fill("#draft", draft)
    page.click("form.draft button[type=submit]")
    page.wait_for_selector(".parts")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_paste_and_read(visit, javascript):
    page = visit("/?ui=vi", java_script_enabled=javascript)
    page.click("text=Đã ai viết chưa?")
    page.wait_for_url(re.compile("/before"))
    compare(page)
    assert page.url.endswith("/before?ui=vi")  # nothing of the draft is in the address
    assert "bài" in page.locator("h1").inner_text()
    first = page.locator("#part-1 .nearest a").first
    story = first.get_attribute("href")
    first.click()
    assert page.url.endswith(story)
    assert METRO["title"] in page.locator(story).inner_text()
    page.locator(f"{story} .near a").first.click()
    assert page.url.endswith("#part-1")
    # What was pasted is there to be changed.
    page.locator(".again summary").click()
    assert page.locator("#draft").input_value().strip() == DRAFT
    page.locator("#story-1 a").first.click()
    page.wait_for_url(re.compile("/article/"))


def test_copy(visit):
    page = visit("/before?ui=vi")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    compare(page)
    page.locator("button.copy").first.click()
    page.wait_for_selector("[role=status]:has-text('Đã chép')")
    box = page.locator("#box-vi").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == box
    assert 1 <= len(box.split("\n")) <= 5


def test_without_javascript_the_box_can_be_selected_and_no_button_does_nothing(visit):
    page = visit("/before", java_script_enabled=False)
    compare(page)
    assert page.locator("#box-vi").get_attribute("readonly") is not None
    assert not page.locator("button.copy").first.is_visible()


def test_too_much_is_held_back(visit):
    page = visit("/before")
    page.fill("#draft", "tin tức " * 30_000)
    assert page.locator(".too-long").is_visible()
    page.click("form.draft button[type=submit]")
    assert page.locator("h1").inner_text() == "Has anyone written this?"
    assert page.locator(".parts").count() == 0
    page.fill("#draft", "tin tức")
    assert not page.locator(".too-long").is_visible()


@pytest.mark.parametrize("path", ["/before?ui=vi", "/before?ui=en"])
def test_on_a_phone_paragraphs_and_stories_are_stacked(visit, path):
    page = visit(path, **PHONE)
    compare(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    text, near = page.locator("#part-1 .part-text"), page.locator("#part-1 .nearest")
    assert near.bounding_box()["y"] >= text.bounding_box()["y"] + text.bounding_box()["height"]


def test_on_a_desk_they_are_beside_each_other(visit):
    page = visit("/before", viewport={"width": 1280, "height": 900})
    compare(page)
    text, near = page.locator("#part-1 .part-text"), page.locator("#part-1 .nearest")
    assert abs(near.bounding_box()["y"] - text.bounding_box()["y"]) < 5
    assert near.bounding_box()["x"] > text.bounding_box()["x"] + 300


def test_by_keyboard(visit):
    page = visit("/before")
    page.focus("#draft")
    page.keyboard.insert_text(DRAFT)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".parts")
