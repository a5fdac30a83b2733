"""A system whose database is open: in a file, and on a server behind a line."""

import socket
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tests.conformance.line import Line
from tests.database import Database
from tests.peers.scripted import Asked
from tests.peers.unseen.tidewater.database import make_tables, rows
from tests.peers.wire import Wire, wired


class TidewaterTables:
    """Its people, whatever holds them."""

    name, page, most = "tidewater", 7, 120
    changes: Mapping[str, Any] = {}
    line: Line
    engine: sa.Engine
    """Its own way to them."""

    def serve(self, asked: Asked) -> bytes:
        raise AssertionError(f"nobody is asked over HTTP: {asked.target}")

    def people(self) -> dict[str, str]:
        return {str(row["person_no"]): str(row["first"]) for row in rows(self.engine, "person")}

    def add(self, name: str) -> str:
        self.do("INSERT INTO person (first, last, tel, changed_at) VALUES (:name, 'Roe', '', :at)", name=name)
        return max(self.people(), key=int)

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        stamp = "" if silently else ", row_no = row_no + 1, changed_at = :at"
        self.do(f"UPDATE person SET first = :name{stamp} WHERE person_no = :id", name=name, id=int(id_))

    def delete(self, id_: str) -> None:
        self.do("DELETE FROM person WHERE person_no = :id", id=int(id_))

    def do(self, said: str, **values: object) -> None:
        """One statement, with the clock over there."""
        clock = {"at": f"{self.line.now():%Y-%m-%d %H:%M:%S}"} if ":at" in said else {}
        with self.engine.begin() as connection:
            connection.execute(sa.text(said), {**values, **clock})


class TidewaterFile(TidewaterTables):
    """SQLite."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tidewater.db"
        self.secret = f"sqlite:///{self.file}"
        self.engine = sa.create_engine(self.secret)
        make_tables(self.engine)

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Each statement of somebody else is a question; what was committed may not be said to be."""

        def hear(connection: sa.Connection, *_: object) -> None:
            if connection.engine.url == self.engine.url and connection.engine is not self.engine:
                self.line.hear()

        commit = SQLiteDialect_pysqlite.do_commit

        def commit_and_lose(dialect: SQLiteDialect_pysqlite, connection: Any) -> None:
            commit(dialect, connection)
            if self.line.loses():
                raise sqlite3.OperationalError("disk I/O error")

        sa.event.listen(sa.Engine, "before_cursor_execute", hear)
        try:
            with patch.object(SQLiteDialect_pysqlite, "do_commit", commit_and_lose):
                yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", hear)
            self.engine.dispose()


class TidewaterServer(TidewaterTables):
    """PostgreSQL, asked as a user that has few rights, over a wire."""

    wire: Wire

    def __init__(self, database: Database) -> None:
        self.url = database.url
        self.user = str(database.url.username)
        self.engine = sa.create_engine(database.owner_url.update_query_dict({"options": "-csearch_path=tidewater"}))
        with database.owner.begin() as owner:
            owner.execute(sa.text("CREATE SCHEMA tidewater"))
        make_tables(self.engine)
        for what in ("SCHEMA tidewater", "ALL TABLES IN SCHEMA tidewater", "ALL SEQUENCES IN SCHEMA tidewater"):
            self.do(f"GRANT ALL ON {what} TO {self.user}")
        self.folder = Path(tempfile.mkdtemp(prefix="wire-"))
        there = self.url.update_query_dict({"host": str(self.folder), "options": "-csearch_path=tidewater"})
        there = there.update_query_dict({"application_name": "tidewater"})
        self.secret = there.set(password="t1de-pa55").render_as_string(hide_password=False)

    @contextmanager
    def joined(self) -> Iterator[None]:
        name = f".s.PGSQL.{self.url.port}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / name))
        listener.listen()

        def dial() -> socket.socket:
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(str(self.url.query["host"])) / name))
            return server

        with wired(listener, dial) as self.wire:
            self.wire.on_question, self.wire.cut_when = self.line.hear, self.line.loses
            yield
        self.engine.dispose()
        (self.folder / name).unlink()
        self.folder.rmdir()
