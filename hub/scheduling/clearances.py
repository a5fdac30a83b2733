"""What must be there before a patient is treated: consents signed, and what has to come before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from hub.canonical.consents import ConsentState
from hub.canonical.practice import ConsentForm, Practice, PracticeService
from hub.scheduling.board import Board
from hub.scheduling.diary import Diary
from hub.scheduling.free_time import supervised_arrivals
from hub.scheduling.protocol import TimedPart, step_lengths, time_steps
from hub.scheduling.request import Part
from hub.scheduling.rules_between_visits import DatedVisit, unmet_requirements
from hub.scheduling.timeline import MINUTES_PER_DAY, minute_of

MISSING_CONSENT = "missing_consent"
MISSING_PREREQUISITE = "missing_prerequisite"
Why = Literal["unsigned", "outdated", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    """A patient's consent as these rules see it."""

    form_id: str
    version: str
    state: ConsentState
    valid_until: date | None = None
    """The last local date on which it holds."""


@dataclass(frozen=True, slots=True)
class MissingConsent:
    """A form that the patient has still to sign."""

    form_id: str
    version: str
    """The one that is needed; a newer one does as well."""
    why: Why


@dataclass(frozen=True, slots=True)
class Clearance:
    """What is missing for a visit."""

    consents: tuple[MissingConsent, ...] = ()
    """In the order of the practice file."""
    prerequisites: tuple[str, ...] = ()
    """Services or tags of which no visit took place in time."""

    @property
    def codes(self) -> frozenset[str]:
        """The refusal codes for it."""
        consents = {MISSING_CONSENT} if self.consents else set()
        return frozenset(consents | ({MISSING_PREREQUISITE} if self.prerequisites else set()))

    def __add__(self, other: "Clearance") -> "Clearance":
        """What is missing for several visits, each thing once."""
        consents = dict.fromkeys((*self.consents, *other.consents))
        return Clearance(tuple(consents), tuple(dict.fromkeys((*self.prerequisites, *other.prerequisites))))


NOTHING = Clearance()


def forms_for(practice: Practice, service: PracticeService) -> tuple[ConsentForm, ...]:
    """The forms that a service needs, in the order of the practice file."""
    return tuple(form for form in practice.consents if form.id in service.consents or form.tags & service.tags)


def missing_consents(
    practice: Practice, service: PracticeService, consents: Iterable[ConsentStanding], on: date
) -> Iterator[MissingConsent]:
    """What a patient with these consents has still to sign for a visit of the service on that local date."""
    consents = tuple(consents)
    for form in forms_for(practice, service):
        version = form.version_on(on)
        theirs = [one for one in consents if one.form_id == form.id and one.state is not ConsentState.PREPARED]
        if version is not None and not any(_holds(form, one, version, on) for one in theirs):
            yield MissingConsent(form.id, version, _why(form, theirs, version))


def find_missing(
    practice: Practice, visit: DatedVisit, consents: Iterable[ConsentStanding], took_place: Iterable[DatedVisit]
) -> Clearance:
    """What is missing for a visit on its local date of arrival.

    Args:
        practice: with its forms.
        visit: the visit.
        consents: the patient's.
        took_place: the patient's visits that took place, or of which the patient is here.
    """
    if visit.service is None:
        return NOTHING
    unmet = dict.fromkeys(rule.before for rule in unmet_requirements(visit, took_place))
    return Clearance(tuple(missing_consents(practice, visit.service, consents, visit.arrives_on)), tuple(unmet))


def last_valid_day(form: ConsentForm, signed_on: date) -> date | None:
    """The last local date on which a form holds that was signed on that one."""
    return signed_on + timedelta(days=form.valid_days) if form.valid_days is not None else None


def is_supervised(practice: Practice, location_id: str, part: Part, provider_id: str | None, at: datetime) -> bool:
    """Whether somebody who qualifies is on duty for every `present` need of a visit that arrives `at` that instant."""
    service = practice.find_service(part.service_id)
    if service is None:
        return True
    option = service.option(part.option_id)
    steps = time_steps(service, step_lengths(service, option, provider_id), 0)
    timed = TimedPart(part, service, option, steps, 0, steps[-1].end, None)
    arrival = minute_of(at)
    board = Board(practice, Diary(), location_id, (arrival - MINUTES_PER_DAY, arrival + 2 * MINUTES_PER_DAY))
    return bool(supervised_arrivals(board, (timed,)) >> MINUTES_PER_DAY & 1)


def _holds(form: ConsentForm, consent: ConsentStanding, version: str, on: date) -> bool:
    is_signed = consent.state is ConsentState.SIGNED and form.age_of(consent.version) >= form.age_of(version)
    return is_signed and (consent.valid_until is None or on <= consent.valid_until)


def _why(form: ConsentForm, theirs: Iterable[ConsentStanding], version: str) -> Why:
    signed = [one for one in theirs if one.state is ConsentState.SIGNED]
    if any(form.age_of(one.version) >= form.age_of(version) for one in signed):
        return "expired"
    if signed:
        return "outdated"
    return "withdrawn" if any(True for _ in theirs) else "unsigned"
