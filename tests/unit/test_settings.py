"""Where settings come from, and what is refused."""

import pytest

from search.errors import SettingsError
from search.settings import Settings, cache_folder, table


def load(flags=None, **environ):
    return Settings.load(flags, environ={f"SONGNGU_{k.upper()}": v for k, v in environ.items()})


def test_flags_come_before_the_environment_before_the_file_before_defaults(tmp_path):
    file = tmp_path / "songngu.toml"
    file.write_text('archive = "file.db"\nport = 1\nhost = "0.0.0.0"\n', "utf-8")
    settings = load({"archive": "flag.db", "port": None}, config=str(file), port="2")
    assert (settings.archive, settings.port, settings.host) == ("flag.db", 2, "0.0.0.0")
    assert settings.threads == Settings().threads


def test_the_file_of_the_current_folder_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songngu.toml").write_text("port = 81\n", "utf-8")
    assert load().port == 81


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"port": "eighty"}, "SONGNGU_PORT must be a whole number"),
        ({"port": "70000"}, "between 0 and 65535"),
        ({"title_opens": "window"}, "must be reader or publisher, not 'window'"),
        ({"query_timeout_s": "0"}, "SONGNGU_QUERY_TIMEOUT_S"),
        ({"config": "/does/not/exist.toml"}, "exist.toml"),
    ],
)
def test_values_that_cannot_be_used_are_named(environ, named):
    with pytest.raises(SettingsError, match=named):
        load(**environ)


@pytest.mark.parametrize(
    ("content", "named"),
    [("colour = 1", "unknown setting 'colour'"), ("port = ", "TOML"), ("archive = 3", "archive")],
)
def test_files_that_cannot_be_used_are_named(tmp_path, content, named):
    file = tmp_path / "songngu.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(SettingsError, match=named):
        load(config=str(file))


def test_secrets_do_not_show():
    assert "geheim" not in repr(load(es_api_key="geheim"))


def test_every_setting_is_in_the_table():
    names = [name for name, *_ in table()]
    assert "archive" in names
    assert all(help_text for *_, help_text in table())


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("SONGNGU_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("SONGNGU_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "songngu"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "songngu"
