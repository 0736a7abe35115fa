"""Tables as spreadsheets, databases and scripts write them; whole, torn, and in odd encodings."""

import gzip
import io
import json

import pytest

from indexer.articles import to_article
from indexer.sources import (
    Failure,
    FieldMap,
    RawDocument,
    ReadOptions,
    count_documents,
    open_sources,
)
from indexer.sources.tables import _LONGEST_ROW
from search.errors import SettingsError


def read(path, *pairs, kind=None):
    """Documents as (line, fields) and failures as (line, reason); counted right beforehand."""
    options = ReadOptions(kind, FieldMap.parse(pairs) if pairs else None)
    found = list(open_sources([str(path)], options))
    assert count_documents([str(path)], options) == len(found)
    for item in found:
        if isinstance(item, Failure):
            assert item.file == str(path)
            assert "\n" not in item.reason
    documents = [(d.origin.line, d.fields) for d in found if isinstance(d, RawDocument)]
    return documents, {f.line: f.reason for f in found if isinstance(f, Failure)}


def table(tmp_path, data, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def texts(documents):
    return [fields["text"] for _, fields in documents]


ROWS = (
    "Headline,Body,published_at,Tags\r\n"
    '"Cầu, mới","Dòng một\r\ndòng ""hai""",2025-10-06,cầu;đường\r\n'
    "B,b,,\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "A.CSV.gz"])
def test_rows_become_articles(tmp_path, encoding, separator, name):
    quoted = ROWS.replace("cầu;đường", '"cầu;đường"').replace('"Cầu, mới"', '"Cầu# mới"')
    data = quoted.replace(",", separator).replace("#", ",").encode(encoding)
    path = table(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)
    documents, failures = read(path)
    assert failures == {}
    assert [line for line, _ in documents] == [2, 4]
    first, second = (
        to_article(item).article
        for item in open_sources([str(path)])
        if isinstance(item, RawDocument)
    )
    assert (first.title, first.text) == ("Cầu, mới", 'Dòng một\ndòng "hai"')
    assert (first.date, first.tags) == ("2025-10-06", ("cầu", "đường"))
    assert (second.title, second.text, second.date) == ("B", "b", None)


def test_vietnamese_column_names(tmp_path):
    path = table(
        tmp_path,
        "Tiêu đề,Nội dung,Ngày đăng,Tác giả,Chuyên mục\nA,Tin dài.,6/10/2025,Thu Ngân,Khoa học\n",
    )
    (document,) = open_sources([str(path)])
    article = to_article(document).article
    assert (article.title, article.text, article.date) == ("A", "Tin dài.", "2025-10-06")
    assert (article.authors, article.section) == (("Thu Ngân",), "Khoa học")


def test_a_spreadsheet_may_say_what_separates(tmp_path):
    documents, _ = read(table(tmp_path, "sep=;\nid;text, or body;text\n1;x;a,b,c\n"))
    assert documents == [(3, {"id": "1", "text, or body": "x", "text": "a,b,c"})]


def test_line_ends_of_old_spreadsheets(tmp_path):
    documents, failures = read(table(tmp_path, 'id,text\r1,a\r2,"b\rc"\r3,d'))
    assert texts(documents) == ["a", "b\rc", "d"]
    assert [line for line, _ in documents] == [2, 3, 5]
    assert failures == {}


def test_blank_rows_unnamed_columns_and_what_databases_write_for_nothing(tmp_path):
    data = "\n\n,text,date,text\n\n0,a,NULL,b\n,,,\n1,\\N,nan,c\n"
    documents, failures = read(table(tmp_path, data))
    assert documents == [(5, {"text": "a", "date": ""}), (7, {"text": "c", "date": ""})]
    assert failures == {}


def test_ragged_rows_cost_only_themselves(tmp_path):
    data = "id,title,text\n1,A,a\n2,B\n3,C,c,and more\n4,D,d,,\n5,E,e\n"
    documents, failures = read(table(tmp_path, data))
    assert texts(documents) == ["a", "d", "e"]
    assert sorted(failures) == [3, 4]
    assert "2 values, and the header 3 columns" in failures[3]
    assert "4 values" in failures[4]


def test_stray_quotes_cost_at_most_their_row(tmp_path):
    data = (
        'id,title,text\n1,A,say "hi" once\n2,"Ha" she said,c\n3,"Ha" she said, d,e\n4,"D\nE",f\n'
        '5,"never closed,g\n6,F,h\n'
    )
    documents, failures = read(table(tmp_path, data))
    assert [line for line, _ in documents] == [2, 3, 5, 8]
    assert texts(documents) == ['say "hi" once', "c", "f", "h"]
    assert documents[1][1]["title"] == '"Ha" she said'
    assert sorted(failures) == [4, 7]
    assert "never closed" in failures[7]


def test_tab_separated_text_with_quotes_that_quote_nothing(tmp_path):
    data = 'title\ttext\n"Ha\tone\n"Ho\ttwo\nx\t"three\n'
    documents, failures = read(table(tmp_path, data, "a.tsv"))
    assert texts(documents) == ["one", "two", '"three']
    assert failures == {}


def test_huge_values_are_read_and_endless_ones_are_not(tmp_path):
    long = "từ " * 400_000
    endless = "x" * (_LONGEST_ROW + 10)
    data = f'id,text\n1,"{long}"\n2,{endless}\n3,"{endless[:100]}\n' + "4,y\n" * 3 + "5,z\n"
    documents, failures = read(table(tmp_path, data))
    assert [len(text) for text in texts(documents)] == [len(long), 1, 1, 1, 1]
    assert sorted(failures) == [3, 4]
    assert "longer than 8 MiB" in failures[3]


def test_an_open_quote_does_not_take_the_rest_of_a_long_file_with_it(tmp_path):
    row = f'7,"{"y" * 500}"\n'
    data = 'id,text\n1,"a"\n2,"open\n' + row * 5_000
    documents, failures = read(table(tmp_path, data))
    assert (len(documents), sorted(failures)) == (5_001, [3])


def test_damaged_bytes_cost_their_row(tmp_path):
    data = b"id,text\n1,a\n2,t\xe9l\xe9\n3,b\n"
    documents, failures = read(table(tmp_path, data))
    assert texts(documents) == ["a", "b"]
    assert "0xe9) is not UTF-8" in failures[3]
    assert "iconv" in failures[3]

    documents, failures = read(table(tmp_path, "id\ttext\n1\ta\n".encode("utf-16")[:-1]))
    assert "damaged UTF-16" in failures[None]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "is empty"),
        ("\n \r\n\n", "only blank lines"),
        ("id,text\n", "a header and no row"),
        ("sep=;\n", "no line with column names"),
        ("2025,Một câu chuyện dài,x\n", "the first line has '2025', 'Một câu chuyện dài', 'x'"),
        ("title,story\nA,b\n", "--map text="),
        ('title,"text\nA,b\n', "never closed"),
        (b"PK\x03\x04", "ZIP"),
    ],
)
def test_what_is_no_table_is_one_failure(tmp_path, data, reason):
    documents, failures = read(table(tmp_path, data))
    assert documents == []
    assert len(failures) == 1
    assert reason in next(iter(failures.values()))


def test_names_are_mapped_in_tables(tmp_path):
    path = table(tmp_path, "kop,story,title\nA,a,t\n,b,u\n")
    documents, _ = read(path, "title=kop", "text=story")
    assert documents == [(2, {"title": "A", "text": "a"}), (3, {"text": "b", "title": "u"})]

    documents, failures = read(path, "title=head", "text=story")
    assert documents == []
    assert failures == {
        None: "there is no 'head' to map; there are kop, story, title: correct --map"
    }


def test_names_and_paths_are_mapped_in_json(tmp_path):
    rows = [
        {
            "content": {"headline": "A", "parts": ["x", "y"]},
            "by": [{"name": "Ann"}, {"name": "Bo"}],
        },
        {"content": {"headline": "", "parts": []}, "by": None, "title": "B"},
        {"content.headline": "C", "content": {"parts": ["z"]}},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n")
    names = "title=content.headline text=content.parts lead=content.parts.1 authors=by.name"
    documents, failures = read(path, *names.split())
    assert [fields for _, fields in documents] == [
        {"title": "A", "text": ["x", "y"], "lead": "y", "authors": ["Ann", "Bo"]},
        {"title": "B"},
        {"title": "C", "text": ["z"]},
    ]
    assert list(failures) == [4]

    _, failures = read(path, "title=content.headlin", "text=content.parts")
    assert (
        "no 'content.headlin' to map; there are content.headline, content.parts, by"
        in (failures[None])
    )
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    assert len(read(path, "text=content.parts")[0]) == 3


def test_page_text_has_no_names_to_map(tmp_path):
    (tmp_path / "a.txt").write_text("Một trang.")
    documents, failures = read(tmp_path / "a.txt", "title=kop")
    assert (len(documents), failures) == (1, {})


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (["headline"], "title=headline"),
        (["title="], "no pair"),
        (["headline=title"], "no field 'headline', only id, title"),
        (["title=a", "title=b"], "twice"),
    ],
)
def test_maps_that_mean_nothing_are_refused(pairs, reason):
    with pytest.raises(SettingsError, match=reason):
        FieldMap.parse(pairs)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("csv", "id,text\n1,a\n", ["a"]),
        ("tsv", "id\ttext\n1\ta\n", ["a"]),
        ("json", '[{"text": "a"}, {"text": "b"}]', ["a", "b"]),
        ("json", '{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (None, '{"text": "a"}\n', ["a"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_what_it_is_said_to_be(monkeypatch, kind, data, expected, packed):
    raw = gzip.compress(data.encode()) if packed else data.encode()

    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(raw))

    monkeypatch.setattr("sys.stdin", Stdin)
    options = ReadOptions(kind, FieldMap.parse(["text=text"]))
    assert count_documents(["-"], options) is None
    assert [item.fields["text"] for item in open_sources(["-"], options)] == expected


def test_a_named_file_is_read_as_said_and_files_in_folders_by_their_names(tmp_path):
    (tmp_path / "a.txt").write_text("id,text\n1,a\n")
    documents, _ = read(tmp_path / "a.txt", kind="csv")
    assert texts(documents) == ["a"]
    (document,) = open_sources([str(tmp_path)], ReadOptions("csv"))
    assert document.page == "id,text\n1,a\n"


def test_rows_are_streamed(tmp_path):
    stream = open_sources([str(table(tmp_path, "id,text\n" + "1,a\n" * 1000 + '2,"x'))])
    assert isinstance(next(stream), RawDocument)
    stream.close()
