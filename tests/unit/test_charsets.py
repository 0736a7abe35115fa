"""One rule for character sets: bytes of every kind, and Vietnamese written before Unicode."""

from __future__ import annotations

import unicodedata

import pytest

from indexer import charsets
from indexer.charsets import conversion, decoded, modernised, vietnamese
from search.errors import ExtractionError

STORY = (
    "Đường ray mới ở cửa ngõ phía bắc thành phố đã được nghiệm thu hôm thứ sáu. Ông Ngô Đức Thịnh,"
    " giám đốc ban quản lý, nói những chuyến tàu chở khách sẽ chạy từ giữa tháng tới. Vé ở ga được"
    " giữ nguyên giá, còn người già và trẻ nhỏ được giảm một nửa."
)
ENGLISH = (
    "Zoë Núñez opened the café in São Tomé – “at last”, the mayor’s naïve deputy said, for £5."
)
FRENCH = (
    "L’été dernier, les élèves ont été reçus à l’hôtel où ils étaient déjà allés, près d’Orléans."
)


def in_bytes(text, table):
    codes = {char: byte for byte, char in table.items()}
    return bytes(codes.get(char, ord(char) if char.isascii() else 63) for char in text)


def with_tones_apart(text):
    """As Windows-1258 spells it: a letter, and its tone after it."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    letters = []
    for char in text:
        marks = unicodedata.normalize("NFD", char)
        letters.append(
            unicodedata.normalize("NFC", "".join(c for c in marks if c not in tones))
            + "".join(c for c in marks if c in tones)
        )
    return "".join(letters)


# Small letters: in TCVN 5712 capitals with a tone are small letters of another font.
LEGACY = {
    "tcvn3": (in_bytes(STORY, charsets._TCVN3_LETTERS), STORY),
    "viscii": (in_bytes(STORY.upper(), charsets._VISCII_LETTERS), STORY.upper()),
    "cp1258": (with_tones_apart(STORY).encode("cp1258"), STORY),
    "vni": (
        "Ñöôøng ray môùi ôû cöûa ngoõ phía baéc thaønh phoá ñaõ ñöôïc nghieäm thu hoâm thöù tö."
        " Ngöôøi giaø vaø treû nhoû ñöôïc giaûm moät nöûa, kyõ sö Lyù Vónh nghæ ôû xaõ An Bình."
        "".encode("cp1252"),
        "Đường ray mới ở cửa ngõ phía bắc thành phố đã được nghiệm thu hôm thứ tư."
        " Người già và trẻ nhỏ được giảm một nửa, kỹ sư Lý Vĩnh nghỉ ở xã An Bình.",
    ),
}


@pytest.mark.parametrize("name", LEGACY)
@pytest.mark.parametrize("declared", [None, "iso-8859-1", "windows-1252", "windows-1258", "utf-8"])
def test_vietnamese_before_unicode_is_read_whatever_is_declared(name, declared):
    data, text = LEGACY[name]
    assert decoded(data, declared) == text
    assert vietnamese(data) == text
    page = b"<html><head><meta charset=viscii></head><body><p>" + data + b"</p></body></html>"
    assert text in decoded(page, declared, strict=True)


@pytest.mark.parametrize("name", LEGACY)
def test_and_after_somebody_took_it_for_western_text(name):
    data, text = LEGACY[name]
    assert modernised(charsets.western(data)) == text
    assert decoded(charsets.western(data).encode()) == text


@pytest.mark.parametrize("through", ["latin-1", "cp1252"])
@pytest.mark.parametrize("text", [STORY, ENGLISH, FRENCH])
def test_text_that_was_encoded_twice(through, text):
    data = text.encode()
    once = data.decode("latin-1") if through == "latin-1" else charsets.western(data)
    assert once != text
    assert modernised(once) == text
    assert decoded(once.encode()) == text
    assert modernised(once.replace("\xa0", " ")) == text  # as editors save it


def test_a_lost_hyphen_is_told_from_the_letter_whose_code_it_got():
    data = LEGACY["tcvn3"][0].replace(b"\xad", b"\xf5")
    assert modernised(charsets.western(data)) == STORY


@pytest.mark.parametrize(
    "text",
    [STORY, ENGLISH, FRENCH, STORY.upper(), "Ý”? Ý” là câu hỏi”.", "Ã", "São Paulo, Perú, Ñ",
     "Der Bürgermeister grüßt die Königin am Überseehafen für die größte Brücke", "Привет, мир",
     "5 µm · 20 °C ± 1 × ½ ¼ ¶ § ® © «a» «b»", "𒀀𒀁 ở 🇻🇳", "naïve naïve naïve coöperate coöperate"],
)  # fmt: skip
def test_other_text_stays_as_it_is(text):
    assert conversion(text) is None
    assert modernised(text) == text
    assert decoded(text.encode()) == text


@pytest.mark.parametrize("text", [ENGLISH, FRENCH, "João", "a £5 note"])
def test_undeclared_western_text_is_windows_1252(text):
    assert decoded(text.encode("cp1252")) == text


def test_other_scripts_are_found_by_the_detector():
    text = "Сегодня в городе открыли новый мост через реку, сообщили в администрации."
    assert decoded(text.encode("cp1251")) == text


def test_nobody_knows_this_one():
    data = b"<meta charset=klingon><p>t\xe9l\xe9"
    assert "télé" in decoded(data)
    with pytest.raises(ExtractionError, match="klingon"):
        decoded(data, strict=True)


def test_real_news_is_never_converted(shared):
    import gzip
    import json
    from itertools import islice

    for name in ("vi-baomoi", "vi-dantri", "en-reuters"):
        with gzip.open(shared / f"data/news/{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in islice(lines, 0, 2400, 8):
                assert conversion(json.loads(line)["text"]) is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_letters_are_known_though_all_of_them_are_ascii(encoding):
    text = "The ferry leaves at noon."  # as bytes it is UTF-8 too, with zeros between the letters
    assert decoded(text.encode(encoding), "utf-8") == text


@pytest.mark.parametrize("data", [b"\x00\x01" * 500, b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 500])
def test_zeros_alone_make_no_wide_text(data):
    assert charsets.wide_encoding(data) is None
