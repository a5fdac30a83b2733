"""The rows of a moved history that were taken, beside the records that they became."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.ports.verifications import Alike, AskedField, Fate, TakenRow, Taking
from hub.store.columns import selection_of
from hub.store.driver import run, stream
from hub.store.records import TABLES

_CHUNK = 5000

_IMPORTED = """(
    SELECT finished_at FROM import_batch
    WHERE system = %(system)s AND state IN ('loaded', 'superseded') AND finished_at IS NOT NULL)"""
_TAKEN = """
    SELECT l.file, l.line, l.source_id, r.payload, k.canonical_id, coalesce(t.updated_at NOT IN {imported}, false),
        t.id IS NOT NULL, {columns}
    FROM (
        SELECT file, line, source_id, source_record_id FROM landed_row
        WHERE batch_id = %(landing_id)s AND month = ANY(%(months)s) AND why IS NULL
            AND (CAST(%(only)s AS text[]) IS NULL OR source_id = ANY(%(only)s))
        ORDER BY file, line OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT canonical_id FROM source_link WHERE system = %(system)s AND kind = %(kind)s AND source_id = l.source_id
        AND source_record_id = l.source_record_id OFFSET 0) k
    CROSS JOIN LATERAL (SELECT payload FROM source_record WHERE id = l.source_record_id OFFSET 0) r
    LEFT JOIN LATERAL (SELECT * FROM {table} WHERE id = k.canonical_id OFFSET 0) t ON true"""
"""Row by row by their keys, whatever PostgreSQL knows of the tables: right after a load that is next to nothing."""
_ALIKE = """
    SELECT fate, count(*), {which}, {told}, {columns}
    FROM (
        SELECT CASE WHEN t.id IS NULL THEN 'missing' WHEN t.updated_at NOT IN {imported} THEN 'changed'
                WHEN l.source_id = ANY(CAST(%(corrected)s AS text[])) THEN 'corrected' ELSE 'taken' END AS fate,
            {said}, {values}
        FROM landed_row l
        JOIN source_link k ON k.system = %(system)s AND k.kind = %(kind)s AND k.source_id = l.source_id
            AND k.source_record_id = l.source_record_id
        JOIN source_record r ON r.id = l.source_record_id
        LEFT JOIN {table} t ON t.id = k.canonical_id
        WHERE l.batch_id = %(landing_id)s AND l.month = ANY(%(months)s) AND l.why IS NULL) taken
    GROUP BY fate, GROUPING SETS ((), {sets})
    HAVING fate = 'taken' OR {which} IS NULL"""
"""What stands under a key is compared as JSON writes it: to `->>` 1 and "1" were one."""
_ALL_AT_ONCE = (
    "SET LOCAL enable_nestloop = off",
    "SET LOCAL enable_memoize = off",
    "SET LOCAL enable_sort = off",
    "SET LOCAL work_mem = '64MB'",
)
"""Most rows of whole tables: to look each up by its key would cost several times as much, and so would to sort them,
wide as they are, for each set to group by: PostgreSQL takes them for few."""


def read_taken(
    connection: Connection, taking: Taking, names: Sequence[str], only: Collection[str] | None
) -> Iterator[Sequence[TakenRow]]:
    """See `hub.ports.verifications.Verifications`."""
    columns, values_of = selection_of(MODELS[taking.kind], names)
    statement = _TAKEN.format(imported=_IMPORTED, columns=_listed(columns, "t."), table=TABLES[taking.kind].name)
    asked = {**_values(taking), "only": None if only is None else list(only)}
    for rows in stream(connection, statement, asked, _CHUNK):
        yield [TakenRow._make((*row[:6], values_of(row[7:]) if row[6] else None)) for row in rows]


def read_alike(
    connection: Connection, taking: Taking, fields: Sequence[AskedField], corrected: Collection[str]
) -> Iterator[Sequence[Alike]]:
    """See `hub.ports.verifications.Verifications`."""
    asked = _Asked(taking.kind, fields)
    for one in _ALL_AT_ONCE:
        run(connection, one)
    values = {**_values(taking), "corrected": list(corrected), **asked.keys}
    for rows in stream(connection, asked.statement(), values, _CHUNK):
        yield [asked.alike(row) for row in rows]


def _values(taking: Taking) -> dict[str, object]:
    return {**taking._asdict(), "kind": str(taking.kind), "months": list(taking.months)}


class _Asked:
    """Fields of a kind, as columns of one statement."""

    def __init__(self, kind: Kind, fields: Sequence[AskedField]) -> None:
        self._table = TABLES[kind].name
        self._keys = list(dict.fromkeys(key for one in fields for key in one.keys))
        self._places = [[(key, 3 + self._keys.index(key)) for key in one.keys] for one in fields]
        self._columns: list[list[str]] = []
        self._values: list[tuple[slice, Callable[[Sequence[Any]], tuple[Any, ...]]]] = []
        start = 3 + len(self._keys)
        for one in fields:
            columns, values_of = selection_of(MODELS[kind], one.names)
            self._columns.append(columns)
            self._values.append((slice(start, start := start + len(columns)), values_of))

    @property
    def keys(self) -> dict[str, str]:
        """Parameter → key."""
        return {f"key_{at}": key for at, key in enumerate(self._keys)}

    def statement(self) -> str:
        """One for all fields: each is a set to group by of its own."""
        columns = [column for one in self._columns for column in one]
        told = [f"told_{at}" for at in range(len(self._keys))]
        sets = (
            [*(f"told_{at - 3}" for _, at in places), *(f'"{column}"' for column in of)]
            for places, of in zip(self._places, self._columns, strict=True)
        )
        which = " ".join(f'WHEN grouping("{of[0]}") = 0 THEN {at}' for at, of in enumerate(self._columns))
        return _ALIKE.format(
            imported=_IMPORTED,
            which=f"CASE {which} END",
            told=", ".join(told),
            columns=_listed(columns),
            said=", ".join(
                f"CAST(r.payload -> CAST(%(key_{at})s AS text) AS text) AS {one}" for at, one in enumerate(told)
            ),
            values=_listed(columns, "t."),
            table=self._table,
            sets=", ".join(f"({', '.join(one)})" for one in sets),
        )

    def alike(self, row: Sequence[Any]) -> Alike:
        """A row of what the statement gives."""
        fate, rows, at = row[:3]
        if at is None:
            return Alike(Fate(fate), rows, None, {}, ())
        payload = {key: from_json(row[place]) for key, place in self._places[at] if row[place] is not None}
        where, values_of = self._values[at]
        return Alike(Fate.TAKEN, rows, at, payload, values_of(row[where]))


def _listed(columns: Sequence[str], of: str = "") -> str:
    return ", ".join(f'{of}"{column}"' for column in columns)
