"""Data as other programs write it: gaps, codes of languages, wrappers, columns, packed archives."""

from __future__ import annotations

import gzip
import json
import unicodedata

import brotli
import pytest
import zstandard
from support.html_pages import STYLES
from support.html_pages import VI as PAGE

from indexer.articles import to_article
from indexer.sources import Failure, FieldMap, Origin, RawDocument, ReadOptions, open_sources
from search.errors import ExtractionError, NotAnArticleError

VI = (
    "Chợ nổi trên sông họp sớm hơn mọi năm vì nước lên nhanh, theo ban quản lý bến. Những ghe chở"
    " dưa từ thượng nguồn về đậu kín hai bờ, còn khách phải đi đò từ cầu cũ."
)
EN = (
    "The floating market opened earlier than in other years because the water rose quickly, its"
    " managers said. Boats with melons lined both banks, and visitors came by ferry."
)
TONES = "\u0300\u0301\u0303\u0309\u0323"
OTHERS = {
    "French": "Le marché flottant a ouvert plus tôt que les autres années parce que l'eau a monté"
    " rapidement, selon ses responsables. Les visiteurs sont venus en bac.",
    "German": "Der schwimmende Markt hat früher als in anderen Jahren geöffnet, weil das Wasser"
    " schnell gestiegen ist, sagten die Betreiber. Die Besucher kamen mit der Fähre.",
    "Spanish": "El mercado flotante abrió antes que otros años porque el agua subió rápidamente,"
    " dijeron sus responsables. Los visitantes llegaron en transbordador.",
    "script": "水上市场今年比往年开得早，因为水位上涨很快，管理人员说。游客乘渡船前来。",
}


def apart(text):
    """As Windows-1258 spells it: a letter, and its tone after it."""
    letters = []
    for char in text:
        marks = unicodedata.normalize("NFD", char)
        bare = "".join(c for c in marks if c not in TONES)
        letters.append(unicodedata.normalize("NFC", bare) + "".join(set(marks) & set(TONES)))
    return "".join(letters)


def convert(**fields):
    return to_article(RawDocument(Origin("a.jsonl", 1), fields=fields))


def read(path, *, names=None):
    options = ReadOptions(names=FieldMap.parse(names)) if names else ReadOptions()
    return list(open_sources([str(path)], options))


def saved(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def articles(found):
    return [to_article(item).article for item in found if isinstance(item, RawDocument)]


@pytest.mark.parametrize("gap", ["NaN", "#N/A", "null", "None", "NaT", "\\N", "<NA>", float("nan")])
def test_what_stands_for_no_value_is_none(gap):
    with pytest.raises(ExtractionError, match="text is missing"):
        convert(title="Chợ nổi", text=gap)
    converted = convert(text=VI, title=gap, lead=gap, date=gap, author=gap, tags=[gap], lang=gap)
    article = converted.article
    assert (article.title, article.lead, article.date, article.authors) == ("", "", None, ())
    assert article.lang == "vi"
    assert [w for w in converted.warnings if "no value in" in w and "'date'" in w]
    assert convert(text=gap, body=VI).article.text == VI


def test_a_gap_in_a_table_hides_no_full_column(tmp_path):
    path = saved(tmp_path / "a.csv", f'title,text,body,date\nn/a,NaN,"{VI}",#N/A\nx,null,-nan,\n')
    first, second = read(path)
    assert to_article(first).article.text == VI
    assert to_article(first).article.title == ""
    with pytest.raises(ExtractionError, match="text is"):
        to_article(second)


@pytest.mark.parametrize(
    ("given", "lang"),
    [("vi", "vi"), ("VI-vn", "vi"), ("vi_VN.UTF-8", "vi"), ("vie", "vi"), ("Vietnamese", "vi"),
     ("tiếng Việt", "vi"), ("Tiếng  việt", "vi"), ("Tieng Viet", "vi"), ("Việt", "vi"),
     ("en", "en"), ("eng", "en"), ("en-GB", "en"), ("English", "en"), ("tiếng Anh", "en")],
)  # fmt: skip
def test_languages_have_names_and_codes(given, lang):
    converted = convert(text=VI if lang == "vi" else EN, lang=given)
    assert converted.article.lang == lang
    assert converted.warnings == ()


@pytest.mark.parametrize("given", ["und", "Klingonisch", "news", "1", "zxx"])
def test_what_is_no_language_is_detected_and_told(given):
    converted = convert(text=VI, lang=given)
    assert converted.article.lang == "vi"
    assert given in converted.warnings[0]


@pytest.mark.parametrize("given", ["fr", "fra", "fre", "French", "tiếng Pháp", "zh-Hans"])
def test_a_third_language_that_is_declared_is_refused(given):
    with pytest.raises(ExtractionError, match="Songngu reads vi, en"):
        convert(text=VI, lang=given)


@pytest.mark.parametrize("name", OTHERS)
def test_a_third_language_is_kept_out_as_it_reads(name):
    with pytest.raises(NotAnArticleError, match=r"third language.*Songngu reads vi, en"):
        convert(text=OTHERS[name])
    converted = convert(text=OTHERS[name], lang="English")
    assert "another language" in converted.warnings[0]


@pytest.mark.parametrize("text", [VI, EN, "Hết vé.", "Sold out.", EN + OTHERS["French"][:60]])
def test_ours_are_not(text):
    assert convert(text=text).article.text == text


def test_unmarked_vietnamese_and_tables_of_numbers_are_no_third_language(shared):
    from itertools import islice

    from search.text.languages import fold

    for name, change in (("vi-dantri", fold), ("vi-baomoi", str), ("en-reuters", str)):
        with gzip.open(shared / f"data/news/{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in islice(lines, 0, 2400, 24):
                assert convert(text=change(json.loads(line)["text"])).article


def test_a_whole_article_is_converted_by_its_long_fields():
    twice = lambda text: text.encode().decode("latin-1")  # noqa: E731
    converted = convert(title=twice("Chợ nổi"), text=twice(VI), author=twice("Hồ Đắc Lộ"))
    assert (converted.article.title, converted.article.text) == ("Chợ nổi", VI)
    assert converted.article.authors == ("Hồ Đắc Lộ",)
    assert "encoded twice" in converted.warnings[0]


def test_a_table_from_windows_in_vietnamese(tmp_path):
    rows = f'Tiêu đề;Nội dung\nChợ nổi;"{VI}"\n'
    path = saved(tmp_path / "a.csv", apart(rows).encode("cp1258"))
    [article] = articles(read(path))
    assert (article.title, article.text) == ("Chợ nổi", VI)


def test_invisible_characters_in_names_of_columns(tmp_path):
    path = saved(
        tmp_path / "a.csv", f"\ufefftitle\u200b;\xa0Nội\xa0dung;date \u2060\nChợ;{VI};2024-05-06\n"
    )
    [article] = articles(read(path))
    assert (article.title, article.text, article.date) == ("Chợ", VI, "2024-05-06")
    assert convert(**{"te\u200bxt": VI}).article.text == VI


def test_quotes_after_backslashes(tmp_path):
    content = (
        f'id,title,text\n1,"\\"Chợ nổi\\", họp sớm","{VI} \\"Đông lắm\\""\n2,"a ""b""","{EN}"\n'
    )
    first, second = articles(read(saved(tmp_path / "a.csv", content)))
    assert first.title == '"Chợ nổi", họp sớm'
    assert first.text == f'{VI} "Đông lắm"'
    assert second.title == 'a "b"'


def test_quotes_after_backslashes_over_lines(tmp_path):
    content = f'id,title,text\n1,"x \\"y\\"","{VI}\nhai \\"ba\\""\n2,z,"{EN}"\n'
    first, second = articles(read(saved(tmp_path / "a.csv", content)))
    assert first.text == f'{VI}\nhai "ba"'
    assert second.title == "z"


def test_an_address_is_no_name_of_a_source():
    address = "https://cho-noi.example/tin/1"
    article = convert(text=VI, source=address, hostname="cho-noi.example").article
    assert (article.url, article.source) == (address, "cho-noi.example")
    article = convert(text=VI, source="https://x.example/", url=address).article
    assert (article.url, article.source) == (address, None)
    assert convert(text=VI, source="Báo Chợ").article.source == "Báo Chợ"


def test_extended_json_of_a_database():
    article = convert(
        _id={"$oid": "5f0000000000000000000001"},
        text=VI,
        published_at={"$date": {"$numberLong": "1715000000000"}},
    ).article
    assert article.id == "5f0000000000000000000001"
    assert article.date.startswith("2024-05-06")
    assert convert(text=VI, date={"$date": "2024-05-06T01:02:03Z"}).article.date.startswith("2024")


def test_posts_of_wordpress():
    article = convert(
        id=7,
        title={"rendered": "Ch&#7907; n&#7893;i"},
        content={"rendered": f"<p>{VI}</p>", "protected": False},
        author=12,
        tags=[3, 4],
    ).article
    assert (article.id, article.title, article.text) == ("7", "Chợ nổi", VI)
    assert (article.authors, article.tags) == ((), ())


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda all_: {"status": "ok", "totalResults": 2, "articles": all_},
        lambda all_: {"response": {"total": 2, "results": all_}},
        lambda all_: {"tags": [{"name": "x"}] * 9, "data": all_},
    ],
)
def test_answers_of_web_apis(tmp_path, wrapped, indent):
    content = json.dumps(wrapped([{"title": "a", "content": VI}, {"body": EN}]), indent=indent)
    found = read(saved(tmp_path / "a.json", content))
    assert [article.text for article in articles(found)] == [VI, EN]


def test_answers_of_web_apis_one_a_line(tmp_path):
    pages = [{"articles": [{"body": VI}, {"body": EN}]}, {"text": VI}, {"articles": [{"body": EN}]}]
    for name in ("a.jsonl", "a.json"):
        found = read(saved(tmp_path / name, "\n".join(map(json.dumps, pages))))
        assert [article.text for article in articles(found)] == [VI, EN, VI, EN]
        assert [item.origin.line for item in found] == [1, 1, 2, 3]


def test_an_article_with_lists_is_no_wrapper(tmp_path):
    content = {"text": VI, "related": [{"text": EN}] * 3}
    assert [a.text for a in articles(read(saved(tmp_path / "a.json", content)))] == [VI]


def test_unknown_names_are_told_with_the_way_to_map_them(tmp_path):
    path = saved(tmp_path / "a.jsonl", json.dumps({"story": {"full": VI}, "kicker": "x"}))
    [document] = read(path)
    with pytest.raises(ExtractionError, match=r"'story\.full', 'kicker'.*--map text="):
        to_article(document)
    assert [a.text for a in articles(read(path, names=["text=story.full"]))] == [VI]


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.wacz", "unzip"), ("a.mhtml", "save it as HTML only"), ("a.MHT", "save it as HTML only"),
     ("a.xlsx", "CSV"), ("a.zip", "unpack"), ("a.tar.gz", "unpack"), ("a.jsonl.bz2", "gzip"),
     ("a.arc.gz", "warcio recompress"), ("a.rss", "address of a feed"), ("a.rtf", ".txt")],
)  # fmt: skip
def test_packed_files_are_refused_with_the_next_step(tmp_path, name, advice):
    [failure] = read(saved(tmp_path / name, b"PK\x03\x04"))
    assert isinstance(failure, Failure)
    assert advice in failure.reason


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip", "BR"])
@pytest.mark.parametrize("chunked", [False, True])
def test_pages_in_web_archives_however_they_were_packed(tmp_path, packing, chunked):
    html = STYLES["wordpress"](PAGE).encode()
    pack = {"br": brotli.compress, "gzip": gzip.compress, "zstd": zstandard.compress}
    body = pack[packing.lower()](html)
    if chunked:
        half = len(body) // 2
        parts = [body[:half], body[half:], b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {packing}\r\n"
    head += "Transfer-Encoding: chunked\r\n" if chunked else ""
    block = head.encode() + b"\r\n" + body
    record = (
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/1\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode()
    path = saved(tmp_path / "a.warc", record + block + b"\r\n\r\n")
    [article] = articles(read(path))
    assert article.title == PAGE.title
