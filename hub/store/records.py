"""The canonical records in their tables: many at once, and nothing where nothing changed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import Connection, Table, TextClause, select, text

from hub.canonical.ids import Kind
from hub.canonical.lots import Lot
from hub.canonical.records import IN_ORDER, MODELS, Canonical, Visit
from hub.ports import Saved
from hub.store import tables
from hub.store.bulk import stage
from hub.store.columns import columns_of, fields_of, values_of
from hub.store.driver import run, run_text
from hub.store.locks import lock_claims
from hub.store.lots import load_lots, save_lots
from hub.store.read_off import DOSES_OF, READ_OFF
from hub.sync.lineage import REST, Lineage, Origin, Rule, read_lineage, source_records

TABLES: Mapping[Kind, Table] = {
    Kind.PATIENT: tables.patient,
    Kind.LOCATION: tables.location,
    Kind.PROVIDER: tables.provider,
    Kind.RESOURCE: tables.resource,
    Kind.SERVICE: tables.service,
    Kind.VISIT: tables.visit,
    Kind.ROLE: tables.role,
    Kind.SCHEDULE: tables.schedule,
    Kind.SLOT: tables.slot,
    Kind.CONSENT: tables.consent,
    Kind.FORM: tables.filled_form,
    Kind.DOCUMENT: tables.document,
    Kind.INVOICE: tables.invoice,
    Kind.PAYMENT: tables.payment,
    Kind.PACKAGE: tables.package,
    Kind.GIFT_CARD: tables.gift_card,
    Kind.MEMBERSHIP: tables.membership,
}
"""Where the records of a kind stand."""
_SAVED = tuple((MODELS[kind], TABLES[kind]) for kind in IN_ORDER if kind in TABLES)
"""In the order in which they may name one another."""

_TO_COME = text("""
    SELECT patient_id, array_agg(id ORDER BY start) AS visits FROM visit
    WHERE patient_id = ANY(:ids) AND state = 'booked' AND start > now() GROUP BY 1""")

_TAKEN = text("SELECT package_id, count(*) AS taken FROM package_use WHERE package_id = ANY(:ids) GROUP BY 1")

_SYSTEMS = text("SELECT id, system FROM source_record WHERE id = ANY(:ids)")
_DOCUMENTS = text("""
    SELECT id FROM document WHERE patient_id = :patient AND active ORDER BY written_at DESC NULLS LAST, id""")


class SqlRecords:
    """`hub.ports.Records`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(
        self,
        records: Sequence[Canonical],
        *,
        sources: Mapping[str, int] | None = None,
        modified: Mapping[str, datetime | None] | None = None,
        origins: Mapping[str, Mapping[str, Origin]] | None = None,
        origin: str = "hub",
        batch_id: int | None = None,
        claims_time: bool = True,
    ) -> Saved:
        """See the port."""
        if claims_time and any(isinstance(record, Visit) for record in records):
            lock_claims(self._connection)
        inserted: list[str] = []
        updated: list[str] = []
        total = 0
        by_model: dict[type[BaseModel], dict[str, Canonical]] = {}
        for record in records:
            by_model.setdefault(type(record), {})[str(record.id)] = record
        for model, table in _SAVED:
            chosen = by_model.get(model)
            if not chosen:
                continue
            total += len(chosen)
            once = {"batch_id": batch_id} | ({"origin": origin} if table is tables.visit else {})
            came = _Came(sources or {}, modified or {}, origins)
            for identifier, is_new in self._upsert(model, table, chosen, came, once=once):
                (inserted if is_new else updated).append(identifier)
        lots = {str(one.id): one for one in records if isinstance(one, Lot)}
        total += len(lots)
        for identifier, is_new in save_lots(self._connection, lots, origin):
            (inserted if is_new else updated).append(identifier)
        position = {str(record.id): n for n, record in enumerate(records)}
        by_position = position.__getitem__
        unchanged = total - len(inserted) - len(updated)
        return Saved(tuple(sorted(inserted, key=by_position)), tuple(sorted(updated, key=by_position)), unchanged)

    def load(self, kind: Kind, ids: Collection[str]) -> dict[str, Canonical]:
        """See the port."""
        if kind is Kind.LOT:
            return dict(load_lots(self._connection, list(ids)))
        if kind in READ_OFF:
            return self._read(kind, self._connection.execute(READ_OFF[kind], {"ids": list(ids)}))
        if not ids:
            return {}
        rows = run(self._connection, _load_statement(TABLES[kind]), {"ids": list(ids)})
        return {row["id"]: _record(MODELS[kind], row) for row in rows}

    def load_lineage(self, kind: Kind, ids: Collection[str]) -> dict[str, Lineage]:
        """See the port."""
        if not ids or kind in READ_OFF:
            return {}
        rows = run_text(self._connection, _lineage_statement(TABLES[kind].name), {"ids": list(ids)})
        numbers = source_records(row.lineage for row in rows)
        named = run_text(self._connection, _SYSTEMS, {"ids": list(numbers)}) if numbers else ()
        systems = {row.id: row.system for row in named}
        return {row.id: read_lineage(row.lineage, row.updated_at, systems) for row in rows}

    def note_origin(self, kind: Kind, id_: str, origins: Mapping[str, Origin]) -> None:
        """See the port."""
        table = TABLES[kind]
        statement = f"""UPDATE "{table.name}" SET lineage = coalesce(lineage, '{{}}') || CAST(:lineage AS jsonb)
            WHERE id = :id"""  # noqa: S608 the table's own name
        self._connection.execute(text(statement), {"id": id_, "lineage": _lineage(origins)})

    def note_growth(self) -> None:
        """See the port."""
        run(self._connection, "SELECT analyze_grown_tables()")

    def find_visits_to_come(self, patient_ids: Collection[str]) -> dict[str, list[str]]:
        """See the port."""
        rows = self._connection.execute(_TO_COME, {"ids": list(patient_ids)})
        return {row.patient_id: row.visits for row in rows}

    def find_paid_ahead(self, patient_id: str) -> dict[Kind, list[str]]:
        """See the port."""
        found: dict[Kind, list[str]] = {}
        for kind in (Kind.PACKAGE, Kind.GIFT_CARD, Kind.MEMBERSHIP):
            columns = TABLES[kind].c
            query = select(columns.id).where(columns.patient_id == patient_id).order_by(columns.id)
            found[kind] = list(self._connection.execute(query).scalars())
        return found

    def count_taken_sessions(self, package_ids: Collection[str]) -> dict[str, int]:
        """See the port."""
        rows = self._connection.execute(_TAKEN, {"ids": list(package_ids)})
        return {row.package_id: row.taken for row in rows}

    def find_documents(self, patient_id: str) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(_DOCUMENTS, {"patient": patient_id}).scalars())

    def find_doses(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(DOSES_OF, {"ids": list(visit_ids)}).scalars())

    def load_all(self, kind: Kind) -> dict[str, Canonical]:
        """See the port."""
        if kind is Kind.LOT:
            return dict(load_lots(self._connection, None))
        return self._read(kind, self._connection.execute(select(TABLES[kind])))

    def _upsert(
        self,
        model: type[BaseModel],
        table: Table,
        records: Mapping[str, Canonical],
        came: "_Came",
        *,
        once: Mapping[str, object],
    ) -> Iterator[tuple[str, bool]]:
        """Insert or update; `once` is written with new rows only."""
        content = columns_of(model)
        columns = [*content, "source_record_id", "lineage", *once]
        given = once.values()
        rows = (
            [*values_of(record), came.sources.get(key), came.lineage(key), *given]
            for key, record in sorted(records.items())
        )
        staged = stage(self._connection, table, columns, rows)
        statement = _upsert_statement(table.name, content, columns, is_explained=came.origins is not None)
        for row in staged.execute(self._connection, statement):
            yield row.id, row.is_new

    def _read(self, kind: Kind, rows: Any) -> dict[str, Canonical]:
        return {row.id: _record(MODELS[kind], row._asdict()) for row in rows}


@cache
def _load_statement(table: Table) -> str:
    listed = ", ".join(f'"{column.name}"' for column in table.c)
    return f'SELECT {listed} FROM "{table.name}" WHERE id = ANY(%(ids)s)'  # noqa: S608 the table's own names


@cache
def _lineage_statement(table: str) -> TextClause:
    return text(f'SELECT id, lineage, updated_at FROM "{table}" WHERE id = ANY(:ids)')  # noqa: S608 the same


class _Came(NamedTuple):
    """Where records come from, by their ids."""

    sources: Mapping[str, int]
    modified: Mapping[str, datetime | None]
    origins: Mapping[str, Mapping[str, Origin]] | None

    def lineage(self, key: str) -> str | None:
        """As it is stored, as far as it need not be looked up."""
        if self.origins is not None:
            return _lineage(self.origins.get(key))
        at = self.modified.get(key)
        return f'{{"{REST}":[{self.sources[key]},"{Rule.ONLY}","{at.isoformat()}"]}}' if at is not None else None


def _lineage(origins: Mapping[str, Origin] | None) -> str | None:
    return json.dumps({name: origin.stored() for name, origin in origins.items()}) if origins else None


# What a record without a lineage says is the hub's own since it was last written: before this change, not with it.
_EXPLAINED = """CASE WHEN excluded.lineage IS NULL THEN t.lineage
    ELSE coalesce(t.lineage, jsonb_build_object('*', jsonb_build_array(NULL, 'hub', t.updated_at)))
        || excluded.lineage END"""
_BY_SOURCE = """
    CASE WHEN s.lineage IS NOT NULL THEN s.lineage
    WHEN s.source_record_id IS NOT NULL THEN jsonb_build_object('*', jsonb_build_array(
        s.source_record_id, 'only', coalesce(
            (SELECT r.modified_at FROM source_record r WHERE r.id = s.source_record_id), now()))) END"""


def _upsert_statement(table: str, content: Sequence[str], columns: Sequence[str], *, is_explained: bool) -> str:
    """Explained: by the staged lineage; else a new record is its source's, and a changed one is for the trigger."""
    listed = ", ".join(f'"{name}"' for name in columns)
    given = ", ".join(_BY_SOURCE if n == "lineage" and not is_explained else f's."{n}"' for n in columns)
    explained = f"lineage = {_EXPLAINED}," if is_explained else ""
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in content if name != "id")
    old = ", ".join(f't."{name}"' for name in content)
    new = ", ".join(f'excluded."{name}"' for name in content)
    return f"""
        INSERT INTO "{table}" AS t ({listed}) SELECT {given} FROM "staged_{table}" s ORDER BY s.id
        ON CONFLICT (id) DO UPDATE SET {changes}, {explained}
            source_record_id = coalesce(excluded.source_record_id, t.source_record_id),
            updated_at = now(), revision = t.revision + 1
        WHERE ({old}) IS DISTINCT FROM ({new})
        RETURNING t.id, t.xmax = 0 AS is_new"""  # noqa: S608 the names are the tables' own


def read_visit(stored: Mapping[str, Any]) -> Visit:
    """A visit from its table's columns."""
    return Visit.model_validate(fields_of(Visit, stored))


def _record(model: type[BaseModel], stored: Mapping[str, Any]) -> Any:
    return model.model_validate(fields_of(model, stored))
