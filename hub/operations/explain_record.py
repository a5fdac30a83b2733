"""Where each value of a record comes from: which system's record, by which rule, and since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.phi import phi_classes
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, Problem
from hub.ports import AuditEntry, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One value and its origin."""

    field: str
    value: Any
    """As JSON has it."""
    is_personal: bool
    system: str
    """`hub`, where it was written here."""
    source_id: str | None
    """The record's id there."""
    source_record_id: int | None
    rule: str
    at: datetime
    conflicts: tuple[str, ...]
    """The systems that say otherwise."""
    file: str | None = None
    """That the record stood in, where it came from a file."""
    line: int | None = None
    batch: int | None = None
    """The run that brought it, where that was a migration's: as `hub migrate rollback` and Dagster number them."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A record."""

    id: str
    """The hub's."""
    fields: tuple[ExplainedField, ...]


def explain_record(store: Store, kind: Kind, id_: str, *, actor: str, personal: bool = False) -> Explained:
    """Every field of the record, in its own order.

    Args:
        store: where it stands.
        kind: what it is.
        id_: the hub's, or a system's as `system/id`.
        actor: who looks.
        personal: whether the values are shown, which is audited.

    Raises:
        InvalidInput: there is no such record.
    """
    with store.begin("explain_record") as uow:
        record = uow.records.load(kind, [id_ := _hub_id(uow, kind, id_)]).get(id_)
        if record is None:
            hint = "The hub's id, such as pat_…, or SYSTEM/ID as a connected system knows it"
            raise InvalidInput(Problem(f"there is no {kind} {id_!r}", "unknown", hint=hint))
        lineage = uow.records.load_lineage(kind, [id_])[id_]
        names = [name for name in type(record).model_fields if name != "id"]
        origins = {name: lineage.of(name) for name in names}
        numbers = {origin.source_record_id for origin in origins.values() if origin.source_record_id is not None}
        sources = uow.landing.load(sorted(numbers)) if numbers else {}
        batches = uow.landing.find_batches(sorted(sources)) if sources else {}
        others: dict[str, list[str]] = {}
        for one in uow.conflicts.find(kind, [id_]):
            others.setdefault(one.field, []).append(one.system)
        if personal:
            patient_id = id_ if kind is Kind.PATIENT else getattr(record, "patient_id", None)
            uow.journal.record_audit(AuditEntry(actor, "explain_record", kind, id_, patient_id=patient_id))
    marked = phi_classes(type(record))
    shown = record.model_dump(mode="json")
    explained: list[ExplainedField] = []
    for name in names:
        origin = origins[name]
        source = sources.get(origin.source_record_id or 0)
        explained.append(
            ExplainedField(
                name,
                shown[name],
                name in marked,
                origin.system or "hub",
                source.ref.id if source else None,
                origin.source_record_id,
                str(origin.rule),
                origin.at,
                tuple(others.get(name, ())),
                source.file if source else None,
                source.line if source else None,
                batches.get(origin.source_record_id or 0),
            )
        )
    return Explained(id_, tuple(explained))


def _hub_id(uow: UnitOfWork, kind: Kind, id_: str) -> str:
    """Of a record that is named as issues name it, `system/id`; any other id as it is."""
    system, _, source_id = id_.partition("/")
    ref = SourceRef(system, kind, source_id)
    link = uow.links.find([ref]).get(ref) if source_id else None
    return link.canonical_id if link is not None else id_
