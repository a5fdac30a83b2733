"""The patient is here: may the visit begin? And what a signature is for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hub.canonical.practice import ConsentForm, Practice
from hub.scheduling.clearances import (
    MISSING_PREREQUISITE,
    NOTHING,
    Clearance,
    ConsentStanding,
    MissingConsent,
    find_missing,
    last_valid_day,
)
from hub.scheduling.decision import Refusal
from hub.scheduling.rules_between_visits import DatedVisit

CAN_BE_PASSED_OVER = frozenset({MISSING_PREREQUISITE})
"""What a role may let pass at check-in, if the policy says so. A consent is never among it."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A visit whose patient is to be checked in."""

    patient_id: str
    visit: DatedVisit
    consents: Collection[ConsentStanding] = ()
    """The patient's."""
    took_place: Collection[DatedVisit] = ()
    """The patient's visits that took place, or of which they are here."""


@dataclass(frozen=True, slots=True)
class Override:
    """Codes to pass over, by whom and why."""

    codes: frozenset[str] = frozenset()
    reason: str | None = None
    role: str | None = None


NO_OVERRIDE = Override()


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Whether the visits may begin."""

    reasons: tuple[str, ...]
    """Why not, sorted; none: they may."""
    missing: Clearance = NOTHING
    """What is missing, whether it was passed over or not."""
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature now is worth."""

    form_id: str
    version: str
    valid_until: date | None
    """The last local date on which it holds; None: until it is withdrawn."""


def decide_check_in(
    practice: Practice,
    arriving: Sequence[Arriving],
    today: date,
    override: Override = NO_OVERRIDE,
) -> CheckIn:
    """All of these visits or none.

    `not_today` and `reason_missing` stand alone; else `missing_consent` and `missing_prerequisite`, as they apply. What
    must come before a visit may be among those that are checked in with it.

    Args:
        practice: with its forms and its policy.
        arriving: visits that are still to come.
        today: the local date.
        override: what to pass over.
    """
    if any(one.visit.arrives_on != today for one in arriving):
        return CheckIn(("not_today",))
    if override.codes and not (override.reason or "").strip():
        return CheckIn(("reason_missing",))
    missing = NOTHING
    for one in arriving:
        beside = [other.visit for other in arriving if other.patient_id == one.patient_id]
        missing += find_missing(practice, one.visit, one.consents, [*one.took_place, *beside])
    allowed = practice.policy_on(today).overrides.get(override.role or "", frozenset()) & CAN_BE_PASSED_OVER
    passed_over = missing.codes & override.codes & allowed
    return CheckIn(tuple(sorted(missing.codes - passed_over)), missing, tuple(sorted(passed_over)))


def plan_signature(
    practice: Practice, form_id: str, version: str | None, needed: Iterable[MissingConsent], today: date
) -> Signature | Refusal:
    """Which version is signed today, and how long that holds: `unknown_consent`, `unknown_version`.

    Args:
        practice: with its forms.
        form_id: the form.
        version: None: the newest that the patient's visits to come need, or else the one of today.
        needed: what is missing for the patient's visits to come.
        today: the local date of the practice.
    """
    form = practice.find_consent(form_id)
    if form is None:
        return Refusal(("unknown_consent",))
    signed = version or _due(form, needed, today)
    if form.age_of(signed) < 0:
        return Refusal(("unknown_version",))
    return Signature(form_id, signed, last_valid_day(form, today))


def _due(form: ConsentForm, needed: Iterable[MissingConsent], today: date) -> str:
    versions = [one.version for one in needed if one.form_id == form.id]
    return max(versions, key=form.age_of) if versions else form.version_on(today) or form.versions[0].version
