"""Passages: whole sentences near one length, nothing lost, nothing beyond the limit."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from indexer.passages import passage_text, split
from search.records import Article
from search.text.sentences import sentences


def count(texts: Sequence[str]) -> list[int]:
    """One token for every four characters of a word, as subword models have it."""
    return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def article(text: str, **fields: object) -> Article:
    return Article(id="a", lang="vi", text=text, **fields)  # type: ignore[arg-type]


def spans(story: Article, **options: int) -> list[str]:
    passages = split(story, count_tokens=count, **{"max_tokens": 512, **options})
    assert [p.position for p in passages] == list(range(len(passages)))
    assert all(a.end <= b.start for a, b in pairwise(passages))
    texts = [story.body[p.start : p.end] for p in passages]
    assert all(text == text.strip() != "" for text in texts)
    assert "".join("".join(texts).split()) == "".join(story.body.split())
    limit = options.get("max_tokens", 512)
    assert all(n + 5 <= limit for n in count([passage_text(story, p) for p in passages]))
    return texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trời mưa. Đường trơn.", ["Trời mưa.", "Đường trơn."]),
        (
            "Ông ở TP. HCM từ 2019. GS.TS. Lê Văn B. dạy ở P. 5, Q. 3.",
            ["Ông ở TP. HCM từ 2019.", "GS.TS. Lê Văn B. dạy ở P. 5, Q. 3."],
        ),
        (
            "Mr. Smith met Dr. Lee in the U.S. Senate. They talked.",
            ["Mr. Smith met Dr. Lee in the U.S. Senate.", "They talked."],
        ),
        ("It rose 3.5 pct to 1.200 dong.", ["It rose 3.5 pct to 1.200 dong."]),
        ("Giá tăng 2,5%. 40 hộ được hỗ trợ.", ["Giá tăng 2,5%.", "40 hộ được hỗ trợ."]),
        ("“Thật sao?” Ông cười. Hết…", ["“Thật sao?”", "Ông cười.", "Hết…"]),
        ("He said: “No.” Then he left!", ["He said: “No.”", "Then he left!"]),
        ("Visit example.com. It is free.", ["Visit example.com.", "It is free."]),
        ("1. Chuẩn bị đất. 2. Gieo hạt.", ["1. Chuẩn bị đất.", "2. Gieo hạt."]),
        ("no stop at all", ["no stop at all"]),
        ("Chờ... rồi mới nói.", ["Chờ... rồi mới nói."]),
        ("今天下雨。明天", ["今天下雨。明天"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_small_paragraphs_are_put_together_and_large_ones_cut_between_sentences() -> None:
    small = "\n\n".join(f"Đoạn số {i} rất ngắn." for i in range(4))
    assert len(spans(article(small))) == 1

    sentence = "Câu này có đúng chín từ để đếm thôi."
    large = " ".join([sentence] * 60)
    parts = spans(article(large), target_tokens=100)
    assert all(part.endswith("thôi.") for part in parts)
    sizes = count(parts)
    assert max(sizes) <= 125
    assert min(sizes) >= 80  # even parts, no short remainder


def test_paragraphs_are_not_cut_where_they_fit() -> None:
    paragraph = "Một câu vừa phải đứng ở đây. Câu thứ hai nối theo sau nó."
    text = "\n".join([paragraph] * 30)
    for part in spans(article(text), target_tokens=80):
        assert part.startswith("Một câu")
        assert part.endswith("sau nó.")


def test_sentences_beyond_the_limit_are_cut_at_clauses_then_words_then_anywhere() -> None:
    clauses = "; ".join(f"điều {i} quy định một việc cụ thể" for i in range(30))
    assert all(part.endswith((";", "thể")) for part in spans(article(clauses), max_tokens=60))

    words = " ".join(["từ"] * 500)
    assert len(spans(article(words), max_tokens=60)) >= 500 // 52

    endless = "x" * 3000
    assert len(spans(article(endless), max_tokens=60)) >= 3000 // 4 // 52


def test_every_passage_has_the_title_before_it_and_leaves_it_room() -> None:
    story = article("Một câu. " * 300, title="Tiêu đề của bài", lead="Câu mở đầu.")
    parts = spans(story, max_tokens=64)
    assert len(parts) > 5
    (first, *_) = split(story, count_tokens=count, max_tokens=64)
    assert passage_text(story, first).startswith("Tiêu đề của bài\nCâu mở đầu.")

    bare = article("Một câu.")
    assert passage_text(bare, split(bare, count_tokens=count, max_tokens=64)[0]) == "Một câu."


def test_an_absurdly_long_title_is_cut_between_words() -> None:
    story = article("Một câu.", title="tiêu đề rất dài " * 100)
    (passage,) = split(story, count_tokens=count, max_tokens=512)
    title, text = passage_text(story, passage).split("\n")
    assert text == "Một câu."
    assert 150 < len(title) <= 200
    assert story.title.startswith(f"{title} ")


def test_lead_text_and_captions_are_all_covered() -> None:
    story = article("Thân bài.", lead="Câu mở đầu.", captions=("Ảnh một.", "Ảnh hai"))
    assert " ".join(spans(story)).split() == story.body.split()


def test_tokens_are_counted_in_bulk() -> None:
    calls = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return count(texts)

    split(article("Một câu. " * 500), count_tokens=counting, max_tokens=512)
    assert calls == [501]


def test_any_text_at_all_is_covered() -> None:
    chance = random.Random(7)
    alphabet = ["a", "Đ", "ế", " ", " ", "\n", ".", "!", "…", "”", "(", "-", "7", ",", ";", "漢"]
    for _ in range(300):
        text = "".join(chance.choices(alphabet, k=chance.randrange(1, 400))).strip() or "x"
        spans(
            article(text), max_tokens=chance.randrange(24, 60), target_tokens=chance.choice([8, 30])
        )
