"""Which language it is, typed with diacritics or without."""

import pytest

from search.detection import detect


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
