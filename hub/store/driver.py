"""Statements straight to the server, in the unit of work's transaction.

For what every booking runs while others wait for its locks: going through SQLAlchemy for each would cost more than the
statements themselves. What nobody needs yet waits and goes out with the next statement, whoever runs it: one journey to
the server instead of two, and where the first waits for a lock the second begins the moment it is had.
"""

import re
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper
from sqlalchemy import Connection, Dialect, Engine, TextClause, event
from sqlalchemy.pool import ConnectionPoolEntry

from hub.store.journey import Driver, Found, Journeys, Rows, Statement

Values = Mapping[str, Any] | None

_DEFERRED = "hub_deferred"
_SPARES = "hub_spares_the_disk"
_JOURNEYS = "hub_journeys"
_PLAIN = re.compile(r"[\w.:/-]+(?:,[\w.:/-]+)*", re.ASCII)
# After these the driver gives up all that is prepared (psycopg's PrepareManager).
_CLEARS = re.compile(r"\s*(?:DROP|ALTER|ROLLBACK|DISCARD|DEALLOCATE)\b", re.IGNORECASE)
_NAME = re.compile(r"%\((\w+)\)s")
# A commit that waits for the disk keeps its locks meanwhile. So this one lets them go first, and a note right behind it
# in the log waits for the disk for both: nobody is told before, and who builds on it is written after it.
_NOTE = "SELECT pg_logical_emit_message(true, 'hub', '')"
_SPARE = "SET LOCAL synchronous_commit = off"
_COMMIT = (_SPARE, "COMMIT", _NOTE)


class PlainListDumper(ListDumper):
    """Lists of plain words, as ids are, joined at once: the driver looks at each for what must be quoted."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """As the driver's own; it writes whatever is not plain."""
        try:
            joined = ",".join(obj)
        except TypeError:
            return super().dump(obj)
        is_plain = _PLAIN.fullmatch(joined) and joined.count(",") == len(obj) - 1 and "null" not in joined.lower()
        return b"{%b}" % joined.encode() if is_plain else super().dump(obj)


class Answer:
    """What a statement gives that goes with a later one: asked for before, it goes at once."""

    def __init__(self, connection: Connection, statement: Statement) -> None:
        self.statement = statement
        self._connection = connection
        self._rows: Rows | None = None

    @property
    def rows(self) -> list[Found]:
        """Column → value."""
        self.wait()
        assert self._rows is not None
        return self._rows.read()

    def wait(self) -> None:
        """Have it run now, unless it has run."""
        if self._rows is None:
            run_deferred(self._connection)

    def come(self, rows: Rows) -> None:
        """It was asked."""
        self._rows = rows


def run(connection: Connection, statement: str, values: Values = None) -> list[Found]:
    """What it gives, column → value; nothing where it gives nothing. Values are written `%(name)s`."""
    return _go(connection, connection.info.pop(_DEFERRED, ()), _statement(statement, values))[-1].read()


def defer(connection: Connection, statement: str, values: Values = None) -> Answer:
    """Have it run right before whatever is run next, or the commit; or when somebody reads what it gives.

    What is wrong with it is raised then. The connection's engine is one of `hub.store.engine`.
    """
    answer = Answer(connection, _statement(statement, values))
    connection.info.setdefault(_DEFERRED, []).append(answer)
    return answer


def end_on_disk(connection: Connection) -> None:
    """Have the end of this transaction wait for the disk though it writes nothing.

    For whoever tells as a promise what another wrote: that one may still be waiting for the disk.
    """
    defer(connection, _NOTE)


def run_deferred(connection: Connection) -> None:
    """For whoever goes on without `run` or SQLAlchemy."""
    if deferred := connection.info.pop(_DEFERRED, None):
        _go(connection, deferred)


def commit_deferred(connection: Connection) -> None:
    """End the transaction with what was deferred, in one journey. Where nothing was, whoever began it ends it."""
    end = _COMMIT[1:2] if connection.info.pop(_SPARES, False) else _COMMIT
    if deferred := connection.info.pop(_DEFERRED, None):
        _go(connection, deferred, *map(_statement, end))  # SQLAlchemy's own has nothing left to do then


def run_text(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[Any]:
    """As `run`, a text of SQLAlchemy's: the rows as named tuples."""
    written = _statement(_written(statement, connection.dialect), values)
    rows = _go(connection, connection.info.pop(_DEFERRED, ()), written)[-1]
    return rows.read_as(lambda columns: _row_of(columns)._make)


def defer_text(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> Answer:
    """As `defer`, a text of SQLAlchemy's."""
    return defer(connection, _written(statement, connection.dialect), values)


def stream(connection: Connection, statement: str, values: Values, number: int) -> Iterator[list[tuple[Any, ...]]]:
    """Its rows, so many at a time, while they stay with the server."""
    run_deferred(connection)
    with _raw(connection).cursor(name="hub_stream") as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(number):
            yield rows


def spare_the_disk(connection: Connection) -> None:
    """Nobody waits for the disk at the end of this transaction: what is lost with it is done again."""
    connection.info[_SPARES] = True
    defer(connection, _SPARE)


def keep_order(engine: Engine) -> None:
    """Let nothing that SQLAlchemy sends over this engine overtake what is deferred."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        run_deferred(connection)
        if _CLEARS.match(statement):
            _journeys(connection).forget()

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        commit_deferred(connection)

    @event.listens_for(engine, "rollback")
    def rollback(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(_DEFERRED, None)
            connection.info.pop(_SPARES, None)
            _journeys(connection).forget()

    @event.listens_for(engine, "checkin")
    def checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info.pop(_DEFERRED, None)
        record.info.pop(_SPARES, None)


def _go(connection: Connection, deferred: Sequence[Answer], *statements: Statement) -> list[Rows]:
    found = _journeys(connection).go([*(one.statement for one in deferred), *statements])
    for one, rows in zip(deferred, found, strict=False):
        one.come(rows)
    return found


def _journeys(connection: Connection) -> Journeys:
    journeys: Journeys | None = connection.info.get(_JOURNEYS)
    if journeys is None:
        journeys = connection.info[_JOURNEYS] = Journeys(_raw(connection))
    return journeys


def _statement(statement: str, values: Values = None) -> Statement:
    numbered, names = _numbered(statement)
    return Statement(numbered, [values[name] for name in names] if values is not None else ())


@lru_cache(maxsize=512)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with `$1`, `$2` for its names, and the names in that order."""
    names = tuple(dict.fromkeys(_NAME.findall(statement)))
    return _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", statement).encode(), names


@lru_cache(maxsize=512)
def _written(statement: TextClause, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect)).replace("%%", "%")


@lru_cache(maxsize=512)
def _row_of(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns, rename=True)  # noqa: PYI024 - whatever a statement names them


def _raw(connection: Connection) -> Driver:
    return cast("Driver", connection.connection.driver_connection)
