"""Write what was decided of a page, and leave word for every system that is told of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Patient, Visit, VisitState
from hub.operations.linked_system import LinkedSystem
from hub.operations.match_records import keep_matches
from hub.operations.meet_released import meet_released
from hub.operations.merge_people import Word, merge_people, tell_of_reviews
from hub.operations.page_plan import INCOMPLETE, REJECTED, PagePlan
from hub.operations.place_facts import place_facts
from hub.operations.place_slots import place_slots
from hub.operations.settle_conflicts import settle_conflicts
from hub.operations.sign_by_forms import sign_by_forms
from hub.ports import Act, AuditEntry, Issue, UnitOfWork
from hub.sync.people.decide import Match

MERGED = "merged_there"
"""Why two patients are one, or may be."""
DELETED = "deleted_there"
"""The kind of issue, and the reason in the audit, of a record that its system does not have any more."""


def apply_page(system: LinkedSystem, plan: PagePlan, uow: UnitOfWork) -> int:
    """Make it so, in the transaction it was decided in; gives how many claims are contested by it."""
    for visit_id, is_new in plan.released.items():
        meet_released(uow, visit_id, is_new=is_new)
    ended = _end_visits(plan, uow)
    wanted = list(plan.wanted.values())
    origins = {id_: plan.origins.get(id_, {}) for id_ in plan.wanted}
    saved = uow.records.save(wanted, sources=plan.sources, origins=origins, origin=system.name)
    _make_one(system, plan, uow)
    uow.links.save(list(plan.links.values()))
    if system.joins is not None:
        uow.links.save_awaiting(plan.awaiting, over=plan.over)
    keep_matches(system, plan.matches, uow)
    moved = [id_ for id_ in saved.changed if _takes_other_time(plan.wanted[id_], plan.before.get(id_))]
    contested = place_facts(uow, moved).contested if moved else 0
    if plan.kind is Kind.SLOT:
        contested += place_slots(uow, saved.changed)
    if plan.kind is Kind.FORM:
        sign_by_forms(uow, saved.changed, actor=f"system:{system.name}", told=system.told_of(Kind.CONSENT))
    _deliver(system, plan, uow)
    _note(system, plan, ended, uow)
    settle_conflicts(system.name, plan, uow)
    _report(plan, uow)
    return contested


def _end_visits(plan: PagePlan, uow: UnitOfWork) -> list[Visit]:
    """Visits that were cancelled or deleted there give back their time, stock and credit."""
    ended: list[Visit] = []
    for id_, before in plan.before.items():
        after = plan.wanted[id_]
        if not isinstance(before, Visit) or not isinstance(after, Visit):
            continue
        if before.state.occupies and after.state is VisitState.CANCELLED:
            uow.bookings.cancel(id_)
            ended.append(after)
    return ended


def _make_one(system: LinkedSystem, plan: PagePlan, uow: UnitOfWork) -> None:
    """Patients whom their system made one; before their links are written, so that taking it back leads these back."""
    if plan.one_person:
        ids = {id_ for pair in plan.one_person for id_ in pair}
        found = uow.records.load(Kind.PATIENT, ids).items()
        patients = {id_: one for id_, one in found if isinstance(one, Patient)}
        matches = [Match(stays, goes, MERGED, ()) for stays, goes in plan.one_person]
        merge_people(uow, matches, patients, Word(f"system:{system.name}", told=system.told))
    if plan.maybe_one:
        uow.people.open_pairs([Match(min(pair), max(pair), MERGED, ()) for pair in plan.maybe_one])
        tell_of_reviews(uow)


def _deliver(system: LinkedSystem, plan: PagePlan, uow: UnitOfWork) -> None:
    """What changed goes to all who are told but the one who said it; who said otherwise is told, too."""
    told = system.told_of(plan.kind)
    uow.outbox.enqueue_all(told - {system.name}, plan.kind, plan.wanted)
    if system.name in told:
        uow.outbox.enqueue_all([system.name], plan.kind, sorted(plan.owed))


def _note(system: LinkedSystem, plan: PagePlan, ended: Sequence[Visit], uow: UnitOfWork) -> None:
    acts = [_act(system, "visit_cancelled", plan, one.id, {"by": system.name}) for one in ended]
    acts += [_act(system, f"{plan.kind}_deleted_there", plan, id_, {"system": system.name}) for id_ in plan.gone]
    for ref, (before, into) in plan.merged.items():
        data = {"system": system.name, "source_id": ref.id, "from": before, "into": into}
        acts.append(_act(system, f"{plan.kind}_merged_there", plan, before, data))
    if acts:
        uow.journal.record(acts)
    if plan.kind is Kind.PATIENT:
        _ask_about_visits(plan, uow)


def _act(system: LinkedSystem, event: str, plan: PagePlan, id_: str, data: Mapping[str, Any]) -> Act:
    record = plan.wanted.get(id_)
    patient_id = id_ if plan.kind is Kind.PATIENT else getattr(record, "patient_id", None)
    audit = AuditEntry(
        f"system:{system.name}",
        "pull_changes",
        plan.kind,
        id_,
        patient_id=patient_id,
        reason=DELETED if id_ in plan.gone else None,
        detail=data,
    )
    return Act(event, audit, data)


def _ask_about_visits(plan: PagePlan, uow: UnitOfWork) -> None:
    """Somebody who is no patient any more and has visits to come."""
    if plan.gone:
        visits = uow.records.find_visits_to_come(plan.gone)
        issues = [Issue(DELETED, str(Kind.PATIENT), id_, detail={"visits": ids}) for id_, ids in visits.items()]
        uow.issues.open(issues)


def _report(plan: PagePlan, uow: UnitOfWork) -> None:
    incomplete = {issue.subject_id for issue in plan.incomplete}
    uow.issues.close(REJECTED, plan.kind, plan.taken | plan.standing)
    uow.issues.close(INCOMPLETE, plan.kind, plan.taken - incomplete)
    uow.issues.open([*plan.rejected, *plan.incomplete])


def _takes_other_time(record: Canonical, held: Canonical | None) -> bool:
    """Whether what a visit claims is another than before."""
    if not isinstance(record, Visit):
        return False
    return not isinstance(held, Visit) or _taken(record) != _taken(held)


def _taken(visit: Visit) -> Iterable[object]:
    who = visit.patient_id, visit.service_id, visit.provider_id, visit.room_id, visit.device_id
    return (visit.start, visit.end, *who) if visit.state.occupies else ()
