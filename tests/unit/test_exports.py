"""Export formats and citations: read back strictly, from stories that mean no good, too."""

import csv
import io
import json
import random
import re
from datetime import date

import pytest
from support import hostile_text
from support.counts import count, done

from search.exports import (
    COLUMNS,
    EXPORTS,
    LONGEST_CELL,
    citation_key,
    cited,
    content_disposition,
    encoded,
    file_name,
    title_of,
    web_address,
)
from search.records import Article, Listed

TODAY = date(2026, 11, 27)
FUZZED = count("SONGNGU_FUZZ", 60)
VI = Article(
    id="https://bao.example/cau?a=1&b=2",
    lang="vi",
    title="Giá cà phê “lập đỉnh”: 131.000 đồng & còn tăng",
    lead="Nông dân Đắk Lắk giữ hàng.",
    text="Giá cà phê sáng 24/9.\n\nThương lái nói “chưa dừng”.",
    date="2025-09-24T08:30:00+07:00",
    url="https://bao.example/cau?a=1&b=2",
    source="Báo Tây Nguyên",
    authors=("Nguyễn Văn An", "Lê Minh"),
    section="Kinh tế",
    tags=("cà phê", "giá"),
    captions=("Hái cà phê ở Cư M'gar",),
)
EN = Article(
    id="en-1",
    lang="en",
    title="Coffee hits a record. What now?",
    text="Prices rose.",
    date="2025-09-25",
    url="https://paper.example/coffee_record#top",
    source="The Paper",
    authors=("Ann Lee", "Nguyen Thi Mai", "Associated Press", "Reuters"),
)
BARE = Article(id="bare", lang="en", text="The harbour was closed on Tuesday. " * 9)


def listed(article, *, counterpart=None):
    return Listed(article, 0.831, "match", counterpart, 2).to_json()


def written(suffix, stories, about="giá cà phê"):
    return b"".join(encoded(EXPORTS[suffix].write(iter(stories), about, TODAY))).decode()


def rows_of(text):
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def read_ris(text):
    """A strict reader of RIS: records of (tag, value), each from TY to ER."""
    records, record = [], None
    for line in text.split("\r\n"):
        if not line:
            assert record is None, "an empty line inside a record"
            continue
        found = re.fullmatch(r"([A-Z][A-Z0-9])  - ([^\r\n]*)", line)
        assert found, line
        tag, value = found.groups()
        if tag == "TY":
            assert record is None
            record = []
        assert record is not None, line
        if tag == "ER":
            assert value == ""
            records.append(record)
            record = None
        else:
            record.append((tag, value))
    assert record is None
    return records


def read_bibtex(text):
    """A strict reader of BibTeX as we write it: (kind, key, {field: value}) of each entry."""
    entries, at = [], 0
    while found := re.compile(r"@([a-z]+)\{([A-Za-z0-9-]+),\n").match(text, at):
        kind, key = found.groups()
        at, fields = found.end(), {}
        while field := re.compile(r"  ([a-z]+) = \{").match(text, at):
            start = at = field.end()
            depth = 1
            while depth:
                # Braces count for BibTeX also behind a backslash.
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            assert field[1] not in fields
            fields[field[1]] = text[start : at - 1]
            assert text[at : at + 2] == ",\n"
            at += 2
        assert text[at : at + 3] == "}\n\n", text[at - 20 : at + 20]
        at += 3
        entries.append((kind, key, fields))
    assert at == len(text), text[at : at + 80]
    return entries


# Tables


def test_a_table_opens_in_spreadsheet_programs():
    text = written("csv", [listed(VI, counterpart="en-1"), listed(EN)])
    assert text.count("\r\n") == 3
    first, second = rows_of(text)
    assert list(first) == [name for name in COLUMNS if not name.startswith("clipping_")]
    assert first["title"] == VI.title
    assert first["text"] == VI.text
    assert first["authors"] == "Nguyễn Văn An; Lê Minh"
    assert (first["relevance"], first["zone"], first["copies"]) == ("0.831", "match", "2")
    assert (first["counterpart"], second["counterpart"]) == ("en-1", "")
    assert second["section"] == ""


def test_a_table_without_rows_still_has_its_head():
    text = written("csv", [])
    assert rows_of(text) == []
    assert text.startswith("\ufefftitle,date,")


def test_columns_that_no_story_has_are_left_out():
    [row] = rows_of(written("csv", [VI.to_json() | {"clipping_note": "gọi lại", "copies": 0}]))
    assert "relevance" not in row
    assert row["clipping_note"] == "gọi lại"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-12 độ ở Sa Pa",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\ufeff=1",
        "\u200b=1",
        "＝1",
        "\x00=cmd|'/c calc'!A0",
    ],
)
@pytest.mark.parametrize("field", ["title", "source", "authors", "id"])
def test_formulas_are_text(text, field):
    story = listed(VI) | {field: [text] if field == "authors" else text}
    [row] = rows_of(written("csv", [story]))
    assert row[field].startswith("'")


def test_a_cell_is_cut_where_spreadsheets_end_and_says_so():
    long = "đ𝟘" * LONGEST_CELL
    [row] = rows_of(written("csv", [listed(VI) | {"text": long}]))
    units = len(row["text"].encode("utf-16-le")) // 2
    assert LONGEST_CELL - 1 <= units <= LONGEST_CELL
    assert row["text"].endswith(" […]")
    [row] = rows_of(written("csv", [listed(VI) | {"text": "đ" * LONGEST_CELL}]))
    assert row["text"] == "đ" * LONGEST_CELL


# Lines of JSON


def test_lines_of_json_are_whole():
    stories = [listed(VI), listed(EN) | {"text": "a\u2028b\x85c\ud800"}]
    lines = written("jsonl", stories).splitlines()
    first, second = map(json.loads, lines)
    assert first == stories[0]
    assert second["text"] == "a\u2028b\x85c?"
    assert "cà phê" in lines[0]


# Bibliographies


def test_ris_as_reference_managers_read_it():
    [vi, en] = read_ris(written("ris", [listed(VI), listed(EN)]))
    assert vi[0] == ("TY", "NEWS")
    assert dict(vi) == {
        "TY": "NEWS",
        "ID": citation_key(VI.to_json()),
        "TI": VI.title,
        "AU": "Lê Minh,",
        "T2": "Báo Tây Nguyên",
        "SE": "Kinh tế",
        "DA": "2025/09/24/",
        "PY": "2025",
        "LA": "vi",
        "UR": VI.url,
        "Y2": "2026/11/27/",
        "AB": VI.lead,
        "KW": "giá",
    }
    authors = [value for tag, value in en if tag == "AU"]
    assert authors == ["Lee, Ann", "Nguyen Thi Mai,", "Associated Press,", "Reuters,"]


def test_bibtex_as_reference_managers_read_it():
    [(kind, key, vi), (_, _, en)] = read_bibtex(written("bib", [listed(VI), listed(EN)]))
    assert kind == "article"
    assert re.fullmatch("baotaynguyen2025-[0-9a-f]{12}", key)
    assert vi["title"] == r"{Giá cà phê “lập đỉnh”: 131.000 đồng \& còn tăng}"
    assert vi["author"] == "{Nguyễn Văn An} and {Lê Minh}"
    assert vi["journal"] == "Báo Tây Nguyên"
    assert (vi["date"], vi["year"], vi["urldate"]) == ("2025-09-24", "2025", "2026-11-27")
    assert (vi["langid"], en["langid"]) == ("vietnamese", "english")
    assert (vi["url"], en["url"]) == (VI.url, EN.url)
    assert en["author"] == "Lee, Ann and {Nguyen Thi Mai} and {Associated Press} and {Reuters}"


def test_entries_of_what_little_is_known():
    [(kind, _, fields)] = read_bibtex(written("bib", [BARE.to_json()]))
    assert kind == "misc"
    assert fields.keys() == {"title", "langid"}
    [(kind, _, _)] = read_bibtex(written("bib", [BARE.to_json() | {"url": "http://a.vn/b"}]))
    assert kind == "online"
    [record] = read_ris(written("ris", [BARE.to_json()]))
    assert [tag for tag, _ in record] == ["TY", "ID", "TI", "LA"]


def test_keys_are_stable_and_no_two_stories_share_one():
    stories = [VI.to_json() | {"id": f"story {number}"} for number in range(5000)]
    keys = {citation_key(story) for story in stories}
    assert len(keys) == 5000
    assert citation_key(stories[7] | {"title": "corrected", "lead": "x"}) in keys


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//a.vn", "http://", "ftp://a.vn/", None]
)
def test_only_addresses_of_the_web_are_cited(url):
    story = listed(VI) | {"url": url}
    assert web_address(story) == ""
    assert "url" not in read_bibtex(written("bib", [story]))[0][2]
    assert "](" not in written("md", [story])


# Lists to read


def test_a_list_in_markdown():
    assert written("md", [listed(VI)]) == (
        "# giá cà phê\n\n"
        r"- [Giá cà phê “lập đỉnh”: 131.000 đồng \& còn tăng](<https://bao.example/cau?a=1&b=2>)"
        "\n\n  Báo Tây Nguyên · Kinh tế · 2025-09-24 · Nguyễn Văn An, Lê Minh"
        "\n\n  Nông dân Đắk Lắk giữ hàng.\n\n"
    )


def test_markdown_shows_signs_as_they_are():
    story = BARE.to_json() | {
        "title": "*b* _i_ [x](y) <script> `c` # &lt; ![i](u)",
        "lead": "1. first",
        "url": "https://a.vn/)>\n<b>",
        "clipping_note": "- gọi\n\n# lại",
    }
    text = written("md", [story], about="a\n# b")
    assert text.startswith("# a \\# b\n\n")
    assert (
        r"\*b\* \_i\_ \[x\](y) \<script\> \`c\` \# \&lt; \!\[i\](u)](<https://a.vn/)%3E%0A%3Cb%3E>)"
    ) in text
    assert "\n  1\\. first\n" in text
    assert "\n  > \\- gọi \\# lại\n" in text


# Citations


def test_a_citation_in_either_style():
    assert cited(VI.to_json(), "vi") == (
        f"Nguyễn Văn An, Lê Minh. “{VI.title}”. Báo Tây Nguyên, 24/9/2025. {VI.url}"
    )
    assert cited(EN.to_json(), "en") == (
        "Ann Lee, Nguyen Thi Mai, Associated Press and Reuters. “Coffee hits a record. What now?”"
        f" The Paper, 25 September 2025. {EN.url}"
    )
    assert cited(VI.to_json(), "en").startswith("Nguyễn Văn An and Lê Minh. “Giá cà phê")
    title = title_of(BARE.to_json())
    assert title.endswith("…")
    assert cited(BARE.to_json(), "en") == f"“{title}” undated."
    assert cited(BARE.to_json(), "vi") == f"“{title}”. không rõ ngày."


# Names of files


@pytest.mark.parametrize(
    ("about", "name", "plain"),
    [
        ("giá cà phê", "songngu-giá-cà-phê.csv", "songngu-gia-ca-phe.csv"),
        ("../../etc/passwd", "songngu-etc-passwd.csv", "songngu-etc-passwd.csv"),
        ('a"\r\nSet-Cookie: x=1', "songngu-a-Set-Cookie-x-1.csv", "songngu-a-set-cookie-x-1.csv"),
        ("\u202egpj.exe", "songngu-gpj-exe.csv", "songngu-gpj-exe.csv"),
        ("咖啡", "songngu-咖啡.csv", "songngu-.csv"),
        ("", "songngu.csv", "songngu.csv"),
        ("x" * 500, f"songngu-{'x' * 60}.csv", f"songngu-{'x' * 60}.csv"),
    ],
)
def test_names_of_files_are_harmless(about, name, plain):
    assert file_name(about, "csv") == name
    header = content_disposition(name)
    assert header.isascii()
    assert header.startswith(f'attachment; filename="{plain}"; filename*=UTF-8')
    assert "\n" not in header
    assert "\r" not in header


# Anything at all


def hostile_stories(rng, known):
    for _ in range(FUZZED):

        def text(size=300):
            return hostile_text.hostile(rng, known, rng.randrange(1, size))

        yield {
            "id": text(),
            "lang": rng.choice(["vi", "en"]),
            "title": rng.choice([text(), ""]),
            "lead": text(),
            "text": text(),
            "date": rng.choice(["2025-09-24", None, text()]),
            "url": rng.choice([text(), f"https://a.vn/{text()}", None]),
            "source": text(),
            "authors": [text(), text(40)],
            "section": text(),
            "tags": [text()],
            "captions": [text()],
            "relevance": 0.5,
            "clipping_note": text(),
        }


def test_hostile_stories_stay_in_their_fields():
    rng = random.Random(11)
    stories = list(hostile_stories(rng, hostile_text.patterns()))
    rows = rows_of(written("csv", stories))
    assert len(rows) == len(stories)
    for row in rows:
        assert None not in row
        for value in row.values():
            assert not re.match(r"\s*[=+\-@]", value)
            assert not re.search(r"[\x00-\x08\x0b-\x1f]", value)
    lines = written("jsonl", stories).splitlines()
    assert [json.loads(line)["tags"] for line in lines] == [
        [tag.encode("utf-8", "replace").decode() for tag in story["tags"]] for story in stories
    ]
    assert len(read_ris(written("ris", stories))) == len(stories)
    entries = read_bibtex(written("bib", stories))
    assert len({key for _, key, _ in entries}) == len({story["id"] for story in stories})
    for _, _, fields in entries:
        for name, value in fields.items():
            if name not in ("url", "title", "author"):
                assert not re.search(r"(?<!\\)[#$%&_]|[~^]", value), value
    items = written("md", stories).split("\n")
    assert sum(line.startswith("- ") for line in items) == len(stories)
    assert all(line == "" or line.startswith(("- ", "  ", "# ")) for line in items)
    for story in stories:
        for style in ("vi", "en"):
            assert len(cited(story, style).splitlines()) == 1
        assert content_disposition(file_name(story["title"], "csv")).isascii()
    done("SONGNGU_FUZZ", FUZZED)
