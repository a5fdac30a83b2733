"""The patient is here: checked in if nothing is missing, or told what is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hub.canonical.practice import Practice
from hub.canonical.records import Visit, VisitState
from hub.operations.apply_practice import load_practice
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.under_locks import change_standing
from hub.operations.visit_clearances import PatientFiles
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.scheduling.check_in import NO_OVERRIDE, CheckIn, Override, decide_check_in
from hub.scheduling.clearances import Clearance, forms_for, is_supervised
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import Refusal
from hub.scheduling.keys import Key
from hub.scheduling.timeline import minute_of


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The patient is here."""

    visits: tuple[Visit, ...]
    missing: Clearance
    """What was passed over."""
    supervised: bool
    """Whether whoever must be present is on duty."""


@dataclass(frozen=True, slots=True)
class NotCleared(Refusal):
    """A refusal that says what is missing."""

    missing: Clearance


def check_in_visit(
    store: Store, *visit_ids: str, actor: str, override: Override = NO_OVERRIDE, push_to: Collection[str] = ()
) -> CheckedIn | Refusal:
    """All of these visits or none.

    `not_booked`; `already_arrived`; `not_today`; `reason_missing`; `missing_consent` and `missing_prerequisite` as
    they apply, as a `NotCleared`.

    Args:
        store: where the book is.
        visit_ids: one visit, or the parts of a trip.
        actor: who says so: a login, or `system:<name>`.
        override: codes to pass over, by a role and with a reason; never a consent.
        push_to: the systems that must be told.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    with store.begin("check_in_visit", in_turn=True) as work:

        def check_in(standing: Sequence[StandingVisit]) -> CheckedIn | Refusal:
            if any(one.visit.state is VisitState.ARRIVED for one in standing):
                return Refusal(("already_arrived",))
            practice = load_practice(work)
            decided = _decide(work, practice, standing, override)
            if decided.reasons:
                return NotCleared(decided.reasons, decided.missing)
            work.consents.check_in([one.visit.id for one in standing])
            visits = load_visits(work, [one.visit.id for one in standing])
            detail = {"overridden": list(decided.overridden)}
            note = Note("visit_arrived", "check_in_visit", actor, override.role, override.reason, audit_detail=detail)
            note_visits(work, visits, note, push_to)
            return CheckedIn(visits, decided.missing, all(_is_supervised(practice, one) for one in standing))

        return change_standing(work, visit_ids, check_in, also=patients_of)


def find_clearances(store: Store, *visit_ids: str) -> Clearance | Refusal:
    """What is missing for visits that are still to come; `not_booked` where none is. Changes nothing.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    with store.begin("find_clearances") as work:
        visits = [one.visit for one in work.visits.load_standing(visit_ids)]
        if not visits:
            return Refusal(("not_booked",))
        return PatientFiles(work, load_practice(work), [one.patient_id for one in visits]).missing(visits)


def patients_of(standing: Collection[StandingVisit]) -> frozenset[Key]:
    """The keys under which nobody signs or withdraws."""
    return frozenset(("patient", one.visit.patient_id) for one in standing)


def needs_check_in(practice: Practice, visit: Visit) -> bool:
    """Whether it cannot be completed before the patient was checked in."""
    service = practice.find_service(visit.service_id or "")
    return service is not None and bool(forms_for(practice, service)) and visit.state is not VisitState.ARRIVED


def _decide(work: UnitOfWork, practice: Practice, standing: Sequence[StandingVisit], override: Override) -> CheckIn:
    files = PatientFiles(work, practice, [one.visit.patient_id for one in standing])
    zone = practice.zone_of(standing[0].visit.location_id)
    today = wall_clock(zone).date_at(minute_of(work.now))
    return decide_check_in(practice, [files.arriving(one.visit) for one in standing], today, override)


def _is_supervised(practice: Practice, one: StandingVisit) -> bool:
    visit = one.visit
    return is_supervised(practice, visit.location_id, one.part, visit.provider_id, visit.start)
