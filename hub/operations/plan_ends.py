"""Records that a system does not have any more, and records that became part of another.

That a record is gone is one more word of its system: a patient is not active, a visit to come does not take place. By
the practice's rules that word counts or it does not. Nothing is erased. Of what is several records there nothing is
gone while one of them stands. Patients whom their system made one become one
here, and that can be taken back; where another system still tells them apart, a person is asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.canonical.chart import FilledForm
from hub.canonical.consents import Consent
from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Visit, VisitState
from hub.canonical.schedules import Slot, SlotState
from hub.canonical.source import SourceRef
from hub.errors import Problem
from hub.operations.linked_system import LinkedSystem
from hub.operations.page_plan import REJECTED, Fresh, Known, PagePlan, issue_of, subject_of
from hub.operations.withdraw import Withdrawal
from hub.ports import Link, UnitOfWork
from hub.ports.conflicts import FieldConflict
from hub.sync.lineage import Lineage, Origin, Rule
from hub.sync.merge import Said, Stands, decide_merge


def plan_ends(
    system: LinkedSystem,
    ends: Sequence[Fresh],
    known: Known,
    plan: PagePlan,
    uow: UnitOfWork,
    *,
    withdrawn: Mapping[SourceRef, Withdrawal],
) -> None:
    """Add to the plan what becomes of them. What was never linked ends nothing, and waits for nobody any more.

    Of records that only say more of another one what they said is `withdrawn`.
    """
    plan.standing |= {subject_of(record) for record, _ in ends if record.ref not in known.links}
    linked = [one for one in ends if one[0].ref in known.links]
    if not linked:
        return
    targets = [SourceRef(r.ref.system, r.ref.kind, r.merged_into) for r, _ in linked if r.merged_into is not None]
    known.links |= uow.links.find([ref for ref in targets if ref not in known.links])
    ids = {known.links[record.ref].canonical_id for record, _ in linked}
    unknown = {one for one in ids if one not in known.records}
    known.records |= uow.records.load(plan.kind, unknown)
    known.lineage |= uow.records.load_lineage(plan.kind, unknown)
    shared = uow.links.find_systems(plan.kind, ids)
    standing = _find_standing(system, linked, ids, plan, uow)
    for end in linked:
        if system.joins is None:
            _plan_end(system, end, known, plan, uow, shared=shared, standing=standing)
        else:
            _plan_joined_end(system, end, known, plan, uow, withdrawal=withdrawn.get(end[0].ref))


def _find_standing(
    system: LinkedSystem, linked: Sequence[Fresh], ids: Collection[str], plan: PagePlan, uow: UnitOfWork
) -> frozenset[str]:
    """Of these ids, those of which the system has another record that did not end."""
    ended = {record.ref for record, _ in linked}
    taken = {link.canonical_id for ref, link in plan.links.items() if ref not in ended}
    several = uow.links.find_several(system.name, plan.kind, ids)
    return frozenset(taken | {id_ for id_, there in several.items() if there - {ref.id for ref in ended}})


def _plan_joined_end(
    system: LinkedSystem, end: Fresh, known: Known, plan: PagePlan, uow: UnitOfWork, *, withdrawal: Withdrawal | None
) -> None:
    """What it said of the other record is said no more; that one stands."""
    record, number = end
    id_ = known.links[record.ref].canonical_id
    plan.links[record.ref] = known.links[record.ref] = Link(record.ref, id_, number)
    plan.taken.add(subject_of(record))
    plan.partly_gone.append(id_)
    if withdrawal is not None:
        withdraw(system, end, withdrawal, known, plan, now=uow.now)


def withdraw(
    system: LinkedSystem, by: Fresh, withdrawal: Withdrawal, known: Known, plan: PagePlan, *, now: datetime
) -> None:
    """What a record said of another one when it was applied last, it does not say any more, by its state now."""
    record, number = by
    held = known.records.get(withdrawal.id)
    if held is not None:
        said = Said(system.name, number, min(record.modified_at or now, now), withdrawal.left, withdrawal.said)
        _say(system, said, held, known, plan, is_shared=False)


def _plan_end(
    system: LinkedSystem,
    end: Fresh,
    known: Known,
    plan: PagePlan,
    uow: UnitOfWork,
    *,
    shared: Mapping[str, frozenset[str]],
    standing: Collection[str],
) -> None:
    record, number = end
    before = known.links[record.ref].canonical_id
    into = before
    if record.merged_into is not None:
        link = known.links.get(SourceRef(record.ref.system, record.ref.kind, record.merged_into))
        if link is None:
            problem = Problem("it became part of a record that is not known here", "orphan_merge", field="merged_into")
            plan.rejected.append(issue_of(REJECTED, record, number, [problem], may_pass=True))
            return
        into = link.canonical_id
    plan.links[record.ref] = known.links[record.ref] = Link(record.ref, into, number)
    plan.taken.add(subject_of(record))
    if record.merged_into is not None:
        plan.merged[record.ref] = before, into
    elif before in standing:
        plan.partly_gone.append(before)
        return
    else:
        plan.gone.append(before)
    others = shared.get(before, frozenset()) - {system.name} - system.kin
    is_left = record.merged_into is None or (into != before and not others)
    if plan.kind is Kind.PATIENT and into != before:
        (plan.maybe_one if others else plan.one_person).append((into, before))
        return
    held = known.records.get(before)
    if held is None or not is_left:
        return
    at = min(record.modified_at or uow.now, uow.now)
    said = Said(system.name, number, at, _as_gone(held, uow))
    _say(system, said, held, known, plan, is_shared=bool(others))


def _as_gone(held: Canonical, uow: UnitOfWork) -> Mapping[str, Any]:
    """What it means that the record is gone: nothing for what is over."""
    if isinstance(held, Visit):
        is_to_come = held.state is VisitState.BOOKED and held.start > uow.now
        return {"state": VisitState.CANCELLED} if is_to_come else {}
    if isinstance(held, Consent | FilledForm):
        return {"state": type(held.state)("void")}  # what cannot be shown any more does not hold
    return {"state": SlotState.OPEN} if isinstance(held, Slot) else {"active": False}


def _say(system: LinkedSystem, said: Said, held: Canonical, known: Known, plan: PagePlan, *, is_shared: bool) -> None:
    id_ = str(held.id)
    lineage = known.lineage.get(id_) or Lineage(said.at)
    merge = decide_merge(said, Stands(vars(held), lineage, is_shared), system.rules.of(plan.kind))
    origins = {name: Origin(Rule.DELETED, said.at, said.source_record_id, said.system) for name in merge.changes}
    plan.origins.setdefault(id_, {}).update(origins)
    plan.sources[id_] = said.source_record_id
    known.lineage[id_] = replace(lineage, fields={**lineage.fields, **origins})
    if merge.changes:
        plan.before.setdefault(id_, held)
        wanted = held.model_copy(update=dict(merge.changes))
        plan.wanted[id_] = known.records[id_] = wanted
    for name, rule in merge.lost.items():
        value = said.values[name]
        theirs = str(value) if isinstance(value, StrEnum) else value
        conflict = FieldConflict(plan.kind, id_, system.name, name, rule, theirs, said.source_record_id)
        plan.conflicts[id_, name] = conflict
