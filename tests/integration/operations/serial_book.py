"""Whether what many clients were told fits some serial order: their changes replayed in memory, as the log has them.

Whoever changes the book writes its audit row while it has the locks, so of two changes that concern each other the one
that came first has the smaller number. The replay asks the pure engine; it knows nothing of locks.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from math import inf

from hub.canonical.practice import Practice
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import with_booking
from hub.scheduling.request import BookingRequest, Trip

ASKED_AT = datetime(2098, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """A change that the log shows."""

    subject: str
    """The visit, or the hold that becomes it."""
    action: str
    request: BookingRequest | None = None
    """What was asked, with the resources that it got; None where it is over."""
    asked_from: float = 0
    answered_at: float = inf
    """As its client saw it; where that was killed, when the change was seen first."""


@dataclass(frozen=True)
class Told:
    """A refusal of a client's request."""

    request: BookingRequest
    without: str | None
    """The visit that was to move."""
    reasons: tuple[str, ...]
    asked_from: float
    answered_at: float


class SerialBook:
    """The book after each of the changes."""

    def __init__(self, practice: Practice, empty: Diary, changes: Sequence[Change]) -> None:
        self._practice = practice
        self._changes = changes
        self._bookings: dict[int, Booking] = {}
        self._diaries = [empty]
        self.faults = list(self._replay())

    def _replay(self) -> Iterator[str]:
        for number, change in enumerate(self._changes):
            diary = self._diaries[-1]
            if change.request is not None:
                base = self._without(diary, change.subject, number)
                decision = decide_booking(self._practice, base, change.request, ASKED_AT)
                if isinstance(decision, Refusal):
                    yield f"{number}: {change.action} of {change.subject} is refused: {decision.reasons}"
                    self._diaries.append(diary)
                    continue
                self._bookings[number] = decision
            self._diaries.append(self._after(diary, number))

    @property
    def last(self) -> Diary:
        """The book at the end."""
        return self._diaries[-1]

    def fits(self, told: Told) -> bool:
        """Whether the refusal, with all its reasons, is right at some moment between question and answer."""
        first = max((n + 1 for n, one in enumerate(self._changes) if one.answered_at < told.asked_from), default=0)
        last = max((n + 1 for n, one in enumerate(self._changes) if one.asked_from <= told.answered_at), default=0)
        return any(
            self._is_right(told, diary, moment)
            for size in range(3)
            for moment in range(first, max(last, first) + 1)
            for diary in self._with_less(told, moment, size)
        )

    def _with_less(self, told: Told, moment: int, size: int) -> Iterator[Diary]:
        """The book without what was asked after the answer, and without so many that were under way at the same time:
        what does not concern each other comes in any order."""
        later = {n for n in range(moment) if self._changes[n].asked_from > told.answered_at}
        under_way = [n for n in range(moment) if self._changes[n].answered_at > told.asked_from and n not in later]
        for some in combinations(under_way, size):
            left_out = self._with_followers({*later, *some}, moment)
            start = min(left_out, default=moment)
            diary = self._diaries[start]
            for number in range(start, moment):
                diary = diary if number in left_out else self._after(diary, number)
            yield diary

    def _with_followers(self, numbers: Collection[int], moment: int) -> frozenset[int]:
        """These and what came after them of the same visits."""
        first: dict[str, int] = {}
        for number in sorted(numbers, reverse=True):
            first[self._changes[number].subject] = number
        return frozenset(n for n in range(moment) if n >= first.get(self._changes[n].subject, moment))

    def _is_right(self, told: Told, diary: Diary, moment: int) -> bool:
        if told.reasons == ("not_booked",):  # a client that was killed after its last change asks for the move again
            return any(
                one.subject == told.without and one.action in ("cancel_visit", "complete_visit")
                for one in self._changes[:moment]
            )
        if told.without is not None:
            diary = self._without(diary, told.without, moment)
        decision = decide_booking(self._practice, diary, told.request, ASKED_AT)
        return isinstance(decision, Refusal) and decision.reasons == told.reasons

    def _after(self, diary: Diary, number: int) -> Diary:
        change = self._changes[number]
        if change.action == "confirm":
            return diary
        if change.action == "complete_visit":
            return self._completed(diary, number)
        without = self._without(diary, change.subject, number)
        booking = self._bookings.get(number)
        return without if booking is None else with_booking(without, booking, change.subject)

    def _standing(self, subject: str, before: int) -> Booking | None:
        """What the subject takes after so many changes."""
        numbers = (n for n in reversed(range(before)) if self._changes[n].subject == subject)
        return next((self._bookings[n] for n in numbers if n in self._bookings), None)

    def _without(self, diary: Diary, subject: str, before: int) -> Diary:
        booking = self._standing(subject, before)
        if booking is None or not any(visit.id == f"{subject}:0" for visit in diary.visits):
            return diary
        (planned,) = booking.visits
        promises = list(diary.promises)
        for one in planned.promises:
            same = (p for p in promises if (p.product_id, p.promised_on) == (one.product_id, one.promised_on))
            promises.remove(next(same))
        return replace(
            diary,
            claims=tuple(claim for claim in diary.claims if not claim.id.startswith(f"{subject}:0")),
            visits=tuple(visit for visit in diary.visits if visit.id != f"{subject}:0"),
            promises=tuple(promises),
            packages=tuple(
                replace(one, credits_left=one.credits_left + (one.id == planned.package_id)) for one in diary.packages
            ),
        )

    def _completed(self, diary: Diary, number: int) -> Diary:
        booking = self._standing(self._changes[number].subject, number)
        assert booking is not None
        promises, lots = list(diary.promises), diary.lots
        for one in booking.visits[0].promises:
            same = (p for p in promises if (p.product_id, p.promised_on) == (one.product_id, one.promised_on))
            promises.remove(next(same))
            (lot,) = lots  # the practice has one
            lots = (replace(lot, on_hand=lot.on_hand - one.quantity),)
        return replace(diary, promises=tuple(promises), lots=lots)


def with_resources(request: BookingRequest, resources: Iterable[tuple[str, str]]) -> BookingRequest:
    """The same request for exactly these."""
    (part,) = request.trip.parts
    trip = Trip((replace(part, resources=dict(resources)),), request.trip.location_id, request.trip.channel)
    return replace(request, trip=trip)
