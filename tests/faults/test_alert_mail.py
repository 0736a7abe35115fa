"""songngu alert and mail servers that refuse, fail, hang or go; and runs that are killed.

Nothing is lost, and nothing is told twice but where a kill came between sending and remembering.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import replace

import pytest
from support.archives import add_to_archive, write_archive
from support.commands import RUN, one_line, songngu, start
from support.counts import count, done
from support.mail_server import MailServer

from search.alerts.messages import MOST
from search.archive import open_archive
from search.cli import cli
from search.errors import SettingsError
from search.records import Article
from search.settings import Settings
from search.stores.base import Entry

KILLS = count("SONGNGU_KILLS", 3)
SECRET = "geheim 9!"


def bridge(name, lang="vi", text="Cầu Trường Tiền được thông xe."):
    return Article(name, lang, f"{text} {name}", f"Cầu Trường Tiền {name}", "", "2025-09-24")


@pytest.fixture
def place(tmp_path):
    return write_archive([bridge("c0")], tmp_path / "news.db")


@pytest.fixture
def write(tmp_path):
    """Writes the file of saved searches for a mail server."""

    def write(port, *recipients, more="", searches=("Cầu",)):
        path = tmp_path / "alerts.toml"
        text = f'ui = "vi"\nrecipients = {json.dumps(recipients or ["ann@bao.vn"])}\n[mail]\n'
        text += f'host = "127.0.0.1"\nport = {port}\nfrom = "tin@bao.vn"\n{more}\n'
        for name in searches:
            text += f'[[search]]\nname = "{name}"\nquery = "cầu Trường Tiền"\n'
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def alert(place, tmp_path, capsys):
    """Runs the command in this process; returns (exit status, standard output, standard error)."""

    def run(*options):
        arguments = ["alert", str(tmp_path / "alerts.toml"), "--archive", str(place), *options]
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments, standalone_mode=False)
        out, err = capsys.readouterr()
        assert "geheim" not in out + err
        return ended.value.code, out, err

    return run


def told(server):
    """(recipient, names of the stories) of each message that was taken."""
    found = []
    for to, message in server.taken:
        lines = message.get_body(("plain",)).get_content().splitlines()
        stories = [line.removeprefix("* Cầu Trường Tiền ") for line in lines if line[:2] == "* "]
        found.append((to, sorted(stories)))
    return found


def test_a_message_arrives_whole(alert, place, write):
    with MailServer() as server:
        write(server.port, "ann@bao.vn", "minh@bao.vn")
        assert alert()[0] == 0
        assert server.taken == []
        add_to_archive([bridge("c1"), bridge("c2")], place)
        status, out, err = alert()
        assert (status, err) == (0, "")
        assert out == "Cầu: 2 new, told to ann@bao.vn, minh@bao.vn.\n"
        assert alert() == (0, "", "")
    assert told(server) == [("ann@bao.vn", ["c1", "c2"]), ("minh@bao.vn", ["c1", "c2"])]
    for to, message in server.taken:
        assert message["Subject"] == "Cầu: 2 bài mới"
        assert message["To"] == to
        assert message["From"] == "Songngu <tin@bao.vn>"
        assert "Cầu Trường Tiền c1" in message.get_body(("html",)).get_content()


def test_a_refused_recipient_is_told_later_and_the_others_once(alert, place, write):
    with MailServer(refused={"minh@bao.vn"}) as server:
        write(server.port, "minh@bao.vn", "ann@bao.vn")
        alert()
        add_to_archive([bridge("c1")], place)
        status, _, err = alert()
        assert status == 1
        assert "minh@bao.vn was not told: the mail server did not take it: 550 5.1.1" in one_line(
            err
        )
        assert told(server) == [("ann@bao.vn", ["c1"])]
        add_to_archive([bridge("c2")], place)
        assert alert()[0] == 1
        assert told(server)[1:] == [("ann@bao.vn", ["c2"])]
        server.refused.clear()
        assert alert()[:2] == (0, "Cầu: what was left, told to minh@bao.vn.\n")
        assert told(server)[2:] == [("minh@bao.vn", ["c1", "c2"])]
        assert alert() == (0, "", "")


def test_who_is_no_recipient_any_more_is_owed_nothing(alert, place, write, tmp_path):
    with MailServer(refused={"minh@bao.vn"}) as server:
        write(server.port, "minh@bao.vn", "ann@bao.vn")
        alert()
        add_to_archive([bridge("c1")], place)
        alert()
        write(server.port, "ann@bao.vn")
        assert alert() == (0, "", "")
    kept = json.loads((tmp_path / "alerts.toml.told").read_text("utf-8"))
    assert kept["searches"]["Cầu"]["owed"] == {}


@pytest.mark.parametrize("answer", ["451 4.3.0 Try again later", "554 5.7.1 Looks like spam"])
def test_a_message_that_is_not_taken_comes_with_the_next_run(alert, place, write, answer):
    with MailServer(answer=answer) as server:
        write(server.port, searches=("Cầu", "Cầu hai"))
        alert()
        add_to_archive([bridge("c1")], place)
        status, out, err = alert()
        assert (status, out) == (1, "")
        assert [line.split(":")[0] for line in err.splitlines()] == ["Cầu", "Cầu hai"]
        assert answer in err
        assert server.asked == 2
        server.answer = ""
        assert alert()[0] == 0
        assert told(server) == [("ann@bao.vn", ["c1"])] * 2


def test_a_server_that_is_away_loses_nothing_and_is_tried_once(alert, place, write):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    write(port, searches=("Cầu", "Cầu hai"))
    alert()
    add_to_archive([bridge("c1")], place)
    for _ in range(2):
        status, _, err = alert()
        assert status == 1
        assert err.count(f"127.0.0.1:{port} cannot be used: [Errno 111]") == 2
    with MailServer() as server:
        write(server.port, searches=("Cầu", "Cầu hai"))
        assert alert()[0] == 0
    assert told(server) == [("ann@bao.vn", ["c1"])] * 2


def test_a_server_that_says_nothing(alert, place, write):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write(silent.getsockname()[1], more="timeout_s = 0.5", searches=("Cầu", "Cầu hai"))
        alert()
        add_to_archive([bridge("c1")], place)
        began = time.monotonic()
        status, _, err = alert()
        assert status == 1
        assert err.count("timed out") == 2
        assert time.monotonic() - began < 60


def test_a_server_that_stops_answering_in_the_middle(alert, place, write):
    with MailServer(sits=True) as server:
        write(server.port, more="timeout_s = 0.5")
        alert()
        add_to_archive([bridge("c1")], place)
        status, _, err = alert()
        assert status == 1
        assert "did not take it" in one_line(err)
        assert server.asked == 1
        server.sits = False
        assert alert()[0] == 0
    assert told(server) == [("ann@bao.vn", ["c1"])]


@pytest.mark.parametrize("goodbye", ["500 What?", "421 Going away"])
def test_what_a_server_took_is_told_whatever_its_goodbye(alert, place, write, goodbye):
    with MailServer(goodbye=goodbye) as server:
        write(server.port)
        alert()
        add_to_archive([bridge("c1")], place)
        assert alert()[0] == 0
        assert alert() == (0, "", "")
    assert told(server) == [("ann@bao.vn", ["c1"])]


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(context of a server, file with the certificate it shows)."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=songngu -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*request.split(), "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted(alert, place, write, tls, security, monkeypatch):
    context, cert = tls
    login = {"login": ("songngu", SECRET), security: context}
    with MailServer(**login) as server:
        more = f'user = "songngu"\nsecurity = "{security}"\n'
        write(server.port, more=more)
        assert "SONGNGU_SMTP_PASSWORD" in refusal(alert)
        monkeypatch.setenv("SONGNGU_SMTP_PASSWORD", "geheim ệ")
        assert "cannot be sent" in refusal(alert)
        monkeypatch.setenv("SONGNGU_SMTP_PASSWORD", SECRET)
        alert()
        add_to_archive([bridge("c1")], place)
        status, _, err = alert()  # nobody it knows has signed the certificate
        assert (status, "certificate verify failed" in one_line(err)) == (1, True)
        write(server.port, more=f'{more}ca_certs = "{cert}"')
        monkeypatch.setenv("SONGNGU_SMTP_PASSWORD", "geheim falsch")
        status, _, err = alert()
        assert (status, "535" in one_line(err)) == (1, True)
        assert server.taken == []
        assert server.logins == 0
        monkeypatch.setenv("SONGNGU_SMTP_PASSWORD", SECRET)
        assert alert()[0] == 0
        assert server.logins == 1
    assert told(server) == [("ann@bao.vn", ["c1"])]


def refusal(alert):
    with pytest.raises(SettingsError) as raised:
        alert()
    return str(raised.value)


def test_no_password_goes_where_no_encryption_is_offered(alert, place, write, tls, monkeypatch):
    monkeypatch.setenv("SONGNGU_SMTP_PASSWORD", SECRET)
    with MailServer() as server:
        write(server.port, more='user = "songngu"\nsecurity = "starttls"')
        alert()
        add_to_archive([bridge("c1")], place)
        status, _, err = alert()
        assert (status, "STARTTLS" in one_line(err)) == (1, True)
        assert server.taken == []


def test_certificates_that_cannot_be_read(alert, write):
    write(25, more='security = "tls"\nca_certs = "none.pem"')
    assert "none.pem cannot be read" in refusal(alert)


def test_of_very_many_the_newest_are_told_and_the_others_counted(alert, place, write):
    with MailServer() as server:
        write(server.port)
        alert()
        dated = [
            replace(bridge(f"m{n:03}"), date=f"20{n % 20 + 5:02}-01-01") for n in range(MOST + 20)
        ]
        copy_entries(place, dated)
        assert alert()[1].startswith(f"Cầu: {MOST + 20} new")
    [(_, names)] = told(server)
    assert len(names) == MOST
    [(_, message)] = server.taken
    assert "Và 20 bài mới khác" in message.get_body(("plain",)).get_content()


def copy_entries(place, articles):
    """Write many articles with the vectors of one: only their words matter here."""
    with open_archive(str(place), settings=Settings()) as archive:
        [like] = archive.store.entries()
        archive.store.upsert([Entry(a, like.passages, like.vectors, like.forms) for a in articles])
        archive.store.flush()


# Kills


def killed(process):
    """Kill a run; what a mail server calls while it has it in hand."""

    def kill():
        process[-1].send_signal(signal.SIGKILL)
        process[-1].wait()

    return kill


def runs(place, file):
    return start("alert", file, "--archive", place)


def ended(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.parametrize("moment", ["at_data", "at_quit"])
def test_killed_between_sending_and_remembering(alert, place, write, moment):
    """Killed before the server says yes, or after that and before it is written down."""
    process = []
    with MailServer() as server:
        file = write(server.port, "ann@bao.vn", "minh@bao.vn")
        alert()
        add_to_archive([bridge("c1")], place)
        setattr(server, moment, killed(process))
        process.append(runs(place, file))
        assert ended(process[0])[0] == -signal.SIGKILL
        setattr(server, moment, None)
        assert len(server.taken) == 1
        assert alert()[0] == 0
        assert alert() == (0, "", "")
    # One message came twice, and is known by its id; everybody was told.
    assert told(server) == [
        ("ann@bao.vn", ["c1"]),
        ("ann@bao.vn", ["c1"]),
        ("minh@bao.vn", ["c1"]),
    ]
    assert server.ids[0] == server.ids[1]


def test_killed_at_any_moment(alert, place, write):
    pick = random.Random(11)
    killed_in_time = added = tries = 0
    with MailServer() as server:
        file = write(server.port, "ann@bao.vn", "minh@bao.vn", "lan@bao.vn")
        alert()
        while killed_in_time < KILLS and tries < 20 * KILLS:
            tries += 1
            added += 1
            add_to_archive([bridge(f"k{added}")], place)
            before = len(server.taken)
            process = runs(place, file)
            deadline = time.monotonic() + 60
            while len(server.taken) == before and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(pick.uniform(0, 0.05))
            process.kill()
            killed_in_time += ended(process)[0] == -signal.SIGKILL
        assert alert()[0] == 0
        assert alert() == (0, "", "")
    done("SONGNGU_KILLS", killed_in_time)
    assert killed_in_time
    everything = [f"k{n}" for n in range(1, added + 1)]
    for to in ("ann@bao.vn", "minh@bao.vn", "lan@bao.vn"):
        stories = sorted(s for r, names in told(server) if r == to for s in set(names))
        assert sorted(set(stories)) == sorted(everything), "a story was lost"
    repeated = sum(len(names) for _, names in told(server)) - 3 * len(everything)
    assert repeated <= killed_in_time * (added + 1)
    messages = [(to, tuple(names)) for to, names in told(server)]
    assert len(messages) - len(set(messages)) <= killed_in_time, "more than one came twice a kill"


def test_two_runs_at_once(alert, place, write):
    with MailServer(sits=True) as server:
        file = write(server.port, more="timeout_s = 20")
        alert()
        add_to_archive([bridge("c1")], place)
        first = runs(place, file)
        deadline = time.monotonic() + 60
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        second = songngu("alert", file, "--archive", place)
        assert second.returncode == 1
        assert "Another run" in one_line(second.stderr)
        assert server.asked == 1
        first.kill()
        first.communicate()
        server.sits = False
        assert alert()[0] == 0
    assert told(server) == [("ann@bao.vn", ["c1"])]


def test_what_is_printed_to_nobody_was_not_told(place, tmp_path):
    file = tmp_path / "alerts.toml"
    file.write_text('[[search]]\nname = "Cầu"\nquery = "cầu Trường Tiền"', "utf-8")
    read, write = os.pipe()
    os.close(read)
    command = [*RUN, "alert", str(file), "--archive", str(place), "--all"]
    subprocess.run(command, stdout=write, timeout=120, check=False)
    os.close(write)
    again = songngu("alert", file, "--archive", place, "--all")
    assert (again.returncode, again.stderr) == (0, "")
    assert "Cầu Trường Tiền c0" in again.stdout


def test_a_folder_that_cannot_be_written(alert, write, tmp_path):
    with MailServer() as server:
        write(server.port)
        (tmp_path / "alerts.toml.told").mkdir()
        assert "cannot be read" in refusal(alert)
        assert server.taken == []
