"""`hub waitlist` and `hub offers`: who waits for a time to be freed, and who has one offered."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, local, refused, tell
from hub.cli.asking import Asked, Location, Option, Package, Patient, Service, With, near

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.ports.waitlist import Offer, WaitlistEntry

app = typer.Typer(help="Who waits for a time to be freed.", no_args_is_help=True)


@app.command()
def join(
    *,
    service: Service,
    patient: Patient,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], callback=near, help="First local date that would do.")
    ],
    last: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], callback=near, help="Last local date that would do.")
    ],
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    as_json: AsJson = False,
) -> None:
    """Put a patient on the list, behind all who wait already. What is open today is no reason for an offer."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.request import OpeningsRequest
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        trip = Asked(service, patient, location, option, resources, package).trip(hub)
        joined = hub.desk.join_waitlist(OpeningsRequest(trip, first.date(), last.date()), actor="desk")
        if isinstance(joined, Refusal):
            raise refused(joined, as_json=as_json)
        tell({"entry": joined.id}, [f"waiting {joined.id}"], as_json=as_json)


@app.command()
def leave(*, entry: Annotated[str, typer.Argument(help="What `join` said.")], as_json: AsJson = False) -> None:
    """Take a patient off the list; a time that was offered stays held until its end."""
    from hub.bootstrap import open_hub
    from hub.errors import InvalidInput, Problem
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        if hub.desk.leave_waitlist(entry, actor="desk") is None:
            hint = "`hub waitlist list` shows who waits"
            raise InvalidInput(Problem(f"nobody waits under {entry!r}", field="entry", hint=hint))
        tell({"entry": entry}, [f"left {entry}"], as_json=as_json)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """Show who waits without an offer, in the order in which they are served."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        told = [_waiting(hub, entry) for entry in hub.desk.waiting()]
    lines = [
        f"{number}. {one['patients']} {one['services']}, {one['from']} to {one['until']}, since {one['since']}"
        f" ({one['entry']})"
        for number, one in enumerate(told, 1)
    ]
    tell({"waiting": told}, lines or ["Nobody waits."], as_json=as_json)


@app.command()
def serve(*, as_json: AsJson = False) -> None:
    """Let holds expire that are over, and offer what was freed; whoever waits longest comes first.

    Cancelling and moving do it at once; `hub tend --every 60` does it when offers and holds run out.
    """
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        _tell_offers(hub, hub.desk.serve_waitlist(), as_json=as_json)


def offers(*, as_json: AsJson = False) -> None:
    """Show who has a freed time offered; `hub book --hold ID` books it."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        _tell_offers(hub, hub.desk.offers(), as_json=as_json)


def _tell_offers(hub: "Hub", made: Iterable["Offer"], *, as_json: bool) -> None:
    told = [_offer(hub, offer) for offer in made]
    lines = [
        f"{one['arrives']} {one['services']} for {one['patients']}, until {one['until']} (--hold {one['hold']})"
        for one in told
    ]
    tell({"offers": told}, lines or ["No time is offered."], as_json=as_json)


def _asked(entry: "WaitlistEntry") -> dict[str, Any]:
    parts = entry.request.trip.parts
    return {
        "entry": entry.id,
        "patients": ", ".join(entry.patient_ids),
        "services": " and ".join(part.service_id for part in parts),
    }


def _waiting(hub: "Hub", entry: "WaitlistEntry") -> dict[str, Any]:
    request = entry.request
    zone = hub.folder.practice.zone_of(request.trip.location_id)
    dates = {"from": request.first_on.isoformat(), "until": request.last_on.isoformat()}
    return {**_asked(entry), **dates, "since": local(entry.joined_at, zone)}


def _offer(hub: "Hub", offer: "Offer") -> dict[str, Any]:
    zone = hub.folder.practice.zone_of(offer.entry.request.trip.location_id)
    times = {"arrives": local(offer.arrives_at, zone), "until": local(offer.expires_at, zone)}
    return {**_asked(offer.entry), **times, "hold": offer.hold_id}
