"""How a pending change ends in the book: it comes about as it was held, or its hold is over."""

from collections.abc import Collection, Sequence

from hub.canonical.source import SourceRecord
from hub.errors import Problem, SafetyStop
from hub.operations.apply_practice import load_practice
from hub.operations.note_visits import Note, load_visits, note_one, note_visits
from hub.operations.visit_clearances import prepare_consents
from hub.ports import KnownKey, Link, Pending, UnitOfWork


def complete(work: UnitOfWork, pending: Pending, records: Sequence[SourceRecord], push_to: Collection[str]) -> None:
    """Turn the hold into visits that are linked to what the vendor holds; the vendor is not told again."""
    visit_ids = work.holds.confirm(pending.visit_ids[0])
    if visit_ids != pending.visit_ids:
        raise SafetyStop(Problem(f"the hold of change {pending.id} is not there", code="hold_lost"))
    _link(work, visit_ids, records)
    asked = pending.asked
    note = Note(
        "visit_booked",
        "book_visit",
        asked["actor"],
        asked.get("role"),
        asked.get("reason"),
        {"channel": asked.get("channel"), "confirmed_by": pending.connection},
        {"overridden": asked.get("overridden", [])},
    )
    visits = load_visits(work, visit_ids)
    note_visits(work, visits, note, set(push_to) - {pending.connection})
    prepare_consents(work, load_practice(work), visits, actor=asked["actor"])
    if pending.key is not None and work.bookings.lock_key(pending.key) is None:
        work.bookings.save_key(pending.key, KnownKey(pending.request_hash or "", visit_ids))


def release(work: UnitOfWork, pending: Pending, refusal: str, code: str | None) -> None:
    """Let the hold be over now, and note why."""
    first = work.pendings.load_held(pending.id)[0].visit
    work.pendings.release_hold(pending.id)
    data = {"refused": refusal, "code": code, "connection": pending.connection}
    note_one(
        work, first.id, first.patient_id, Note("hold_released", "book_visit", pending.asked["actor"], None, None, data)
    )


def _link(work: UnitOfWork, visit_ids: Sequence[str], records: Sequence[SourceRecord]) -> None:
    """What the vendor holds of them is known when the next pull brings it."""
    landed = work.landing.land(records)
    pairs = zip(visit_ids, records, landed, strict=False)
    work.links.save([Link(record.ref, visit_id, at.id) for visit_id, record, at in pairs])
