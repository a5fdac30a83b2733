"""What the front desk reads: what was done, what it costs and frees, or every reason why not; or one JSON object."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.bootstrap import Hub
    from hub.canonical.records import Visit
    from hub.operations.confirm_hold import Undecided
    from hub.operations.end_visits import Ended
    from hub.scheduling.decision import Booking, PlannedVisit, Refusal
    from hub.scheduling.nearest import Nearest

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
WALL_TIME = "%Y-%m-%dT%H:%M"


def tell(answer: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print an answer. Its quantities are written as text, days and instants in ISO's form."""
    if as_json:
        typer.echo(json.dumps({"ok": True, **answer}, default=_written))
        return
    for line in lines:
        typer.echo(line)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


Details = tuple[Mapping[str, Any], Iterable[str]]
"""More to say: for JSON, and in lines."""


def refused(
    refusal: "Refusal",
    *,
    as_json: bool,
    nearest: "Nearest | None" = None,
    zone: "ZoneInfo | None" = None,
    more: Details = ({}, ()),
) -> typer.Exit:
    """Print every reason and the nearest times, if any were looked for; raise what comes back: exit 1."""
    from hub.scheduling.nearest import FAR_DAYS
    from hub.scheduling.scenario.codes import meaning

    times = {side: at and local(at, zone) for side, at in nearest._asdict().items()} if nearest is not None else None
    if as_json:
        answer: dict[str, Any] = {"ok": False, "refused": list(refusal.reasons), **more[0]}
        typer.echo(json.dumps(answer if times is None else {**answer, "nearest": times}))
        return typer.Exit(1)
    typer.echo(f"refused: {', '.join(refusal.reasons)}", err=True)
    for code in refusal.reasons:
        typer.echo(f"  {code}: {meaning(code)}", err=True)
    for side, shown in (times or {}).items():
        typer.echo(f"nearest {side}: {shown or f'none within {FAR_DAYS} days'}", err=True)
    for line in more[1]:
        typer.echo(line, err=True)
    return typer.Exit(1)


def undecided(done: "Undecided", *, as_json: bool) -> typer.Exit:
    """Print that nobody knows yet; raise what comes back: exit 75."""
    from hub.program import TRY_AGAIN_LATER

    if as_json:
        typer.echo(json.dumps({"ok": False, "undecided": list(done.visit_ids), "stage": done.stage, "code": done.code}))
        return typer.Exit(TRY_AGAIN_LATER)
    typer.echo(f"not known yet ({done.stage}: {done.code}): the time stays taken. `hub reconcile` finds out", err=True)
    for visit_id in done.visit_ids:
        typer.echo(f"undecided {visit_id}", err=True)
    return typer.Exit(TRY_AGAIN_LATER)


def local(at: datetime, zone: "ZoneInfo | None") -> str:
    """Local time with its offset."""
    return at.astimezone(zone).isoformat(timespec="minutes")


def planned(booking: "Booking", zone: "ZoneInfo") -> tuple[dict[str, Any], list[str]]:
    """Who is taken when by what was decided, and the deposit to take."""
    steps = dict.fromkeys(
        (claim.step, local(claim.start_at, zone), local(claim.end_at, zone)[11:16])
        for visit in booking.visits
        for claim in visit.claims
    )
    claims = [claim for visit in booking.visits for claim in visit.claims]
    told = [
        {
            "step": step,
            "from": starts,
            "to": ends,
            "with": sorted({c.resource_id for c in claims if (c.step, local(c.start_at, zone)) == (step, starts)}),
        }
        for step, starts, ends in steps
    ]
    deposit, to_take = deposit_to_take(booking.visits)
    lines = [f"  {one['from'][11:16]}-{one['to']} {one['step']}: {', '.join(one['with'])}" for one in told]
    lines += to_take
    lines += [f"  passed over: {', '.join(booking.overridden)}"] if booking.overridden else []
    return {"steps": told, "deposit": deposit, "passed_over": list(booking.overridden)}, lines


def deposit_to_take(booked: Iterable["PlannedVisit"]) -> tuple[int, list[str]]:
    """Of all of them together, in minor units; and the line that says so."""
    deposits = [visit.deposit for visit in booked if visit.deposit]
    minor = sum(one.amount_minor for one in deposits)
    return minor, [f"  deposit to take: {amount(minor, deposits[0].currency)}"] if minor else []


def visits(hub: "Hub", done: Iterable["Visit"], word: str) -> tuple[dict[str, Any], list[str]]:
    """The visits, one a line: `booked ID time service`."""
    told = [
        {
            "id": visit.id,
            "service": visit.service_id,
            "arrives": local(visit.start, hub.folder.practice.zone_of(visit.location_id)),
            "state": visit.state.value,
        }
        for visit in done
    ]
    return {"visits": told}, [f"{word} {one['id']} {one['arrives']} {one['service']}" for one in told]


def ended(hub: "Hub", done: "Ended", word: str) -> tuple[dict[str, Any], list[str]]:
    """Visits that do not take place: what they cost, and whose time is free again."""
    answer, lines = visits(hub, done.visits, word)
    money = done.settlement
    priced = (visit.price.currency for visit in done.visits if visit.price)
    currency = next(priced, hub.folder.practice.currency)
    costs = (
        ("fee", money.fee, "fee"),
        ("waived", done.waived_minor, "waived"),
        ("refund", money.refund, "to give back"),
        ("due", money.due, "still to pay"),
    )
    said = [f"{words} {amount(minor, currency)}" for _, minor, words in costs if minor]
    freed = sorted(
        {who for visit in done.visits for who in (visit.provider_id, visit.room_id, visit.device_id) if who is not None}
    )
    said += [f"the package's credit is spent ({done.credits_lost})"] if done.credits_lost else []
    lines.append(f"  {', '.join(said) or 'costs nothing'}")
    lines += [f"  free again: {', '.join(freed)}"] if freed else []
    lines += [f"  {one} still stands, and breaks a rule now: {', '.join(codes)}" for one, codes in done.relying.items()]
    settled: dict[str, Any] = {key: minor for key, minor, _ in costs}
    return {
        **answer,
        **settled,
        "credits_lost": done.credits_lost,
        "freed": freed,
        "relying": dict(done.relying),
    }, lines


def amount(minor: int, currency: str) -> str:
    """`150.00 USD`."""
    return f"{minor // 100}.{minor % 100:02} {currency}"
