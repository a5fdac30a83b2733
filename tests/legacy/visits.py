"""Visits: clean ones that nobody else overlaps, planted overlaps, and the dirt; each with the truth about it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import combinations
from random import Random
from zoneinfo import ZoneInfo

from tests.legacy import forms
from tests.legacy.catalog import ServiceRow
from tests.legacy.doubles import Client

ROOMS = ["Room 1", "Room 2", "Laser Suite", "Facial Room"]
WORDS = {
    "fulfilled": ["Completed", "COMPLETED", "Done", "Checked Out"],
    "cancelled": ["Cancelled", "Canceled", "Cxl", "Cancelled by client"],
    "no_show": ["No Show", "No-Show", "noshow", "NS"],
    "booked": ["Booked", "Scheduled", "Confirmed"],
}
NOTES = ["", "", "numb 20 min", 'VIP, "suite"', "running late; called", "multi\nline"]
CHANNELS = ["Front Desk", "PHONE", "online", "Online", "Phone AI"]
LOCATIONS = ["Main", "main", "MAIN "]
DAYS_BACK, DAYS_AHEAD = 1095, 45
OCCUPYING = ("fulfilled", "booked")


@dataclass
class VisitRow:
    """A row of appointments.csv: its plain values, what was written instead of some, and what must become of it."""

    id: str
    client: Client
    service: ServiceRow
    staff: str
    room: str
    start: datetime
    """Wall time."""
    end: datetime
    status: str
    modified: datetime
    instead: dict[str, str] = field(default_factory=dict)
    """Column → what stands there."""
    reason: str | None = None
    """Of a row that must be quarantined."""
    conflict: bool = False


@dataclass(frozen=True)
class Practice:
    """Who and what visits are made of."""

    clients: list[Client]
    services: list[ServiceRow]
    staff: list[str]
    rooms: list[str]
    today: date


def make_visits(count: int, practice: Practice, rng: Random) -> list[VisitRow]:
    """Visits in the order of their ids. About one in forty is dirty, one in a hundred overlaps another."""
    diary = _Diary(practice, rng)
    visits = [diary.visit(number) for number in range(count)]
    each = max(1, count // 300)
    spoiled = rng.sample(range(count), k=min(count, each * len(DIRT)))
    for place, at in enumerate(spoiled):
        DIRT[place % len(DIRT)](visits[at], rng)
    clean = [visit for visit in visits if visit.reason is None and visit.status in OCCUPYING]
    for one in rng.sample(clean, k=min(len(clean), max(2, count // 200))):
        visits.append(diary.overlapping(one, len(visits)))
    mark_conflicts(visits)
    return visits


def mark_conflicts(visits: list[VisitRow]) -> None:
    """By comparing every two visits of a person, a provider or a room on a day."""
    busy: dict[tuple[date, str], list[VisitRow]] = {}
    for visit in visits:
        if visit.reason is None and visit.status in OCCUPYING:
            for unit in (visit.client.person, visit.staff, visit.room):
                busy.setdefault((visit.start.date(), unit), []).append(visit)
    for of_unit in busy.values():
        for one, other in combinations(of_unit, 2):
            if one.start < other.end and other.start < one.end:
                one.conflict = other.conflict = True


class _Diary:
    """Finds free time for clean visits."""

    def __init__(self, practice: Practice, rng: Random) -> None:
        self.practice, self.rng = practice, rng
        self.taken: dict[tuple[date, str], list[tuple[datetime, datetime]]] = {}

    def visit(self, number: int) -> VisitRow:
        while True:
            made = self._anywhere(number)
            units = (made.client.id, made.staff, made.room)
            busy = [self.taken.setdefault((made.start.date(), unit), []) for unit in units]
            if all(made.end <= start or end <= made.start for spans in busy for start, end in spans):
                for spans in busy:
                    spans.append((made.start, made.end))
                return made

    def overlapping(self, one: VisitRow, number: int) -> VisitRow:
        """The same provider, room or client again, five minutes later."""
        later = timedelta(minutes=5)
        made = replace(self._anywhere(number), start=one.start + later, end=one.end + later, status=one.status)
        match self.rng.choice(["staff", "room", "client"]):
            case "staff":
                return replace(made, staff=one.staff)
            case "room":
                return replace(made, room=one.room)
            case _:
                return replace(made, client=one.client)

    def _anywhere(self, number: int) -> VisitRow:
        rng, today = self.rng, self.practice.today
        day = today + timedelta(days=rng.randint(-DAYS_BACK, DAYS_AHEAD))
        start = datetime.combine(day, time(9)) + timedelta(minutes=15 * rng.randrange(34))
        service = rng.choice(self.practice.services)
        past = rng.choices(["fulfilled", "cancelled", "no_show"], weights=[80, 12, 8])[0]
        status = past if day < today else "booked"
        modified = datetime.combine(day, time(rng.randrange(24))) - timedelta(days=rng.randint(1, 20))
        end = start + timedelta(minutes=service.minutes)
        ids = f"A{500000 + number * 2 + 1}", rng.choice(self.practice.clients), service
        return VisitRow(
            *ids, rng.choice(self.practice.staff), rng.choice(self.practice.rooms), start, end, status, modified
        )


def _spoil(column: str, reason: str, *values: str) -> Callable[[VisitRow, Random], None]:
    def spoil(visit: VisitRow, rng: Random) -> None:
        visit.instead[column] = rng.choice(values)
        visit.reason = reason

    return spoil


def _end_first(visit: VisitRow, rng: Random) -> None:
    earlier = visit.start - timedelta(minutes=rng.choice([0, 0, 15, 30]))
    visit.instead["End"] = f"{earlier:%H:%M}"
    visit.reason = "bad_times"


def _nobody(visit: VisitRow, rng: Random) -> None:
    visit.instead["ClientID"] = f"C9{rng.randint(100000, 999999)}"
    visit.reason = "orphan_patient"


DIRT: tuple[Callable[[VisitRow, Random], None], ...] = (
    _end_first,
    _nobody,
    _spoil("Date", "bad_date", "02/30/2024", "soon", "2023-13-01", "31/12/2024", ""),
    _spoil("Date", "implausible_date", "1900-01-01", "01/01/1900", "0001-01-01"),
    _spoil("Price", "bad_money", "TBD", "N/A", "1,2,3", "free"),
    _spoil("Service", "unknown_service", "???", "B20", "Lip filler - Dr. Smith special", ""),
    _spoil("Status", "unknown_code", "Zzz", "", "Pending review"),
)


def rows_of(visit: VisitRow, rng: Random) -> list[list[str]]:
    """The visit as it stands in the file: once, twice to the letter, or with an older version."""
    row = _row(visit, rng)
    chance = rng.random()
    if chance < 0.02:
        return [row, list(row)]
    if chance < 0.04:
        return rng.sample([row, _older(row, rng)], k=2)
    return [row]


def _row(visit: VisitRow, rng: Random) -> list[str]:
    booked_on = (visit.modified - timedelta(days=5)).date()
    columns = {
        "ApptID": visit.id,
        "ClientID": visit.client.id,
        "Service": visit.service.name,
        "Staff": visit.staff,
        "Room": visit.room,
        "Date": forms.visit_date(visit.start.date(), rng),
        "Start": forms.start_time(visit.start, rng),
        "End": f"{visit.end:%H:%M}",
        "Status": rng.choice(WORDS[visit.status]),
        "Price": forms.price(visit.service.price_minor, rng),
        "Booked By": rng.choice(CHANNELS),
        "Booked On": booked_on.isoformat(),
        "Modified": f"{visit.modified:%Y-%m-%d %H:%M}",
        "Notes": rng.choice(NOTES),
        "Location": rng.choice(LOCATIONS),
    }
    return list({**columns, **visit.instead}.values())


ROOM, MODIFIED, NOTE = 4, 12, 13


def _older(row: list[str], rng: Random) -> list[str]:
    older = list(row)
    older[ROOM], older[MODIFIED], older[NOTE] = rng.choice(ROOMS), "2018-01-01 00:00", "old version"
    return older


def truth_of(visit: VisitRow, zone: ZoneInfo) -> dict[str, object]:
    """What must become of it."""
    if visit.reason is not None:
        return {"verdict": "quarantined", "reason": visit.reason}
    told: dict[str, object] = {
        "verdict": "loaded",
        "person": visit.client.person,
        "sku": visit.service.sku,
        "status": visit.status,
        "start": visit.start.replace(tzinfo=zone).isoformat(),
        "end": visit.end.replace(tzinfo=zone).isoformat(),
        "price_minor": visit.service.price_minor,
    }
    return {**told, "history_conflict": True} if visit.conflict else told
