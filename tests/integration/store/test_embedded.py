"""The embedded PostgreSQL starts anywhere, is shared, survives who is killed, and says why when it cannot start."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.errors import NeedsAttention
from hub.store.embedded import EmbeddedServer
from tests.processes import start

ROOT = Path(__file__).parents[3]
USE = """
import sys, pathlib
from hub.store.embedded import EmbeddedServer
server = EmbeddedServer(pathlib.Path(sys.argv[1]), durable=False)
server.start()
print("started", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path of its own: pytest's are closed to the server's user, and long."""
    top = Path(tempfile.mkdtemp(prefix="hub t "))
    yield top / "data folder"
    for pid in _postmasters(top):
        os.kill(pid, signal.SIGQUIT)
    shutil.rmtree(top, ignore_errors=True)


def _postmasters(top: Path) -> list[int]:
    """Servers that a failed test left behind."""
    pids = [int(path.read_text().split()[0]) for path in top.rglob("postmaster.pid")]
    return [
        pid
        for pid in pids
        if Path(f"/proc/{pid}/comm").exists() and "postgres" in Path(f"/proc/{pid}/comm").read_text()
    ]


def _ask(server: EmbeddedServer, question: str = "SELECT 42") -> object:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def _pid(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def _user(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until it hears a line; it has started when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def _started(folder: Path) -> EmbeddedServer:
    server = EmbeddedServer(folder, durable=False)
    server.start()
    return server


def test_it_starts_in_a_path_with_spaces_keeps_its_data_and_stops_with_its_last_user(folder: Path) -> None:
    server = _started(folder)
    server.create_database("kept")
    server.create_database("kept")
    assert server.leave()
    with pytest.raises(psycopg.OperationalError):
        _ask(server)
    again = _started(folder)
    assert _ask(again, "SELECT datname::text FROM pg_database WHERE datname = 'kept'") == "kept"
    assert again.leave()


def test_it_listens_on_no_port_and_nobody_else_can_enter_its_folder(folder: Path) -> None:
    server = _started(folder)
    assert _ask(server, "SELECT current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    server.leave()


def test_a_path_too_long_for_a_socket_works_all_the_same(folder: Path) -> None:
    server = _started(folder / ("deep " * 20))
    try:
        assert server.socket_folder.parent != server.folder
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        assert _ask(server) == 42
    finally:
        server.leave()
        shutil.rmtree(server.socket_folder)


def test_two_processes_share_it_and_the_last_one_stops_it(folder: Path) -> None:
    other = _user(folder)
    server = _started(folder)
    assert _pid(folder)
    other.communicate("\n")
    assert _ask(server) == 42
    assert server.leave()


def test_who_leaves_while_another_stays_does_not_stop_it(folder: Path) -> None:
    server = _started(folder)
    other = _user(folder)
    assert not server.leave()
    assert _ask(server) == 42
    other.communicate("\n")
    with pytest.raises(psycopg.OperationalError):
        _ask(server)


def test_it_stops_though_the_way_to_its_folder_was_closed_meanwhile(folder: Path) -> None:
    server = _started(folder)
    folder.parent.chmod(0o700)
    assert server.leave()
    assert _postmasters(folder) == []


def test_a_killed_user_neither_stops_it_nor_keeps_it_for_ever(folder: Path) -> None:
    other = _user(folder)
    pid = _pid(folder)
    other.kill()
    other.communicate()
    server = _started(folder)
    assert _pid(folder) == pid  # joined, not started anew
    assert server.leave()


def test_a_killed_server_recovers_at_the_next_start(folder: Path) -> None:
    server = _started(folder)
    server.create_database("kept")
    os.kill(_pid(folder), signal.SIGKILL)
    again = _started(folder)
    assert _ask(again, "SELECT count(*) FROM pg_database WHERE datname = 'kept'") == 1
    server.leave()
    assert again.leave()


def test_a_stale_note_with_another_programs_number_is_not_taken_for_the_server(folder: Path) -> None:
    server = _started(folder)
    notes = [folder / "postgres" / name for name in ("postmaster.pid", ".s.PGSQL.5432.lock")]
    texts = [note.read_text() for note in notes]
    server.leave()
    for note, text in zip(notes, texts, strict=True):
        note.write_text(text.replace(text.split()[0], str(os.getpid()), 1))
    again = _started(folder)
    assert _ask(again) == 42
    assert again.leave()


def test_a_server_whose_socket_was_taken_away_is_started_anew(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False)
    server.start()
    (server.socket_folder / ".s.PGSQL.5432").unlink()
    again = EmbeddedServer(folder, durable=False)
    again.start()
    assert _ask(again) == 42
    server.leave()
    again.leave()


def test_what_keeps_it_from_starting_is_said_with_what_to_do(folder: Path) -> None:
    _started(folder).leave()
    (folder / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(NeedsAttention) as refused:
        _started(folder)
    (problem,) = refused.value.problems
    assert "could not find the database system" in problem.message
    assert problem.file == str(folder.resolve() / "postgres" / "server.log")
    assert "HUB_DATABASE_URL" in str(problem)


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "thesis.txt").write_text("all my work")
    with pytest.raises(NeedsAttention, match="not empty"):
        _started(folder)
    assert (folder / "postgres" / "thesis.txt").read_text() == "all my work"


def test_a_folder_that_cannot_be_one_is_named(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file")
    with pytest.raises(NeedsAttention, match="the data folder cannot be used: File exists") as refused:
        _started(folder)
    assert refused.value.problems[0].file == str(folder.resolve())


def test_it_starts_for_an_ordinary_user_too(folder: Path) -> None:
    _started(folder / "first").leave()  # as whoever runs the tests; root opens the way to the binaries
    own = folder / "own"
    own.mkdir()
    child = start(_start_as_ordinary_user, own)
    child.join()
    assert child.exitcode == 0
    assert (own / "postgres").stat().st_uid != 0


def _start_as_ordinary_user(folder: Path) -> None:
    """In a process of its own, which fails where the server did not start, run as this user and stop again."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(folder, nobody, nobody)
        os.setgroups([])
        os.setgid(nobody)
        os.setuid(nobody)
    server = _started(folder)
    assert Path(f"/proc/{_pid(folder)}").stat().st_uid == os.geteuid() != 0
    assert _ask(server) == 42
    assert server.leave()


def _create_until_killed(folder: Path) -> None:
    """Die with what was begun as soon as PostgreSQL has put its version there: nothing else of it is whole then."""
    os.setpgid(0, 0)
    server = EmbeddedServer(folder, durable=False)
    group = os.getpid()
    if os.fork() == 0:
        while not list(folder.glob("postgres*/PG_VERSION")):
            pass
        os.killpg(group, signal.SIGKILL)
    server.start()
    signal.pause()


def test_who_is_killed_while_the_folder_is_made_leaves_nothing_that_is_taken_for_one(folder: Path) -> None:
    killed = start(_create_until_killed, folder)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    server = _started(folder)
    assert _ask(server) == 42
    assert [path.name for path in folder.glob("postgres*")] == ["postgres"]
    server.leave()
