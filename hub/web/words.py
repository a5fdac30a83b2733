"""Times, names and codes as a front desk says them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.canonical.board import BoardVisit
from hub.canonical.records import VisitState
from hub.canonical.time import Span, is_repeated

EN_DASH = "\N{EN DASH}"

KIND_WORDS = {
    "provider": ("Provider", "Providers"),
    "assistant": ("Assistant", "Assistants"),
    "room": ("Room", "Rooms"),
    "device": ("Device", "Devices"),
}
"""One, and several; also the order of the columns."""

STATE_WORDS = {
    VisitState.BOOKED: "Booked",
    VisitState.ARRIVED: "Arrived",
    VisitState.FULFILLED: "Done",
    VisitState.CANCELLED: "Cancelled",
    VisitState.NO_SHOW: "No-show",
}

CLOSED_WORDS = {"closed": "Closed", "away": "Away", "block": "Blocked", "hold": "Being booked now"}

BLOCK_NOUNS = {"block": "blocked time", "hold": "a booking under way"}

ISSUE_WORDS = {
    "agreement_review": "The yearly review of the agreement with a vendor is overdue",
    "ambiguous_match": "Two records may be the same: nobody could tell from them alone",
    "ambiguous_patient": "Two people may be one: nobody could tell from the record alone",
    "assistant": "The assistant is already taken",
    "bad_date": "A date in the record cannot be read",
    "bad_money": "An amount in the record cannot be read",
    "bad_times": "The visit ends before it starts",
    "breaks_rules": "It stands in the book and breaks a rule of the practice",
    "broken_off": "The record breaks off in the middle",
    "changed": "The other system changed the record first",
    "closed": "Outside the hours",
    "conflict": "Two systems say different things about it",
    "deleted_there": "Its own system does not have the patient any more, and there are visits to come",
    "code": "It uses a code that no table explains",
    "contested": "It takes time that something else already holds",
    "copied_identifier": "It carries the mark of another of our own records",
    "deposit_not_taken": "The deposit was reserved and could not be taken",
    "device": "The device is already taken",
    "end_after_start": "It ends before it starts",
    "gone": "The other system no longer has the record",
    "implausible_date": "A date in the record cannot be true",
    "incomplete_record": "A record came in with parts that could not be read; the rest stands in the book",
    "instant": "A time in it cannot be read",
    "mass_change": "A system would change so much at once that nothing of it was taken",
    "missing_id": "It has no id",
    "missing_prerequisite": "A visit that must come first is missing",
    "no_agreement": "No agreement with the vendor is in force: nothing personal goes there or comes from there",
    "no_combination": "Everybody is free for something, but not all together",
    "people_to_review": "Patients wait who may be one person",
    "services_alike": "The name of the service is nearly another's: one or two?",
    "search_stopped": "Whether others could make way was not tried to the end",
    "no_device": "No device is free",
    "no_provider": "No provider is free",
    "no_room": "No room is free",
    "no_stock": "The product is not in stock for that day",
    "none_suitable": "Nobody and nothing here qualifies",
    "not_supervised": "Nobody who may supervise is on duty",
    "number": "A number in it cannot be read",
    "orphan_merge": "It became part of a record that is not known here",
    "orphan_patient": "It names a patient who is in none of the records",
    "orphan_visit": "It names a visit that is in none of the records",
    "overlap": "It takes time that something else already holds",
    "participants": "Who takes part is not said as its system's own rules ask",
    "patient": "The patient is already somewhere else at that time",
    "patient_busy": "The patient is already somewhere else at that time",
    "provider": "The provider is already taken",
    "reference": "It points to a record that cannot be used",
    "rejected_record": "A record could not be taken in at all; it is kept as it came",
    "reorder": "More is promised than there is: order it",
    "room": "The room is already taken",
    "service_not_offered": "The service is not offered on that day",
    "structure": "It is not built as its system's own rules say",
    "time": "The time is already taken",
    "too_late": "Too long after the session before",
    "stock_variance": "A count found more or less than the book says",
    "too_soon": "Too soon after another visit",
    "settled_otherwise": "A person settled it, and the other system says the opposite",
    "vendor_differs": "The system that owns the calendar has it at neither time of a move",
    "undecided_booking": "Another system has not said for long whether it confirms this booking",
    "undelivered": "Another system would not take a change from the hub",
    "unknown_alias": "It names somebody or something that the connection has no alias for",
    "unknown_code": "It uses a code that no table explains",
    "unknown_service": "It names a service that is not in the list",
}


def issue_words(code: str) -> str:
    """The code in plain words; one that has none yet is at least readable."""
    return ISSUE_WORDS.get(code) or code.replace("_", " ").replace("-", " ").capitalize()


def kind_words(kind: str, *, several: bool = False) -> str:
    """`Room` or `Rooms`; a kind of the practice's own as it was written."""
    one, many = KIND_WORDS.get(kind, (kind.capitalize(), kind.capitalize()))
    return many if several else one


def closed_words(reason: str) -> str:
    """Why time is not open."""
    return CLOSED_WORDS.get(reason, reason.capitalize())


def block_noun(reason: str) -> str:
    """What a bare block is, within a sentence."""
    return BLOCK_NOUNS.get(reason, reason)


def short_name(visit: BoardVisit) -> str:
    """Given name and family initial: `Maria G.`"""
    initial = f"{visit.family_initial[:1]}." if visit.family_initial else ""
    return " ".join(part for part in (visit.given_name, initial) if part) or "No name"


def list_words(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def time_words(at: datetime, zone: ZoneInfo) -> str:
    """`9:05 am`; where the clocks show that time twice, with the zone's abbreviation."""
    local = at.astimezone(zone)
    half = "am" if local.hour < 12 else "pm"
    return f"{local.hour % 12 or 12}:{local.minute:02d} {half}{_which(local, zone)}"


def hour_words(at: datetime, zone: ZoneInfo) -> str:
    """`9 am`, for the axis."""
    return time_words(at, zone).replace(":00 ", " ")


def span_words(span: Span, zone: ZoneInfo) -> str:
    """`9:00-9:45 am`, with an en dash; a span that leaves its date says so."""
    start, end = time_words(span.start, zone), time_words(span.end, zone)
    if start[-2:] == end[-2:] and start[-2:] in ("am", "pm"):
        start = start[:-3]
    days = (span.end.astimezone(zone).date() - span.start.astimezone(zone).date()).days
    return f"{start}{EN_DASH}{end}" + (" the next day" if days == 1 else f" {days} days later" if days > 1 else "")


def date_words(on: date) -> str:
    """`Monday, March 2, 2026`."""
    return f"{on:%A}, {on:%B} {on.day}, {on.year}"


def day_words(on: date) -> str:
    """`Mon, Mar 2, 2026`."""
    return f"{on:%a}, {on:%b} {on.day}, {on.year}"


def _which(local: datetime, zone: ZoneInfo) -> str:
    return f" {local:%Z}" if is_repeated(local.replace(tzinfo=None), zone) else ""
