"""What is a copy of a story and what is not: texts written for each case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer.linking.copies import Fingerprint, are_copies, resemblance
from search.records import Article

STORY = Article(
    id="a",
    lang="vi",
    title="Cầu phao mới nối hai bờ sông Lô trước mùa lũ",
    lead="Cầu phao dài 180 mét được lắp trong chín ngày, thay cho bến đò cũ ở xã Vân Du.",
    text="Sáng 12/5, huyện Đoan Hùng cho thông xe cầu phao bắc qua sông Lô. Từ nay người dân hai xã"
    " không còn phải chờ đò vào giờ tan học. Cầu chịu được xe tải nhẹ 3,5 tấn và sẽ được tháo ra"
    " khi nước lên quá báo động hai. Ông Trần Văn Kha, lái đò suốt 31 năm, nhận việc gác cầu. Ông"
    " nói điều tiếc nhất là tiếng máy đò buổi sớm, điều mừng nhất là học trò không còn ướt áo."
    " Huyện cho biết cầu bê tông vĩnh cửu sẽ khởi công trong năm sau nếu được bố trí đủ vốn.",
    date="2025-05-12",
    url="https://bao-a.example/cau-phao?utm_source=feed",
)
PRICES = Article(
    id="p1",
    lang="vi",
    title="Giá tiêu hôm nay 3/4: đi ngang ở mức cao",
    text="Giá tiêu hôm nay tại Đắk Lắk ở mức 156.000 đồng mỗi kg, tại Gia Lai 155.500 đồng, tại Bà"
    " Rịa 156.500 đồng. Trên sàn quốc tế, tiêu đen Lampung được chào 7.120 USD mỗi tấn, tiêu trắng"
    " Muntok 9.860 USD. Giới buôn cho rằng nguồn cung vụ mới chưa đủ bù lượng hàng thiếu hụt, nông"
    " dân vẫn giữ hàng chờ giá. Hiệp hội khuyến cáo doanh nghiệp ký hợp đồng ngắn để tránh rủi ro.",
    date="2025-04-03",
)


def copies(one, other):
    return are_copies(Fingerprint.of(one), Fingerprint.of(other))


def share_a_key(one, other):
    return bool(set(Fingerprint.of(one).keys()) & set(Fingerprint.of(other).keys()))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"title": f"{STORY.title} | Báo Trung Du"},
        {"title": "Thông xe cầu phao sông Lô", "date": "2025-05-13", "url": None},
        {"text": STORY.text + "\nTheo Thông tấn xã."},
        {"text": STORY.text.replace("Sáng 12/5", "Ngày 12/5").replace("31 năm", "31 năm nay")},
        {"text": STORY.text.replace("Huyện", "HUYỆN"), "lead": ""},
        {"date": None, "url": "https://bao-b.example/x"},
    ],
)
def test_copies(change):
    other = replace(STORY, id="b", **change)
    assert copies(STORY, other)
    assert share_a_key(STORY, other)


@pytest.mark.parametrize(
    "change",
    [
        # A follow-up: half of the text is what was known, half is new.
        {
            "title": "Cầu phao sông Lô phải tháo vì nước lên",
            "date": "2025-05-14",
            "text": STORY.text[:190]
            + " Đêm qua nước sông lên nhanh, đội gác cầu đã tháo ba khoang giữa và kéo vào bờ. Đò"
            " chạy lại từ 5 giờ sáng với vé 5.000 đồng một lượt. Huyện dự tính lắp lại cầu sau bốn"
            " ngày, khi nước rút dưới báo động một và các mối neo được kiểm tra xong.",
        },
        {"lang": "en"},
        {"text": STORY.text.replace("31", "27").replace("3,5", "5"), "lead": "Cầu dài 240 mét."},
        {"text": "Một bài khác hẳn, không câu nào giống, kể chuyện vườn hoa, phiên chợ xuân."},
    ],
)
def test_no_copies(change):
    assert not copies(STORY, replace(STORY, id="b", url=None, **change))


def test_two_days_of_one_template_are_no_copies():
    text = PRICES.text
    for old, new in (("156.000", "154.000"), ("155.500", "153.500"), ("156.500", "154.700"),
                     ("7.120", "7.090"), ("9.860", "9.845")):  # fmt: skip
        text = text.replace(old, new)
    next_day = replace(
        PRICES, id="p2", title="Giá tiêu hôm nay 4/4: giảm nhẹ", text=text, date="2025-04-04"
    )
    assert resemblance(Fingerprint.of(PRICES), Fingerprint.of(next_day)) > 0.5
    assert not copies(PRICES, next_day)


def test_the_same_words_weeks_later_must_be_the_same_words_indeed():
    later = replace(STORY, id="b", date="2025-07-01", url=None)
    assert copies(STORY, later)
    edited = replace(later, text=STORY.text.replace("buổi sớm", "mỗi sáng"))
    assert not copies(STORY, edited)
    assert copies(STORY, replace(edited, date="2025-05-13"))


def test_short_notices_must_have_their_titles_in_common():
    text = "Quarterly dividend 10 cents against 10 cents before. Paid on June 30."
    one = Article(id="1", lang="en", title="Northern Ferries sets quarterly dividend", text=text)
    assert not copies(one, replace(one, id="2", title="Harbour Bank declares its usual payout"))
    assert copies(one, replace(one, id="2", title="Northern Ferries sets its quarterly dividend"))


def test_one_page_under_several_addresses():
    mobile = replace(STORY, id="b", url="https://m.bao-a.example/cau-phao/")
    assert share_a_key(replace(STORY, title="", text="x", lead=""), replace(mobile, title=""))
    # Corrected: much of the text is another, but it is that page.
    corrected = replace(mobile, text=STORY.text[:230] + " Bài đã được sửa lại cho đúng sự việc.")
    assert resemblance(Fingerprint.of(STORY), Fingerprint.of(corrected)) < 0.65
    assert copies(STORY, corrected)


def test_the_site_name_goes_and_a_short_column_title_stays_out():
    with_site = replace(STORY, title=STORY.title + " - Báo A")
    assert Fingerprint.of(with_site).title == Fingerprint.of(STORY).title
    column = replace(STORY, title="Tin vắn", text="", lead="", url=None)
    assert Fingerprint.of(column).keys() == ()
    split = Fingerprint.of(replace(STORY, title="Nga - Ukraine"))
    assert split.title == ("nga", "ukraine")


def test_empty_and_odd_texts():
    empty = Article(id="e", lang="en", text="")
    assert Fingerprint.of(empty).keys() == ()
    assert not copies(empty, replace(empty, id="f"))
    odd = Article(id="o", lang="vi", text="\ud800😀 ....", title="\udfff", url="http://[bad")
    assert isinstance(Fingerprint.of(odd).keys(), tuple)


def test_keys_are_the_same_in_every_process_and_version():
    """Archives keep them: another value here means that `_RULES` in linking must be raised."""
    keys = Fingerprint.of(STORY).keys()
    assert len(keys) == 18
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert np.bitwise_xor.reduce(np.array(keys, np.int64)) == KEYS_TOGETHER


KEYS_TOGETHER = -7593643175167533719
