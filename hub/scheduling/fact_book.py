"""The book of a location while facts are written into it: what is taken, day by day, and by which filled visit."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.board import Board, board_over
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit
from hub.scheduling.filled import FilledClaim, FilledVisit
from hub.scheduling.timeline import MINUTES_PER_DAY, minute_of

_ONE_DAY = timedelta(days=1)
_SLACK = 2
"""Days around the one that is looked at: no step reaches further."""


class FactBook:
    """Changes as facts are placed. A board sees one day and its neighbours, so that one more fact costs little."""

    def __init__(self, practice: Practice, diary: Diary) -> None:
        self.practice = practice
        self._filled: dict[tuple[str, date], dict[str, FilledVisit]] = {}
        self._by_id: dict[str, FilledVisit] = {}
        self._diary = diary
        self._days: dict[date, dict[str, BusyClaim]] = {}
        self._visits: dict[str, list[PatientVisit]] = {}
        self._here: tuple[str, date] | None = None
        self._board: Board | None = None
        for claim in diary.claims:
            self._note(claim)
        for visit in diary.visits:
            self._visits.setdefault(visit.patient_id, []).append(visit)
        for one in diary.filled:
            self._keep(one)

    def board(self, visit: FilledVisit) -> Board:
        """The day of the visit's arrival at its location, as it stands now."""
        here = _place(visit)
        if self._board is None or self._here != here:
            self._here, self._board = here, self._made_board(*here)
        return self._board

    def replace_claims(self, before: Iterable[FilledClaim], after: FilledVisit) -> None:
        """The visit takes what it takes now instead of `before`."""
        gone, added = list(before), [_busy(claim) for claim in after.claims]
        for old in gone:
            for day in _days(old.start_at, old.end_at):
                self._days.get(day, {}).pop(old.id, None)
        for new in added:
            self._note(new)
        self._keep(after)
        if self._board is not None and self._here is not None:
            filled = self._filled_near(*self._here)
            diary = self._board.diary.exchanging([(old.resource_id, old.id) for old in gone], added, filled=filled)
            self._board = self._board.following(diary)

    def others_of(self, visit: FilledVisit) -> tuple[PatientVisit, ...]:
        """The patient's other visits."""
        return tuple(one for one in self._visits.get(visit.patient_id, ()) if one.id != visit.id)

    def all_filled(self) -> list[FilledVisit]:
        """Every visit with claims that may be reassigned, and those that were placed."""
        return [one for visits in self._filled.values() for one in visits.values()]

    def find(self, visit_id: str) -> FilledVisit:
        """One of these."""
        return self._by_id[visit_id]

    def taken_on(self, resource_id: str, start_at: datetime, end_at: datetime) -> list[BusyClaim]:
        """What meets the span on the resource."""
        found = {
            claim.id: claim
            for day in _days(start_at, end_at)
            for claim in self._days.get(day, {}).values()
            if claim.resource_id == resource_id and claim.start_at < end_at and start_at < claim.end_at
        }
        return list(found.values())

    def _keep(self, visit: FilledVisit) -> None:
        self._filled.setdefault(_place(visit), {})[visit.id] = visit
        self._by_id[visit.id] = visit

    def _note(self, claim: BusyClaim) -> None:
        for day in _days(claim.start_at, claim.end_at):
            self._days.setdefault(day, {})[claim.id] = claim

    def _made_board(self, location_id: str, day: date) -> Board:
        near: dict[str, BusyClaim] = {}
        for offset in range(-_SLACK, _SLACK + 1):
            near |= self._days.get(day + timedelta(days=offset), {})
        filled = self._filled_near(location_id, day)
        diary = replace(self._diary, claims=tuple(near.values()), visits=(), filled=filled)
        first = minute_of(datetime(day.year, day.month, day.day, tzinfo=UTC))
        return board_over(self.practice, diary, location_id, (first, first + MINUTES_PER_DAY), MINUTES_PER_DAY)

    def _filled_near(self, location_id: str, day: date) -> tuple[FilledVisit, ...]:
        near = [
            one
            for offset in (-1, 0, 1)
            for one in self._filled.get((location_id, day + timedelta(days=offset)), {}).values()
        ]
        return tuple(sorted(near, key=lambda one: (one.arrives_at, one.id)))


def _place(visit: FilledVisit) -> tuple[str, date]:
    return visit.location_id, visit.arrives_at.astimezone(UTC).date()


def _busy(claim: FilledClaim) -> BusyClaim:
    return BusyClaim(claim.id, claim.resource_id, 0, claim.start_at, claim.end_at)


def _days(start_at: datetime, end_at: datetime) -> Iterator[date]:
    day, last = start_at.astimezone(UTC).date(), end_at.astimezone(UTC).date()
    while day <= last:
        yield day
        day += _ONE_DAY
