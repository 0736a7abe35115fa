"""The file of saved searches, and the memory of what was told."""

import json

import pytest

from search.alerts.memory import AlertMemory, Told, alone
from search.alerts.saved_searches import read_alert_file
from search.errors import SettingsError
from search.records import Filters, Query

WHOLE = """
site = "https://tin.example/news/"
ui = "vi"
recipients = ["desk@bao.vn"]

[mail]
host = "smtp.bao.vn"
user = "songngu"
from = "Bàn tin <tin@bao.vn>"

[[search]]
name = "Giá cà phê"
query = "gia ca phe"

[[search]]
name = "Metro"
query = "metro line"
lang = "en"
mode = "words"
from = 2025-01-01
to = "2025-12-31"
source = "Delta Herald"
author = ["Ann Lee"]
section = ["Business", "Kinh tế"]
verbatim = true
phrase = true
ui = "en"
recipients = ["ann@bao.vn", "minh@bao.vn"]
"""
SEARCH = '[[search]]\nname = "a"\nquery = "b"\n'
MAIL = '[mail]\nhost = "localhost"\nfrom = "a@b.vn"\n'


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "alerts.toml"
        path.write_text(text, "utf-8")
        return read_alert_file(path)

    return read


def test_all_that_can_be_said(read):
    file = read(WHOLE)
    assert file.site == "https://tin.example/news"
    assert (file.mail.host, file.mail.port, file.mail.security) == ("smtp.bao.vn", 587, "starttls")
    assert (file.mail.sender_name, file.mail.sender) == ("Bàn tin", "tin@bao.vn")
    coffee, metro = file.searches
    assert (coffee.ui, coffee.recipients) == ("vi", ("desk@bao.vn",))
    assert coffee.query == Query("gia ca phe")
    assert (metro.ui, metro.recipients) == ("en", ("ann@bao.vn", "minh@bao.vn"))
    assert metro.query == Query(
        "metro line",
        lang="en",
        mode="words",
        filters=Filters(
            "2025-01-01",
            "2025-12-31",
            ("Delta Herald",),
            ("Ann Lee",),
            ("Business", "Kinh tế"),
        ),
        verbatim=True,
        only_phrases=True,
    )


@pytest.mark.parametrize(
    ("port", "user", "meant"),
    [
        ("", "", (25, "none")),
        ("", "u", (587, "starttls")),
        ("port = 465", "u", (465, "tls")),
        ("port = 2525", "", (2525, "none")),
        ('port = 2525\nsecurity = "tls"', "u", (2525, "tls")),
    ],
)
def test_what_is_not_said_of_mail(read, port, user, meant):
    mail = read(f'recipients = "a@b.vn"\n{MAIL}{port}\nuser = "{user}"\n{SEARCH}').mail
    assert (mail.port, mail.security) == meant
    assert mail.sender_name == "Songngu"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no search in it"),
        ("search = []", "there is no search in it"),
        ("[search]", "there is no search in it"),
        ("x = ", "not valid TOML"),
        ('sit = "x"\n' + SEARCH, "the file says 'sit'. Known are: site"),
        (SEARCH + "sauce = 1", "search 'a' says 'sauce'"),
        (SEARCH + SEARCH, "two searches are called 'a'"),
        ('[[search]]\nquery = "x"', "search 1 has no name"),
        ('[[search]]\nname = "a\\nBcc: x@y.vn"\nquery = "x"', "no name of one line"),
        ('[[search]]\nname = "a"', "search 'a' has no query"),
        (SEARCH + "lang = 1", "lang must be text"),
        (SEARCH + "source = [1]", "source must be text, or a list"),
        (SEARCH + "verbatim = 1", "verbatim must be true or false"),
        (SEARCH + 'ui = "fr"', "ui must be vi or en"),
        ('site = "news.example"\n' + SEARCH, "site must be an address"),
        ('site = "https://u:geheim@news.example"\n' + SEARCH, "site must be an address"),
        ('site = "javascript:alert(1)"\n' + SEARCH, "site must be an address"),
        (MAIL + SEARCH, "nobody is to be told of 'a'"),
        (SEARCH + 'recipients = ["a@b.vn\\nBcc: c@d.vn"]', "no address of e-mail"),
        (SEARCH + 'recipients = ["ănn@b.vn"]', "no address of e-mail"),
        ("mail = 1\n" + SEARCH, "mail must be a table"),
        (MAIL + 'password = "geheim"\n' + SEARCH, "SONGNGU_SMTP_PASSWORD"),
        (MAIL + "port = 0\n" + SEARCH, "port in [mail]"),
        (MAIL + 'security = "ssl"\n' + SEARCH, "none, starttls or tls"),
        (MAIL + "timeout_s = 0\n" + SEARCH, "timeout_s in [mail]"),
        ('[mail]\nhost = "a"\nfrom = "x\\ny <a@b.vn>, c@d.vn"\n' + SEARCH, "[mail] needs host"),
        (
            '[mail]\nhost = "smtp.b.vn"\nport = 25\nuser = "u"\nfrom = "a@b.vn"\n' + SEARCH,
            "sent in the clear",
        ),
    ],
)
def test_what_is_wrong_is_told_on_one_line(read, text, told):
    with pytest.raises(SettingsError) as raised:
        read(text)
    assert told in str(raised.value)
    assert "alerts.toml" in str(raised.value)
    assert "geheim" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read_alert_file(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("tên".encode("latin-1"))
    with pytest.raises(SettingsError, match="UTF-8"):
        read_alert_file(tmp_path / "latin.toml")


def test_a_search_asks_for_something_else_when_its_query_or_a_filter_changes(read):
    def asks(more="", query="b"):
        return read(f'[[search]]\nname = "a"\nquery = "{query}"\n{more}').searches[0].asks

    assert asks() == asks('lang = "both"') == asks('ui = "vi"') == asks('recipients = "a@b.vn"')
    different = {asks(), asks(query="c"), asks('lang = "vi"'), asks('source = "c"')}
    assert len(different) == 4
    # Kept in files of people: another value means that all is taken as known.
    assert asks() == "72cfa72aa0d590e6220aa3f8"


def test_memory_comes_back(tmp_path):
    path = tmp_path / "told"
    memory = AlertMemory(path)
    assert memory.searches == {}
    told = Told("asks", {"b", "a", "c\ud800"}, {"x@y.vn": ["b", "a"]})
    memory.searches["Giá cà phê"] = told
    memory.save()
    assert [p.name for p in tmp_path.iterdir()] == ["told"]
    del told.ids
    told.ids = {"a", "b"}
    memory.save()
    assert AlertMemory(path).searches == {
        "Giá cà phê": Told("asks", {"a", "b"}, {"x@y.vn": ["b", "a"]})
    }
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        '{"version": 2, "searches": {}}',
        '{"version": 1}',
        '{"version": 1, "searches": {"a": {}}}',
        '{"version": 1, "searches": {"a": {"asks": "x", "told": "abc", "owed": {}}}}',
        '{"version": 1, "searches": {"a": {"asks": "x", "told": [1], "owed": {}}}}',
        '{"version": 1, "searches": {"a": {"asks": "x", "told": [], "owed": {"b": "c"}}}}',
    ],
)
def test_damaged_memory_is_not_taken_for_none(tmp_path, text):
    path = tmp_path / "told"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match="is damaged"):
        AlertMemory(path)
    assert path.read_text("utf-8") == text


def test_memory_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "told"
    memory = AlertMemory(path)
    memory.searches["a"] = Told("x", {"1"})
    memory.save()
    before = path.read_text("utf-8")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    memory.searches["a"].ids.add("2")
    with pytest.raises(SettingsError, match="No space left"):
        memory.save()
    assert path.read_text("utf-8") == before
    assert json.loads(before)["searches"]["a"]["told"] == ["1"]
    assert [p.name for p in tmp_path.iterdir()] == ["told"]


def test_one_run_at_a_time(tmp_path):
    path = tmp_path / "told"
    with alone(path), pytest.raises(SettingsError, match="this one did nothing"), alone(path):
        pass
    with alone(path):
        pass
    with pytest.raises(SettingsError, match="--state"), alone(tmp_path / "none" / "told"):
        pass
