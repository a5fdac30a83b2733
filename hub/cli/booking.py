"""`hub find`, `hub hold` and `hub book`: the schedule, as the front desk asks it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import WALL_TIME, AsJson, local, planned, refused, tell, undecided, visits
from hub.cli.asking import (
    Arrives,
    Asked,
    Location,
    Option,
    Override,
    Package,
    Passing,
    Patient,
    Reason,
    Role,
    Service,
    With,
    near,
    pairs,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.bootstrap import Hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.ranking import Offer, Wishes
    from hub.scheduling.request import BookingRequest

Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], callback=near, help="First local date.")]
LastDay = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], callback=near, help="Last one; default: the first.")
]
Key = Annotated[str | None, typer.Option(help="The same key books once, however often it is asked.")]
Ranked = Annotated[bool, typer.Option(help="Best first: short idle rests, wishes that are not met and waiting cost.")]
Limit = Annotated[int | None, typer.Option(min=1, help="So many of the best; only with --ranked.")]
Days = Annotated[str | None, typer.Option(help="Days the patient likes, such as mon-wed; only with --ranked.")]
After = Annotated[str | None, typer.Option(help="The patient likes to come from then on, such as 12:00.")]
Before = Annotated[str | None, typer.Option(help="The patient likes to come before then, such as 17:00.")]
Prefer = Annotated[
    list[str] | None, typer.Option(metavar="NAME=RESOURCE", help="Whom the patient likes; repeatable; with --ranked.")
]


def find(
    *,
    service: Service,
    patient: Patient,
    first: Day,
    last: LastDay = None,
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    ranked: Ranked = False,
    limit: Limit = None,
    days: Days = None,
    after: After = None,
    before: Before = None,
    prefer: Prefer = None,
    as_json: AsJson = False,
) -> None:
    """List the times at which a visit can be booked: in order, or with --ranked in the order in which to offer them."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.scheduling.request import OpeningsRequest
    from hub.settings import read_settings

    if not ranked:
        _require_ranked(limit=limit, days=days, after=after, before=before, prefer=prefer)
    wishes = _wishes(days, after, before, prefer)
    with open_hub(read_settings()) as hub:
        trip = Asked(service, patient, location, option, resources, package).trip(hub)
        request = OpeningsRequest(trip, first.date(), (last or first).date())
        zone = hub.folder.practice.zone_of(trip.location_id)
        if ranked:
            offers = hub.desk.rank(request, wishes)
            if isinstance(offers, Refusal):
                raise refused(offers, as_json=as_json)
            tell(*_offers(offers[:limit], zone), as_json=as_json)
            return
        found = hub.desk.find(request)
        if isinstance(found, Refusal):
            raise refused(found, as_json=as_json)
        times = [local(arrival, zone) for arrival in found.arrivals]
        tell({"openings": times}, times, as_json=as_json)


def hold(
    *,
    service: Service,
    patient: Patient,
    arrives: Arrives,
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    override: Override = None,
    reason: Reason = None,
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Hold a time for a while, to be booked with `hub book --hold`, or say every reason why not."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        trip = Asked(service, patient, location, option, resources, package).trip(hub)
        request = Passing(override, reason, role).request(hub, trip, arrives)
        zone = hub.folder.practice.zone_of(trip.location_id)
        done = hub.desk.hold(request, actor="desk")
        if isinstance(done, Refusal):
            raise _refused(hub, request, done, as_json=as_json)
        answer, lines = planned(done.booking, zone)
        until = local(done.expires_at, zone)
        head = f"held {done.hold_id} {local(request.arrives_at, zone)} {service}, until {until}"
        tell({"hold": done.hold_id, "until": until, **answer}, [head, *lines], as_json=as_json)


def book(
    *,
    service: Annotated[str | None, typer.Option(help="A service of the practice file.")] = None,
    patient: Annotated[str | None, typer.Option(help="The patient's id in the hub.")] = None,
    arrives: Annotated[
        datetime | None, typer.Option(formats=[WALL_TIME], callback=near, help="Local time of arrival.")
    ] = None,
    held: Annotated[str | None, typer.Option("--hold", help="Book what is held under this id, as it is.")] = None,
    location: Location = None,
    option: Option = None,
    resources: With = None,
    package: Package = None,
    key: Key = None,
    override: Override = None,
    reason: Reason = None,
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Book a visit or what is held, or say every reason why not, and the nearest times that would work."""
    from hub.bootstrap import open_hub
    from hub.operations.confirm_hold import Undecided
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    if held is not None:
        _require_alone(service, patient, arrives, location, option, resources, package, override, reason, role)
    settings = read_settings()
    with open_hub(settings) as hub:
        request: BookingRequest | None = None
        if held is not None:
            done = hub.desk.book_hold(held, actor="desk", key=key)
        else:
            trip = Asked(service, patient, location, option, resources, package).trip(hub)
            request = Passing(override, reason, role).request(hub, trip, arrives)
            done = hub.desk.book(request, actor="desk", key=key)
        if isinstance(done, Refusal):
            raise _refused(hub, request, done, as_json=as_json)
        if isinstance(done, Undecided):
            raise undecided(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "booked")
        if done.booking is not None:
            more, rest = planned(done.booking, hub.folder.practice.zone_of(done.visits[0].location_id))
            answer, lines = {**answer, **more}, [*lines, *rest]
        policy = settings.policy_address(done.visits[0].location_id)
        tell({**answer, "policy": policy}, [*lines, f"  policy: {policy}"], as_json=as_json)


def _require_alone(*beside: object) -> None:
    from hub.errors import InvalidInput, Problem

    if any(beside):
        raise InvalidInput(Problem("the hold says the rest", field="--hold", hint="Give it alone, or with --key"))


def _refused(hub: "Hub", request: "BookingRequest | None", refusal: "Refusal", *, as_json: bool) -> typer.Exit:
    from hub.scheduling.nearest import NO_TIME_MENDS

    if request is None or NO_TIME_MENDS.intersection(refusal.reasons):
        return refused(refusal, as_json=as_json)
    zone = hub.folder.practice.zone_of(request.trip.location_id)
    return refused(refusal, as_json=as_json, nearest=hub.desk.nearest(request), zone=zone)


def _wishes(days: str | None, after: str | None, before: str | None, prefer: list[str] | None) -> "Wishes":
    from hub.canonical.wall import parse_clock, parse_days
    from hub.errors import InvalidInput, Problem
    from hub.scheduling.ranking import Wishes

    def read(name: str, parse: Callable[[str], Any], value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise InvalidInput(Problem(str(error), field=name)) from None

    liked = read("--days", lambda words: frozenset(parse_days(words.split(","))), days)
    starts, ends = read("--after", parse_clock, after), read("--before", parse_clock, before)
    return Wishes(pairs(prefer, "--prefer"), liked, starts, ends)


def _require_ranked(**wishes: object) -> None:
    from hub.errors import InvalidInput, Problem

    for name, value in wishes.items():
        if value:
            raise InvalidInput(Problem("this goes with --ranked", field=f"--{name}", hint="Add --ranked"))


def _offers(offers: tuple["Offer", ...], zone: "ZoneInfo") -> tuple[dict[str, Any], Iterator[str]]:
    told = [
        {
            "arrives": local(offer.arrives_at, zone),
            "points": offer.points,
            "with": dict(offer.resources),
            "asked": {name: one for part in offer.trip.parts for name, one in part.resources.items()},
            "costs": [{"what": cost.what, "points": cost.points} for cost in offer.costs],
        }
        for offer in offers
    ]
    return {"offers": told}, (_offer_line(offer, zone) for offer in offers)


def _offer_line(offer: "Offer", zone: "ZoneInfo") -> str:
    who = ", ".join(one for _, one in offer.resources)
    why = f"  {offer.points}: {'; '.join(cost.what for cost in offer.costs)}" if offer.costs else ""
    return f"{local(offer.arrives_at, zone)}  {who}{why}"
