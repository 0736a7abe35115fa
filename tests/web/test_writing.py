"""Adding and removing articles by the API: who may, what becomes of each, what is refused."""

import hashlib
import json
import time

import pytest
from support.archives import stories
from support.commands import songngu, songngu_json
from support.site_server import LONG_S, exchange, served

from indexer.intake import Intake
from search.archive import open_archive
from search.errors import SettingsError
from search.settings import Settings
from webui import create_app

KEY = "3f1c" * 16
WITH_KEY = {"Authorization": f"Bearer {KEY}"}
ARTICLES = "/api/v1/articles"
BRIDGE = {
    "id": "cau-moi",
    "title": "Cầu mới qua sông Hồng thông xe",
    "text": "Cây cầu mới qua sông Hồng được thông xe sáng nay, sớm hơn hai tháng so với kế hoạch.",
    "date": "2025-09-24",
    "url": "https://bao.example/cau-moi",
}
NDJSON = "application/x-ndjson"


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.txt"
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    path.write_text(f"# who may write\n\ncms {digest}\nother {'0' * 64}\n", "utf-8")
    return path


@pytest.fixture
def site(tmp_path, keys):
    """An application that takes articles into an archive of its own, which nobody has made yet."""
    settings = Settings(archive=str(tmp_path / "new.db"), api_keys=str(keys))
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings, writer=Intake(archive))


@pytest.fixture
def writer(site):
    return site.test_client()


def post(client, value, **headers):
    return client.post(ARTICLES, json=value, headers=WITH_KEY | headers)


def outcomes(answer):
    return [(one["number"], one["outcome"], one["id"]) for one in answer.json["articles"]]


def test_an_article_can_be_found_when_the_answer_comes(writer):
    answer = post(writer, BRIDGE)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["added"] == 1
    assert outcomes(answer) == [(1, "added", "cau-moi")]
    [hit] = writer.get("/api/v1/search?q=cau song Hong&lang=vi").json["results"]["vi"]
    assert hit["id"] == "cau-moi"
    assert outcomes(post(writer, BRIDGE)) == [(1, "unchanged", "cau-moi")]
    changed = BRIDGE | {"id": "other", "title": "Cầu mới đã thông xe"}
    assert outcomes(post(writer, changed)) == [(1, "updated", "cau-moi")]  # its address is known
    assert writer.get(f"{ARTICLES}/cau-moi").json["title"] == "Cầu mới đã thông xe"


GERMAN = """Der Bundestag hat am Donnerstag über den neuen Haushalt beraten und abgestimmt. Die
Abgeordneten stritten bis in die Nacht über die Ausgaben für Schulen, Straßen und Krankenhäuser."""
FAILING = [
    {"title": "no text"},
    "a string",
    BRIDGE | {"text": ["a", {"b": 1}]},
    {"text": GERMAN},
    BRIDGE,
    BRIDGE | {"text": "Một bài khác hẳn dưới cùng một địa chỉ, đến sau bài đầu tiên."},
    {"text": "Mưa lớn ở miền Trung khiến nhiều nơi ngập sâu.", "date": "hôm kia", "colour": "red"},
]


@pytest.mark.parametrize("lines", [False, True])
def test_each_article_has_its_outcome_as_songngu_index_would_say(writer, tmp_path, lines):
    body = "\n".join(json.dumps(article) for article in FAILING)
    if lines:
        answer = writer.post(ARTICLES, data=body, headers=WITH_KEY, content_type=NDJSON)
    else:
        answer = post(writer, FAILING)
    assert answer.status_code == 207
    told = answer.json["articles"]
    assert [one["number"] for one in told] == list(range(1, len(FAILING) + 1))
    assert [one["outcome"] for one in told][4:] == ["added", "skipped", "added"]
    assert {one["outcome"] for one in told[:4]} <= {"failed", "skipped"}
    assert all(one["reason"] for one in told[:4])
    assert all(
        "colour" in told[6]["warnings"][n] or "date" in told[6]["warnings"][n] for n in (0, 1)
    )
    (tmp_path / "same.jsonl").write_text(body, "utf-8")
    place = tmp_path / "indexed.db"
    done = songngu("index", "same.jsonl", "--archive", place, "--errors", "e.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    problems = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text("utf-8").splitlines()]
    reasons = {p["line"]: p["reason"] for p in problems if p["kind"] != "warning"}
    assert {one["number"]: one["reason"] for one in told if one["reason"]} == reasons


def test_counterparts_are_found_soon(writer):
    pairs = [story for story in stories() if story["id"].startswith(("demo-00", "demo-01"))]
    assert post(writer, pairs).json["added"] == len(pairs)
    ends = time.monotonic() + 5 * LONG_S
    while writer.get(f"{ARTICLES}/demo-003-vi").json["counterpart"] != "demo-003-en":
        assert time.monotonic() < ends
        time.sleep(0.2)


def test_an_article_is_taken_down_for_good(writer, site):
    post(writer, BRIDGE)
    answer = writer.delete(f"{ARTICLES}/cau-moi?reason=rút bài", headers=WITH_KEY)
    assert (answer.status_code, answer.json) == (200, {"id": "cau-moi", "removed": 1})
    assert writer.get(f"{ARTICLES}/cau-moi").status_code == 404
    again = post(writer, BRIDGE | {"id": "elsewhere"})
    assert again.status_code == 207
    assert outcomes(again) == [(1, "skipped", None)]
    assert "rút bài" in again.json["articles"][0]["reason"]
    assert writer.delete(f"{ARTICLES}/cau-moi", headers=WITH_KEY).status_code == 404
    assert writer.delete(f"{ARTICLES}?id=cau-moi", headers=WITH_KEY).status_code == 404


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        f"Bearer {'0' * 64}",
        "Bearer " + hashlib.sha256(KEY.encode()).hexdigest(),
        "Bearer \udcff",
    ],
)
def test_nobody_writes_without_a_key(writer, header):
    headers = {} if header is None else {"Authorization": header}
    for answer in (
        writer.post(ARTICLES, json=BRIDGE, headers=headers),
        writer.post(ARTICLES, data=b"\xff", headers=headers, content_type="text/plain"),
        writer.delete(f"{ARTICLES}/x", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.json["error"]["code"] == "unauthorized"
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
        assert KEY not in answer.text


def test_a_key_that_is_taken_out_counts_no_longer(writer, keys):
    assert post(writer, BRIDGE).status_code == 200
    keys.write_text("", "utf-8")
    assert post(writer, BRIDGE).status_code == 401


def test_a_site_without_keys_takes_nothing(client):
    for answer in (post(client, BRIDGE), client.delete(f"{ARTICLES}/x", headers=WITH_KEY)):
        assert answer.status_code == 403
        assert answer.json["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"{", "application/json", 400, "not JSON"),
        (b"", "application/json", 400, "not JSON"),
        (b"\xff\xfe{}", "application/json", 400, "UTF-8 at byte 1"),
        (b'{"text": "a"}\n{"text"', NDJSON, 400, "Line 2 is not JSON"),
        (b"[" * 100_000, "application/json", 400, "nobody writes"),
        (b"9" * 10_000, "application/json", 400, "nobody writes"),
        (b"{}", "text/plain", 415, "application/json"),
        (b"{}", "", 415, "application/json"),
        (json.dumps([BRIDGE] * 101).encode(), "application/json", 413, "101 articles"),
        (b" " * (10 * 1024 * 1024 + 1), "application/json", 413, ""),
    ],
)
def test_what_cannot_be_read_is_refused_whole(writer, body, kind, status, said):
    answer = writer.post(ARTICLES, data=body, headers=WITH_KEY, content_type=kind)
    assert answer.status_code == status
    assert said in answer.json["error"]["message"]


def test_other_methods_are_named(writer):
    answer = writer.put(ARTICLES, json=BRIDGE)
    assert answer.status_code == 405
    assert "POST" in answer.json["error"]["message"]
    assert "POST" in answer.headers["Allow"]


def test_large_bodies_are_for_those_who_may_write(site, tmp_path):
    body = json.dumps(BRIDGE | {"text": BRIDGE["text"] * 100}).encode()
    given = {"Host": "a", "Connection": "close", "Content-Type": "application/json"}
    given["Content-Length"] = len(body)
    lines = [f"{name}: {value}" for name, value in given.items()]

    def asked(target, *headers):
        head = "\r\n".join([f"POST {target} HTTP/1.1", *lines, *headers, "", ""])
        return exchange(server, head.encode() + body, timeout=5 * LONG_S)

    key = f"Authorization: Bearer {KEY}"
    with served(site) as server:
        assert asked(ARTICLES, key).status == 200
        assert asked(ARTICLES, "Authorization: Bearer x").status == 401
        assert asked(ARTICLES).status == 413
        assert asked("/", key).status == 413
        assert asked("/api/v1/search", key).status == 413


@pytest.mark.parametrize("content", [None, "cms abc", "cms", "x" * 64, "\udcff"])
def test_a_file_of_keys_that_cannot_be_used_is_told(tmp_path, content):
    path = tmp_path / "wrong.txt"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    settings = Settings(archive=str(tmp_path / "x.db"), api_keys=str(path))
    with pytest.raises(SettingsError, match=r"wrong\.txt"):
        create_app(settings=settings)


def test_sync_leaves_alone_what_came_by_the_api(writer, site, tmp_path):
    place = tmp_path / "new.db"
    source = tmp_path / "tin.jsonl"
    rows = [{"id": n, "text": f"Tin {n} về cây cầu mới."} for n in ("một", "hai", "ba")]
    source.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    songngu_json("index", source, "--archive", place, cwd=tmp_path)
    assert outcomes(post(writer, rows[0])) == [(1, "unchanged", "một")]
    source.write_text(json.dumps(rows[2]), "utf-8")
    report = songngu_json("sync", source, "--archive", place, "--force", cwd=tmp_path)
    assert report["removed"] == 1
    assert writer.get(f"{ARTICLES}/một").status_code == 200
    assert writer.get(f"{ARTICLES}/hai").status_code == 404


def test_a_store_that_is_down_is_told_and_recovers(tmp_path, keys):
    """A file in a folder that is missing, as when a disk is not mounted."""
    settings = Settings(archive=str(tmp_path / "away" / "new.db"), api_keys=str(keys))
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings, writer=Intake(archive)).test_client()
        for answer in (post(client, BRIDGE), client.delete(f"{ARTICLES}/x", headers=WITH_KEY)):
            assert answer.status_code == 503
            assert str(tmp_path) not in answer.text
            assert int(answer.headers["Retry-After"]) > 0
        (tmp_path / "away").mkdir()
        assert post(client, BRIDGE).status_code == 200
