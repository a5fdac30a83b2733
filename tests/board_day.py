"""A made-up day for the board's tests: every kind of thing a day can hold, and nobody who exists."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.canonical.board import (
    BoardBlock,
    BoardClaim,
    BoardClosed,
    BoardDay,
    BoardIssue,
    BoardLocation,
    BoardResource,
    BoardVisit,
)
from hub.canonical.practice import Practice, read_practice
from hub.canonical.records import VisitState
from hub.canonical.time import Span, instant_of

CHICAGO = ZoneInfo("America/Chicago")
MAIN = BoardLocation("main", "Juniper Aesthetics, Congress Ave", CHICAGO)
SOUTH = BoardLocation("south", "Juniper South", CHICAGO)
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 16, 52, tzinfo=UTC)
"""10:52 am in Chicago."""


def span(start: str, end: str, on: date = MONDAY, zone: ZoneInfo = CHICAGO) -> Span:
    """`span("09:00", "09:30")`, wall times; an end not after the start is on the next day."""
    first, last = (instant_of(datetime.fromisoformat(f"{on}T{wall}"), zone) for wall in (start, end))
    return Span(first, last if last > first else last + timedelta(days=1))


def claim(resource_id: str, start: str, end: str, step: str | None = None, **changes: object) -> BoardClaim:
    """A firm claim with the patient there, unless `changes` say otherwise."""
    made = BoardClaim(resource_id, span(start, end), step)
    return replace(made, **changes)  # type: ignore[arg-type]


def visit(name: str, start: str, end: str, *claims: BoardClaim, **changes: object) -> BoardVisit:
    """A booked visit of `name`, who is a patient of their own: `visit("Ana P", "09:00", "09:30", …)`."""
    given, _, initial = name.rpartition(" ")
    made = BoardVisit(
        id=f"vis-{name}-{start}".lower().replace(" ", "-"),
        patient_id=f"pat-{name}".lower().replace(" ", "-"),
        given_name=given,
        family_initial=initial,
        span=span(start, end),
        state=VisitState.BOOKED,
        service="Consultation",
        claims=claims,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def closed_outside(start: str, end: str) -> tuple[BoardClosed, ...]:
    """The closed time around one stretch of opening hours."""
    return (BoardClosed(span("00:00", start), "closed"), BoardClosed(span(end, "00:00"), "closed"))


def resources() -> tuple[BoardResource, ...]:
    """Three providers, three rooms, two devices."""
    lee, ortiz = closed_outside("09:00", "17:00"), closed_outside("08:00", "14:00")
    away = BoardClosed(span("12:00", "13:00"), "away")
    shop = closed_outside("08:00", "18:00")
    return (
        BoardResource("dr-lee", "provider", "Dr. Maya Lee", detail="MD", closed=(*lee, away)),
        BoardResource("np-ortiz", "provider", "Sam Ortiz", detail="NP, injector", closed=ortiz),
        BoardResource("est-kim", "provider", "Jo Kim", detail="Laser specialist", closed=shop),
        BoardResource("room-1", "room", "Room 1", closed=shop),
        BoardResource("room-2", "room", "Room 2", detail="Laser", closed=shop),
        BoardResource("lounge", "room", "Recovery lounge", capacity=2, detail="2 places", closed=shop),
        BoardResource("gentlemax", "device", "GentleMax Pro", detail="in Room 2", closed=shop),
        BoardResource("hydra", "device", "HydraFacial", closed=shop),
    )


def laser(name: str, hour: int, **changes: object) -> BoardVisit:
    """A laser visit by its protocol: set-up, numbing, laser, turnover, from `hour` o'clock on."""

    def at(minute: int) -> str:
        return f"{hour + minute // 60:02d}:{minute % 60:02d}"

    room = [("set-up", 0, 5, False), ("numbing", 5, 25, True), ("laser", 25, 65, True), ("turnover", 65, 75, False)]
    claims = [claim("room-2", at(a), at(b), step, with_patient=there) for step, a, b, there in room]
    claims += [claim(who, at(25), at(65), "laser") for who in ("est-kim", "gentlemax")]
    return visit(name, at(5), at(65), *claims, service="Laser hair removal, legs", **changes)


def plain(name: str, start: str, end: str, service: str, *where: str, **changes: object) -> BoardVisit:
    """A visit as an outside system gives it: start, end, and who and where."""
    claims = tuple(claim(resource_id, start, end) for resource_id in where)
    return visit(name, start, end, *claims, **{"service": service, **changes})


def visits() -> tuple[BoardVisit, ...]:
    """Done, arrived, to come, overlapping, contested, unplaced, cancelled, missed."""
    contested = [claim("np-ortiz", "11:15", "12:00", firm=False), claim("room-1", "11:15", "12:00")]
    return (
        plain("Ana P", "09:00", "09:30", "Consultation", "dr-lee", "room-1", state=VisitState.FULFILLED),
        plain("Ruth B", "08:30", "09:15", "Botox, forehead", "np-ortiz", "lounge", state=VisitState.FULFILLED),
        laser("Maria G", 9, state=VisitState.FULFILLED),
        plain("Dev S", "10:15", "11:00", "Filler, lips", "dr-lee", "room-1", state=VisitState.ARRIVED),
        plain("Tomas H", "11:00", "11:45", "Botox, glabella", "np-ortiz", "lounge"),
        visit("Ivy C", "11:15", "12:00", *contested, service="Filler, cheeks", issues=("contested",)),
        laser("Noor A", 11, unsigned=("Laser consent", "Photo release")),
        plain("Lena K", "13:00", "14:00", "HydraFacial", "est-kim", "hydra", "lounge", unsigned=("Photo release",)),
        plain("Grace O", "13:15", "14:00", "Chemical peel", "dr-lee", "lounge"),
        plain("Omar F", "13:30", "14:15", "PRP", "np-ortiz", "lounge"),
        laser("Wei Z", 14),
        plain("Zoe M", "15:00", "15:20", "Botox, crow's feet", "dr-lee", "room-1"),
        plain("Kai N", "16:00", "16:45", "Consultation", "dr-lee"),
        plain("Eva R", "12:30", "13:00", "Follow-up", "room-1"),
        plain("Paul D", "10:00", "10:30", "Consultation", "dr-lee", "room-1", state=VisitState.CANCELLED),
        plain("Mina T", "08:00", "08:30", "Follow-up", "np-ortiz", "room-1", state=VisitState.NO_SHOW),
    )


def a_day(**changes: object) -> BoardDay:
    """Monday at Main, with whatever `changes` replace."""
    blocks = (
        BoardBlock("hydra", span("09:00", "10:30"), "block"),
        BoardBlock("room-1", span("16:00", "16:30"), "hold"),
    )
    return replace(BoardDay(MAIN, MONDAY, resources(), visits(), blocks), **changes)  # type: ignore[arg-type]


class MadeUpQueries:
    """The pages' reads over made-up days. A stand-in for the store, so that pages are tested without a database."""

    def __init__(self, *days: BoardDay, now: datetime = NOW, issues: tuple[BoardIssue, ...] = ()) -> None:
        self.days = {(day.location.id, day.on): day for day in days}
        self.locations = list({day.location.id: day.location for day in days}.values())
        self.at = now
        self.issues = issues
        self.policy: str | None = None
        """The policy and what it needs, as the practice file says it."""

    def now(self) -> datetime:
        return self.at

    def load_locations(self) -> list[BoardLocation]:
        return self.locations

    def find_practice(self) -> tuple[int, Practice] | None:
        return None if self.policy is None else (7, read_practice(f"zone: UTC\n{self.policy}", "practice.yaml"))

    def load_day(self, location: BoardLocation, on: date) -> BoardDay:
        return self.days.get((location.id, on)) or BoardDay(location, on, (), ())

    def find_busy_date(self, location: BoardLocation, since: date) -> date | None:
        busy = (on for (where, on), day in self.days.items() if where == location.id and day.visits and on >= since)
        return min(busy, default=None)

    def count_issues(self) -> int:
        return len(self.issues)

    def load_issues(self, limit: int) -> tuple[BoardIssue, ...]:
        return self.issues[:limit]
