"""What is missing for visits in the book: shared by whoever books, signs, asks or checks in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from hub.canonical.consents import Consent
from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.canonical.records import Visit, VisitState
from hub.ports import AuditEntry, UnitOfWork
from hub.scheduling.check_in import Arriving
from hub.scheduling.clearances import NOTHING, Clearance, ConsentStanding, find_missing, missing_consents
from hub.scheduling.clock import wall_clock
from hub.scheduling.rules_between_visits import DatedVisit
from hub.scheduling.timeline import minute_of

_THERE = (VisitState.ARRIVED, VisitState.FULFILLED)


class PatientFiles:
    """Consents and visits of some patients, read once."""

    def __init__(self, work: UnitOfWork, practice: Practice, patient_ids: Iterable[str]) -> None:
        ids = sorted(set(patient_ids))
        self._practice = practice
        self._visits: Mapping[str, Sequence[Visit]] = work.consents.load_visits(ids)
        self.consents = {one: tuple(map(standing_of, theirs)) for one, theirs in work.consents.load(ids).items()}

    def arriving(self, visit: Visit) -> Arriving:
        """The visit as check-in sees it."""
        there = [one for one in self._visits[visit.patient_id] if one.state in _THERE]
        dated = [dated_visit(self._practice, one) for one in there]
        patient = visit.patient_id
        return Arriving(patient, dated_visit(self._practice, visit), self.consents[patient], dated)

    def missing(self, visits: Iterable[Visit]) -> Clearance:
        """What is missing for them, each thing once."""
        missing = NOTHING
        for one in visits:
            its = self.arriving(one)
            missing += find_missing(self._practice, its.visit, its.consents, its.took_place)
        return missing

    def booked(self, patient_id: str) -> list[Visit]:
        """What is still to come of a patient."""
        return [one for one in self._visits[patient_id] if one.state in (VisitState.BOOKED, VisitState.ARRIVED)]


def prepare_consents(work: UnitOfWork, practice: Practice, visits: Iterable[Visit], *, actor: str) -> None:
    """Have every form wait that is missing for these visits, once. Part of the operation that books or moves them."""
    needing = [one for one in visits if _needs_forms(practice, one)]
    if not needing:
        return
    files = work.consents.load({one.patient_id for one in needing})
    for one in needing:
        dated = dated_visit(practice, one)
        theirs = [standing_of(consent) for consent in files[one.patient_id]]
        for form in missing_consents(practice, dated.service, theirs, dated.arrives_on) if dated.service else ():
            prepared = work.consents.prepare(one.patient_id, form.form_id, form.version)
            if prepared is not None:
                note_consent(work, prepared, "consent_prepared", "prepare_consents", actor)


def note_consent(work: UnitOfWork, consent: Consent, event: str, action: str, actor: str) -> None:
    """The event and the audit row."""
    data = {"form": consent.form_id, "version": consent.version}
    work.journal.record_event(event, Kind.CONSENT, consent.id, data)
    work.journal.record_audit(
        AuditEntry(actor, action, Kind.CONSENT, consent.id, patient_id=consent.patient_id, detail=data)
    )


def standing_of(consent: Consent) -> ConsentStanding:
    """A consent as the rules see it."""
    return ConsentStanding(consent.form_id, consent.version, consent.state, consent.valid_until)


def dated_visit(practice: Practice, visit: Visit) -> DatedVisit:
    """A visit as the rules between visits see it."""
    service = practice.find_service(visit.service_id or "")
    arrival = minute_of(visit.start)
    return DatedVisit(visit.service_id or "", service, arrival, local_date(practice, visit))


def local_date(practice: Practice, visit: Visit) -> date:
    """The local date of arrival."""
    return wall_clock(practice.zone_of(visit.location_id)).date_at(minute_of(visit.start))


def _needs_forms(practice: Practice, visit: Visit) -> bool:
    return bool(practice.consents) and practice.find_service(visit.service_id or "") is not None
