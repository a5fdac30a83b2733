"""Several statements in one journey to the server and back: libpq's pipeline, without a cursor for each.

Cursors and the driver's own pipeline cost more than most of these statements take in the database. The driver still
converts values and answers, and waits; each statement is prepared once for a connection.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import Transformer as Conversion
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

T = TypeVar("T")
Found = dict[str, Any]
Driver = Connection[Any]

_MOST = 500
"""Statements that one connection keeps prepared: what comes beyond was not written to come again."""


class Statement(NamedTuple):
    """One of those that go together."""

    text: bytes
    """With `$1`, `$2` for its values."""
    values: Sequence[Any] = ()


class _Preparation(NamedTuple):
    signature: tuple[bytes, tuple[int, ...]]
    name: bytes


class _Farewell:
    """To what was prepared and is not known any more."""


_Step = Statement | _Preparation | _Farewell
"""Each has one result."""


class Rows:
    """What a statement gave; converted when somebody asks for it, and nobody asks for most."""

    def __init__(self, convert: Conversion, result: PGresult) -> None:
        self._convert = convert
        self._result = result

    def read(self) -> list[Found]:
        """Column → value."""
        return self.read_as(_by_column)

    def read_as(self, row_of: Callable[[tuple[str, ...]], Callable[[Sequence[Any]], T]]) -> list[T]:
        """Each as what `row_of` the columns makes of its values."""
        result = self._result
        if not result.ntuples:
            return []
        columns = tuple((result.fname(number) or b"").decode() for number in range(result.nfields))
        self._convert.set_pgresult(result)
        return self._convert.load_rows(0, result.ntuples, row_of(columns))


def _by_column(columns: tuple[str, ...]) -> Callable[[Sequence[Any]], Found]:
    return lambda values: dict(zip(columns, values, strict=True))


class Journeys:
    """Those over one connection."""

    def __init__(self, raw: Driver) -> None:
        self._raw = raw
        self._convert = Transformer(raw)
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        """What is prepared, by statement and the types that its values are sent as."""
        self._forgotten: list[bytes] = []
        self._numbers: Iterator[int] = count()

    def go(self, statements: Sequence[Statement]) -> list[Rows]:
        """Run them in this order; gives the rows of each.

        A transaction begins with them, unless one is under way or the connection commits by itself.

        Raises:
            psycopg.Error: the first that was refused; those after it have not been run.
        """
        pgconn, is_first = self._raw.pgconn, self._begins()
        pgconn.enter_pipeline_mode()
        try:
            begin = [Statement(b"BEGIN")] if is_first else []
            steps = [*self._part(pgconn), *(step for one in [*begin, *statements] for step in self._send(pgconn, one))]
            pgconn.pipeline_sync()
            results = self._raw.wait(_receive(pgconn))
        finally:
            _leave(pgconn)
        answers = [rows for step, result in zip(steps, results, strict=True) for rows in self._read(step, result)]
        return answers[len(begin) :]

    def forget(self) -> None:
        """The driver gives up all that is prepared, whoever did it: at a rollback, or where something is dropped."""
        self._forgotten += self._names.values()
        self._names.clear()

    def _part(self, pgconn: PGconn) -> list[_Farewell]:
        """It may be gone already; nobody minds."""
        names, self._forgotten = self._forgotten, []
        for name in names:
            pgconn.send_close_prepared(name)
        return [_Farewell()] * len(names)

    def _begins(self) -> bool:
        return not self._raw.autocommit and self._raw.pgconn.transaction_status == TransactionStatus.IDLE

    def _send(self, pgconn: PGconn, statement: Statement) -> list[_Step]:
        convert, (text, values) = self._convert, statement
        dumped = convert.dump_sequence(values, [PyFormat.AUTO] * len(values)) if values else ()
        types, formats = (convert.types or (), convert.formats) if values else ((), None)
        signature = text, types
        name = self._names.get(signature)
        if name is not None:
            pgconn.send_query_prepared(name, dumped, formats)
            return [statement]
        if len(self._names) >= _MOST:
            pgconn.send_query_params(text, dumped, types, formats)
            return [statement]
        name = b"hub_%d" % next(self._numbers)
        pgconn.send_prepare(name, text, types)
        pgconn.send_query_prepared(name, dumped, formats)
        return [_Preparation(signature, name), statement]

    def _read(self, step: _Step, result: PGresult) -> Iterator[Rows]:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding=self._convert.encoding)
        if isinstance(step, _Preparation):
            self._names[step.signature] = step.name
        elif isinstance(step, Statement):
            yield Rows(self._convert, result)


def _receive(pgconn: PGconn) -> Generator[Wait, Ready | int, list[PGresult]]:
    """Send what is still here, and wait for a result of each; after the first that is refused they are empty."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None and pgconn.status == ConnStatus.BAD:
            raise OperationalError("the connection was lost")
        if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
            return results
        if result is not None:
            results.append(result)


def _leave(pgconn: PGconn) -> None:
    """A connection that was left in the middle cannot be used again."""
    if pgconn.status != ConnStatus.BAD:
        try:
            pgconn.exit_pipeline_mode()
        except OperationalError:
            pgconn.finish()
