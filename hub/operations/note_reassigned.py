"""What is noted of visits from outside that made way: nobody who made them is told, for their records name nothing."""

from collections.abc import Mapping

from hub.canonical.ids import Kind
from hub.ports import AuditEntry, UnitOfWork
from hub.scheduling.decision import Booking


def note_made_way(work: UnitOfWork, booking: Booking, *, actor: str) -> None:
    """An event and an audit row for each visit that a booking moved to other resources."""
    patients = {one.visit_id: one.patient_id for one in booking.reassignments}
    for visit_id, patient_id in sorted(patients.items()):
        now_with = {one.need: one.resource_id for one in booking.reassignments if one.visit_id == visit_id}
        note_reassigned(work, visit_id, patient_id, now_with, actor=actor)


def note_reassigned(
    work: UnitOfWork, visit_id: str, patient_id: str, resources: Mapping[str, str], *, actor: str
) -> None:
    """The same for one visit: need name → who fills it from now on."""
    detail = {"resources": dict(resources)}
    work.journal.record_event("visit_reassigned", Kind.VISIT, visit_id, detail)
    entry = AuditEntry(actor, "reassign_visit", Kind.VISIT, visit_id, patient_id=patient_id, detail=detail)
    work.journal.record_audit(entry)
