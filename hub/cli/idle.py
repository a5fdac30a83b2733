"""`hub gaps`: idle equipment in the days ahead, and who on the waitlist fits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, local, tell
from hub.cli.asking import Location
from hub.cli.booking import Day, LastDay

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.find_gaps import GapReport


def gaps(
    *,
    first: Day,
    last: LastDay = None,
    location: Location = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Of resources; default: those of `ranking`; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what stands idle, how long, and who waits and could come into it."""
    from hub.bootstrap import open_hub
    from hub.cli.asking import location_of
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        place = location_of(hub, location)
        report = hub.desk.gaps(place, first.date(), (last or first).date(), kinds)
        told = list(_rows(hub, report, place))
        tell({"gaps": told}, _lines(told), as_json=as_json)


def _rows(hub: "Hub", report: "GapReport", place: str) -> Iterator[dict[str, Any]]:
    zone = hub.folder.practice.zone_of(place)
    for gap in report.gaps:
        yield {
            "resource": gap.resource_id,
            "from": local(gap.starts_at, zone),
            "to": local(gap.ends_at, zone),
            "minutes": gap.minutes,
            "short": gap.is_short,
            "fits": [
                {
                    "waiting": fit.waiting_id,
                    "patients": list(report.waiting[fit.waiting_id].patient_ids),
                    "service": [part.service_id for part in report.waiting[fit.waiting_id].request.trip.parts],
                    "arrives": local(fit.arrives_at, zone),
                }
                for fit in gap.fits
            ],
        }


def _lines(told: list[dict[str, Any]]) -> Iterator[str]:
    """By resource: what could be sold line by line, short rests in one."""
    if not told:
        yield "Nothing stands idle."
    for resource in dict.fromkeys(row["resource"] for row in told):
        rows = [row for row in told if row["resource"] == resource]
        yield f"{resource}: {sum(row['minutes'] for row in rows)} minutes idle"
        for row in (row for row in rows if not row["short"]):
            yield f"  {row['from'][:16]} to {row['to'][11:16]}, {row['minutes']} minutes"
            for fit in row["fits"]:
                who, what = ", ".join(fit["patients"]), ", ".join(fit["service"])
                yield f"    waiting: {who} for {what}, could come at {fit['arrives'][:16]}"
        short = [row for row in rows if row["short"]]
        if short:
            yield f"  too short for anything: {', '.join(row['from'][:16] for row in short)}"
