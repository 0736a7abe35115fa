"""Any value of an archive's file damaged: told in one line with the way back, which leads back."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import uuid
from contextlib import closing

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.commands import one_line
from support.counts import count, done

from indexer.linking.linker import link
from indexer.pipeline import Indexer
from indexer.sources import open_sources
from indexer.upkeep import deepen, reembed
from search.archive import Archive, open_archive
from search.cli import main
from search.encoders import load_encoder
from search.errors import StoreError
from search.records import Query
from search.repair import mend
from search.settings import Settings
from search.stores.ledger import Ledger, Tombstone
from search.stores.records import Record
from search.stores.sqlite.store import EmbeddedStore
from search.transfer import copy_archive
from webui import create_app

STORIES = [
    {"id": "cầu", "url": "https://bao.example/cau", "date": "2025-03-01", "authors": ["Lê A"],
     "title": "Cầu treo mở lại", "text": "Cầu treo qua suối đã được sửa xong và mở lại sáng nay."},
    {"id": "bridge", "url": "https://paper.example/bridge", "date": "2025-03-01", "source": "Paper",
     "title": "Bridge reopens", "text": "The suspension bridge was repaired and opened again."},
    {"id": "chợ", "url": "https://bao.example/cho", "section": "Đời sống", "tags": ["chợ"],
     "captions": ["Chợ phiên."], "text": "Chợ phiên vùng cao họp lại sau mùa mưa lũ kéo dài."},
    {"id": "cũ", "text": "Một tin sẽ bị gỡ vì có sai sót."},
]  # fmt: skip

OUT_OF_TEXT = b"\xff\x00A"
NO_UTF8 = "CAST(x'ff41' AS TEXT)"
JUNK = [OUT_OF_TEXT, NO_UTF8, "", "[", "[[1]]", "null", 7, -1.5, "2025-99-99", "[" * 100_000]

DAMAGE = [
    *(
        (f"UPDATE articles SET {column} = ? WHERE id = 'cầu'", junk)
        for column in (
            *("id", "lang", "title", "lead", "text", "date", "day", "url", "source", "authors"),
            *("section", "tags", "captions", "hash", "words", "key", "shallow"),
        )
        for junk in JUNK
    ),
    *(
        (f"UPDATE passages SET {column} = ? WHERE position = 0", junk)
        for column in ("vector", "start", "stop")
        for junk in [*JUNK, b"", bytes(7), b"\xff" * 384 * 4]
    ),
    ("UPDATE passages SET article = 99 WHERE article = 1", None),
    ("UPDATE passages SET article = -1 WHERE article = 1", None),
    *(
        ("UPDATE meta SET value = ? WHERE key = 'profile'", junk)
        for junk in [*JUNK, "{}", '{"encoder": 1}', "[" * 100_000]
    ),
    ("UPDATE meta SET value = replace(value, '384', '\"x\"') WHERE key = 'profile'", None),
    ("UPDATE meta SET value = replace(value, '384', '-3') WHERE key = 'profile'", None),
    ("UPDATE meta SET value = replace(value, '384', '383') WHERE key = 'profile'", None),
    ("DELETE FROM meta WHERE key = 'profile'", None),
    ("DELETE FROM meta WHERE key = 'archive'", None),
    ("DELETE FROM meta WHERE key = 'format'", None),
    ("UPDATE meta SET value = ? WHERE key = 'format'", "x"),
    *(("UPDATE removals SET row = ?", junk) for junk in JUNK),
    *(
        (f"UPDATE records SET {column} = ? WHERE kind = '{kind}'", junk)
        for kind in ("tombstone", "origin", "note", "link")
        for column in ("kind", "value", "terms", "data")
        for junk in [*JUNK, b"\x01", "{}"]
    ),
    *(
        (
            f"UPDATE records SET key = ? WHERE kind = '{kind}' AND key = (SELECT min(key) FROM"
            f" records WHERE kind = '{kind}')",
            junk,
        )
        for kind in ("tombstone", "origin", "note", "link")
        for junk in JUNK
    ),
    *(
        (f"UPDATE OR IGNORE record_terms SET {column} = ? WHERE kind = '{kind}'", junk)
        for kind in ("origin", "link")
        for column in ("kind", "term", "key")
        for junk in JUNK
    ),
    *(
        (
            f"UPDATE records SET value = json_set(value, '$.{name}', json(?))"
            f" WHERE kind = '{kind}'",
            junk,
        )
        for kind, names in {
            "tombstone": ("names", "reason", "at"),
            "link": (
                "lang",
                "hash",
                "model",
                "date",
                "group",
                "place",
                "copies",
                "matched",
                "counterpart",
                "score",
            ),
        }.items()
        for name in names
        for junk in (
            '""',
            '"["',
            "[[1]]",
            "null",
            "7",
            "-1.5",
            '"2025-99-99"',
            "{}",
            "1e999",
            "[1]",
        )
    ),
]


@pytest.fixture(scope="module")
def encoder():
    loaded = load_encoder("bundled")
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "stories.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in STORIES), "utf-8")
    return path


@pytest.fixture(scope="module")
def intact(source, encoder, tmp_path_factory):
    path = tmp_path_factory.mktemp("intact") / "news.db"
    archive = Archive(EmbeddedStore(path), Settings(), encoder=encoder)
    archive.create()
    index(archive, source)
    link(archive.store)
    Ledger(archive.store).bar([Tombstone(("cũ",), "sai", "2026-01-01")])
    archive.store.flush()
    archive.store.close()
    return path


def index(archive, source):
    run = Indexer(archive, lambda problem: None, lambda report: None)
    run.run(open_sources([str(source)]))


def damaged(intact, path, statement, value):
    """A copy of the file, and of its word index, with a damage."""
    shutil.copy(intact, path)
    shutil.rmtree(f"{path}.words", ignore_errors=True)
    shutil.copytree(f"{intact}.words", f"{path}.words")
    if value == NO_UTF8:
        statement, value = statement.replace("?", NO_UTF8), None
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, () if value is None else (value,))
        connection.commit()
    return path


def everything(archive, source, encoder, tmp_path):
    """What can be asked of an archive, by name; reembed comes last."""
    store = archive.store
    client = create_app(archive, settings=archive.settings).test_client()

    def serve(path):
        answer = client.get(path)
        assert answer.status_code in (200, 404, 503), answer.get_data(as_text=True)

    return {
        "search": lambda: archive.search(Query("cầu treo mở lại")),
        "search for words": lambda: archive.search(Query("bridge", mode="words", explain=True)),
        "serve": lambda: serve("/?q=chợ phiên"),
        "serve a story": lambda: serve("/article/cầu"),
        "export": lambda: [archive.links([a.id]) for a in list(store.stream())],
        "stats": lambda: json.dumps(vars_of(archive.stats())),
        "takedowns": lambda: json.dumps([s.names for s in Ledger(store).tombstones().values()]),
        "listing": lambda: list(store.listing()),
        "copy": lambda: copy_archive(
            store.location, str(tmp_path / "copied.db"), settings=Settings()
        ),
        "index": lambda: index(archive, source),
        "deepen": lambda: deepen(store, archive.encoder, on_progress=lambda *_: None),
        "link": lambda: link(store),
        "withdraw": lambda: [
            Ledger(store).origins(["cầu"]), Ledger(store).brought(str(source)),
            Ledger(store).withdraw(["?"], "/tin"),
        ],
        "reembed": lambda: reembed(store, encoder, on_progress=lambda *_: None),
    }  # fmt: skip


def vars_of(stats):
    return {name: getattr(stats, name) for name in stats.__slots__}


def told(action, path):
    """The command that an action names when it fails; None where it succeeds."""
    try:
        action()
    except StoreError as error:
        message = str(error)
    else:
        return None
    found = re.fullmatch(rf"{path} is damaged: .*songngu (.*) --archive {path}", message)
    assert found, message
    return found[1]


@settings(
    max_examples=count("SONGNGU_FUZZ", 40),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damage=st.sampled_from(DAMAGE))
@example(damage=("UPDATE articles SET lang = ? WHERE id = 'cầu'", NO_UTF8))
@example(damage=("UPDATE records SET key = ? WHERE kind = 'origin' AND rowid % 3 = 0", "2025-99"))
def test_any_damage_is_told_with_the_way_back_and_the_way_leads_back(
    intact, source, encoder, tmp_path, damage
):
    done("SONGNGU_FUZZ")
    # A folder for each: what is served may still be looking at the one before.
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    path = damaged(intact, folder / "news.db", *damage)
    archive = Archive(EmbeddedStore(path), Settings(), encoder=encoder)
    with closing(EmbeddedStore(intact)) as store:
        whole = {e.article.id: e.article for e in store.entries()}
    with closing(archive.store) as store:
        actions = everything(archive, source, encoder, folder)
        reembedding = actions.pop("reembed")
        commands = {told(action, path) for action in actions.values()}
        assert commands <= {None, "doctor --mend", "reembed", "link --again"}
        if "reembed" in commands:
            reembedding()
        mend(store)
        link(store, again=True)
        index(archive, source)
        deepen(store, encoder, on_progress=lambda *_: None)
        after = {e.article.id: e.article for e in store.entries()}
        assert {a.url for a in after.values()} == {a.url for a in whole.values()}
        assert all(article == whole.get(id_, article) for id_, article in after.items())
        for name, action in everything(archive, source, encoder, folder).items():
            assert told(action, path) is None, name


TOLD = {
    "UPDATE passages SET vector = x'' WHERE article = 1": ("doctor --mend", {"search", "copy"}),
    "UPDATE passages SET vector = substr(vector, 1, 9)": ("doctor --mend", {"search", "copy"}),
    "UPDATE articles SET authors = '[' WHERE id = 'cầu'": ("doctor --mend", {"search", "export"}),
    "UPDATE articles SET day = 'soon' WHERE id = 'cầu'": ("doctor --mend", {"search"}),
    "UPDATE articles SET date = '2025-99-99' WHERE id = 'cầu'": ("doctor --mend", {"export"}),
    "UPDATE meta SET value = '{' WHERE key = 'profile'": ("reembed", {"search", "index", "deepen"}),
    "DELETE FROM meta WHERE key = 'profile'": ("reembed", {"search", "index", "deepen"}),
}
COMMANDS = ["search cầu", "export", "stats", "index SOURCE", "deepen", "copy ARCHIVE copied.db"]


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command as the shell does; returns (exit status, standard error)."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["songngu", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr().err

    return run


@pytest.mark.parametrize("statement", TOLD)
def test_commands_say_it_in_one_line_and_what_they_name_mends_it(
    intact, source, tmp_path, command, statement
):
    path = damaged(intact, tmp_path / "news.db", statement, None)
    shutil.rmtree(f"{path}.words")
    way, expected = TOLD[statement]
    failed = set()
    for line in COMMANDS:
        tried = shutil.copy(path, tmp_path / "tried.db")
        words = [{"SOURCE": source, "ARCHIVE": tried}.get(word, word) for word in line.split()]
        place = [] if words[0] == "copy" else ["--archive", tried]
        status, said = command(*words, *place)
        if status:
            failed.add(words[0])
            told = one_line(said)
            assert told.startswith(f"songngu: {tried} is damaged: ")
            assert f"Mend it with: songngu {way} --archive {tried}" in told
    assert failed >= expected
    for words in (way.split(), ["deepen"], ["index", source]):
        status, said = command(*words, "--archive", path)
        assert status == 0, said
    with open_archive(str(path)) as archive:
        hits = archive.search(Query("cầu treo")).results["vi"]
        assert hits[0].article.id == "cầu"
        assert hits[0].article.authors == ("Lê A",)


def test_an_error_that_is_remembered_holds_up_no_writer(intact, tmp_path):
    """What was being read when it arose lives as long as its traceback, as in a log."""
    path = damaged(intact, tmp_path / "news.db", "UPDATE articles SET lang = ?", NO_UTF8)
    remembered = []
    with closing(EmbeddedStore(path)) as store:
        for action in (store.stats, lambda: list(store.stream()), lambda: list(store.entries())):
            try:
                action()
            except StoreError as error:
                remembered.append(error)
        assert len(remembered) >= 2
        store.records.put([Record("note", "a", {"text": "b"})])
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy
