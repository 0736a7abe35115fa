"""Files, folders, standard input, good and broken: each document, each failure said plainly."""

import gzip
import io
import json
import os
import threading
from pathlib import Path

import pytest
from support.html_pages import EN, STYLES, VI

from indexer.sources import Failure, RawDocument, count_documents, open_sources


def read(*args: str | Path) -> list[RawDocument | Failure]:
    found = list(open_sources([str(arg) for arg in args]))
    assert count_documents([str(arg) for arg in args]) == len(found)
    return found


def texts(found: list[RawDocument | Failure]) -> list[object]:
    return [item.fields["text"] for item in found if isinstance(item, RawDocument) and item.fields]


def only_failure(path: Path) -> str:
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert failure.file == str(path)
    assert "\n" not in failure.reason
    assert not failure.skipped
    return failure.reason


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL", "a.json"])
@pytest.mark.parametrize("packed", [False, True])
def test_one_object_a_line(tmp_path: Path, name: str, packed: bool) -> None:
    data = '{"text": "một"}\n\n{"text": "hai"}\r\n{"text": "ba"}'.encode()
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read(path)
    assert texts(found) == ["một", "hai", "ba"]
    assert [item.origin.line for item in found if isinstance(item, RawDocument)] == [1, 3, 4]


def test_gzip_is_known_by_its_content_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(b'{"text": "x"}\n'))
    assert texts(read(tmp_path / "a.jsonl")) == ["x"]


def test_json_arrays_and_objects(tmp_path: Path) -> None:
    (tmp_path / "many.json").write_text('[\n {"text": "a"},\n {"text":\n "b"}, 3]')
    found = read(tmp_path / "many.json")
    assert texts(found) == ["a", "b"]
    assert found[0].origin.line == 2  # type: ignore[union-attr]
    assert found[1].origin.line == 3  # type: ignore[union-attr]
    assert isinstance(found[2], Failure)
    assert found[2].line == 4
    assert "a number" in found[2].reason

    (tmp_path / "one.json").write_text('{\n "text": "only"\n}')
    assert texts(read(tmp_path / "one.json")) == ["only"]


def test_what_stands_before_a_syntax_error_in_an_array_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"text": "a"},\n{"text": "b"}\n{"text": "c"}]')
    found = read(path)
    assert texts(found) == ["a", "b"]
    assert isinstance(found[2], Failure)
    assert (found[2].line, "comma is missing" in found[2].reason) == (3, True)


def test_bad_lines_are_reported_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"text": "good"}', b'{"text": "cut', b"[1, 2]", b'"text"', b"null", b"7",
        b'{"text": "t\xe9t"}', b'{"text": ' + b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}",
        json.dumps({"text": "x" * 100_000}).encode(), b'{"text": "last"}',
    ]  # fmt: skip
    path.write_bytes(b"\n".join(lines))
    found = read(path)
    assert [len(str(text)) for text in texts(found)] == [4, 100_000, 4]
    failures = {item.line: item.reason for item in found if isinstance(item, Failure)}
    assert sorted(failures) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert "is not JSON" in failures[2]
    assert "named .json" in failures[3]
    assert "a string" in failures[4]
    assert "null" in failures[5]
    assert "a number" in failures[6]
    assert "byte 12 (0xe9) is not UTF-8" in failures[7]
    assert "iconv" in failures[7]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "x"}\n')
    assert texts(read(tmp_path / "a.jsonl")) == ["x"]
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfTitle\n")
    (document,) = read(tmp_path / "a.txt")
    assert isinstance(document, RawDocument)
    assert document.page == "Title\n"


@pytest.mark.parametrize("name", ["a.html", "A.HTM", "a.xhtml"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_html_pages(tmp_path: Path, name: str, packed: bool, encoding: str) -> None:
    data = STYLES["wordpress"](VI).encode(encoding)
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(data) if packed else data)
    (document,) = read(path)
    assert isinstance(document, RawDocument)
    assert document.fields is not None
    assert document.fields["title"] == VI.title
    assert VI.paragraphs[-1] in str(document.fields["text"])
    assert document.origin.file == str(path)


def test_a_folder_of_html_pages(tmp_path: Path) -> None:
    for name, style in STYLES.items():
        (tmp_path / f"{name}.html").write_text(style(EN), encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "missing.html").write_text("<title>404 not found</title><p>Gone.</p>")
    (tmp_path / "sub" / "broken.html").write_bytes(b"%PDF-1.7")
    (tmp_path / "sub" / "empty.html").touch()
    found = read(tmp_path)
    pages = [item for item in found if isinstance(item, RawDocument)]
    assert len(pages) == len(STYLES)
    failures = {Path(f.file).name: f for f in found if isinstance(f, Failure)}
    assert failures["missing.html"].skipped  # read well, and no article
    assert "error page" in failures["missing.html"].reason
    assert not failures["broken.html"].skipped
    assert "PDF" in failures["broken.html"].reason
    assert "empty" in failures["empty.html"].reason


def test_an_html_page_may_be_too_large(tmp_path: Path) -> None:
    path = tmp_path / "huge.html.gz"
    path.write_bytes(gzip.compress(b"<p>word " * (6 << 20)))
    assert "larger than 32 MiB" in only_failure(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "nothing to index"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x00\x01\x02\x03\xff\xfe" * 50, "binary"),
        ("\ufeffXin chào".encode("utf-16-le"), "iconv -f UTF-16 -t UTF-8"),
        ("Xin chao tat ca moi nguoi".encode("utf-16-le"), "UTF-16LE"),
        ("Xin chao tat ca moi nguoi".encode("utf-16-be"), "UTF-16BE"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
        (gzip.compress(os.urandom(5000).hex().encode())[:900], "too early"),
        (gzip.compress(b""), "empty"),
    ],
    ids=[
        "empty", "blank", "pdf", "zip", "png", "binary", "utf-16 bom", "utf-16-le", "utf-16-be",
        "no gzip", "cut gzip", "empty gzip",
    ],
)  # fmt: skip
def test_files_that_are_no_text(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    *documents, failure = read(tmp_path / name)
    assert isinstance(failure, Failure)
    assert reason in failure.reason
    assert all(isinstance(item, Failure) for item in documents)


def test_what_was_read_before_a_cut_in_gzip_is_given(tmp_path: Path) -> None:
    lines = b"".join(b'{"text": "%s"}\n' % os.urandom(500).hex().encode() for _ in range(300))
    packed = gzip.compress(lines)
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    *documents, failure = read(tmp_path / "a.jsonl.gz")
    assert isinstance(failure, Failure)
    assert "too early" in failure.reason
    assert len(texts(documents)) > 50


def test_legacy_encodings_of_page_text_are_named_by_their_byte(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Xin chào".encode("windows-1258"))
    assert "byte 7" in only_failure(tmp_path / "a.txt")


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in only_failure(tmp_path / "missing.jsonl")
    assert "no such file" in only_failure(tmp_path / "missing")
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04")
    assert "must end in .jsonl" in only_failure(tmp_path / "a.docx")
    (tmp_path / "empty").mkdir()
    assert "holds no file" in only_failure(tmp_path / "empty")


def test_refused_permission_is_said_plainly(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text("x")
    monkeypatch.setattr(Path, "open", refuse)
    assert "no permission" in only_failure(tmp_path / "a.txt")


def test_folders_are_read_in_order_and_say_what_they_pass_over(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.txt", "a/c.json", "B.txt", ".hidden.jsonl", "x.pdf", ".git/a.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"text": "x"}\n')
    # The word index of an archive is no source, whatever its files are called.
    (tmp_path / "news.db").write_bytes(b"SQLite format 3\x00")
    (tmp_path / "news.db.words").mkdir()
    (tmp_path / "news.db.words" / "meta.json").write_text("{}")
    *documents, note = read(tmp_path)
    files = [Path(item.origin.file) for item in documents if isinstance(item, RawDocument)]
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "B.txt",
        "b.jsonl",
        "a/c.json",
        "a/z.txt",
    ]
    assert isinstance(note, Failure)
    assert note.skipped
    assert "2 of unknown kinds (.db: 1, .pdf: 1), 2 hidden" in note.reason


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jsonl").write_text('{"text": "x"}')
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.jsonl").symlink_to(tmp_path / "self.jsonl")
    found = read(tmp_path)
    assert texts(found) == ["x"]
    assert sum(isinstance(item, Failure) for item in found) == 1


def test_standard_input_is_jsonl_and_uncountable(monkeypatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(b'{"text": "a"}\nnot json\n'))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert count_documents(["-"]) is None
    first, second = open_sources(["-"])
    assert isinstance(first, RawDocument)
    assert first.fields == {"text": "a"}
    assert first.origin.file == "-"
    assert isinstance(second, Failure)
    assert second.line == 2


def test_a_pipe_is_read_once_as_jsonl(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text('{"text": "a"}\n'))
    assert count_documents([str(pipe)]) is None
    writer.start()
    found = list(open_sources([str(pipe)]))
    writer.join()
    assert texts(found) == ["a"]


def test_files_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n' * 1000 + "not json")
    stream = open_sources([str(path)])
    assert isinstance(next(stream), RawDocument)
    stream.close()  # type: ignore[attr-defined]


def test_names_that_are_no_utf8_can_be_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/b\xe0o.jsonl"
    Path(os.fsdecode(path)).write_bytes(b"{}\nx")
    found = list(open_sources([os.fsdecode(path)]))
    assert all("\ufffd" in (i.file if isinstance(i, Failure) else i.origin.file) for i in found)
    json.dumps([str(item) for item in found], ensure_ascii=False).encode()


def test_a_document_is_either_fields_or_a_page() -> None:
    from indexer.sources import Origin

    with pytest.raises(ValueError, match="either"):
        RawDocument(Origin("x"))


def test_a_run_does_not_read_its_own_list_of_errors(tmp_path):
    from indexer.sources.folders import ERROR_FILE

    (tmp_path / "a.jsonl").write_text('{"text": "một"}\n', "utf-8")
    (tmp_path / ERROR_FILE).write_text('{"reason": "no text"}\n', "utf-8")
    found = list(open_sources([str(tmp_path)]))
    assert len(found) == 1


def test_a_pipe_in_a_folder_is_passed_over_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "b.jsonl").write_text('{"text": "một"}', encoding="utf-8")
    found: list[RawDocument | Failure] = []
    reading = threading.Thread(target=lambda: found.extend(read(tmp_path)), daemon=True)
    reading.start()
    reading.join(timeout=30)  # a pipe that nobody writes to would keep a reader for ever
    assert texts(found) == ["một"]
    (note,) = (item for item in found if isinstance(item, Failure))
    assert note.skipped
    assert "pipes and devices: 1" in note.reason
