"""Files as a declared source and sink: what is given once, what is listed, what is left, here and over SFTP."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from paramiko import RSAKey

from hub.bootstrap.sample_files import read_sample
from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.files.folders import Folder, LocalFolder
from hub.connectors.files.sftp import open_sftp
from hub.connectors.files.sink import FileSink
from hub.connectors.files.source import FileSource
from hub.connectors.kit.connection import read_connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.connectors.kit.spec.tabular import Sftp
from hub.connectors.registry import Surroundings, check_connection, open_source
from hub.errors import InvalidInput, NeedsAttention, RecordRejected, RetryLater
from hub.ports import Page, Write
from hub.ports.checks import Level
from hub.settings import PROJECT
from tests.peers.sftp import SftpServer, sftp_server
from tests.peers.unseen.harborline.vendor import Harborline

ZONE = ZoneInfo("America/Chicago")
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)
FILES = """\
system: old
connector: files
folder: exchange
mappings: old
streams:
  patient:
    hub_id: Ref
    files:
      read: {names: "c*.csv", id: Nr, modified: At, deleted: {column: Gone, equals: Y}, CONTAINS}
      WRITE
"""
WRITE = "write: {folder: in, name: c, columns: [Nr, Name], key_column: Key}"
Opened = Callable[[], AbstractContextManager[Folder]]


def streams(contains: str = "contains: everything", write: str = "") -> Any:
    return read_connection(FILES.replace("CONTAINS", contains).replace("WRITE", write), "old.yaml").streams


def source(folder: Folder, clock: Callable[[], datetime] = lambda: NOON, **said: str) -> FileSource:
    return FileSource("old", streams(**said), folder, ZONE, clock)


def read(folder: Folder, cursor: str | None = None, **said: str) -> tuple[list[SourceRecord], Page]:
    pages = list(source(folder, **said).read(Kind.PATIENT, cursor))
    return [record for page in pages for record in page.records], pages[-1]


def leave(path: Path, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["Nr,Name,At,Gone,Ref", *rows, ""]))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with sftp_server(tmp_path_factory.mktemp("sftp")) as running:
        yield running


def declared(server: SftpServer, root: Path, **changes: Any) -> tuple[Sftp, SecretStore]:
    said = {"host": "127.0.0.1", "port": server.port, "user": server.user, "folder": str(root)}
    keys = {"key": {"env": "KEY"}, "host_key": {"env": "HOST_KEY"}}
    held = {"KEY": server.client_key, "HOST_KEY": server.host_key} | changes
    return Sftp.model_validate(said | keys), SecretStore(root, held)


@pytest.fixture(params=["local", "sftp"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """The same folder, as it lies here and as another machine shows it."""
    if request.param == "local":
        return lambda: nullcontext(LocalFolder(tmp_path))
    running = request.getfixturevalue("server")
    return lambda: open_sftp(*declared(running, tmp_path))


def test_only_the_newest_whole_file_counts_and_lists_all_who_are_there(opened: Opened, tmp_path: Path) -> None:
    leave(tmp_path / "c1.csv", "1,Ana,,,", "2,Bea,,,")
    leave(tmp_path / "c2.csv", "2,Bea,2026-01-05 16:00,,pat_b", "3,Cleo,,Y,")
    with opened() as folder:
        records, last = read(folder)
        assert [(one.ref.id, one.gone, one.file, one.line) for one in records] == [
            ("2", False, "c2.csv", 2), ("3", True, "c2.csv", 3),
        ]  # fmt: skip
        assert records[0].hub_id == "pat_b"
        assert str(records[0].modified_at) == "2026-01-05 22:00:00+00:00"
        assert read(folder, last.cursor)[0] == []


def test_who_is_missing_is_listed_only_where_every_row_says_who_it_is(tmp_path: Path) -> None:
    leave(tmp_path / "c1.csv", "1,Ana,,,", "2,Bea,,,")
    listed = [page.listed for page in source(LocalFolder(tmp_path)).read(Kind.PATIENT, None)]
    assert listed == [frozenset({"1", "2"}), None]
    leave(tmp_path / "c2.csv", "1,Ana,,,", ",Bea,,,")
    listed = [page.listed for page in source(LocalFolder(tmp_path)).read(Kind.PATIENT, None)]
    assert listed == [None, None]


def test_changes_are_read_file_by_file_each_once(opened: Opened, tmp_path: Path) -> None:
    leave(tmp_path / "c2.csv", "1,Ann,,,")
    leave(tmp_path / "c1.csv", "1,Ana,,,")
    with opened() as folder:
        records, last = read(folder, contains="contains: changes")
        assert [one.payload["Name"] for one in records] == ["Ana", "Ann"]
        (tmp_path / "c1.csv").unlink()
        leave(tmp_path / "c3.csv", "2,Bea,,,")
        assert [one.ref.id for one in read(folder, last.cursor, contains="contains: changes")[0]] == ["2"]


def test_a_reading_that_is_cut_off_goes_on_at_the_next_row(tmp_path: Path) -> None:
    leave(tmp_path / "c1.csv", *(f"{number},Ana,,," for number in range(1_200)))
    first, *_ = source(LocalFolder(tmp_path)).read(Kind.PATIENT, None)
    records, _ = read(LocalFolder(tmp_path), first.cursor)
    assert [one.ref.id for one in (*first.records, *records)] == [str(number) for number in range(1_200)]
    leave(tmp_path / "c1.csv", "7,Ana,,,")
    assert [one.ref.id for one in read(LocalFolder(tmp_path), first.cursor)[0]] == ["7"], "another file begins anew"


def test_a_file_without_a_mark_is_read_when_it_stood_still_from_one_look_to_the_next(
    opened: Opened, tmp_path: Path
) -> None:
    clock = [NOON]

    def look(cursor: str | None) -> tuple[list[str], str | None]:
        with opened() as folder:
            declared = source(folder, lambda: clock[0], contains="contains: everything, quiet: 2m")
            *_, last = pages = list(declared.read(Kind.PATIENT, cursor))
            return [one.ref.id for page in pages for one in page.records], last.cursor

    leave(tmp_path / "c1.csv", "1,Ana,,,")
    seen, cursor = look(None)
    assert seen == []
    leave(tmp_path / "c1.csv", "1,Ana,,,", "2,Bea,,,")
    clock[0] += timedelta(minutes=2)
    seen, cursor = look(cursor)
    assert seen == [], "it grew since"
    clock[0] += timedelta(seconds=119)
    assert look(cursor)[0] == []
    clock[0] += timedelta(seconds=1)
    seen, cursor = look(cursor)
    assert seen == ["1", "2"]
    clock[0] -= timedelta(days=1)
    leave(tmp_path / "c2.csv", "1,Ana,,,")
    seen, cursor = look(cursor)
    assert seen == [], "nobody is gone by a file that may not be whole"
    clock[0] += timedelta(minutes=2)
    assert look(cursor)[0] == ["1"]


def test_who_only_looks_sees_a_file_at_once(tmp_path: Path) -> None:
    leave(tmp_path / "c1.csv", "1,Ana,,,")
    text = FILES.replace("CONTAINS", "contains: everything, quiet: 2m").replace("      WRITE\n", "")
    connection = read_connection(text.replace("folder: exchange", f"folder: {tmp_path}"), "old.yaml")
    around = Surroundings(tmp_path, ZONE, {})
    said = {one.about: (one.level, one.message) for one in check_connection(connection, around)}
    assert said["read patient"] == (Level.OK, "1 row on the first page")
    with open_source(connection, around) as opened:
        assert [page.records for page in opened.read(Kind.PATIENT, None)] == [()]
    (tmp_path / "c1.csv").unlink()
    said = {one.about: (one.level, one.message) for one in check_connection(connection, around)}
    assert said["read patient"] == (Level.WARN, "no file with rows is there now")


def test_a_reading_that_is_cut_off_does_not_wait_for_its_file_again(tmp_path: Path) -> None:
    clock, quiet = [NOON], "contains: everything, quiet: 2m"
    leave(tmp_path / "c1.csv", *(f"{number},Ana,,," for number in range(600)))
    declared = source(LocalFolder(tmp_path), lambda: clock[0], contains=quiet)
    *_, waits = declared.read(Kind.PATIENT, None)
    clock[0] += timedelta(minutes=2)
    first, *_ = declared.read(Kind.PATIENT, waits.cursor)
    rest = [one.ref.id for page in declared.read(Kind.PATIENT, first.cursor) for one in page.records]
    assert len(rest) == 100


def write(key: str, number: str | None = None, **payload: str) -> Write:
    target = SourceRef("old", Kind.PATIENT, number) if number else None
    return Write(Kind.PATIENT, f"pat_{key[0]}", key, target, payload)


def test_what_is_sent_stands_in_one_new_file_a_push_one_row_a_record(opened: Opened, tmp_path: Path) -> None:
    now = iter(range(1_700_000_000, 1_700_001_000))
    with opened() as folder:
        sink = FileSink("old", streams(write=WRITE), folder, lambda: float(next(now)))
        assert sink.send(write("a1", Name="Ana")).ref.id == "pat_a"
        assert sink.send(write("b1", "7", Name="Bea")).ref.id == "7"
        sink.send(write("b2", "7", Name="=cmd()"))
        sink.send(write("b2", "7", Name="=cmd()"))
        assert list((tmp_path / "in").glob("*.csv")) == []
        sink.publish()
        sink.publish()
    (file,) = (tmp_path / "in").glob("*.csv")
    assert file.read_text().splitlines() == ["Nr,Name,Key,Ref", ",Ana,a1,pat_a", "7,'=cmd(),b2,pat_b"]
    assert list((tmp_path / "in" / ".hub-kept").iterdir()) == []


def test_what_has_no_column_is_rejected(tmp_path: Path) -> None:
    sink = FileSink("old", streams(write=WRITE), LocalFolder(tmp_path), lambda: 0.0)
    with pytest.raises(RecordRejected, match="no column of patient says anything"):
        sink.send(write("a1", Nickname="Ana"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NeedsAttention, match="the folder is not there"):
        read(LocalFolder(tmp_path / "nowhere"))


def test_another_server_than_the_one_that_is_named_is_refused(server: SftpServer, tmp_path: Path) -> None:
    other = (server.folder / "keys" / "client.pub").read_text().rsplit(maxsplit=1)[0]
    with (
        pytest.raises(NeedsAttention, match="another server answers"),
        open_sftp(*declared(server, tmp_path, HOST_KEY=other)),
    ):
        pass


def test_a_server_whose_key_is_of_another_kind_is_refused_too(server: SftpServer, tmp_path: Path) -> None:
    key = RSAKey.generate(2048)
    with (
        pytest.raises(NeedsAttention, match="another server answers"),
        open_sftp(*declared(server, tmp_path, HOST_KEY=f"{key.get_name()} {key.get_base64()}")),
    ):
        pass


def test_credentials_that_are_refused_need_attention_and_are_not_shown(server: SftpServer, tmp_path: Path) -> None:
    host = (server.folder / "keys" / "host").read_text()
    with (
        pytest.raises(NeedsAttention, match="the credentials are refused") as caught,
        open_sftp(*declared(server, tmp_path, KEY=host)),
    ):
        pass
    assert "OPENSSH" not in str(caught.value)


def test_a_server_that_is_not_there_is_asked_later(server: SftpServer, tmp_path: Path) -> None:
    sftp, secrets = declared(server, tmp_path)
    with pytest.raises(RetryLater, match="no connection"), open_sftp(sftp.model_copy(update={"port": 1}), secrets):
        pass


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("folder: exchange\n", "", "files lie in one place"),
        ('"c*.csv"', '"../c*.csv"', "this leads out of the folder"),
        ("id: Nr, ", "", "the key 'id' is missing"),
        ("hub_id: Ref", "read: {path: x, id: y}", "does not use it"),
        ("connector: files", "connector: rest\nbase_url: https://x.example", "this belongs to connector: files"),
        ("contains: everything", 'done: "done"', "one mark for all files"),
    ],
)
def test_what_is_wrong_with_such_a_connection_is_said_by_file_line_and_key(old: str, new: str, said: str) -> None:
    text = FILES.replace("CONTAINS", "contains: everything").replace("WRITE", WRITE)
    assert old in text
    with pytest.raises(InvalidInput) as caught:
        read_connection(text.replace(old, new), "old.yaml")
    assert said in str(caught.value)
    assert all(problem.file == "old.yaml" and problem.line for problem in caught.value.problems)


@pytest.mark.parametrize(("connector", "more"), [("files", ""), ("sql", "database: {env: LEGACY_URL}\n")])
def test_the_examples_of_the_grammar_s_page_are_right(connector: str, more: str) -> None:
    page = (PROJECT / "docs" / "connections.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    example = next(one for one in examples if f"\n    {'files' if connector == 'files' else 'table'}:" in one)
    connection = read_connection(f"system: x\nconnector: {connector}\nmappings: x\n{more}{example}", "x.yaml")
    assert (connection.pull, connection.push) == ((Kind.PATIENT,), (Kind.PATIENT,))


def test_a_sample_is_read_as_the_stream_says_its_files_are_written(tmp_path: Path) -> None:
    practice = PROJECT / "tests" / "peers" / "unseen" / "harborline" / "practice"
    connection = read_connection((practice / "connections" / "harborline.yaml").read_text(), "harborline.yaml")
    mapping = load_mappings(PROJECT / "mappings", "harborline", practice)["patient"]
    harborline = Harborline(tmp_path)
    harborline.add_guest("Zoë", "Roe", "512-555-0100")
    [record] = read_sample(harborline.leave_guests(), connection, mapping)
    assert (record.payload["First"], record.line) == ("Zoë", 3)
    broken = tmp_path / "broken.csv"
    broken.write_text("Harborline\nFirst;Last\nZoe;Roe;more\n")
    with pytest.raises(InvalidInput, match=r"broken.csv:3: the row has 3 fields, the header 2"):
        read_sample(broken, connection, mapping)


@pytest.mark.parametrize("url", ["not a url", "nodb://x", "postgresql+nodriver://u:s3cr3t@h/d"])
def test_a_database_url_that_is_none_is_refused_without_being_shown(url: str) -> None:
    from hub.connectors.sql.opened import open_database

    with pytest.raises(NeedsAttention) as caught:
        open_database(url, "old", LimitsSpec())
    assert url not in str(caught.value)
