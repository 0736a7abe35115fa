"""Whatever is typed gets an answer or one clear sentence: by API and by page."""

import unicodedata

import pytest
from support.pages import read_page

ONLY_SIGNS = ["😀🎉", "!?…—.,;", "-", "-- -", "(.*)+$", "*", "\\", "\u0301\u0301", "<>", "' \" '"]
NOTHING = ["   ", "\u200b\u00a0", '""', '-""', '-"Na Uy"', "\x00"]
ANSWERED = [
    *("ĐẠI HỌC CẢNH SÁT", "POLICE COOPERATION", "2０25 Ｈà Nội", "Hà\u200b N\u200dội\ufeff"),
    *("<script>alert(1)</script>", "</mark><b>Hà Nội", "Hà&nbsp;Nội &amp; Huế"),
    *("'; DROP TABLE articles; --", '" OR 1=1 --', "title:Oslo AND (x OR y)~2^3 [1 TO 2}"),
    *('"Hà Nội', '"Hà" Nội"', "“Hà Nội” ”", '"" Huế', '"a" ' * 60, "Hà Nội " + "-b " * 100),
    *("Осло 北京 police Hà Nội", "شرطة", "ตำรวจ", "\u202eiộN àH\u202c", "𝐇𝐚̀ 𝐍𝐨̣̂𝐢", "m² Ⅷ ﬁre"),
    *(
        "-5",
        "lũ lụt " * 70,
        "x" * 500,
        "1" * 400,
        "a" + "\u0301" * 300,
        "https://bao.example/a?b=c#d",
    ),
    *("24/9/2025-", "99/99/9999 0/0", "1.2.3.4 1,,2 5%%", "-Huế 24/9", "a\x00b\x07 Huế", "%00%20"),
    *("cảnh_sát", "Aas-Hansen O'Neill’s", "#lũ @lụt", "aaaa eeee wwww 1w2w3", "ddddd"),
    unicodedata.normalize("NFD", "Đường sắt tốc độ cao"),
]


def ask(client, path, text):
    return client.get(path, query_string={"q": text})


@pytest.mark.parametrize("text", [*ONLY_SIGNS, *NOTHING])
def test_what_asks_for_nothing_is_told_so(client, text):
    answer = ask(client, "/api/v1/search", text)
    assert answer.status_code == 400
    message = answer.json["error"]["message"]
    assert "\n" not in message
    assert message.endswith((".", "for.", "question."))


@pytest.mark.parametrize("typed", ["từ ngày:32/13/2025", "lang:fr", "tác giả:—"])
def test_a_filter_that_cannot_be_used_is_told_in_the_readers_language(client, typed):
    answer = client.get("/", query_string={"q": f"lũ {typed}", "ui": "vi"})
    assert answer.status_code == 400
    value = typed.split(":")[1]
    assert f"Không thể lọc theo “{value}”." in read_page(answer).one("main").text


@pytest.mark.parametrize("text", ONLY_SIGNS)
def test_a_page_says_what_to_type(client, text):
    answer = ask(client, "/", text)
    assert answer.status_code == 400
    assert "only signs" in read_page(answer).text


@pytest.mark.parametrize("text", ANSWERED)
def test_everything_else_is_answered(client, text):
    answer = ask(client, "/api/v1/search", text)
    assert answer.status_code == 200, answer.json
    assert set(answer.json["results"]) == {"vi", "en"}
    for hits in answer.json["results"].values():
        for hit in hits:
            marks = hit["passage"]["marks"]
            assert marks == sorted(marks)
            assert all(0 <= a < b <= len(hit["passage"]["text"]) for a, b in marks)


@pytest.mark.parametrize("text", ANSWERED)
def test_and_shown_as_text(client, text):
    answer = ask(client, "/", text)
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "<script>alert" not in page
    assert "</mark><b>" not in page
    read_page(answer)


def test_decomposed_and_invisible_characters_change_nothing(client):
    plain = ask(client, "/api/v1/search", "Đường sắt tốc độ cao").json
    for text in (
        unicodedata.normalize("NFD", "Đường sắt tốc độ cao"),
        "Đường\u200b sắt tốc\u2060 độ\u00a0cao\ufeff",
        "  Đường  sắt\ttốc độ\ncao ",
    ):
        assert ask(client, "/api/v1/search", text).json["results"] == plain["results"]
