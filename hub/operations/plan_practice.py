"""Plan a new practice file: what it changes and breaks; and apply it as it was planned."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from hub.canonical.practice import Practice, read_practice
from hub.errors import Conflict, Problem
from hub.operations.apply_practice import Applied, write_practice
from hub.operations.visit_clearances import standing_of
from hub.ports import AppliedPractice, Store, UnitOfWork
from hub.ports.booked_visits import BookedVisits
from hub.scheduling.absences import with_absences
from hub.scheduling.clearances import ConsentStanding
from hub.scheduling.config_change import BookedVisit, BrokenVisit, Change, find_broken, find_changes
from hub.scheduling.consent_change import ConsentDue, find_due
from hub.scheduling.dated_change import DatedChange, find_dated_changes


@dataclass(frozen=True, slots=True)
class PracticePlan:
    """What applying a practice file would do, from the book as it stands."""

    is_first: bool
    """Nothing is in force yet: there is nothing to change or break."""
    is_new: bool
    """Whether the text differs from the one in force, if only in a comment."""
    changes: tuple[Change, ...]
    dates: tuple[DatedChange, ...]
    """What begins or ends from today on by the new file, in order of dates."""
    broken: tuple[BrokenVisit, ...]
    judged: int
    """How many visits to come were judged."""
    consents: tuple[ConsentDue, ...]
    """The forms that booked visits need by the new file alone: applying prepares them."""
    fingerprint: str
    """Of all that the plan says and of both files: the same as long as there is nothing new to see."""


def plan_practice(store: Store, booked: BookedVisits, text: str, file: str) -> PracticePlan:
    """What applying the file would do. Changes nothing.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    practice = read_practice(text, file)
    with store.begin("plan_practice") as work:
        return _plan(work, booked, practice, text)


def apply_planned(
    store: Store, booked: BookedVisits, text: str, file: str, fingerprint: str, *, actor: str = "system:hub"
) -> Applied:
    """Apply the file if that still does what the plan of this fingerprint said. Nobody books meanwhile.

    Raises:
        InvalidInput: with a problem for each place that is wrong; nothing was changed.
        Conflict: the book or a file changed, so that the plan says something else now; nothing was changed.
    """
    practice = read_practice(text, file)
    with store.begin("apply_practice") as work:
        work.visits.lock()
        if _plan(work, booked, practice, text).fingerprint != fingerprint:
            message = "the book or the practice file changed since this plan was made; nothing was applied"
            raise Conflict(Problem(message, "stale_plan", file=file, hint="Run `hub config plan` and look again"))
        return write_practice(work, practice, text, file, actor=actor)


def _plan(work: UnitOfWork, booked: BookedVisits, practice: Practice, text: str) -> PracticePlan:
    current = work.practices.find_in_force().practice
    today = work.now.astimezone(ZoneInfo(practice.zone)).date()
    if current is None:
        dates, fingerprint = find_dated_changes(None, practice, today), _fingerprint(None, text, (), (), ())
        return PracticePlan(
            is_first=True,
            is_new=True,
            changes=(),
            dates=dates,
            broken=(),
            judged=0,
            consents=(),
            fingerprint=fingerprint,
        )
    old = read_practice(current.text, current.file)
    changes = find_changes(old, practice)
    visits = booked.load(work.now) if changes else ()
    broken = _broken(work, old, practice, visits)
    consents = find_due(old, practice, visits, _files(work, visits)) if practice.consents else ()
    return PracticePlan(
        is_first=False,
        is_new=current.text != text,
        changes=changes,
        dates=find_dated_changes(old, practice, today),
        broken=broken,
        judged=len(visits),
        consents=consents,
        fingerprint=_fingerprint(current, text, changes, broken, consents),
    )


def _broken(work: UnitOfWork, old: Practice, new: Practice, visits: Sequence[BookedVisit]) -> tuple[BrokenVisit, ...]:
    if not visits:
        return ()
    diary = work.diaries.load(
        first_on=work.now.astimezone(UTC).date(),
        last_on=visits[-1].arrives_at.astimezone(UTC).date(),
        patient_ids={visit.part.patient_id for visit in visits},
    )
    absences = work.practices.find_in_force().absences
    return find_broken(with_absences(old, absences), with_absences(new, absences), diary, visits, work.now)


def _files(work: UnitOfWork, visits: Sequence[BookedVisit]) -> dict[str, list[ConsentStanding]]:
    known = work.consents.load({visit.part.patient_id for visit in visits})
    return {patient: [standing_of(consent) for consent in its] for patient, its in known.items()}


def _fingerprint(
    current: AppliedPractice | None,
    text: str,
    changes: tuple[Change, ...],
    broken: tuple[BrokenVisit, ...],
    consents: tuple[ConsentDue, ...],
) -> str:
    in_force = (current.version, current.text) if current is not None else None
    said = [in_force, text, *([asdict(one) for one in part] for part in (changes, broken, consents))]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]
