"""`hub away` and `hub block`: time of resources that is not to be had."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import WALL_TIME, AsJson, local, refused, tell
from hub.cli.asking import Reason, near

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.bootstrap import Hub
    from hub.canonical.time import Span

From = Annotated[datetime, typer.Option("--from", formats=[WALL_TIME], callback=near, help="Local time.")]
To = Annotated[datetime, typer.Option("--to", formats=[WALL_TIME], callback=near, help="Local time.")]


def away(
    *,
    resource: Annotated[str, typer.Argument(help="A provider, room or device of the practice file.")],
    starts: From,
    ends: To,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Note that somebody or something is away. What is booked with it stays in the book."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        span = _span(hub, resource, starts, ends)
        done = hub.desk.away(resource, span, actor="desk", reason=reason)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        zone = _zone(hub, resource)
        first, last = local(span.start, zone), local(span.end, zone)
        lines = [
            f"away {resource} {first} to {last}",
            "  what is booked with it stays: see the board of these days",
        ]
        tell({"resource": resource, "from": first, "to": last}, lines, as_json=as_json)


def block(
    *,
    resources: Annotated[list[str], typer.Argument(metavar="RESOURCE", help="Of one location.")],
    starts: From,
    ends: To,
    block_id: Annotated[
        str | None, typer.Option("--id", help="The same id again changes that block; default: by resources and start.")
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Take time of resources for cleaning, a delivery or the like. What is booked there stays, and is told."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        span = _span(hub, resources[0], starts, ends)
        name = block_id or f"block-{'-'.join(resources)}-{starts:%Y%m%dT%H%M}"
        done = hub.desk.block(name, resources, span, actor="desk", reason=reason)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        zone = _zone(hub, resources[0])
        first, last = local(span.start, zone), local(span.end, zone)
        lines = [f"blocked {', '.join(resources)} {first} to {last} as {name}"]
        if done.contested:
            lines.append(f"  {done.contested} of them booked at the time already: see /issues, nothing was moved")
        answer = {"block": name, "resources": resources, "from": first, "to": last, "contested": done.contested}
        tell(answer, lines, as_json=as_json)


def _zone(hub: "Hub", resource_id: str) -> "ZoneInfo":
    """Of the resource's location; of one that there is not, the practice's."""
    practice = hub.folder.practice
    resource = practice.find_resource(resource_id)
    return practice.zone_of(practice.location_of(resource) if resource is not None else "")


def _span(hub: "Hub", resource_id: str, starts: datetime, ends: datetime) -> "Span":
    from hub.canonical.time import Span, instant_of
    from hub.errors import InvalidInput, Problem

    zone = _zone(hub, resource_id)
    start, end = instant_of(starts, zone), instant_of(ends, zone)
    if end <= start:
        raise InvalidInput(Problem("it is not later than --from", field="--to"))
    return Span(start, end)
