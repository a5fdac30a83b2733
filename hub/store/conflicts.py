"""What systems disagree about."""

import json
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind
from hub.ports.conflicts import FieldConflict
from hub.store.driver import run, run_text

_SAVE = """
    INSERT INTO field_conflict (kind, canonical_id, system, field, rule, theirs, source_record_id)
    SELECT kind, canonical_id, system, field, rule, theirs, source_record_id
    FROM json_to_recordset(%(rows)s) AS row (kind text, canonical_id text, system text, field text, rule text,
        theirs jsonb, source_record_id bigint)
    ON CONFLICT (kind, canonical_id, system, field) DO UPDATE SET rule = excluded.rule, theirs = excluded.theirs,
        source_record_id = excluded.source_record_id"""
_CLOSE = """
    DELETE FROM field_conflict c
    USING json_to_recordset(%(rows)s) AS row (kind text, canonical_id text, system text, field text)
    WHERE (c.kind, c.canonical_id, c.system, c.field) = (row.kind, row.canonical_id, row.system, row.field)"""
_COLUMNS = "kind, canonical_id, system, field, rule, theirs, source_record_id, opened_at"
_FIND = text(
    f"SELECT {_COLUMNS} FROM field_conflict WHERE kind = :kind AND canonical_id = ANY(:ids) "  # noqa: S608 fixed names
    "ORDER BY canonical_id, system, field"
)
_ALL = text(
    f"SELECT {_COLUMNS} FROM field_conflict ORDER BY opened_at, kind, canonical_id, system, field"  # noqa: S608 the same
)


class SqlConflicts:
    """`hub.ports.conflicts.Conflicts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, conflicts: Sequence[FieldConflict]) -> None:
        """See the port."""
        if conflicts:
            run(self._connection, _SAVE, {"rows": _rows(conflicts)})

    def find(self, kind: Kind, canonical_ids: Collection[str]) -> tuple[FieldConflict, ...]:
        """See the port."""
        values = {"kind": str(kind), "ids": list(canonical_ids)}
        return _read(run_text(self._connection, _FIND, values)) if canonical_ids else ()

    def find_all(self) -> tuple[FieldConflict, ...]:
        """See the port."""
        return _read(self._connection.execute(_ALL))

    def close(self, conflicts: Collection[FieldConflict]) -> None:
        """See the port."""
        if conflicts:
            run(self._connection, _CLOSE, {"rows": _rows(conflicts)})


def _rows(conflicts: Iterable[FieldConflict]) -> str:
    names = ("kind", "canonical_id", "system", "field", "rule", "theirs", "source_record_id")
    return json.dumps([{name: getattr(one, name) for name in names} for one in conflicts])


def _read(rows: Iterable[tuple[object, ...]]) -> tuple[FieldConflict, ...]:
    return tuple(FieldConflict(Kind(str(kind)), *rest) for kind, *rest in rows)  # type: ignore[arg-type]
