"""A person decides which of two values stands, and everybody is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Visit
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import decode
from hub.operations.apply_practice import load_practice
from hub.operations.close_conflicts import close_conflicts
from hub.operations.linked_system import LinkedSystem, SystemLinks
from hub.operations.place_facts import place_facts
from hub.ports import AuditEntry, Store, UnitOfWork
from hub.ports.conflicts import FieldConflict
from hub.scheduling.decision import Refusal
from hub.sync.lineage import Origin, Rule
from hub.sync.system_of_record import TOGETHER


@dataclass(frozen=True, slots=True)
class Decision:
    """Which side is right, and who says so."""

    kind: Kind
    canonical_id: str
    field: str
    side: Literal["hub", "theirs"]
    actor: str
    role: str
    reason: str


def decide_conflict(system: LinkedSystem, decision: Decision, store: Store) -> Refusal | None:
    """Let a value stand; the other side hears of it by delivery, where it is told of anything. None: it is decided.

    `reason_missing`; `may_not_decide`: the policy's `decides` does not name the role.

    Raises:
        InvalidInput: there is nothing to decide there.
    """
    with store.begin("decide_conflict") as uow:
        conflicts = _conflicts(system, decision, uow)
        conflict = conflicts[0]
        record = uow.records.load(decision.kind, [decision.canonical_id])[decision.canonical_id]
        if not decision.reason.strip():
            return Refusal(("reason_missing",))
        if not may_decide(uow, decision.role, record.location_id if isinstance(record, Visit) else None):
            return Refusal(("may_not_decide",))
        number = conflict.source_record_id if decision.side == "theirs" else None
        origin = Origin(Rule.DECIDED, uow.now, number)
        if decision.side == "theirs":
            record = _with_theirs(record, conflicts, system, uow)
        _write(record, decision, dict.fromkeys((one.field for one in conflicts), origin), uow)
        close_conflicts(uow, conflicts)
        uow.outbox.enqueue_all(system.told_of(decision.kind), decision.kind, [decision.canonical_id])
        _audit(record, decision, conflict, uow)
    return None


def may_decide(uow: UnitOfWork, role: str, location_id: str | None = None) -> bool:
    """Whether the policy in force at a location, by default the first, lets a role decide between two systems."""
    practice = load_practice(uow)
    return role in practice.policy_at(uow.now, location_id or practice.locations[0].id).decides


def _conflicts(system: LinkedSystem, decision: Decision, uow: UnitOfWork) -> list[FieldConflict]:
    """The field's, and those of the fields that are decided with it."""
    groups = (group for group in TOGETHER.get(decision.kind, ()) if decision.field in group)
    names = next(groups, (decision.field,))
    found = uow.conflicts.find(decision.kind, [decision.canonical_id])
    chosen = [one for one in found if one.system == system.name and one.field in names]
    if any(one.field == decision.field for one in chosen):
        return chosen
    message = f"{system.name} and the hub do not disagree about {decision.field} of {decision.canonical_id}"
    raise InvalidInput(Problem(message, "no_conflict", field=decision.field, hint="`hub issues` lists what is open"))


def _with_theirs(
    record: Canonical, conflicts: Sequence[FieldConflict], system: LinkedSystem, uow: UnitOfWork
) -> Canonical:
    conflict = conflicts[0]
    landed = uow.landing.load([conflict.source_record_id])[conflict.source_record_id]
    if landed.is_end:
        changes = {conflict.field: conflict.theirs}
        return type(record).model_validate({**dict(record), **changes})
    context = system.context(SystemLinks(system, uow), uow.now)
    theirs = decode(system.mapping(conflict.kind), landed, context).record
    if theirs is None:
        hint = "Correct it there or mend the mapping; it is read again with the next pull"
        raise InvalidInput(Problem("their record cannot be read any more", field=conflict.field, hint=hint))
    return record.model_copy(update={one.field: getattr(theirs, one.field) for one in conflicts})


def _write(record: Canonical, decision: Decision, origins: Mapping[str, Origin], uow: UnitOfWork) -> None:
    saved = uow.records.save([record], origins={str(record.id): origins})
    if not saved.changed:
        uow.records.note_origin(decision.kind, str(record.id), origins)
    if isinstance(record, Visit) and saved.changed:
        place_facts(uow, [record.id])


def _audit(record: Canonical, decision: Decision, conflict: FieldConflict, uow: UnitOfWork) -> None:
    patient_id = record.patient_id if isinstance(record, Visit) else None
    if decision.kind is Kind.PATIENT:
        patient_id = record.id  # type: ignore[assignment]
    detail = {
        "field": decision.field,
        "system": conflict.system,
        "side": decision.side,
        "source_record_id": conflict.source_record_id,
    }
    uow.journal.record_audit(
        AuditEntry(
            decision.actor,
            "decide_conflict",
            decision.kind,
            decision.canonical_id,
            patient_id=patient_id,
            role=decision.role,
            reason=decision.reason,
            detail=detail,
        )
    )
