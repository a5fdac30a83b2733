"""`hub series`: a whole series of sessions, or none."""

from datetime import datetime
from typing import Annotated

import typer

from hub.cli.answers import AsJson, amount, refused, tell, visits
from hub.cli.asking import Asked, Location, Option, Package, Patient, Service, With


def series(
    *,
    service: Service,
    patient: Patient,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First local date of a session.")],
    last: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Last local date of a session.")],
    sessions: Annotated[int | None, typer.Option(min=1, help="Default: as many as the service says.")] = None,
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    key: Annotated[str | None, typer.Option(help="The same key books once, however often it is asked.")] = None,
    as_json: AsJson = False,
) -> None:
    """Book a whole series, the earliest that can be completed, or nothing: then it is refused."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.series import SeriesRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        trip = Asked(service, patient, location, option, resources, package).trip(hub)
        request = SeriesRequest(trip, first.date(), last.date(), sessions)
        done = hub.book_series(request, actor="desk", key=key)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "booked")
        planned = done.booking.visits if done.booking else ()
        deposit = sum(visit.deposit.amount_minor for visit in planned if visit.deposit)
        currency = next((visit.price.currency for visit in done.visits if visit.price), "USD")
        lines += [f"  deposit to take: {amount(deposit, currency)}"] if deposit else []
        tell({**answer, "deposit": deposit}, lines, as_json=as_json)
