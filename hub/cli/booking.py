"""`hub find` and `hub book`: the schedule, as the front desk asks it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.bootstrap import Hub
    from hub.operations.confirm_hold import Undecided
    from hub.scheduling.decision import Refusal
    from hub.scheduling.request import BookingRequest, Trip

Service = Annotated[str, typer.Option(help="A service of the practice file.")]
Patient = Annotated[str, typer.Option(help="The patient's id in the hub.")]
Location = Annotated[str | None, typer.Option(help="Default: the only one.")]
Option = Annotated[str | None, typer.Option(help="An option of the service.")]
Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First local date.")]
LastDay = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last one; default: the first.")
]
Arrives = Annotated[datetime, typer.Option(formats=["%Y-%m-%dT%H:%M"], help="Local time of arrival.")]
Key = Annotated[str | None, typer.Option(help="The same key books once, however often it is asked.")]


def find(
    *,
    service: Service,
    patient: Patient,
    first: Day,
    last: LastDay = None,
    location: Location = None,
    option: Option = None,
) -> None:
    """List the times at which a visit can be booked."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.request import OpeningsRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        trip = _trip(hub, service, patient, location, option)
        found = hub.find(OpeningsRequest(trip, first.date(), (last or first).date()))
        if isinstance(found, Refusal):
            raise _refused(found)
        zone = hub.folder.practice.zone_of(trip.location_id)
        for arrival in found.arrivals:
            typer.echo(_local(arrival, zone))


def book(
    *,
    service: Service,
    patient: Patient,
    arrives: Arrives,
    location: Location = None,
    option: Option = None,
    key: Key = None,
) -> None:
    """Book a visit, or say every reason why not, and the nearest times that would work."""
    from hub.bootstrap import open_hub
    from hub.canonical.time import instant_of
    from hub.operations.confirm_hold import Undecided
    from hub.scheduling.decision import Refusal
    from hub.scheduling.request import BookingRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        trip = _trip(hub, service, patient, location, option)
        zone = hub.folder.practice.zone_of(trip.location_id)
        request = BookingRequest(trip, instant_of(arrives, zone))
        done = hub.book(request, actor="desk", key=key)
        if isinstance(done, Refusal):
            refused = _refused(done)
            _tell_nearest(hub, request, done, zone)
            raise refused
        if isinstance(done, Undecided):
            raise _undecided(done)
        for visit in done.visits:
            typer.echo(f"{visit.id} {_local(visit.start, zone)}")


def _trip(hub: "Hub", service: str, patient: str, location: str | None, option: str | None) -> "Trip":
    from hub.errors import InvalidInput, Problem
    from hub.scheduling.request import Part, Trip

    known = [each.id for each in hub.folder.practice.locations]
    if location is None and len(known) > 1:
        raise InvalidInput(
            Problem("there are several locations", field="--location", hint=f"One of: {', '.join(known)}")
        )
    return Trip((Part(service, patient, option),), location or known[0])


def _refused(refusal: "Refusal") -> typer.Exit:
    typer.echo(f"refused: {', '.join(refusal.reasons)}", err=True)
    return typer.Exit(1)


def _undecided(done: "Undecided") -> typer.Exit:
    from hub.program import TRY_AGAIN_LATER

    typer.echo(f"not known yet ({done.stage}: {done.code}): the time stays taken. `hub reconcile` finds out", err=True)
    for visit_id in done.visit_ids:
        typer.echo(f"undecided {visit_id}", err=True)
    return typer.Exit(TRY_AGAIN_LATER)


def _tell_nearest(hub: "Hub", request: "BookingRequest", refusal: "Refusal", zone: "ZoneInfo") -> None:
    from hub.scheduling.nearest import DAYS, NO_TIME_MENDS

    if NO_TIME_MENDS.intersection(refusal.reasons):
        return
    before, after = hub.nearest(request)
    for side, at in (("before", before), ("after", after)):
        typer.echo(f"nearest {side}: {_local(at, zone) if at else f'none within {DAYS} days'}", err=True)


def _local(at: datetime, zone: "ZoneInfo") -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")
