"""Why a scenario comes out as it does, in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.scheduling.clock import wall_clock
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import openings_request, play
from hub.scheduling.scenario.player import Outcome, Player
from hub.scheduling.scenario.run import judged, plain
from hub.scheduling.scenario.series import why_no_series
from hub.scheduling.timeline import instant_at, set_minutes

MEANINGS = {
    "already_arrived": "the patient is here already",
    "closed": "outside the hours of the location",
    "hold_expired": "there is no such hold any more",
    "horizon": "further ahead than this channel may book",
    "in_the_future": "after now: nobody knows that yet",
    "in_the_past": "before now",
    "key_reused": "the key belongs to another request",
    "known_only": "this channel is for patients the practice knows",
    "lead_time": "too short notice for this channel",
    "missing_consent": "a form is not signed, not in the version that is needed, or no longer valid",
    "may_not_waive": "this role may not waive that, or not for this reason",
    "missing_prerequisite": "a visit that must come before is missing",
    "no_combination": "there is somebody for every name, but not all together",
    "no_credit": "the package does not pay it",
    "no_series": "not all of its sessions find a place by then",
    "no_variance": "every count of the lot is explained",
    "no_stock": "the stock is promised to others or expires before",
    "merge_in_use": "what was made since would be torn apart",
    "pair_decided": "somebody decided otherwise",
    "none_suitable": "nobody at the location qualifies for one of the names, busy or not",
    "not_arrived": "the patient was not checked in",
    "not_begun": "it is still to come",
    "not_booked": "it is not booked any more, or never was",
    "not_over": "it ends then anyway",
    "not_signed": "there is nothing to take back",
    "not_supervised": "nobody who must be present is on duty throughout",
    "not_today": "it is on another date",
    "not_confirmed": "the system that owns the calendar never had it",
    "nothing_to_waive": "nothing of it is left to waive",
    "off_grid": "not on the grid of offered times",
    "other_expiry": "the lot is there with another expiry",
    "payment_declined": "the deposit could not be reserved",
    "patient_busy": "the patient is in another visit",
    "reason_missing": "whoever passes over a rule says why",
    "service_not_offered": "this channel does not offer the service",
    "too_late": "too long after the session before",
    "too_soon": "too close to another visit of the patient",
    "unknown_lot": "there is no such lot there",
    "cannot_hold_both": "the new time is to be had only once the old one is given up, and its owner has the word",
    "changed_since": "it was over, or its patient here, before the owner of the calendar answered",
    "nothing_undecided": "nothing of it waits for another system's word, or this word answers nothing that does",
    "still_being_asked": "whoever asked may still be at it, or what was sent on its way",
    "known_otherwise": "whoever was asked has said otherwise by now",
    "may_not_decide": "the policy does not let this role decide between two systems (`decides`)",
    "may_not_settle": "the policy does not let this role settle what is undecided",
    "two_calendars": "one owner's calendar is not another's: cancel it where it is, and book it there",
    "undecided_change": "another change of it still waits for another system's word",
    "unknown_consent": "there is no such form",
    "unknown_merge": "there is no such merge, or it was taken back",
    "unknown_pair": "there is no such pair of patients",
    "unknown_patient": "there is no such patient",
    "unknown_resource": "there is no such resource",
    "unknown_step": "the service has no such step, or it was left out",
    "unknown_service": "there is no such service",
    "unknown_version": "the form has no such version",
    "witness_missing": "somebody else must have seen it",
    "vendor_refused": "the system that owns the calendar refused it",
    "vendor_unavailable": "the system that owns the calendar could not be reached",
}


def explain_scenario(text: str, file: str) -> Iterator[str]:
    """A paragraph for each action: what came out, why, and whether it was expected.

    Raises:
        InvalidInput: as `read_scenario`.
    """
    scenario, lines = read_scenario(text, file)
    player = Player(scenario)
    for number, (entry, line) in enumerate(zip(scenario.actions, lines, strict=True), 1):
        asked = openings_request(player, entry.find) if entry.find is not None else None
        diary, now = player.book.diary(), player.now
        outcome = play(player, entry)
        result = judged(number, entry, outcome, f"{file}:{line}")
        yield f"{number}. {entry.kind} (line {line}): {_summary(entry, outcome)}"
        if asked is not None and not outcome.get("refused"):
            yield from _days(player, asked, diary, now)
        yield from (f"   {_offer(number, offer)}" for number, offer in enumerate(outcome.get("offers", ()), 1))
        yield from (f"   {code}: {meaning(code)}" for code in outcome.get("refused", ()))
        if entry.series is not None and outcome.get("refused") == ["no_series"]:
            yield from _why(outcome.get("why") or why_no_series(player, entry.series))
        if result.error:
            yield f"   NOT AS EXPECTED: {result.error}; expected {plain(result.expected)}"


def meaning(code: str) -> str:
    """A refusal code in words."""
    return MEANINGS.get(code) or f"every {code.removeprefix('no_')} that qualifies is busy or off duty"


def _summary(entry: ActionEntry, outcome: Outcome) -> str:
    if outcome.get("refused"):
        return f"refused: {', '.join(outcome['refused'])}"
    if entry.find is not None:
        return f"{outcome['count']} openings, the first {plain(outcome['first'])}"
    said = {key: plain(value) for key, value in outcome.items() if key != "ok"}
    return ", ".join(f"{key} {value}" for key, value in said.items()) or "done"


def _offer(number: int, offer: Mapping[str, Any]) -> str:
    who = ", ".join(offer["with"].values())
    return f"{number}. {plain(offer['arrives'])} ({who}): {offer['points']}  {'; '.join(offer['costs'])}".rstrip()


def _why(why: Outcome) -> Iterator[str]:
    """How far a series goes, and the smallest changes that would let it through."""
    yield f"   {why['patient']}: no place for session {why['session']}: {', '.join(why['reasons'])}"
    for remedy in why["smallest"]:
        where = (
            f"session {one['session']} on {one['arrives'].date()} ({', '.join(one['codes'])})"
            for one in remedy["sessions"]
        )
        yield f"   it would do without {' and '.join(remedy['lift'])}: {'; '.join(where)}"
    if not why["smallest"]:
        yield "   no three of its reasons out of the way would do"


def _days(player: Player, asked: OpeningsRequest, diary: Diary, now: datetime) -> Iterator[str]:
    """Each date asked for: how many openings, and why the other grid times are none."""
    found = find_openings(player.scenario, diary, asked, now)
    offered = set() if isinstance(found, Refusal) else set(found.arrivals)
    clock = wall_clock(player.scenario.zone_of(asked.trip.location_id))
    for number in range((asked.last_on - asked.first_on).days + 1):
        day = asked.first_on + timedelta(days=number)
        begin = clock.day_start(day)
        grid = clock.grid_bits(day, day, player.scenario.grid_minutes, (begin, begin))
        times = [instant_at(begin + minute) for minute in set_minutes(grid)]
        reasons: Counter[str] = Counter()
        for arrives_at in (time for time in times if time not in offered):
            decision = decide_booking(player.scenario, diary, BookingRequest(asked.trip, arrives_at), now)
            reasons.update(decision.reasons if isinstance(decision, Refusal) else ())
        why = ", ".join(f"{count} {code}" for code, count in reasons.most_common())
        yield f"   {day}: {len(offered & set(times))} of {len(times)}" + (f"; against the others: {why}" if why else "")
