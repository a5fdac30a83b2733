"""What a system is to be told of a record: as it stands now, onto what the system was last seen to hold."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from hub.canonical.chart import Dose
from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord
from hub.errors import Problem, RecordRejected
from hub.mapping.apply import TwoWay, decode, encode
from hub.mapping.split import whole_ref
from hub.mapping.split_writing import find_unwritable
from hub.operations.apply_practice import load_practice
from hub.operations.linked_system import LinkedSystem, SystemLinks
from hub.ports import Delivery, Link, Sent, UnitOfWork, Write
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

    @property
    def is_held(self) -> bool:
        """Whether the system holds it already, in its own way of writing; or holds the record no more."""
        if self.last is None:
            return False
        if self.last.is_end or self.write.payload == self.last.payload:
            return True
        return (
            self.sent is not None
            and self.sent.said_hash == self.said_hash
            and self.sent.payload_hash == payload_hash(self.last.payload)
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """What a rehearsal knows and the store does not yet; by canonical id."""

    records: Mapping[str, Canonical] = field(default_factory=dict)
    seen: Mapping[str, SourceRecord] = field(default_factory=dict)
    """The system's records as they were read last."""


def prepare_write(
    delivery: Delivery, system: LinkedSystem, uow: UnitOfWork, planned: Planned | None = None
) -> Prepared:
    """The write of a delivery; in a rehearsal onto what is `planned`.

    Raises:
        RecordRejected: the record is gone or has no form there.
    """
    kind, id_ = delivery.kind, delivery.canonical_id
    planned = planned or Planned()
    record = planned.records.get(id_) or uow.records.load(kind, [id_]).get(id_)
    if record is None:
        raise RecordRejected(Problem(f"there is no {kind} {id_} any more", code="gone"))
    if isinstance(record, Dose):
        record = _counted(record, uow)
    link = _link(delivery, system, uow)
    last = uow.landing.load([link.source_record_id])[link.source_record_id] if link and link.source_record_id else None
    last = planned.seen.get(id_, last)
    target = last.ref if last else link.ref if link else None
    sent = uow.outbox.find_last_sent(system.name, kind, [id_]).get(id_)
    if last is not None and last.is_end:
        return Prepared(Write(kind, id_, delivery.idempotency_key, target, {}), last, "", sent)
    context = system.context(SystemLinks(system, uow), uow.now)
    mapping = system.mapping(kind)
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


def _link(delivery: Delivery, system: LinkedSystem, uow: UnitOfWork) -> Link | None:
    refs = uow.links.find_refs(delivery.kind, delivery.canonical_id)
    linked = uow.links.find([ref for ref in refs if ref.system == system.name])
    links = [linked[ref] for ref in sorted(linked)]
    alive = [link for link in links if not _is_end(link, uow)] if len(links) > 1 else links
    return next(iter(alive or links), None)


def _is_end(link: Link, uow: UnitOfWork) -> bool:
    number = link.source_record_id
    return number is not None and uow.landing.load([number])[number].is_end


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
