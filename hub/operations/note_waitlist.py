"""What is noted of those who wait: an event and an audit row for each of their patients."""

from hub.canonical.ids import Kind
from hub.operations.note_visits import Note
from hub.ports import AuditEntry, UnitOfWork
from hub.ports.waitlist import WaitlistEntry


def note_entry(work: UnitOfWork, entry: WaitlistEntry, note: Note) -> None:
    """Write it down in the same transaction as the change; the patient is the subject."""
    data = {"entry": entry.id, **note.event_data}
    for patient_id in entry.patient_ids:
        work.journal.record_event(note.event, Kind.PATIENT, patient_id, data)
        work.journal.record_audit(
            AuditEntry(note.actor, note.action, Kind.PATIENT, patient_id, patient_id=patient_id, detail=data)
        )
