"""The cleaner on page text of many layouts, written for these tests, in both languages."""

import contextlib
import textwrap
import unicodedata
from pathlib import Path

import pytest

from indexer.pages.text import clean_page
from search.errors import ExtractionError

VI_BODY = [
    "Sáng nay, đoàn thủy thủ của tàu nghiên cứu Sao Biển trở về cảng Cam Thành sau ba tháng khảo"
    " sát vùng biển phía nam. Theo thuyền trưởng Đỗ Quốc Hưng, chuyến đi đã lập được bản đồ của"
    " hơn hai trăm rạn san hô.",
    '"Chúng tôi không ngờ san hô ở đây còn khỏe như vậy", ông Hưng nói.',
    "Bản đồ mới giúp các xã ven biển chọn nơi đặt phao và nơi cấm thả neo. Viện Hải dương cho biết"
    " số liệu sẽ được công bố miễn phí vào tháng tới để ngư dân và trường học cùng sử dụng.",
    "Các nhà khoa học cũng tìm thấy ba loài cá chưa từng được ghi nhận ở vùng biển này, trong đó có"
    " một loài sống thành đàn quanh miệng hang ở độ sâu bốn mươi mét.",
    "Tỉnh sẽ dành 12 tỷ đồng để mua thêm hai xuồng tuần tra rạn san hô trong năm tới.",
]
EN_BODY = [
    "The research ship Starfish returned to Cam Thanh harbour on Monday after three months of"
    " surveying the southern waters, and her crew brought back a map of more than two hundred"
    " coral reefs.",
    '"We did not expect to find the coral in such good health," Captain Do Quoc Hung said.',
    "The new map will help coastal villages decide where to put buoys and where to forbid"
    " anchoring. The Institute of Oceanography said the data would be published free of charge"
    " next month, so that fishermen and schools can use them.",
    "Scientists also found three species of fish that had never been recorded in these waters,"
    " among them one that lives in shoals around the mouth of a cave forty metres down.",
    "The province will spend 12 billion dong on two more patrol boats for the reefs next year.",
]
VI_TITLE = "Tàu Sao Biển lập bản đồ hai trăm rạn san hô phía nam"
VI_LEAD = (
    "Sau ba tháng trên biển, các nhà khoa học mang về bản đồ chi tiết đầu tiên của vùng san hô phía"
    " nam và ba loài cá mới."
)
EN_TITLE = "Research ship maps two hundred coral reefs in the south"
EN_LEAD = (
    "After three months at sea, scientists bring home the first detailed map of southern reefs."
)
VI_OTHERS = [
    "Giá cà phê Tây Nguyên tăng phiên thứ năm liên tiếp",
    "Trường làng mở lớp dạy bơi miễn phí cho học sinh tiểu học",
    "Cầu Thạch Hãn mới thông xe sớm hai tháng so với kế hoạch",
    "Nông dân trồng sen chuyển sang làm trà ướp bông",
]
EN_OTHERS = [
    "Coffee prices in the highlands rise for a fifth session",
    "Village school opens free swimming lessons for pupils",
    "New Thach Han bridge opens two months ahead of plan",
    "Lotus growers turn to scented tea as demand grows",
]


def page(*parts: str | list[str], gap: str = "\n") -> str:
    lines: list[str] = []
    for part in parts:
        lines += [part] if isinstance(part, str) else part
    return gap.join(lines)


def twice(headlines: list[str]) -> list[str]:
    return [headline for headline in headlines for _ in range(2)]


VI_MENU = ["Trang chủ", "Thời sự", "Thế giới", "Kinh doanh", "Khoa học", "Giáo dục", "Mới nhất"]
EN_MENU = ["Skip to main content", "Home", "News", "World", "Business", "Science", "Sign in"]

PAGES = {
    "vi: title, lead, date, player, body, signature, lists": page(
        VI_TITLE, VI_LEAD, "06/10/2025", "00:00", "Nữ Miền Nam", VI_BODY, "Thu Ngân", "In",
        "Chia sẻFacebook", "Tin đọc nhiều trong tuần", twice(VI_OTHERS), "BẠN ĐỌC VIẾT",
    ),
    "vi: menu, section, date above title, author, related box inside": page(
        VI_MENU, "Khoa học", "Thứ Hai, 6/10/2025, 07:15 (GMT+7)", VI_TITLE, VI_LEAD, VI_BODY[:3],
        "Tin liên quan", VI_OTHERS[:2], VI_BODY[3:], "Thu Ngân", "Trở lại Khoa học", "Chia sẻ",
        "Bình luận (14)", "Gửi ý kiến của bạn", "Mong rạn san hô được giữ cho con cháu mai sau.",
        "Xem thêm", "Cùng chuyên mục", VI_OTHERS, "Bản quyền thuộc Báo Ven Biển.",
    ),
    "vi: captions with credits, tags, author before the date": page(
        VI_MENU, VI_TITLE, "Thu Ngân", "06/10/2025 07:15 GMT+7", "Facebook", "Zalo", "Copy link",
        VI_LEAD, "Tàu Sao Biển cập cảng Cam Thành sáng 6-10 - Ảnh: T.N.", VI_BODY,
        "Tags: san hô, biển, khoa học", "Đọc tiếp", "Tin cùng chuyên mục", VI_OTHERS,
        "Tổng biên tập: Trần Văn A", "Giấy phép hoạt động số 12/GP-BTTTT",
    ),
    "en: menu, byline, date, caption, newsletter, most read, footer": page(
        EN_MENU, "Science", EN_TITLE, EN_LEAD, "By Ann Lee and Tom Park", "October 6, 2025 7:15 AM",
        "Share", "Facebook", "Email", "The Starfish enters Cam Thanh harbour. Photo: Coast Gazette",
        EN_BODY[:3], "Sign up for our newsletter and get the news in your inbox every morning.",
        EN_BODY[3:], "Related stories", EN_OTHERS[:3], "Most read", EN_OTHERS, "Comments",
        "I sailed there as a child and it was beautiful then, too. Thank you for this report.",
        "© 2025 Coast Gazette. All rights reserved. Privacy policy",
    ),
    "en: title twice, updated date, read more inside, reporter at the end": page(
        f"{EN_TITLE} - Coast Gazette", EN_MENU, EN_TITLE, EN_LEAD,
        "Published: Oct. 6, 2025, 7:15 a.m. Updated: Oct. 7, 2025, 9:00 a.m.", EN_BODY[:2],
        f"Read more: {EN_OTHERS[0]}", EN_BODY[2:], "Reporting by Ann Lee; Editing by Tom Park",
        "Read next", EN_OTHERS, "Advertisement", "Subscribe",
    ),
    "en: nothing but the story": page(EN_TITLE, EN_LEAD, "06/10/2025", EN_BODY),
}  # fmt: skip


@pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n"], ids=["close", "apart", "dos"])
@pytest.mark.parametrize("name", PAGES)
def test_the_story_is_kept_and_the_furniture_is_not(name: str, gap: str) -> None:
    cleaned = clean_page(PAGES[name].replace("\n", gap))

    vietnamese = name.startswith("vi")
    assert cleaned.title == (VI_TITLE if vietnamese else EN_TITLE)
    assert (cleaned.date or "")[:10] == "2025-10-06"
    body = VI_BODY if vietnamese else EN_BODY
    whole = "\n\n".join(filter(None, [cleaned.lead, cleaned.text]))
    assert whole == "\n\n".join([VI_LEAD if vietnamese else EN_LEAD, *body])


@pytest.mark.parametrize(
    ("name", "authors"),
    [
        ("vi: title, lead, date, player, body, signature, lists", ("Thu Ngân",)),
        ("vi: menu, section, date above title, author, related box inside", ("Thu Ngân",)),
        ("vi: captions with credits, tags, author before the date", ("Thu Ngân",)),
        ("en: menu, byline, date, caption, newsletter, most read, footer", ("Ann Lee", "Tom Park")),
        ("en: title twice, updated date, read more inside, reporter at the end", ("Ann Lee",)),
        ("en: nothing but the story", ()),
    ],
)
def test_who_signed(name: str, authors: tuple[str, ...]) -> None:
    assert clean_page(PAGES[name]).authors == authors


def test_captions_are_told_from_text_by_credits_and_file_names() -> None:
    credited = clean_page(PAGES["vi: captions with credits, tags, author before the date"])
    assert credited.captions == ("Tàu Sao Biển cập cảng Cam Thành sáng 6-10 - Ảnh: T.N.",)

    named = clean_page(
        page(
            VI_TITLE, VI_LEAD, "06/10/2025", "2 (1).JPG", "Thủy thủ chào cảng Cam Thành.",
            VI_BODY[:3], "IMG_0042.jpeg", "0b1d3c5e-9f00-4a52-8c11-1c2d3e4f5a6b.png",
            "Bản đồ rạn san hô do tàu Sao Biển lập.", VI_BODY[3:],
        )
    )  # fmt: skip
    assert named.captions == (
        "Thủy thủ chào cảng Cam Thành.",
        "Bản đồ rạn san hô do tàu Sao Biển lập.",
    )
    assert named.text == "\n\n".join(VI_BODY)


def test_a_photographer_named_below_makes_a_caption_of_the_line_above() -> None:
    cleaned = clean_page(
        page(EN_TITLE, "6 October 2025", EN_BODY[:2], "The Starfish at sea", "Photo: T. Park",
             EN_BODY[2:], "By", "Ann Lee", "Most read", EN_OTHERS)
    )  # fmt: skip
    assert cleaned.captions == ("The Starfish at sea",)
    assert cleaned.text == "\n\n".join(EN_BODY)
    assert cleaned.authors == ("Ann Lee",)


def test_other_stories_at_the_end_go_even_where_nothing_announces_them() -> None:
    others = [
        line
        for headline in VI_OTHERS[:3]
        for line in (headline, "Diễn biến chính của câu chuyện được kể lại trong một câu duy nhất.")
    ]
    cleaned = clean_page(
        page(VI_MENU, VI_TITLE, "06/10/2025", VI_LEAD, VI_BODY, others, "Xem thêm")
    )
    assert "\n\n".join([cleaned.lead, cleaned.text]).strip() == "\n\n".join([VI_LEAD, *VI_BODY])


def test_comments_are_never_the_story_however_many_there_are() -> None:
    said = [f"Reader {i} remembers sailing there as a child, when it was quiet." for i in range(60)]
    cleaned = clean_page(page(EN_MENU, EN_TITLE, "6 October 2025", EN_BODY, "60 comments", said))
    assert cleaned.text == "\n\n".join(EN_BODY)

    # As a button above the story, the same word ends nothing.
    cleaned = clean_page(page(EN_TITLE, "Share", "Comments", "Print", EN_BODY, "Comments", said))
    assert cleaned.text == "\n\n".join(EN_BODY)


def test_what_belongs_to_a_story_though_it_is_short_stays() -> None:
    inside = [
        EN_BODY[0],
        "What the crew found",
        EN_BODY[2],
        "The survey lists three kinds of damage:",
        "- broken branches, mostly from anchors",
        "- bleaching after the warm spring",
        "- plastic nets",
        "“It can heal.”",
        EN_BODY[3],
        "What happens next?",
        "1. The map is printed and sent to every village on the coast.",
        "2. Buoys are set out before the storms begin.",
        EN_BODY[4],
    ]
    cleaned = clean_page(page(EN_MENU, EN_TITLE, EN_LEAD, "6 October 2025", inside, "Comments"))
    assert cleaned.text == "\n\n".join(inside)


def test_the_section_is_the_label_above_the_title_that_the_menu_has_too() -> None:
    name = "en: menu, byline, date, caption, newsletter, most read, footer"
    assert clean_page(PAGES[name]).section == "Science"
    assert clean_page(PAGES["en: nothing but the story"]).section is None


def test_lines_broken_at_a_width_become_paragraphs() -> None:
    text = "\n\n".join(textwrap.fill(line, 72) for line in [EN_TITLE, *EN_BODY])
    cleaned = clean_page(text)
    assert cleaned.title == EN_TITLE
    assert cleaned.text == "\n\n".join(EN_BODY)


def test_a_day_inside_the_story_is_not_its_date() -> None:
    told = ["On 12 March 2019 the first survey began, with a much smaller crew.", *EN_BODY]
    assert clean_page(page(EN_TITLE, told)).date is None


def test_decomposed_letters_and_invisible_characters_make_no_difference() -> None:
    name = "vi: title, lead, date, player, body, signature, lists"
    spoiled = unicodedata.normalize("NFD", PAGES[name]).replace("san hô", "san\u200b hô")
    assert clean_page(spoiled) == clean_page(PAGES[name])


def test_the_headline_is_the_line_that_is_dated_not_the_caption_above_the_text() -> None:
    caption = "The research ship Starfish back in Cam Thanh harbour with her map of coral reefs"
    cleaned = clean_page(
        page(EN_MENU, EN_TITLE, "By Ann Lee", "6 October 2025", "Facebook", "Email", "12 comments",
             caption, EN_BODY)
    )  # fmt: skip
    assert cleaned.title == EN_TITLE
    assert cleaned.date == "2025-10-06"
    assert cleaned.authors == ("Ann Lee",)


def test_of_headline_and_standfirsts_the_topmost_is_the_headline() -> None:
    standfirsts = [
        "Research ship Starfish maps reefs in southern waters for three months",
        "Scientists find three species of fish that had never been recorded",
    ]
    cleaned = clean_page(page(EN_MENU, EN_TITLE, standfirsts, "Ann Lee", "6 October 2025", EN_BODY))
    assert cleaned.title == EN_TITLE
    assert cleaned.authors == ("Ann Lee",)


def test_a_pay_wall_between_headline_and_text_hides_neither() -> None:
    wall = [f"Unlimited access to offer number {i} of our digital edition" for i in range(70)]
    cleaned = clean_page(page(EN_MENU, EN_TITLE, "By Ann Lee", "6 October 2025", wall, EN_BODY))
    assert (cleaned.title, cleaned.authors) == (EN_TITLE, ("Ann Lee",))
    assert cleaned.text == "\n\n".join(EN_BODY)


def test_the_last_paragraph_stays_below_a_pointer_that_the_page_repeats() -> None:
    cleaned = clean_page(
        page(VI_MENU, "Thứ hai, 6/10/2025, 07:15 (GMT+7)", VI_TITLE, VI_LEAD, VI_BODY[:4],
             VI_OTHERS[0], "12", VI_BODY[4], "Thu Ngân", "Trở lại Khoa học", VI_OTHERS)
    )  # fmt: skip
    assert cleaned.text.endswith(VI_BODY[4])
    assert cleaned.authors == ("Thu Ngân",)


def test_dated_stories_after_the_text_are_not_its_text() -> None:
    told = " ".join(EN_BODY)
    others = [
        line
        for i, headline in enumerate(EN_OTHERS)
        for line in (
            headline,
            "Jo Bell",
            f"{i + 2} hours ago",
            "A teaser of two lines tells what that other story is about, and stops there.",
        )
    ]
    cleaned = clean_page(page(EN_TITLE, "6 October 2025", EN_BODY, told, others))
    assert cleaned.text == "\n\n".join([*EN_BODY, told])


def test_a_label_after_every_paragraph_does_not_end_the_story() -> None:
    wedged = [line for paragraph in EN_BODY * 2 for line in (paragraph + " ", "Story content")]
    numbered = [f"{i}: {line}" if len(line) > 20 else line for i, line in enumerate(wedged)]
    cleaned = clean_page(page(EN_MENU, EN_TITLE, "6 October 2025", numbered, "Most read"))
    assert "Story content" not in cleaned.text
    assert len(cleaned.text.split("\n\n")) == 2 * len(EN_BODY)


def test_menu_entries_on_one_line_are_no_prose() -> None:
    entries = " ".join(f"{a} {b}" for a in ("World", "Europe", "Travel") for b in EN_MENU * 3)
    cleaned = clean_page(page(entries, entries.upper(), EN_TITLE, "6 October 2025", EN_BODY))
    assert cleaned.text == "\n\n".join(EN_BODY)


def test_captions_credited_first_or_in_brackets() -> None:
    captions = (
        "© Tom Park The Starfish off Cam Thanh with divers on her deck on the last day of the trip",
        "Fishermen look at the new map of the reefs on the quay. (Tom Park/Coast Gazette)",
    )
    cleaned = clean_page(
        page(EN_TITLE, "6 October 2025", EN_BODY[:2], captions[0], EN_BODY[2:4], captions[1],
             EN_BODY[4:], "© 2025 Coast Gazette")
    )  # fmt: skip
    assert cleaned.captions == captions
    assert cleaned.text == "\n\n".join(EN_BODY)


def test_an_agency_after_the_text_does_not_hide_who_signed_above_it() -> None:
    cleaned = clean_page(
        page(VI_MENU, VI_TITLE, VI_LEAD, "Thu Ngân", "06/10/2025 07:15", VI_BODY,
             "(TTXVN/Vietnam+)", "Tin cùng chuyên mục", VI_OTHERS)
    )  # fmt: skip
    assert cleaned.authors == ("Thu Ngân",)


def test_places_and_sections_beside_the_date_are_no_authors() -> None:
    for label in ("Hà Nội", "THỜI SỰ", "Đời Sống", "New York", "Breaking News"):
        assert clean_page(page(EN_TITLE, label, "6 October 2025", EN_BODY)).authors == ()


LIST_PAGE = page(
    VI_MENU,
    "Khoa học",
    [
        line
        for i, headline in enumerate(VI_OTHERS * 3)
        for line in (
            f"{headline} lần thứ {i}",
            f"Tin tóm tắt số {i} cho biết diễn biến chính của câu chuyện trong một câu duy nhất.",
        )
    ],
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LIST_PAGE, "list of stories"),
        (page(VI_MENU, twice(VI_OTHERS), "Xem thêm"), "list of stories"),
        (page(EN_MENU), "no article"),
        ("", "no article"),
        (
            page(
                EN_MENU, EN_TITLE,
                "Please sign in or subscribe to our newsletter to continue reading this story.",
                "We use cookies to improve this site. By clicking Accept you agree to our terms.",
                "Sign in", "Subscribe now", "© 2025 Coast Gazette. All rights reserved.",
            ),
            "no article",
        ),
    ],
    ids=["section page", "headlines only", "menu only", "nothing", "login wall"],
)  # fmt: skip
def test_what_is_no_article_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ExtractionError, match=reason):
        clean_page(text)


def test_a_hostile_page_takes_no_longer_than_its_length_explains() -> None:
    # Patterns that try every way of cutting a line up would hang here.
    for unit in ("in x ", "share|", "a a a ", "- ", "1:1:1:", "By By By ", "Xem thêm: "):
        with contextlib.suppress(ExtractionError):
            clean_page("\n".join([(unit * 2000)[:9999]] * 3) + "\n" + unit * 30)


def test_the_seeds_come_out_without_furniture(shared: Path) -> None:
    pages = {
        cleaned.title: cleaned
        for file in sorted((shared / "seeds").glob("*.txt"))
        for cleaned in [clean_page(file.read_text(encoding="utf-8"))]
    }
    vietnamese = pages["Việt Nam – Na Uy thúc đẩy hợp tác phòng, chống tội phạm"]
    assert vietnamese.date == "2025-09-24"
    assert vietnamese.authors == ("Công Tuấn",)
    assert vietnamese.lead.startswith("Ngày 24/9/2025")
    assert len(vietnamese.captions) == 4
    assert len(vietnamese.text.split("\n\n")) == 5
    whole = vietnamese.lead + vietnamese.text
    for furniture in ("00:00", "Miền Bắc", ".JPG", ".jpeg", "Chia sẻ", "Tin ", "Công Tuấn", "2026"):
        assert furniture not in whole
    assert not any(caption in whole for caption in vietnamese.captions)

    english = pages["Minister Luong Tam Quang visits Norway"]
    assert english.date == "2025-09-25"
    assert english.lead.startswith("Minister of Public Security")
    assert len(english.text.split("\n\n")) == 10
