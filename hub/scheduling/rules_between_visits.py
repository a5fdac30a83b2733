"""Rules between the visits of one patient: days between sessions, spacing, prerequisites.

Days are counted between local dates of arrival. The order in time is that of the arrivals, whichever was booked first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from hub.canonical.practice import PracticeService, Requirement


@dataclass(frozen=True, slots=True)
class DatedVisit:
    """A visit as these rules see it."""

    service_id: str
    service: PracticeService | None
    """None: a service the practice file does not know (an import's)."""
    arrival: int
    arrives_on: date
    series_id: str | None = None

    def answers_to(self, word: str) -> bool:
        """Whether `word` names its service or one of its tags."""
        return self.service.answers_to(word) if self.service else word == self.service_id


def is_too_soon(visit: DatedVisit, others: Iterable[DatedVisit]) -> bool:
    """Whether the visit stands too close to one of the patient's others."""
    return any(_within_series(visit, other) or _too_close(visit, other) or _too_close(other, visit) for other in others)


def is_too_late(visit: DatedVisit, others: Iterable[DatedVisit]) -> bool:
    """Whether a session of a series stands too far from the nearest one before or after it."""
    rule = visit.service.series if visit.service else None
    if visit.series_id is None or rule is None or rule.max_days is None:
        return False
    sessions = [other for other in others if other.series_id == visit.series_id]
    before = [(visit.arrives_on - other.arrives_on).days for other in sessions if other.arrival <= visit.arrival]
    after = [(other.arrives_on - visit.arrives_on).days for other in sessions if other.arrival > visit.arrival]
    return any(min(days) > rule.max_days for days in (before, after) if days)


def lacks_prerequisite(visit: DatedVisit, others: Iterable[DatedVisit]) -> bool:
    """Whether something that must come before has not."""
    return any(True for _ in unmet_requirements(visit, others))


def unmet_requirements(visit: DatedVisit, others: Iterable[DatedVisit]) -> Iterator[Requirement]:
    """What must come before and has not."""
    earlier = [other for other in others if other.arrival < visit.arrival]
    for rule in visit.service.requires if visit.service else ():
        if not any(
            other.answers_to(rule.before)
            and rule.min_days <= (days := (visit.arrives_on - other.arrives_on).days)
            and (rule.max_days is None or days <= rule.max_days)
            for other in earlier
        ):
            yield rule


def day_counts(visit: DatedVisit, other: DatedVisit) -> frozenset[int]:
    """The days between the two at which a rule of one about the other turns; none: they are nothing to each other."""
    return frozenset({*_counts_of(visit, other), *_counts_of(other, visit)})


def _counts_of(visit: DatedVisit, other: DatedVisit) -> Iterator[int]:
    if visit.service is None:
        return
    series = visit.service.series
    if series is not None and visit.service_id == other.service_id:
        yield series.min_days
    if series is not None and series.max_days is not None and visit.series_id is not None:
        yield from [series.max_days] if visit.series_id == other.series_id else ()
    yield from (rule.min_days for rule in visit.service.spacing if other.answers_to(rule.after))
    for rule in visit.service.requires:
        if other.answers_to(rule.before):
            yield rule.min_days
            yield from () if rule.max_days is None else [rule.max_days]


def _within_series(visit: DatedVisit, other: DatedVisit) -> bool:
    if visit.service_id != other.service_id or visit.service is None or visit.service.series is None:
        return False
    return abs((visit.arrives_on - other.arrives_on).days) < visit.service.series.min_days


def _too_close(later: DatedVisit, earlier: DatedVisit) -> bool:
    """Whether `later`, if it is not before `earlier`, follows it sooner than its service's spacing allows."""
    if later.service is None or later.arrival < earlier.arrival:
        return False
    days = (later.arrives_on - earlier.arrives_on).days
    return any(earlier.answers_to(rule.after) and days < rule.min_days for rule in later.service.spacing)
