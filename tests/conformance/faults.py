"""What goes wrong between the hub and each system, done by the system itself or on the line to it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tests.conformance.in_files import HarborlineFiles, HarborlineFolder, HarborlineSftp
from tests.conformance.in_tables import TidewaterFile, TidewaterServer, TidewaterTables
from tests.conformance.line import truncated
from tests.conformance.sandboxes import Opened
from tests.peers.scripted import answer
from tests.peers.wire import Wire


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong while `spoil` is entered."""

    spoil: Callable[[Opened], AbstractContextManager[object]]
    is_refused: bool = True
    """The pull ends with an error; else it goes on with what can be trusted."""
    never_comes: bool = False
    """What the hub waits for, so that it is let give up soon."""

    @contextmanager
    def happen(self, desk: Opened) -> Iterator[None]:
        """Within it things are wrong."""
        with self.spoil(desk), desk.impatient() if self.never_comes else nullcontext():
            yield


# Over HTTP

SPOILT = b'{"resourceType": "OperationOutcome"}'
ANSWERS: Mapping[str, Callable[[bytes], bytes]] = {
    "429": lambda _said: answer({}, 429, content_type="application/json"),
    "500": lambda _said: answer(SPOILT, 500, content_type="application/json"),
    "401": lambda _said: answer({}, 401, content_type="application/json"),
    "broken off": truncated,
    "half": lambda said: answer(said.partition(b"\r\n\r\n")[2][:40] or b"[", content_type="application/json"),
    "a page of HTML": lambda _said: answer("<html>Sign in</html>", content_type="text/html"),
    "another shape": lambda _said: answer({"fine": 7}, content_type="application/json"),
    "nothing": lambda _said: answer("", content_type="application/json"),
    "no answer": lambda _said: b"",
}


def _answering(said: Callable[[bytes], bytes]) -> Fault:
    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        desk.line.fault = said
        yield
        desk.line.fault = None

    return Fault(spoil)


@contextmanager
def _silent(desk: Opened) -> Iterator[None]:
    """It takes the question and says nothing for as long as anybody waits."""
    is_over = Event()

    def wait(said: bytes) -> bytes:
        is_over.wait()
        return said

    desk.line.fault = wait
    try:
        yield
    finally:
        is_over.set()
        desk.line.fault = None


# On a line that is no HTTP


def _on_the_wire(**happens: object) -> Fault:
    """Whatever is left of what was said, the hub may wait for more of it."""

    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        wire = _wire(desk)
        before = {name: getattr(wire, name) for name in happens}
        for name, value in happens.items():
            setattr(wire, name, value)
        yield
        for name, value in before.items():
            setattr(wire, name, value)

    return Fault(spoil, never_comes=True)


def _wire(desk: Opened) -> Wire:
    assert isinstance(desk.sandbox, TidewaterServer | HarborlineSftp)
    return desk.sandbox.wire


# Databases


def _tables(desk: Opened) -> TidewaterTables:
    assert isinstance(desk.sandbox, TidewaterTables)
    return desk.sandbox


def _locked(how: str) -> Fault:
    """Somebody else has it for himself."""

    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        with _tables(desk).engine.connect() as other:
            other.exec_driver_sql(how)
            yield
            other.rollback()

    return Fault(spoil, never_comes=True)


def _changed(there: str, back: str, *, never_comes: bool = False) -> Fault:
    """Its owner does something to it, and takes it back."""

    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        tables = _tables(desk)
        tables.do(there)
        yield
        tables.do(back)

    return Fault(spoil, never_comes=never_comes)


@contextmanager
def _thrown_out(desk: Opened) -> Iterator[None]:
    """Its administrator ends whoever is signed in, in the middle of the reading."""
    tables = _tables(desk)
    assert isinstance(tables, TidewaterServer)
    # Others share the server.
    signed_in = "datname = current_database() AND application_name = 'tidewater'"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {signed_in}"
    desk.line.before = {desk.line.asked + turn: lambda: tables.do(end) for turn in range(4, 40)}
    yield
    desk.line.before = {}


def _file(change: Callable[[bytes], bytes]) -> Fault:
    """What stands on the disk is not what was written."""

    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        tables = _tables(desk)
        assert isinstance(tables, TidewaterFile)
        tables.engine.dispose()
        whole = tables.file.read_bytes()
        tables.file.write_bytes(change(whole))
        yield
        tables.file.write_bytes(whole)

    return Fault(spoil)


# Files


def _files(desk: Opened) -> HarborlineFiles:
    assert isinstance(desk.sandbox, HarborlineFiles)
    return desk.sandbox


def _leaving(change: Callable[[Path], object], *, is_refused: bool = True) -> Fault:
    """What it leaves is not as it should be; the next file is."""

    @contextmanager
    def spoil(desk: Opened) -> Iterator[None]:
        files = _files(desk)
        files.on_leaving = change
        yield
        files.on_leaving, files.is_left = (lambda _file: None), False

    return Fault(spoil, is_refused)


def _cut_short(file: Path) -> None:
    """The disk was full: it ends within a row."""
    lines = file.read_bytes().split(b"\r\n")
    half = max(2, len(lines) // 2)
    file.write_bytes(b"\r\n".join([*lines[:half], lines[half][:12]]))


def _half_uploaded(file: Path) -> None:
    """Half of it, and no mark yet."""
    _cut_short(file)
    file.with_name(f"{file.name}.ok").unlink()


def _another_shape(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"Guest No", b"Number"))


@contextmanager
def _changing(desk: Opened) -> Iterator[None]:
    """Somebody goes on writing while the hub reads."""
    files = _files(desk)
    assert isinstance(files, HarborlineFolder)

    def go_on() -> None:
        newest = max((files.vendor.folder / "out").glob("guests_*.csv"))
        newest.write_bytes(newest.read_bytes() + b"H9999;Eve;Roe;;;open;;\r\n")

    files.on_read = go_on
    yield
    files.on_read, files.is_left = (lambda: None), False


@contextmanager
def _gone(desk: Opened) -> Iterator[None]:
    """Taken away between the list and the reading."""
    files = _files(desk)

    def take() -> None:
        for file in (files.vendor.folder / "out").glob("guests_*.csv"):
            file.unlink()

    desk.line.before = {desk.line.asked + 1: take}
    yield
    desk.line.before, files.is_left = {}, False


@contextmanager
def _no_folder(desk: Opened) -> Iterator[None]:
    """It is not mounted."""
    folder = _files(desk).vendor.folder
    away = folder.with_name("away")
    folder.rename(away)
    _files(desk).is_left = True  # it cannot leave anything, either
    yield
    away.rename(folder)
    _files(desk).is_left = False


@contextmanager
def _denied(desk: Opened) -> Iterator[None]:
    files = _files(desk)
    assert isinstance(files, HarborlineFolder)
    files.is_denied = True
    yield
    files.is_denied = False


@contextmanager
def _denied_there(desk: Opened) -> Iterator[None]:
    """The server lists its files and opens none."""
    files = _files(desk)
    assert isinstance(files, HarborlineSftp)
    files.server, files.strict = files.strict, files.server
    yield
    files.server, files.strict = files.strict, files.server


OTHER_COLUMN = _changed(
    "ALTER TABLE person RENAME person_no TO number", "ALTER TABLE person RENAME number TO person_no"
)
SLOW = (
    "ALTER TABLE person RENAME TO people; GRANT ALL ON people TO PUBLIC;"
    "CREATE VIEW person AS SELECT people.* FROM people, LATERAL (SELECT pg_sleep(600)) AS slow;"
    "GRANT ALL ON person TO PUBLIC"
)
QUICK = "DROP VIEW person; ALTER TABLE people RENAME TO person"
LOST_LINE = {
    "no answer": _on_the_wire(is_down=True),
    "broken off at once": _on_the_wire(cut_after=40),
    "silent": _on_the_wire(stalled=True),
    "garbage": _on_the_wire(garbage=True),
}
SPOILT_FILES = {
    "cut short": _leaving(_cut_short, is_refused=False),
    "half uploaded": _leaving(_half_uploaded, is_refused=False),
    "another shape": _leaving(_another_shape),
    "empty": _leaving(lambda file: file.write_bytes(b"")),
    "no table": _leaving(lambda file: file.write_bytes(b"%PDF-1.7")),
}
OVER_HTTP = {**{name: _answering(said) for name, said in ANSWERS.items()}, "silent": Fault(_silent, never_comes=True)}
FAULTS: Mapping[str, Mapping[str, Fault]] = {
    "rest_counted": OVER_HTTP,
    "rest_keyed": OVER_HTTP,
    "graphql": OVER_HTTP,
    "fhir_r4": OVER_HTTP,
    "sql_file": {
        "locked": _locked("BEGIN EXCLUSIVE"),
        "damaged": _file(lambda whole: whole[:100] + b"\xff" * 8000 + whole[8100:]),
        "cut short": _file(lambda whole: whole[: len(whole) // 2]),
        "another shape": OTHER_COLUMN,
    },
    "sql_server": {
        **LOST_LINE,
        "broken off within a page": _on_the_wire(cut_after=9000),
        "thrown out": Fault(_thrown_out),
        "locked": _locked("LOCK TABLE person IN ACCESS EXCLUSIVE MODE"),
        "slow": _changed(SLOW, QUICK, never_comes=True),
        "denied": _changed("REVOKE SELECT ON person FROM hub_app", "GRANT SELECT ON person TO hub_app"),
        "another shape": OTHER_COLUMN,
    },
    "files": {
        **SPOILT_FILES,
        "changes while it is read": Fault(_changing),
        "gone while it is read": Fault(_gone),
        "no folder": Fault(_no_folder),
        "denied": Fault(_denied),
    },
    "files_sftp": {
        **SPOILT_FILES,
        **LOST_LINE,
        "broken off within a file": _on_the_wire(cut_after=12_000),
        "denied": Fault(_denied_there),
    },
}
