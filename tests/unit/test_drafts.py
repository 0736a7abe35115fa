"""A draft as it was pasted → title, paragraphs, languages."""

import pytest

from search.drafts import MAX_DRAFT_CHARS, read_draft
from search.errors import DraftError

VIETNAMESE = (
    "Mực nước sông Tiền tại Tân Châu lên nhanh trong tuần này, nhiều nông dân phải gặt sớm."
)
ENGLISH = "Ho Chi Minh City opened its first metro line last month after more than a decade."
FRENCH = (
    "Le président de la République a annoncé mardi une réforme importante des retraites devant"
    " les députés réunis à Paris pour écouter son discours et voter la loi."
)


def test_the_first_line_is_the_title_where_it_looks_like_one():
    draft = read_draft(f"Lũ về muộn\n\n{VIETNAMESE}")
    assert (draft.title, draft.lang) == ("Lũ về muộn", "vi")
    assert [part.text for part in draft.parts] == [VIETNAMESE]
    assert read_draft(f"{VIETNAMESE}\n{VIETNAMESE}").title == ""


def test_a_line_alone_is_a_paragraph():
    draft = read_draft("Vietcombank tăng lãi suất\n")
    assert (draft.title, [part.text for part in draft.parts]) == ("", ["Vietcombank tăng lãi suất"])


def test_paragraphs_have_their_own_language():
    draft = read_draft(f"{VIETNAMESE * 4}\n{ENGLISH * 4}")
    assert [part.lang for part in draft.parts] == ["vi", "en"]
    assert draft.lang == "vi"
    # Two short ones are read together, but never across languages.
    assert [part.lang for part in read_draft(f"{VIETNAMESE}\n{ENGLISH}").parts] == ["vi", "en"]
    assert len(read_draft(f"{VIETNAMESE}\n{VIETNAMESE}").parts) == 1


def test_a_name_does_not_make_a_paragraph_foreign():
    assert read_draft(f"{VIETNAMESE * 4}\nManchester United").parts[-1].lang == "vi"


def test_long_paragraphs_are_cut_between_sentences():
    draft = read_draft(" ".join([VIETNAMESE] * 30))
    assert len(draft.parts) > 3
    assert all(part.text.endswith("gặt sớm.") for part in draft.parts)
    assert " ".join(part.text for part in draft.parts) == " ".join([VIETNAMESE] * 30)


def test_wrapped_lines_are_put_together():
    words = ENGLISH.split()
    wrapped = "\n".join(" ".join(words[i : i + 4]) for i in range(0, len(words), 4))
    draft = read_draft(f"{wrapped}\n\n{wrapped}\n\n{wrapped}\n\n{wrapped}")
    assert draft.parts[0].text.startswith(ENGLISH)


def test_markup_is_taken_out():
    draft = read_draft(
        "<!doctype html><head><title>Trang</title><style>p {color: red}</style>"
        f"<body><h1>Lũ &amp; lúa</h1><script>alert(1)</script><p>{VIETNAMESE}<br>Hết.</p>"
    )
    assert draft.title == "Lũ & lúa"
    assert [part.text for part in draft.parts] == [f"{VIETNAMESE}\nHết."]
    assert read_draft("Giá < 5 và > 3 đồng").parts[0].text == "Giá < 5 và > 3 đồng"


@pytest.mark.parametrize("text", ["", " \n\t\u200b", "12 34 5.6", "<p></p><br>", "!!! ???"])
def test_no_words(text):
    with pytest.raises(DraftError) as raised:
        read_draft(text)
    assert raised.value.reason == "empty"


@pytest.mark.parametrize(
    "text",
    [
        FRENCH,
        "越南咖啡价格上涨，农民很高兴。他们说今年收成很好，价格也高。",
        "Цены на кофе во Вьетнаме выросли.",
    ],
)
def test_a_third_language(text):
    with pytest.raises(DraftError) as raised:
        read_draft(text)
    assert raised.value.reason == "language"


@pytest.mark.parametrize(
    "text", ["a " * MAX_DRAFT_CHARS, "x" * 1_000_000, "<b>" * 500_000, f"<p>{'từ ' * 9000}</p>"]
)
def test_too_long(text):
    with pytest.raises(DraftError) as raised:
        read_draft(text)
    assert raised.value.reason == "long"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\x00tin\ud800 tức", "tin tức"),
        ("tin " + "a\u0301" * 5000, "tin"),
        ("<" * 3000 + " tin tức", "tin tức"),
        ("tin tức <p " + "<p " * 3000, "tin tức"),
        ("&#0;&#xD800;&lt;b&gt; tin tức<p>", "<b> tin tức"),
    ],
)
def test_hostile_text_is_read(text, words):
    assert words in read_draft(text).text
