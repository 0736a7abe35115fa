"""Web archives, written by warcio and then damaged: what is whole comes out, the rest is told."""

import gzip
import io
import zlib

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from indexer.articles import to_article
from indexer.sources import Failure, RawDocument, ReadOptions, count_documents, open_sources
from indexer.sources.warc_records import LARGEST

STORY = [
    "Tàu nghiên cứu Sao Biển trở về cảng Cam Thành sáng nay sau ba tháng khảo sát vùng biển phía"
    " nam và mang theo bản đồ của hơn hai trăm rạn san hô.",
    "Bản đồ mới giúp các xã ven biển chọn nơi đặt phao và nơi cấm thả neo trong mùa đánh bắt tới.",
    "Các nhà khoa học cũng tìm thấy ba loài cá chưa từng được ghi nhận ở vùng biển này.",
]


def html(title, *paragraphs, charset=""):
    body = "".join(f"<p>{text}</p>" for text in paragraphs or STORY)
    meta = f'<meta charset="{charset}">' if charset else ""
    return (
        f"<!DOCTYPE html><html><head>{meta}<title>{title}</title></head><body><nav>Menu</nav>"
        f"<article><h1>{title}</h1>{body}</article></body></html>"
    )


class Archive:
    """A web archive in the making."""

    def __init__(self, *, packed):
        self.file = io.BytesIO()
        self.writer = WARCWriter(self.file, gzip=packed)

    def add(self, uri, body, *, status="200 OK", kind="response", **headers):
        """One record; headers are those of HTTP, with "_" for "-"."""
        given = [(name.replace("_", "-"), value) for name, value in headers.items()]
        record = self.writer.create_warc_record(
            uri,
            kind,
            payload=io.BytesIO(body.encode() if isinstance(body, str) else body),
            http_headers=StatusAndHeaders(status, given, protocol="HTTP/1.1"),
        )
        start = self.file.tell()
        self.writer.write_record(record)
        record.raw_stream.close()  # a temporary file by now
        return slice(start, self.file.tell())

    def page(self, n):
        """A page that is an article; its place in the file."""
        return self.add(uri(n), html(f"Bản tin số {n}"), Content_Type="text/html; charset=utf-8")

    @property
    def data(self):
        return self.file.getvalue()


def uri(n):
    return f"https://news.example/{n}"


def read(path, data=None):
    """Titles, and failures by their places; counted right beforehand."""
    if data is not None:
        path.write_bytes(data)
    found = list(open_sources([str(path)]))
    assert count_documents([str(path)]) == len(found)
    failures = [item for item in found if isinstance(item, Failure)]
    assert all("\n" not in failure.reason and failure.line is None for failure in failures)
    articles = [to_article(item).article for item in found if isinstance(item, RawDocument)]
    return [article.title for article in articles], {f.file: f for f in failures}


@pytest.fixture(params=[False, True], ids=["plain", "packed"])
def archive(request):
    return Archive(packed=request.param)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "crawl.warc.gz"


def test_a_page_gives_no_other_sites_address_for_its_own(archive, path):
    head = '<link rel="canonical" href="https://{}/1"></head>'
    for n, host in ((1, "paper.example"), (2, "www.news.example")):
        page = html(f"Bản tin số {n}").replace("</head>", head.format(host))
        archive.add(uri(n), page, Content_Type="text/html")
    path.write_bytes(archive.data)
    documents = open_sources([str(path)])
    assert [to_article(document).article.url for document in documents] == [
        "https://news.example/1",
        "https://www.news.example/1",
    ]


def test_pages_become_articles(archive, path):
    archive.add("urn:x", b"software: test\r\n", kind="warcinfo")
    archive.add(uri(1), b"", kind="request")
    archive.page(1)
    archive.add(uri(2), b"\x89PNG", Content_Type="image/png")
    archive.add(uri(3), html("Lỗi"), status="404 Not Found", Content_Type="text/html")
    archive.add(uri(4), b"", status="301 Moved", Location=uri(1))
    archive.add(uri(5), html("Không khai kiểu"))
    archive.add(uri(6), "no page at all")
    archive.add("dns:news.example", b"news.example. 300 IN A 192.0.2.1")
    titles, failures = read(path, archive.data)
    assert titles == ["Bản tin số 1", "Không khai kiểu"]
    (note,) = failures.values()
    assert note.skipped
    for kind in ("warcinfo: 1", "request: 1", "not HTML: 2", "status 404: 1", "status 301: 1"):
        assert kind in note.reason
    (document, *_) = open_sources([str(path)])
    assert document.origin.file == f"{path}: {uri(1)}"
    article = to_article(document).article
    assert article.url == uri(1)
    assert all(paragraph in article.body for paragraph in STORY[1:])


def test_what_servers_do_to_pages_is_undone(archive, path):
    chunked = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (html("Từng khúc").encode()[i : i + 99] for i in range(0, 2000, 99))
        if part
    )
    kind = {"Content_Type": "text/html; charset=utf-8"}
    archive.add(uri(1), chunked + b"0\r\n\r\n", Transfer_Encoding="chunked", **kind)
    archive.add(uri(2), gzip.compress(html("Nén").encode()), Content_Encoding="gzip", **kind)
    archive.add(uri(3), zlib.compress(html("Xẹp").encode()), Content_Encoding="deflate", **kind)
    english = [
        "The café on the quay opened again on Monday, three months after the flood had filled it.",
        "Neighbours lent chairs, a baker sent rolls, and firemen pumped the cellar dry twice.",
        "Its owner said that the first cup would be free for everyone who had carried a bucket.",
    ]
    latin = html("Café stories", *english).encode("windows-1252")
    archive.add(uri(4), latin, Content_Type="text/html; charset=windows-1252")
    declared = html("Café again", *english, charset="windows-1252").encode("windows-1252")
    archive.add(uri(5), declared, Content_Type="text/html; charset=nonsense")
    titles, failures = read(path, archive.data)
    assert titles == ["Từng khúc", "Nén", "Xẹp", "Café stories", "Café again"]
    assert failures == {}


def test_pages_that_are_no_articles_are_skipped_with_the_reason(archive, path):
    archive.page(1)
    archive.add(uri(2), html("Trang mục", "Xem thêm"), Content_Type="text/html")
    titles, failures = read(path, archive.data)
    assert titles == ["Bản tin số 1"]
    assert list(failures) == [f"{path}: {uri(2)}"]
    assert failures[f"{path}: {uri(2)}"].skipped


def test_a_record_that_is_too_large_is_told_and_the_next_one_read(archive, path):
    archive.add(uri(1), html("Lớn", "x" * LARGEST), Content_Type="text/html")
    archive.add(uri(2), b"\0" * (LARGEST + 9), kind="resource")
    bomb = gzip.compress(b"<html>" + b" " * (2 * LARGEST))
    archive.add(uri(3), bomb, Content_Type="text/html", Content_Encoding="gzip")
    archive.page(4)
    titles, failures = read(path, archive.data)
    assert titles == ["Bản tin số 4"]
    assert "record is larger than 16 MiB" in failures[f"{path}: {uri(1)}"].reason
    assert "page is larger than 16 MiB" in failures[f"{path}: {uri(3)}"].reason
    assert failures[str(path)].skipped


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.98])
def test_a_file_that_was_cut_off(archive, path, share):
    archive.page(1)
    last = archive.page(2)
    end = last.start + round((last.stop - last.start) * share)
    titles, failures = read(path, archive.data[:end])
    assert titles == ["Bản tin số 1"]
    assert len(failures) == 1
    assert not next(iter(failures.values())).skipped


def test_damaged_packed_records_cost_only_themselves(path):
    archive = Archive(packed=True)
    places = [archive.page(n) for n in range(9)]
    data = bytearray(archive.data)
    for n in (0, 3, 4, 8):
        middle = (places[n].start + places[n].stop) // 2
        data[middle : middle + 8] = b"\xff" * 8
    titles, failures = read(path, bytes(data))
    assert titles == [f"Bản tin số {n}" for n in (1, 2, 5, 6, 7)]
    assert all("damaged" in f.reason or "ends inside" in f.reason for f in failures.values())


@pytest.mark.parametrize("length", ["1", "99999", "999999999999", "-5", "many", "1" * 5000])
def test_lengths_that_are_wrong_cost_only_their_record(path, length):
    archive = Archive(packed=False)
    places = [archive.page(n) for n in range(3)]
    head, colon, rest = archive.data[places[1]].partition(b"Content-Length: ")
    wrong = head + colon + length.encode() + rest[rest.index(b"\r\n") :]
    data = archive.data[places[0]] + wrong + archive.data[places[2]]
    titles, failures = read(path, data)
    endless = length == "9" * 12  # a page is not looked for in what may be a film of any length
    assert titles == ["Bản tin số 0"] + ([] if endless else ["Bản tin số 2"])
    assert list(failures) == [f"{path}: {uri(1)}"]


def test_rubbish_between_records_is_told_once(path):
    archive = Archive(packed=False)
    places = [archive.page(n) for n in range(2)]
    rubbish = b"one line\r\nanother\r\n\xff\xfe\r\n"
    titles, failures = read(path, archive.data[places[0]] + rubbish + archive.data[places[1]])
    assert titles == ["Bản tin số 0", "Bản tin số 1"]
    assert len(failures) == 1


def test_responses_that_are_no_http(archive, path):
    archive.page(1)
    data = archive.data
    if not data.startswith(b"WARC"):
        data = gzip.decompress(data)
    data += data.replace(b"HTTP/1.1 200 OK", b"no head at all").replace(
        uri(1).encode(), uri(2).encode()
    )
    titles, failures = read(path, data)
    assert titles == ["Bản tin số 1"]
    assert "does not begin with an HTTP" in failures[f"{path}: {uri(2)}"].reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"<html>", "is no WARC file"),
        (gzip.compress(b"no archive", mtime=0), "is no WARC file"),
        (b"\x1f\x8b\x08\xff\xff", "damaged"),
        (b"WARC/1.0\r\n", "no Content-Length"),
        (b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n", "holds no page"),
    ],
)
def test_files_without_a_page(path, data, reason):
    titles, failures = read(path, data)
    assert titles == []
    assert reason in failures[str(path)].reason


def test_one_stream_of_gzip_and_standard_input(path, monkeypatch):
    archive = Archive(packed=False)
    archive.page(1)
    archive.page(2)
    packed = gzip.compress(archive.data)
    assert read(path, packed)[0] == ["Bản tin số 1", "Bản tin số 2"]

    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(packed))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert count_documents(["-"], ReadOptions("warc")) is None
    first, second = open_sources(["-"], ReadOptions("warc"))
    assert (first.origin.file, second.origin.file) == (f"-: {uri(1)}", f"-: {uri(2)}")


def test_a_server_that_names_its_old_default_is_not_believed(archive, path):
    """Bytes that are UTF-8 are, whatever the server was set up to say: as for pages fetched."""
    archive.add(uri(1), html("Bão đổ bộ"), Content_Type="text/html; charset=iso-8859-1")
    assert read(path, archive.data) == (["Bão đổ bộ"], {})
