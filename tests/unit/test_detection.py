"""Which language it is, typed with diacritics or without."""

import pytest

from search.text.detection import detect


@pytest.mark.parametrize(
    ("text", "accents"),
    [
        ("bo truong cong an", "none"),
        ("gia ca phe", "none"),
        ("tham na uy", "none"),
        ("bo truong luong tam quang tham na uy", "none"),
        ("lu lut mien trung", "none"),
        ("can tho", "none"),
        ("bong da", "none"),
        ("dai hoc", "none"),
        ("hop tac quoc te", "none"),
        ("Bo Truong Cong An", "none"),
        ("hợp tác phòng chống tội phạm với Na Uy", "full"),
        ("Đại học Cảnh sát Na Uy", "full"),
        ("chó", "full"),
        ("giá vàng SJC today", "full"),
        ("đường sắt toc do cao", "partial"),
        ("Bo truong cong an", "none"),
        ("apple ra mat iphone", "none"),
        ("facebook lua dao", "none"),
        ("park hang seo", "none"),
        ("to lam", "none"),
        ("tai sao", "none"),
        ("song hong", "none"),
        ("an com", "none"),
        ("me con", "none"),
        ("John Elway đã", "full"),
        ("So nguyen to", "none"),
    ],
)
def test_vietnamese(text, accents):
    detection = detect(text)
    assert (detection.lang, detection.accents) == ("vi", accents)


@pytest.mark.parametrize(
    "text",
    [
        "police cooperation Oslo",
        "Minister Luong Tam Quang visits Norway",
        "Hanoi metro",
        "coffee price",
        "climate change",
        "an old man",
        "to do list",
        "he said that",
        "mayor of Ho Chi Minh City",
        "World Cup",
        "can do",
        "he can",
        "the man",
        "no man",
        "song contest",
        "man dies",
        "con artist",
        "dam collapse",
        "to lam visits china",
        "Lương Tam Quang visits Norway",
        "pham minh chinh meets",
        "Nguyen Phu Trong dies",
        "truong my lan trial",
        "viet nam economy",
        "premier league",
        "Manchester United",
        "donald trump",
        "pho recipe",
    ],
)
def test_english(text):
    assert detect(text).lang == "en"


def test_long_texts():
    vietnamese = "Hai bên nhất trí tăng cường trao đổi đoàn và phối hợp điều tra. " * 500
    english = "Both sides agreed to exchange delegations and to coordinate investigations. " * 500
    assert detect(vietnamese).lang == "vi"
    assert detect(vietnamese).confidence > 0.99
    assert detect(english).lang == "en"


@pytest.mark.parametrize("text", ["", "123", "!!!", "😀", "北京", "\x00", "24/9/2025"])
def test_what_has_no_words_is_a_guess(text):
    assert detect(text).confidence <= 0.9


def test_an_english_report_on_vietnamese_people():
    text = "Pham Minh Chinh met Vuong Dinh Hue and To Lam in Ha Noi before the talks. " * 20
    assert detect(text).lang == "en"


def test_where_nothing_can_be_judged_the_default_is_given():
    assert detect("123 😀", default="en").lang == "en"
    assert detect("123 😀").lang == "vi"


def test_confidence_grows_with_what_is_known():
    assert (
        detect("coup de théâtre à l'Élysée").confidence < detect("the talks in the city").confidence
    )
    assert detect("mat").confidence < detect("bo truong cong an").confidence
