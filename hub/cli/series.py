"""`hub series`: a whole series of sessions, or none."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, deposit_to_take, local, refused, tell, undecided, visits
from hub.cli.asking import Asked, Location, Option, Package, Patient, Service, With, near

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.scheduling.series_refusal import Remedy, SeriesObstacle


def series(
    *,
    service: Service,
    patient: Patient,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], callback=near, help="First local date of a session.")
    ],
    last: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], callback=near, help="Last local date of a session.")
    ],
    sessions: Annotated[int | None, typer.Option(min=1, max=1000, help="Default: as many as the service says.")] = None,
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="PATIENT[=PACKAGE]", help="Who gets the same beside, all or none; may be repeated."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="The same key books once, however often it is asked.")] = None,
    as_json: AsJson = False,
) -> None:
    """Book a whole series, or several people's, the earliest that can be completed; or say why not, what would do."""
    from hub.bootstrap import open_hub
    from hub.operations.confirm_hold import Undecided
    from hub.scheduling.decision import Refusal
    from hub.scheduling.series import SeriesRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        people = [(patient, package), *map(_named, also or ())]
        trips = [Asked(service, who, location, option, resources, paid).trip(hub) for who, paid in people]
        asked = [SeriesRequest(trip, first.date(), last.date(), sessions) for trip in trips]
        together = len(asked) > 1
        done = (
            hub.desk.book_series_together(asked, actor="desk", key=key)
            if together
            else hub.desk.book_series(asked[0], actor="desk", key=key)
        )
        if isinstance(done, Refusal):
            why = hub.desk.explain_series(*asked) if done.reasons == ("no_series",) else None
            zone = hub.folder.practice.zone_of(trips[0].location_id)
            raise refused(done, as_json=as_json, more=_why(why, zone) if why else ({}, ()))
        if isinstance(done, Undecided):
            raise undecided(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "booked")
        deposit, to_take = deposit_to_take(done.booking.visits if done.booking else ())
        tell({**answer, "deposit": deposit}, [*lines, *to_take], as_json=as_json)


def _named(asked: str) -> tuple[str, str | None]:
    """Patient and package."""
    patient, _, package = asked.partition("=")
    return patient, package or None


def _why(why: "SeriesObstacle", zone: "ZoneInfo") -> tuple[dict[str, Any], Iterator[str]]:
    told = {
        "patient": why.patient_id,
        "session": why.session,
        "booked": [local(at, zone) for at in why.booked],
        "reasons": list(why.reasons),
        "smallest": [
            {
                "lift": list(remedy.codes),
                "sessions": [
                    {"session": one.session, "arrives": local(one.arrives_at, zone), "codes": list(one.codes)}
                    for one in remedy.hurdles
                ],
            }
            for remedy in why.remedies
        ],
    }
    return {"why": told}, _lines(why, zone)


def _lines(why: "SeriesObstacle", zone: "ZoneInfo") -> Iterator[str]:
    yield f"no place for session {why.session} of {why.patient_id}: {', '.join(why.reasons)}"
    for remedy in why.remedies:
        yield f"  it would do without {' and '.join(remedy.codes)}: {_hurdles(remedy, zone)}"
    if not why.remedies:
        yield "  no three of its reasons out of the way would do"


def _hurdles(remedy: "Remedy", zone: "ZoneInfo") -> str:
    days = ((one, local(one.arrives_at, zone)[:10]) for one in remedy.hurdles)
    return "; ".join(f"session {one.session} on {day} ({', '.join(one.codes)})" for one, day in days)
