"""Why a visit does not fit: the codes of a refusal that speak of time and resources."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.board import Board
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import BusyClaim, Diary
from hub.scheduling.judge import judge
from hub.scheduling.repair.day import StandingTrip
from hub.scheduling.repair.fitness import as_trip
from hub.scheduling.repair.plan import board_on
from hub.scheduling.timeline import instant_at

_DATES_ALONE = frozenset(
    {"too_soon", "too_late", "missing_prerequisite", "no_stock", "no_credit", "in_the_past", "horizon", "lead_time"}
)


def why_unfit(
    practice: Practice, rest: Diary, trip: StandingTrip, others: Iterable[StandingTrip], now: datetime
) -> tuple[str, ...]:
    """Every code against the trip where it stands with the resources it has, sorted; `others` stand beside it.

    `rest` is the diary without all of them. What depends on dates alone is left out: a repair keeps the date.
    """
    reasons = judge(_board_with(practice, rest, trip, others), as_trip(trip), trip.arrival, now).reasons - _DATES_ALONE
    return tuple(sorted(reasons)) or ("no_combination",)


def _board_with(practice: Practice, rest: Diary, trip: StandingTrip, others: Iterable[StandingTrip]) -> Board:
    claims = list(rest.claims)
    visits = list(rest.visits)
    for other in others:
        for who, (start, end) in other.spans():
            claims.append(BusyClaim(f"beside:{len(claims)}", who, 1, instant_at(start), instant_at(end)))
        visits += other.as_patient_visits()
    on = wall_clock(practice.zone_of(trip.location_id)).date_at(trip.arrival)
    return board_on(practice, replace(rest, claims=tuple(claims), visits=tuple(visits)), trip.location_id, on)
