"""What the demo books, and what it shows of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from hub.bootstrap import Hub
from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.errors import HubError, Problem
from hub.operations.book_visit import Booked
from hub.scheduling.clearances import forms_for
from hub.scheduling.decision import Booking, Openings, Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip

SERVICE = "laser-full-legs"
DAYS_AHEAD = 28

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoBooking:
    """The visit that the demo booked."""

    visit: Visit
    booking: Booking
    zone: ZoneInfo
    openings: int
    """How many other times there were."""
    refused: tuple[str, ...]
    """Why the same minute was refused to the next patient."""


def book_one(hub: Hub, system: str, tell: Tell) -> DemoBooking:
    """Book the laser for a patient of `system`, and ask the same for another one, who is refused with every reason."""
    location = hub.folder.practice.locations[0].id
    zone = hub.folder.practice.zone_of(location)
    patients = _patients(hub, system)
    for patient in patients:
        trip = Trip((Part(SERVICE, patient),), location)
        openings = _openings(hub, trip, zone)
        for arrival in openings.arrivals[:1]:
            booked = hub.desk.book(
                BookingRequest(trip, arrival), actor="desk", key=f"demo {patient} {arrival:%Y-%m-%dT%H:%M}"
            )
            if not isinstance(booked, Booked) or booked.booking is None:
                continue
            other = next(each for each in patients if each != patient)
            refusal = hub.desk.book(BookingRequest(Trip((Part(SERVICE, other),), location), arrival), actor="desk")
            reasons = refusal.reasons if isinstance(refusal, Refusal) else ()
            [visit] = booked.visits
            day = arrival.astimezone(zone).date()
            hub.desk.join_waitlist(OpeningsRequest(Trip((Part(SERVICE, other),), location), day, day), actor="desk")
            shown = DemoBooking(visit, booked.booking, zone, len(openings.arrivals) - 1, reasons)
            for line in lines_of(hub, shown):
                tell(f"  {line}")
            return shown
    hint = f"Remove the demo's data ({SERVICE} is booked out) and run it again"
    raise HubError(Problem(f"nobody can be booked for {SERVICE} in the next {DAYS_AHEAD} days", hint=hint))


def lines_of(hub: Hub, shown: DemoBooking) -> Iterator[str]:
    """The visit step by step, and what the next patient was told."""
    names = {each.id: each.name or each.id for each in hub.folder.practice.resources}
    visit = shown.booking.visits[0]
    yield f"{visit.arrives_at.astimezone(shown.zone):%a %d %b %Y %H:%M}, one of {shown.openings + 1} times that fit"
    steps: dict[tuple[str, str], list[str]] = {}
    for claim in visit.claims:
        start, end = (at.astimezone(shown.zone) for at in (claim.start_at, claim.end_at))
        steps.setdefault((f"{start:%H:%M}\N{EN DASH}{end:%H:%M}", claim.step), []).append(names[claim.resource_id])
    for (time, step), used in steps.items():
        yield f"{time}  {step:9} {', '.join(used)}"
    service = hub.folder.practice.find_service(visit.service_id)
    forms = forms_for(hub.folder.practice, service) if service else ()
    yield f"to sign before it: {', '.join(form.name or form.id for form in forms) or 'nothing'}"
    yield f"the same minute for the next patient is refused: {', '.join(shown.refused)}; they wait for that day"


def _patients(hub: Hub, system: str) -> list[str]:
    with hub.store.begin("demo") as work:
        linked = work.links.find_all(system, Kind.PATIENT)
    return [linked[source_id] for source_id in sorted(linked)]


def _openings(hub: Hub, trip: Trip, zone: ZoneInfo) -> Openings:
    first = hub.board.now().astimezone(zone).date() + timedelta(days=2)
    found = hub.desk.find(OpeningsRequest(trip, first, first + timedelta(days=DAYS_AHEAD)))
    return found if isinstance(found, Openings) else Openings(())
