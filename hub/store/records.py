"""The canonical records in their tables: many at once, and nothing where nothing changed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, Table, select, text

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.records import Canonical, Location, Patient, Provider, Resource, Service, Visit
from hub.ports import Saved
from hub.store import tables
from hub.store.bulk import stage
from hub.store.locks import lock_claims

# In the order in which they may name one another.
_MODELS: Mapping[Kind, tuple[type[BaseModel], Table]] = {
    Kind.PATIENT: (Patient, tables.patient),
    Kind.LOCATION: (Location, tables.location),
    Kind.PROVIDER: (Provider, tables.provider),
    Kind.RESOURCE: (Resource, tables.resource),
    Kind.SERVICE: (Service, tables.service),
    Kind.VISIT: (Visit, tables.visit),
}


class SqlRecords:
    """`hub.ports.Records`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(
        self,
        records: Sequence[Canonical],
        *,
        sources: Mapping[str, int] | None = None,
        origin: str = "hub",
        batch_id: int | None = None,
    ) -> Saved:
        """See the port."""
        inserted: list[str] = []
        updated: list[str] = []
        total = 0
        for model, table in _MODELS.values():
            chosen = {str(record.id): record for record in records if isinstance(record, model)}
            if not chosen:
                continue
            total += len(chosen)
            once = {"batch_id": batch_id} | ({"origin": origin} if table is tables.visit else {})
            for identifier, is_new in self._upsert(model, table, chosen, sources or {}, once):
                (inserted if is_new else updated).append(identifier)
        position = {str(record.id): n for n, record in enumerate(records)}
        by_position = position.__getitem__
        unchanged = total - len(inserted) - len(updated)
        return Saved(tuple(sorted(inserted, key=by_position)), tuple(sorted(updated, key=by_position)), unchanged)

    def load(self, kind: Kind, ids: Collection[str]) -> dict[str, Canonical]:
        """See the port."""
        _, table = _MODELS[kind]
        query = select(table).where(table.c.id == text("ANY(:ids)")).params(ids=list(ids))
        return self._read(kind, self._connection.execute(query))

    def load_all(self, kind: Kind) -> dict[str, Canonical]:
        """See the port."""
        return self._read(kind, self._connection.execute(select(_MODELS[kind][1])))

    def _upsert(
        self,
        model: type[BaseModel],
        table: Table,
        records: Mapping[str, Canonical],
        sources: Mapping[str, int],
        once: Mapping[str, object],
    ) -> Iterator[tuple[str, bool]]:
        """Insert or update; `once` is written with new rows only."""
        if table is tables.visit:
            lock_claims(self._connection)
        content = _columns(model)
        columns = [*content, "source_record_id", *once]
        rows = ([*_values(record), sources.get(key), *once.values()] for key, record in sorted(records.items()))
        stage(self._connection, table, columns, rows)
        for row in self._connection.execute(text(_upsert_statement(table.name, content, columns))):
            yield row.id, row.is_new

    def _read(self, kind: Kind, rows: Any) -> dict[str, Canonical]:
        model, _ = _MODELS[kind]
        return {row.id: _record(model, row) for row in rows}


def _upsert_statement(table: str, content: Sequence[str], columns: Sequence[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in columns)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in content if name != "id")
    old = ", ".join(f't."{name}"' for name in content)
    new = ", ".join(f'excluded."{name}"' for name in content)
    return f"""
        INSERT INTO "{table}" AS t ({listed}) SELECT {listed} FROM "staged_{table}" ORDER BY id
        ON CONFLICT (id) DO UPDATE SET {changes},
            source_record_id = coalesce(excluded.source_record_id, t.source_record_id),
            updated_at = now(), revision = t.revision + 1
        WHERE ({old}) IS DISTINCT FROM ({new})
        RETURNING t.id, t.xmax = 0 AS is_new"""  # noqa: S608 the names are the tables' own


def _columns(model: type[BaseModel]) -> list[str]:
    """The columns that hold a model's fields: money is two."""
    listed = (("price_minor", "price_currency") if name == "price" else (name,) for name in model.model_fields)
    return [column for columns in listed for column in columns]


def _values(record: BaseModel) -> Iterator[Any]:
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name == "price":
            yield None if value is None else value.amount_minor
            yield None if value is None else value.currency
        else:
            yield str(value) if name == "state" and value is not None else value


def read_visit(stored: Mapping[str, Any]) -> Visit:
    """A visit from its table's columns."""
    return Visit.model_validate(_fields(Visit, stored))


def _record(model: type[BaseModel], row: Row[Any]) -> Any:
    return model.model_validate(_fields(model, row._asdict()))


def _fields(model: type[BaseModel], stored: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: stored[name] for name in model.model_fields if name != "price"}
    if "price" in model.model_fields and stored["price_minor"] is not None:
        fields["price"] = Money(amount_minor=stored["price_minor"], currency=stored["price_currency"])
    return fields
