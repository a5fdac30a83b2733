"""Which notes are at hand when a visit opens, and where they are kept."""

from hub.canonical.chart import Document
from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.ports import AuditEntry, Store
from hub.scheduling.decision import Refusal


def find_notes(store: Store, visit_id: str, *, actor: str) -> tuple[Document, ...] | Refusal:
    """The notes about the visit's patient that count, the newest first; that somebody looked is audited.

    `unknown_visit`. What they say stays where they are kept: they are opened there, by their reference.
    """
    with store.begin("find_notes") as work:
        visit = work.records.load(Kind.VISIT, [visit_id]).get(visit_id)
        if not isinstance(visit, Visit):
            return Refusal(("unknown_visit",))
        ids = work.records.find_documents(visit.patient_id)
        found = work.records.load(Kind.DOCUMENT, ids)
        entry = AuditEntry(actor, "find_notes", Kind.VISIT, visit_id, patient_id=visit.patient_id)
        work.journal.record_audit(entry)
        return tuple(one for id_ in ids if isinstance(one := found[id_], Document))
