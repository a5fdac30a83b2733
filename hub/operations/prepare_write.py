"""What a system is to be told of a record: as it stands now, onto what the system was last seen to hold."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from hub.canonical.chart import Dose
from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Conflict, Problem, RecordRejected
from hub.mapping.apply import TwoWay, decode, encode
from hub.mapping.context import Context
from hub.mapping.joins import AWAITED, blank
from hub.mapping.split import whole_ref
from hub.mapping.split_writing import find_unwritable
from hub.operations.apply_practice import load_practice
from hub.operations.linked_system import LinkedSystem, SystemLinks
from hub.ports import Delivery, Sent, UnitOfWork, Write
from hub.sync.echo import payload_hash
from hub.sync.system_of_record import MANUAL


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write that is ready to be sent."""

    write: Write
    last: SourceRecord | None
    """The system's record as it was last seen."""
    said_hash: str
    """Of the canonical values that it says."""
    sent: Sent | None
    """What was confirmed before."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """The canonical values that it says, in JSON's types."""
    undecided: frozenset[str] = frozenset()
    """Fields that stay as they are there until a person decides."""
    part: str | None = None
    """The id of the part that it is of the system's record."""
    is_moot: bool = False
    """There is nothing to say, and no record need be made for that."""

    @property
    def is_held(self) -> bool:
        """Whether the system holds it already, in its own way of writing; or holds the record no more."""
        if self.last is None:
            return self.is_moot
        if self.last.is_end or self.write.payload == self.last.payload:
            return True
        sent = self.sent.of(self.last.ref.id) if self.sent is not None else None
        return (
            sent is not None
            and sent.said_hash == self.said_hash
            and sent.payload_hash == payload_hash(self.last.payload)
        )


@dataclass(frozen=True, slots=True)
class There:
    """A record of the system that is this one."""

    ref: SourceRef
    last: SourceRecord | None
    """As it was last seen."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a rehearsal knows and the store does not yet; by canonical id."""

    records: Mapping[str, Canonical] = field(default_factory=dict)
    seen: Mapping[str, SourceRecord] = field(default_factory=dict)
    """The system's records as they were read last."""


def prepare_writes(
    delivery: Delivery, system: LinkedSystem, uow: UnitOfWork, planned: Planned | None = None
) -> tuple[Prepared, ...]:
    """The writes of a delivery; in a rehearsal onto what is `planned`. Several where several there are this record.

    Raises:
        RecordRejected: the record is gone or has no form there.
        Conflict: it says more of a record that the system is still to be told of.
    """
    kind, id_ = delivery.kind, delivery.canonical_id
    planned = planned or Planned()
    record = planned.records.get(id_) or uow.records.load(kind, [id_]).get(id_)
    if record is None:
        raise RecordRejected(Problem(f"there is no {kind} {id_} any more", code="gone"))
    if isinstance(record, Dose):
        record = _counted(record, uow)
    there = _find_there(delivery, system, uow, planned)
    if not there and kind is Kind.PATIENT and uow.people.find_survivors([id_]):
        return (_moot(delivery),)  # whom it became part of is told of in its own right
    sent = uow.outbox.find_last_sent(system.name, kind, [id_]).get(id_)
    if len(there) > 1:
        return tuple(_prepare(_keyed(delivery, one), record, one, system, uow, sent=sent) for one in there)
    return (_prepare(delivery, record, next(iter(there), None), system, uow, sent=sent),)


def _find_there(delivery: Delivery, system: LinkedSystem, uow: UnitOfWork, planned: Planned) -> tuple[There, ...]:
    """All that still stand, by their ids. Where none does, the first, which is known to be gone; a joined one is made
    anew.
    """
    refs = [ref for ref in uow.links.find_refs(delivery.kind, delivery.canonical_id) if ref.system == system.name]
    if not refs and system.joins is None:
        aliases = system.aliases.get(delivery.kind, {}).items()
        aliased = [SourceRef(system.name, delivery.kind, id_) for id_, one in aliases if one == delivery.canonical_id]
        return tuple(There(ref, None) for ref in aliased[:1])
    links = uow.links.find(refs)
    numbers = [link.source_record_id for link in links.values() if link.source_record_id]
    states = uow.landing.load(numbers) if numbers else {}
    seen = {ref: states.get(link.source_record_id or 0) for ref, link in links.items()}
    if delivery.canonical_id in planned.seen:
        now = planned.seen[delivery.canonical_id]
        seen[now.ref] = now
    there = [There(ref, seen[ref]) for ref in sorted(seen)]
    alive = [one for one in there if one.last is None or not one.last.is_end]
    return tuple(alive or (there[:1] if system.joins is None else ()))


def _keyed(delivery: Delivery, one: There) -> Delivery:
    """With a key for one of several writes: short, and of plain letters whatever the system's ids look like."""
    key = f"{delivery.idempotency_key}:{sha256(one.ref.id.encode()).hexdigest()[:16]}"
    return replace(delivery, idempotency_key=key)


def _moot(delivery: Delivery) -> Prepared:
    write = Write(delivery.kind, delivery.canonical_id, delivery.idempotency_key, None, {})
    return Prepared(write, None, "", None, is_moot=True)


def _prepare(
    delivery: Delivery,
    record: Canonical,
    there: There | None,
    system: LinkedSystem,
    uow: UnitOfWork,
    *,
    sent: Sent | None,
) -> Prepared:
    """The write of one of the records there; None: it is to be made."""
    kind, id_ = delivery.kind, delivery.canonical_id
    target, last = (there.ref, there.last) if there is not None else (None, None)
    if last is not None and last.is_end:
        return Prepared(Write(kind, id_, delivery.idempotency_key, target, {}), last, "", sent)
    context = system.context(SystemLinks(system, uow), uow.now)
    mapping = system.mapping(kind)
    if target is None and system.joins is not None and _is_nothing_to_say(record, mapping, system, context):
        return _moot(delivery)
    part = target.id if mapping.table.each is not None and target is not None else None
    _require_writable(mapping, part, last, system)
    undecided = _undecided(kind, id_, system, uow) if last else frozenset[str]()
    said = _with_theirs(record, undecided, last, system, uow)
    seen = last.payload if last else None
    payload = encode(mapping, said, context, seen, part=part)
    whole = whole_ref(target) if part is not None and target is not None else target
    write = Write(kind, id_, delivery.idempotency_key, whole, payload, seen)
    values: dict[str, Any] = said.model_dump(mode="json", include=set(mapping.names))
    return Prepared(write, last, _hash(values), sent, values, undecided, part)


def _require_writable(mapping: TwoWay, part: str | None, last: SourceRecord | None, system: LinkedSystem) -> None:
    """A part is written onto its whole as it was seen: without that, the others would be written away."""
    wrong = next(find_unwritable(mapping.table), None)
    if wrong is not None:
        where, message, hint = wrong
        place = ".".join(map(str, where))
        raise RecordRejected(Problem(message, "split", file=mapping.table.file, field=place, hint=hint))
    if part is not None and last is None:
        hint = f"Pull {system.name}, then: hub replay dead {system.name}"
        raise RecordRejected(Problem("the record that it is a part of was never read", "split", hint=hint))


def _counted(dose: Dose, uow: UnitOfWork) -> Dose:
    """With the unit that the practice file counts the product in."""
    product = load_practice(uow).find_product(dose.product_id)
    return dose.model_copy(update={"unit": product.unit if product else None})


def _is_nothing_to_say(record: Canonical, mapping: TwoWay, system: LinkedSystem, context: Context) -> bool:
    """Whether no record need be made that says more of this one.

    Raises:
        Conflict: it need be, and the record that it says more of is to be made there first.
    """
    empty = blank(mapping.kind, mapping.names)
    if all(getattr(record, name) == value for name, value in empty.items()):
        return True
    if context.links.source_id(mapping.kind, str(record.id)) is not None:
        return False
    if system.joins in system.told_of(mapping.kind):
        message = f"{system.joins} is told of this {mapping.kind} first: what {system.name} has of it refers to that"
        raise Conflict(Problem(message, AWAITED, hint=f"It is tried again by itself; or: hub push {system.joins}"))
    return True


def _undecided(kind: Kind, id_: str, system: LinkedSystem, uow: UnitOfWork) -> frozenset[str]:
    conflicts = uow.conflicts.find(kind, [id_])
    return frozenset(one.field for one in conflicts if one.system == system.name and one.rule == MANUAL)


def _with_theirs(
    record: Canonical,
    undecided: Collection[str],
    last: SourceRecord | None,
    system: LinkedSystem,
    uow: UnitOfWork,
) -> Canonical:
    """With the system's own values where a person has yet to decide: nobody's value changes until then."""
    if not undecided or last is None:
        return record
    context = system.context(SystemLinks(system, uow), uow.now)
    theirs = decode(system.mapping(last.ref.kind), last, context).record
    if theirs is None:
        return record
    return record.model_copy(update={name: getattr(theirs, name) for name in undecided})


def _hash(values: Mapping[str, Any]) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
