"""Raw documents to articles: names of fields, shapes of values, odd input said in one line."""

import unicodedata

import pytest

from indexer.articles import ALIASES, LONGEST_TEXT, Converted, to_article
from indexer.sources import Origin, RawDocument
from search.addresses import canonical_url, id_of_url
from search.errors import ExtractionError, NotAnArticleError
from search.records import Article

TEXT = "Hội đồng thành phố hôm nay bàn về việc mở rộng công viên bên sông."


def convert(**fields: object) -> Converted:
    return to_article(RawDocument(Origin("a.jsonl", 1), fields=fields))


def article(**fields: object) -> Article:
    return convert(**fields).article


def test_the_documented_fields() -> None:
    found = convert(
        id="42", title=" Công viên ", lead="Tóm tắt.", text=TEXT, lang="vi", date="24/9/2025 08:30",
        url="https://example.org/a?utm_source=x", source="Báo Sông", authors=["A B", "C D"],
        section="Đô thị", tags=["cây", "sông"], captions=["Bờ sông."],
    )  # fmt: skip
    assert found == Converted(
        Article(
            id="42", title="Công viên", lead="Tóm tắt.", text=TEXT, lang="vi",
            date="2025-09-24T08:30:00", url="https://example.org/a?utm_source=x",
            source="Báo Sông", authors=("A B", "C D"), section="Đô thị", tags=("cây", "sông"),
            captions=("Bờ sông.",),
        )
    )  # fmt: skip


def test_what_export_writes_comes_back_as_it_was() -> None:
    first = article(text=TEXT, title="Công viên", date="2025-09-24", url="https://example.org/a")
    exported = first.to_json() | {"counterpart": None, "copies": 2}
    assert convert(**exported) == Converted(first)


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"category": "kinh tế"}, "section", "kinh tế"),
        ({"headline": "Tin"}, "title", "Tin"),
        ({"description": "Tóm tắt"}, "lead", "Tóm tắt"),
        ({"summary": "Tóm tắt"}, "lead", "Tóm tắt"),
        ({"pub_date": "20250924"}, "date", "2025-09-24"),
        ({"datePublished": "2025-09-24"}, "date", "2025-09-24"),
        ({"link": "https://example.org/x"}, "url", "https://example.org/x"),
        ({"publisher": {"@type": "Organization", "name": "Báo"}}, "source", "Báo"),
        ({"author": [{"name": "A B"}, "C D"]}, "authors", ("A B", "C D")),
        ({"byline": "By Ann Lee and Tom Park"}, "authors", ("Ann Lee", "Tom Park")),
        ({"byline": "Martin Smith, Whitby Jones"}, "authors", ("Martin Smith", "Whitby Jones")),
        ({"author": "A B; C D"}, "authors", ("A B", "C D")),
        ({"keywords": "cây, sông"}, "tags", ("cây", "sông")),
        ({"caption": "Bờ sông, chiều"}, "captions", ("Bờ sông, chiều",)),
        ({"section": "", "category": "kinh tế"}, "section", "kinh tế"),
    ],
)
def test_other_names_and_shapes(given: dict[str, object], field: str, value: object) -> None:
    found = convert(text=TEXT, **given)
    assert getattr(found.article, field) == value
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["body", "content", "articleBody", "full_text", "TEXT"])
def test_other_names_of_text(name: str) -> None:
    assert article(**{name: TEXT}).text == TEXT


def test_no_name_means_two_fields() -> None:
    names = [name for field, others in ALIASES.items() for name in (field, *others)]
    assert len(names) == len(set(names))


def test_unknown_fields_are_ignored_and_reported() -> None:
    found = convert(text=TEXT, crawler="x", page_rank=3, empty="")
    assert found.warnings == ("unknown fields ignored: crawler, page_rank",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "text is missing"),
        ({"title": "x"}, "text is missing"),
        ({"text": "  \n "}, "text is blank"),
        ({"text": "<p> </p>"}, "text is blank"),
        ({"text": None}, "text is blank"),
        ({"text": {"a": 1}}, "text must be text, not an object"),
        ({"text": TEXT, "title": ["a"]}, "title must be text, not a list"),
        ({"text": True, "title": []}, "text must be text, not a truth value"),
        ({"text": TEXT, "lang": "fr"}, "Songngu reads vi, en"),
        ({"text": TEXT, "id": "x" * 600}, "id is longer"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "2,000,001 characters"),
    ],
)
def test_what_cannot_be_an_article_is_refused_in_one_line(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ExtractionError, match=reason) as raised:
        convert(**fields)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ExtractionError, match=r"title must .*; tags must"):
        convert(text=TEXT, title=[1], tags={"a": 1})


def test_a_date_that_can_be_read_in_two_ways_is_told() -> None:
    found = convert(text=TEXT, date="3/4/2026 8:00:00 AM")
    assert found.article.date == "2026-03-04T08:00:00"
    [warning] = found.warnings
    assert warning.startswith("date: '3/4/2026 8:00:00 AM' is taken for 2026-03-04, month first")
    assert convert(text=TEXT, date="3/4/2026 08:00").warnings == ()


def test_a_date_that_cannot_be_read_costs_only_the_date() -> None:
    found = convert(text=TEXT, date="last Tuesday")
    assert found.article.date is None
    (warning,) = found.warnings
    assert warning.startswith("date: 'last Tuesday' is no full date")
    assert convert(text=TEXT, date="") == convert(text=TEXT)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_infinity_as_a_date_costs_only_the_date(number: float) -> None:
    converted = convert(text=TEXT, date=number)  # Python's JSON reads Infinity and NaN
    assert converted.article.date is None
    assert len(converted.warnings) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("authors", [{"email": "a@example.org"}]), ("tags", [["a"]]), ("source", True)],
)
def test_what_describes_an_article_never_costs_the_article(field: str, value: object) -> None:
    converted = convert(text=TEXT, title="Sao Biển", **{field: value})
    assert converted.article.title == "Sao Biển"
    assert not getattr(converted.article, field)
    assert [warning.split()[0] for warning in converted.warnings] == [field]
    assert converted.warnings[0].endswith("kept without it")


def test_of_several_sections_the_first_counts() -> None:
    assert convert(text=TEXT, section=["", "Khoa học", "Biển"]).article.section == "Khoa học"


def test_an_address_that_is_none_costs_only_the_address() -> None:
    found = convert(text=TEXT, url="javascript:alert(1)")
    assert found.article.url is None
    assert "no http address" in found.warnings[0]


@pytest.mark.parametrize(
    ("given", "code"),
    [("vi", "vi"), ("VI-vn", "vi"), ("en_US", "en"), ("English", "en"), ("Tiếng Việt", "vi")],
)
def test_languages_by_their_codes_and_names(given: str, code: str) -> None:
    assert article(text=TEXT, lang=given).lang == code


def test_the_language_is_detected_where_it_is_not_given() -> None:
    assert article(text=TEXT).lang == "vi"
    assert article(text="The council today discussed the park beside the river.").lang == "en"
    assert "not certain" in convert(text="17 42").warnings[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://www.example.org/a/?b=2&a=1#part",
        "https://example.org/a?a=1&b=2&utm_source=mail&fbclid=x",
        "HTTPS://Example.org:443/a?a=1&b=2",
    ],
)
def test_addresses_of_one_page_are_one(url: str) -> None:
    assert canonical_url(url) == "https://example.org/a?a=1&b=2"
    assert article(text=TEXT, url=url).id == id_of_url("https://example.org/a?a=1&b=2")


def test_what_is_no_address_has_none() -> None:
    for url in ("", "example.org/a", "ftp://example.org/", "https://", "http://[::1", "mailto:a@b"):
        assert canonical_url(url) is None
        assert id_of_url(url) is None
    assert canonical_url("https://example.org/A") != canonical_url("https://example.org/a")


def test_ids_come_from_id_then_address_then_content() -> None:
    assert article(id=7, text=TEXT, url="https://example.org/a").id == "7"
    assert article(text=TEXT, url="https://example.org/a").id.startswith("url-")
    bare = article(text=TEXT)
    assert bare.id.startswith("text-")
    assert article(text=TEXT).id == bare.id
    assert article(text=TEXT + " Hết.").id != bare.id
    assert article(id="  ", text=TEXT).id == bare.id


def test_markup_is_taken_out_and_tickers_are_not() -> None:
    html = "<p>Giá &amp; lãi<br/>tăng&nbsp;<b>5%</b>.</p><script>var x = 1;</script><p>Hết.</p>"
    assert article(text=html).text == "Giá & lãi\ntăng 5%.\n\nHết."
    escaped = "&lt;p&gt;Một đoạn.&lt;/p&gt;&lt;p&gt;Hai.&lt;/p&gt;"
    assert article(text=escaped).text == "Một đoạn.\n\nHai."
    wire = "Sears <S> and Ford <F> said R&D spending at AT&T <T> rose; 3 < 5 and a > b."
    assert article(text=wire).text == wire
    assert article(text=TEXT, title="Giá &quot;sốc&quot;").title == 'Giá "sốc"'


def test_text_is_normalised_everywhere() -> None:
    spoiled = unicodedata.normalize("NFD", TEXT).replace("công", "cô\u200bng")
    found = article(text=spoiled, title="A\u00a0 B", tags=["x\ufeff"], authors=["C\tD"])
    assert found.text == TEXT
    assert (found.title, found.tags, found.authors) == ("A B", ("x",), ("C D",))
    assert article(text="a\ud800b").text == "a b"


def test_text_in_a_list_is_one_of_paragraphs() -> None:
    assert article(text=["Một.", "Hai."]).text == "Một.\n\nHai."


def test_lines_that_a_wire_service_broke_are_joined() -> None:
    wire = (
        "The council of the river city said on Monday that it would\n"
        "open the park beside the old bridge to the public in the\n"
        "spring of next year.\n"
        "    The works cost 3.2 mln dlrs, a third less than what was\n"
        "planned when the tender was published.\n"
        " Reuter\n\x03"
    )
    assert article(text=wire).text.split("\n") == [
        "The council of the river city said on Monday that it would open the park beside the old"
        " bridge to the public in the spring of next year.",
        "The works cost 3.2 mln dlrs, a third less than what was planned when the tender was"
        " published.",
        "Reuter",
    ]


def test_short_lines_of_a_poem_stay_apart() -> None:
    poem = "Sóng bắt đầu từ gió\nGió bắt đầu từ đâu\nEm cũng không biết nữa\nKhi nào ta yêu nhau"
    assert article(text=poem).text == poem


def test_the_title_and_the_lead_are_not_told_twice() -> None:
    lead = "Công viên mới mở cửa vào mùa xuân."
    found = article(title="Mở công viên", lead=lead, text=f"Mở công viên\n\n{lead} {TEXT}")
    assert (found.lead, found.text) == (lead, TEXT)

    cut = article(title="T", lead="Hội đồng thành phố hôm nay bàn về...", text=TEXT)
    assert (cut.lead, cut.text) == ("", TEXT)

    assert article(title="Mở", text=TEXT, lead="Mở").lead == ""
    whole = article(title=TEXT, text=TEXT)
    assert whole.text == TEXT  # nothing would be left
    assert article(title="Nor", text="Norway won.", lead="Nor").text == "Norway won."


def test_page_text_becomes_an_article() -> None:
    page = "\n".join(["Mở rộng công viên bên sông", "24/09/2025", TEXT, TEXT.replace("nay", "qua")])
    found = to_article(RawDocument(Origin("a.txt"), page=page)).article
    assert (found.title, found.date, found.lang) == (
        "Mở rộng công viên bên sông",
        "2025-09-24",
        "vi",
    )
    assert found.id.startswith("text-")
    again = to_article(RawDocument(Origin("b.txt"), page=page.replace("\n", "\r\n"))).article
    assert again == found


def test_page_text_without_an_article_is_refused() -> None:
    with pytest.raises(ExtractionError, match="no article"):
        to_article(RawDocument(Origin("a.txt"), page="Menu\nTrang chủ\n"))
    with pytest.raises(ExtractionError, match="split it"):
        to_article(RawDocument(Origin("a.txt"), page="x" * (LONGEST_TEXT + 1)))


@pytest.mark.parametrize(
    "text",
    [
        "Der Bürgermeister ist am Montag am Ofen eingetroffen und wird dort drei Tage lang mit den"
        " Töpfern über alte Handwerke sprechen, wie die Gemeinde mitteilte.",
        "El alcalde llegó el lunes al horno para una visita de tres días dedicada a los oficios"
        " antiguos y a los alfareros, según anunció el municipio.",
        "Wali kota tiba di tungku pada hari Senin untuk kunjungan tiga hari yang berfokus pada"
        " kerajinan lama dan para pengrajin tembikar, kata pemerintah desa.",
        "市长星期一抵达窑厂，进行为期三天的访问，并与陶工讨论古老的手工艺和村庄的未来。",
        "Мэр прибыл в понедельник к печи с трехдневным визитом и обсудил с гончарами ремесла.",
    ],
)
def test_a_third_language_is_kept_out_undeclared_and_noted_where_it_is_declared_wrong(text):
    with pytest.raises(NotAnArticleError, match="third language"):
        convert(text=text)
    assert "another language" in convert(text=text, lang="en").warnings[0]


def test_tables_and_names_are_no_third_language():
    prices = (
        "Qtly div 25 cts vs 22 cts prior qtr Pay 20 July Record 30 June net 3 mln vs 2 mln dlrs"
    )
    assert article(text=prices).lang == "en"
    assert (
        article(text="Man City, Chelsea, Arsenal và Real Madrid rút khỏi Super League").lang == "vi"
    )
