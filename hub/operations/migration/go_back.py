"""The way back: the old system's word counts again, and everything that the hub wrote since then is kept for it.

What it can be told of goes to it by the outbox; the rest is a list that people enter there by hand.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json import dumps
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.finance import Package
from hub.canonical.ids import Kind
from hub.canonical.money import DEFAULT_CURRENCY, Money
from hub.canonical.records import Canonical, Patient, Visit
from hub.errors import NeedsAttention, Problem
from hub.operations.apply_practice import load_practice
from hub.operations.migration.frozen import last_step
from hub.operations.migration.judge_history import signer
from hub.ports import AuditEntry, Store, UnitOfWork
from hub.ports.cutovers import CutoverStep, Reentry, Step, Written

REFERENCES: Mapping[str, Kind] = {
    "patient_id": Kind.PATIENT,
    "service_id": Kind.SERVICE,
    "provider_id": Kind.PROVIDER,
    "location_id": Kind.LOCATION,
    "room_id": Kind.RESOURCE,
    "device_id": Kind.RESOURCE,
    "visit_id": Kind.VISIT,
    "package_id": Kind.PACKAGE,
}
"""Fields that name another record, told by its name and by its id in the old system."""

AMOUNTS = ("deposit", "fee")
"""What a visit costs besides its price."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """What a way back left to do."""

    entries: tuple[Reentry, ...]
    told: int
    """Records that the old system is told of."""
    by: str
    at: datetime
    digest: str
    """SHA-256 of the entries, which `by` signed for."""
    is_called_off: bool = False
    """The cut-over had not switched: there is nothing to enter, and exports may come in as before."""


def go_back(store: Store, system: str, by: str, told: Collection[Kind] = ()) -> WayBack:
    """Switch back, in one transaction; called again it gives the same list. A cut-over not yet switched is called off.

    Args:
        store: the book.
        system: the old one; a connection of its name is told of what it can be told of.
        by: who answers for it.
        told: the kinds that this connection takes.

    Raises:
        NeedsAttention: there is nothing to go back from, or its time is over.
        InvalidInput: there is no name.
    """
    by = signer(by, "--by")
    with store.begin("go_back") as work:
        work.bookings.lock_key(f"cutover {system}")
        steps = work.cutovers.find_steps(system)
        step = last_step(steps)
        if step is None:
            hint = "There is nothing to go back on: it is the system of record as it was"
            raise NeedsAttention(Problem(f"{system} was not cut over", "not_cut_over", hint=hint))
        number = next(iter(steps.values())).number
        if step is Step.SWITCH:
            _switch_back(work, system, steps, by, told)
        elif step is not Step.BACK:
            work.cutovers.record(system, number, Step.CLOSED, by, {"called_off_after": step})
            return WayBack((), 0, by, work.now, digest_of(()), is_called_off=True)
        said = work.cutovers.find_steps(system)[Step.BACK]
        entries = work.cutovers.load_reentries(system, number)
    return WayBack(entries, said.detail["told"], said.by, said.at, said.detail["digest"])


def close_way_back(store: Store, system: str, by: str) -> None:
    """Somebody answers for it that all of the list stands in the old system: its exports may come in again.

    Raises:
        NeedsAttention: there is no list that waits for it, or deliveries to the old system still wait.
    """
    by = signer(by, "--by")
    with store.begin("close_way_back") as work:
        work.bookings.lock_key(f"cutover {system}")
        steps = work.cutovers.find_steps(system)
        if last_step(steps) is not Step.BACK:
            raise NeedsAttention(Problem("there is no list of what the hub wrote that waits for it", "no_way_back"))
        waiting = len(work.outbox.find_waiting(system)) + len(work.outbox.find_dead(system))
        if waiting:
            hint = f"`hub push {system}`; `hub issues` lists what it refused"
            raise NeedsAttention(Problem(f"{system} was not yet told of {waiting} records", "undelivered", hint=hint))
        work.cutovers.record(system, steps[Step.BACK].number, Step.CLOSED, by, {})


def digest_of(entries: Sequence[Reentry]) -> str:
    """SHA-256 of a list, whatever file it is written to."""
    return sha256(dumps([[one.kind, one.id, dict(one.said)] for one in entries], sort_keys=True).encode()).hexdigest()


def _switch_back(
    work: UnitOfWork, system: str, steps: Mapping[Step, CutoverStep], by: str, told: Collection[Kind]
) -> None:
    switch = steps[Step.SWITCH]
    if work.now > datetime.fromisoformat(switch.detail["until"]):
        hint = "way_back_days of migration.yaml says how long, before the switch"
        raise NeedsAttention(
            Problem(f"the time for a way back ended at {switch.detail['until']}", "too_late", hint=hint)
        )
    work.visits.lock()
    kinds = [Kind(kind) for kind in switch.detail["kinds"]]
    # Of what was written before the switch and after the last delta, the old system knows nothing, either.
    written = work.cutovers.find_written(system, kinds, steps[Step.DELTA])
    for kind in told:
        work.outbox.enqueue_all([system], kind, [one.id for one in written if one.kind is kind])
    entries = tuple(_entries(work, system, [one for one in written if one.kind not in told]))
    work.cutovers.save_reentries(system, switch.number, entries)
    detail = {"told": sum(one.kind in told for one in written), "entries": len(entries), "digest": digest_of(entries)}
    work.cutovers.record(system, switch.number, Step.BACK, by, detail)
    work.journal.record_audit(AuditEntry(by, "list_for_re_entry", Kind.VISIT, system, detail=detail))


def _entries(work: UnitOfWork, system: str, written: Iterable[Written]) -> Iterable[Reentry]:
    by_kind: dict[Kind, list[Written]] = {}
    has_practice = work.practices.find_in_force().practice is not None
    currency = load_practice(work).currency if has_practice else DEFAULT_CURRENCY
    for one in written:
        by_kind.setdefault(one.kind, []).append(one)
    for kind, ones in by_kind.items():
        records = work.records.load(kind, [one.id for one in ones])
        told = {one.id: _beside(one, records.get(one.id), currency) for one in ones}
        fields = {id_: {**dict(records.get(id_, ())), **beside} for id_, beside in told.items()}
        names, zone = _names(work, system, fields.values()), _zone(work, system)
        for one in ones:
            head = {"what": _what(one), "hub_id": one.id, "old_id": ", ".join(one.source_ids)}
            yield Reentry(kind, one.id, {**head, **_told(fields[one.id], names, zone)})


def _beside(one: Written, record: Canonical | None, currency: str) -> dict[str, Any]:
    """What stands beside the record; of a visit its amounts in the currency of its price, or else in this one."""
    if not isinstance(record, Visit):
        return dict(one.more)
    currency = record.price.currency if record.price else currency
    amounts = {name: Money(amount_minor=one.more[name], currency=currency) for name in AMOUNTS if one.more.get(name)}
    return {**one.more, **dict.fromkeys(AMOUNTS), **amounts}


def _what(one: Written) -> str:
    """`new`, or what happened to it here: `visit_cancelled, visit_moved`."""
    said = ", ".join(one.events) or "changed"
    return said if one.source_ids else f"new: {said}" if one.events else "new"


def _names(work: UnitOfWork, system: str, said: Iterable[Mapping[str, Any]]) -> dict[tuple[Kind, str], tuple[str, str]]:
    """What records refer to → its name, and its id in the old system."""
    wanted: dict[Kind, set[str]] = {}
    for fields in said:
        for field, kind in REFERENCES.items():
            if (id_ := fields.get(field)) is not None:
                wanted.setdefault(kind, set()).add(id_)
    found: dict[tuple[Kind, str], tuple[str, str]] = {}
    for kind, ids in wanted.items():
        for id_, record in work.records.load(kind, ids).items():
            refs = (ref.id for ref in work.links.find_refs(kind, id_) if ref.system == system)
            found[kind, id_] = _name(record), next(refs, "")
    return found


def _name(record: Canonical) -> str:
    if isinstance(record, Patient):
        return " ".join(part for part in (record.given_name, record.family_name) if part)
    return record.id if isinstance(record, Package) else str(getattr(record, "name", "") or "")


def _zone(work: UnitOfWork, system: str) -> ZoneInfo:
    return next(ZoneInfo(head.zone) for head in work.migrations.find_heads() if head.system == system)


def _told(
    fields: Mapping[str, Any], names: Mapping[tuple[Kind, str], tuple[str, str]], zone: ZoneInfo
) -> dict[str, str]:
    """Field → text, times as the old system's clocks show them; of another record its name, and its id there."""
    said: dict[str, str] = {}
    for field, value in fields.items():
        if field == "id":
            continue
        kind = REFERENCES.get(field)
        if kind is None:
            said[field] = _text(value, zone)
            continue
        name, old_id = names.get((kind, str(value)), ("", "")) if value is not None else ("", "")
        said |= {field.removesuffix("_id"): name, f"{field.removesuffix('_id')}_old_id": old_id}
    return said


def _text(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, Money):
        return f"{value.amount_minor / 100:.2f} {value.currency}"
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return str(value)
