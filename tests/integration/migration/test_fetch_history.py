"""A history in a database, or behind any connection, is fetched into files and moved as an export is."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import yaml

from hub.bootstrap.fetched_files import fetch_history
from hub.bootstrap.migration_folder import FILE
from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.kit.connection import read_connection
from hub.connectors.registry import Surroundings, open_source
from hub.errors import NeedsAttention, RetryLater
from hub.ports import Page, Rejected
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, Fates, fates_of, run_of
from tests.legacy.generate import generate

KEYS = {
    "clients": "ClientID",
    "services": "Service ID",
    "staff": "StaffID",
    "appointments": "ApptID",
    "payments": "PaymentID",
}
KINDS = dict(zip(KEYS, (Kind.PATIENT, Kind.SERVICE, Kind.PROVIDER, Kind.VISIT, Kind.PAYMENT), strict=True))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Files in which every row has an id of its own, as a table with a primary key has it."""
    folder = tmp_path / "export"
    generate(5, 60, folder)
    for name, key in KEYS.items():
        file = folder / f"{name}.csv"
        columns, rows = rows_of(file)
        last = {row[key]: row for row in rows}
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(last.values())
    return folder


@pytest.fixture
def legacy(export: Path, tmp_path: Path) -> str:
    """The same rows in a database of the old system's; its URL."""
    url = f"sqlite:///{tmp_path / 'legacy.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for name, key in KEYS.items():
            columns, rows = rows_of(export / f"{name}.csv")
            table = sa.Table(name, sa.MetaData(), *(sa.Column(one, sa.Text, primary_key=one == key) for one in columns))
            table.create(connection)
            connection.execute(table.insert(), rows)
    engine.dispose()
    return url


def rows_of(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    reader = csv.DictReader(text.splitlines(keepends=True))
    return list(reader.fieldnames or ()), list(reader)


@pytest.fixture
def fetched(legacy: str, tmp_path: Path) -> Path:
    tables = {str(KINDS[name]): {"table": {"read": {"table": name, "id": key}}} for name, key in KEYS.items()}
    said = {
        "system": "legacy",
        "connector": "sql",
        "database": {"env": "LEGACY"},
        "mappings": "legacy-export",
        "streams": tables,
    }
    connection = read_connection(yaml.safe_dump(said), "legacy.yaml")
    around = Surroundings(tmp_path, ZoneInfo("America/Chicago"), {"LEGACY": legacy})
    with open_source(connection, around) as source:
        fetch_history(source, KINDS.values(), tmp_path / "fetched", lambda _kind, _count: None)
    return tmp_path / "fetched"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example's migration, of the files that were fetched."""
    copied = tmp_path / "moving"
    shutil.copytree(FOLDER, copied)
    said = yaml.safe_load((copied / FILE).read_text())
    records = said["source"]["records"]
    said["source"]["records"] = {
        kind: {**records[kind], "files": f"{kind}.ndjson", "encodings": ["utf-8"]} for kind in map(str, KINDS.values())
    }
    (copied / FILE).write_text(yaml.safe_dump(said))
    return copied


@pytest.fixture
def elsewhere(database_server: EmbeddedServer) -> Iterator[Database]:
    with fresh_database(database_server) as database:
        yield database


def test_rows_of_a_database_become_what_the_same_rows_of_files_become(
    store: SqlStore, elsewhere: Database, export: Path, fetched: Path, folder: Path
) -> None:
    run_of(store, fetched, folder).run()
    by_files = SqlStore(elsewhere.engine)
    run_of(by_files, export).run()
    found = said_of(fates_of(store))
    assert found == {key: row for key, row in said_of(fates_of(by_files)).items() if key[0] in KEYS}
    assert {row["verdict"] for row in found.values()} >= {"loaded", "merged", "quarantined"}


def said_of(fates: Fates) -> dict[tuple[str, str], dict[str, object]]:
    """(Table, key) → what became of it; where it stood left out."""
    names = {f"{kind}.ndjson": name for name, kind in KINDS.items()} | {f"{name}.csv": name for name in KEYS}
    return {
        (names.get(file, file), key): {name: value for name, value in row.items() if name not in ("file", "line")}
        for file, keys in fates.items()
        for key, rows in keys.items()
        for row in rows
    }


class Stub:
    """A source of two pages that goes away behind the first, or does not."""

    system = "legacy"

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        raise AssertionError((kind, record_id))

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        assert cursor is None
        yield Page((record(kind, "1"), record(kind, "2", gone=True)), "a", (Rejected(record(kind, "3"), ()),))
        if self._fails:
            raise RetryLater
        yield Page((record(kind, "4"),), "b")


def record(kind: Kind, id_: str, *, gone: bool = False) -> SourceRecord:
    return SourceRecord(SourceRef("legacy", kind, id_), {"id": id_, "name": [{"family": "Ä"}]}, gone=gone)


def test_what_breaks_its_contract_is_fetched_and_what_is_gone_is_not(tmp_path: Path) -> None:
    (file,) = fetch_history(Stub(fails=False), [Kind.PATIENT], tmp_path, lambda _kind, _count: None)
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["1", "3", "4"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_stands_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RetryLater):
        fetch_history(Stub(fails=True), [Kind.PATIENT], tmp_path, lambda _kind, _count: None)
    assert not list(tmp_path.glob("*.ndjson"))


def test_a_folder_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NeedsAttention, match="cannot be written: File exists"):
        fetch_history(Stub(fails=False), [Kind.PATIENT], tmp_path / "file", lambda _kind, _count: None)
