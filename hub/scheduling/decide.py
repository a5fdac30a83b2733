"""Book: judge a trip at one time and plan what to write."""

from dataclasses import replace
from datetime import datetime

from hub.canonical.practice import OVERRIDABLE, Policy, Practice
from hub.errors import InvalidInput, Problem
from hub.scheduling.board import board_over
from hub.scheduling.decision import Booking, Reassignment, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.judge import judge
from hub.scheduling.planning import plan_booking
from hub.scheduling.protocol import reach_of
from hub.scheduling.reassign import find_case
from hub.scheduling.request import DESK, BookingRequest
from hub.scheduling.standing import refuse_unknown
from hub.scheduling.timeline import minute_from, minute_of


def decide_booking(practice: Practice, diary: Diary, request: BookingRequest, now: datetime) -> Booking | Refusal:
    """A booking that breaks no rule, or every reason against it at that time.

    Where only claims that the engine itself chose for visits from outside are in its way, it says who moves.

    Pure and repeatable: the same diary gives the same resources and units. Decide on a snapshot, lock
    `keys.lock_keys(booking)`, load the diary again and decide again; if the choice differs, release and repeat.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
    """
    if request.is_flexible:
        decision = decide_booking(practice, diary, replace(request, is_flexible=False), now)
        return decision if isinstance(decision, Booking) else decide_booking(practice, diary, request.freely(), now)
    refusal = refuse_unknown(practice, diary, request.trip) or _refuse_silent_override(request)
    if refusal is not None:
        return refusal
    arrival = _arrival(request)
    reach = reach_of(practice, request.trip)
    board = board_over(practice, diary, request.trip.location_id, (arrival, arrival + 1), reach)
    verdict = judge(board, request.trip, arrival, now)
    policy = practice.policy_at(now, request.trip.location_id)
    passed_over = _may_pass_over(policy, request)
    reasons = verdict.reasons - passed_over
    case = verdict.accepted(passed_over)
    moved: tuple[Reassignment, ...] = ()
    if reasons or case is None:
        found = find_case(board, request.trip, arrival, now, passed_over) if diary.filled else None
        if found is None:
            return Refusal(tuple(sorted(reasons or {"no_combination"})))
        case, moved = found
    overridden = tuple(sorted(case.reasons & passed_over))
    return plan_booking(board, request.trip, arrival, case, overridden, deposit=policy.deposit, moved=moved)


def _refuse_silent_override(request: BookingRequest) -> Refusal | None:
    silent = not (request.reason or "").strip()
    if request.override and silent and request.trip.channel == DESK:
        return Refusal(("reason_missing",))
    return None


def _may_pass_over(policy: Policy, request: BookingRequest) -> frozenset[str]:
    """What this request's role may pass over, of what it asks to; nothing outside the desk."""
    if request.trip.channel != DESK or request.role is None:
        return frozenset()
    return request.override & policy.overrides.get(request.role, frozenset()) & OVERRIDABLE


def _arrival(request: BookingRequest) -> int:
    minute = minute_of(request.arrives_at)
    if minute_from(request.arrives_at) != minute:
        raise InvalidInput(Problem("an arrival is a whole minute", field="arrives"))
    return minute
