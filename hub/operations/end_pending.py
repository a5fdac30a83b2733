"""How a pending change ends in the book: it comes about as it was asked for, or all stays as it was."""

from collections.abc import Collection, Mapping
from datetime import datetime

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.errors import Problem, SafetyStop
from hub.operations.apply_practice import load_practice
from hub.operations.cancel_visit import Cancellation, cancel_standing
from hub.operations.note_visits import Note, load_visits, note_one, note_visits
from hub.operations.question import Said
from hub.operations.relocate import release_relocation, relocate
from hub.operations.visit_clearances import prepare_consents
from hub.ports import KnownKey, Link, Pending, UnitOfWork


def complete(work: UnitOfWork, pending: Pending, records: Mapping[str, SourceRecord], push_to: Collection[str]) -> None:
    """Write what was agreed to, linked to what the vendor holds; the vendor is not told again."""
    told = set(push_to) - {pending.connection}
    if pending.kind == "move":
        relocate(work, pending, told)
    elif pending.kind == "cancel":
        _cancel(work, pending, pending.visit_ids, told)
    else:
        _book(work, pending, told)
    _link(work, records)


def _cancel(work: UnitOfWork, pending: Pending, visit_ids: Collection[str], told: Collection[str]) -> None:
    asked = dict(pending.asked)
    at = datetime.fromisoformat(asked.pop("asked_at"))
    cancel_standing(work, visit_ids, Cancellation(**asked), told, at=at)  # none: a pull was quicker


def _book(work: UnitOfWork, pending: Pending, told: Collection[str]) -> None:
    visit_ids: tuple[str, ...] = ()
    for one in pending.visit_ids:  # the parts of a trip share a hold, the sessions of a series have each its own
        visit_ids += () if one in visit_ids else work.holds.confirm(one)
    if visit_ids != pending.visit_ids:
        raise SafetyStop(Problem(f"the hold of change {pending.id} is not there", code="hold_lost"))
    asked = pending.asked
    series = {"series": asked["series"]} if "series" in asked else {}
    note = Note(
        "visit_booked",
        "book_series" if series else "book_visit",
        asked["actor"],
        asked.get("role"),
        asked.get("reason"),
        {"channel": asked.get("channel"), "confirmed_by": pending.connection} | series,
        {"overridden": asked.get("overridden", [])},
    )
    visits = load_visits(work, visit_ids)
    note_visits(work, visits, note, told)
    prepare_consents(work, load_practice(work), visits, actor=asked["actor"])
    if pending.key is not None and work.bookings.lock_key(pending.key) is None:
        work.bookings.save_key(pending.key, KnownKey(pending.request_hash or "", visit_ids))


def release(work: UnitOfWork, pending: Pending, refusal: str, said: Said, push_to: Collection[str]) -> None:
    """Let its hold be over now, if it has one, and note why. What the vendor cancelled all the same is cancelled."""
    data = {"refused": refusal, "code": said.code, "connection": pending.connection}
    if pending.kind == "cancel":
        stays = next(one for one in pending.visit_ids if one not in said.cancelled)
        work.journal.record_event("cancellation_refused", Kind.VISIT, stays, data)
        if said.cancelled:
            _cancel(work, pending, said.cancelled, set(push_to) - {pending.connection})
            _link(work, said.records)
        return
    if pending.kind == "move":
        release_relocation(work, pending, data)
        return
    first = work.pendings.load_held(pending.id)[0].visit
    work.pendings.release_hold(pending.id)
    note = Note("hold_released", "book_visit", pending.asked["actor"], event_data=data)
    note_one(work, first.id, first.patient_id, note)


def _link(work: UnitOfWork, records: Mapping[str, SourceRecord]) -> None:
    """What the vendor holds of them is known when the next pull brings it."""
    landed = work.landing.land(list(records.values()))
    pairs = zip(records.items(), landed, strict=True)
    work.links.save([Link(record.ref, visit_id, at.id) for (visit_id, record), at in pairs])
