"""A row in a file of SQLite is changed onto what stands there."""

import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.sql.opened import open_database
from hub.connectors.sql.sink import TableSink
from hub.ports import Write

TABLE = {"read": {"table": "person", "id": "no"}, "write": {"table": "person", "columns": ["first"]}}
STREAM = Stream.model_validate({"hub_id": "ref", "table": TABLE})


def test_between_the_look_and_the_write_nobody_else_writes(tmp_path: Path):
    file, refused = tmp_path / "till.db", []
    other = sqlite3.connect(file, timeout=0)
    other.executescript(
        "PRAGMA journal_mode = WAL; CREATE TABLE person (no INTEGER PRIMARY KEY, first, ref);"
        "INSERT INTO person VALUES (1, 'Ann', NULL)"
    )
    engine = open_database(f"sqlite:///{file}", "till", LimitsSpec(timeout_seconds=1))

    @sa.event.listens_for(engine, "after_cursor_execute")
    def meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM person" in statement:
            try:
                other.execute("UPDATE person SET first = 'Eve'")
                other.commit()
            except sqlite3.OperationalError as error:
                refused.append(str(error))

    sink = TableSink("till", {Kind.PATIENT: STREAM}, engine, ZoneInfo("UTC"))
    seen = {"no": 1, "first": "Ann", "ref": None}
    write = Write(Kind.PATIENT, "pat_1", "key", SourceRef("till", Kind.PATIENT, "1"), {"first": "Bea"}, seen)
    assert sink.send(write).payload["first"] == "Bea"
    assert set(refused) == {"database is locked"}
    assert other.execute("SELECT first FROM person").fetchone() == ("Bea",)
    other.close()
    engine.dispose()
