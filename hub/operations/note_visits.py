"""What is noted of every change to visits: an event, an audit row, and word for the systems that are told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.ports import Act, AuditEntry, UnitOfWork


@dataclass(frozen=True, slots=True)
class Note:
    """Who did what, and why."""

    event: str
    """In the past tense: `visit_booked`."""
    action: str
    """The operation: `book_visit`."""
    actor: str
    role: str | None = None
    reason: str | None = None
    event_data: Mapping[str, Any] = field(default_factory=dict)
    audit_detail: Mapping[str, Any] = field(default_factory=dict)
    """Ids and codes; nothing personal."""


def note_visits(work: UnitOfWork, visits: Iterable[Visit], note: Note, push_to: Collection[str]) -> None:
    """Write it down in the same transaction as the change."""
    work.journal.record([_act(visit.id, visit.patient_id, note) for visit in visits], push_to)


def note_one(work: UnitOfWork, visit_id: str, patient_id: str, note: Note) -> None:
    """The event and the audit row of one visit or of what may become one."""
    work.journal.record([_act(visit_id, patient_id, note)])


def _act(visit_id: str, patient_id: str, note: Note) -> Act:
    audit = AuditEntry(
        note.actor,
        note.action,
        Kind.VISIT,
        visit_id,
        patient_id=patient_id,
        role=note.role,
        reason=note.reason,
        detail=note.audit_detail,
    )
    return Act(note.event, audit, note.event_data)


def load_visits(work: UnitOfWork, visit_ids: Iterable[str]) -> tuple[Visit, ...]:
    """The visits as they stand now, in this order."""
    ids = tuple(visit_ids)
    found = work.records.load(Kind.VISIT, ids)
    return tuple(visit for one in ids if isinstance(visit := found[one], Visit))
