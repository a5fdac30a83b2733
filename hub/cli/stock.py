"""`hub stock`: open, waste, receive, count; the ledger, and what must be ordered."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, refused, tell

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.scheduling.ledger import Movement

app = typer.Typer(help="Lots, open vials, counts and reorders.", no_args_is_help=True)

Product = Annotated[str, typer.Argument(help="A product of the practice file.")]
Lot = Annotated[str, typer.Argument(help="The lot's name.")]
Quantity = Annotated[str, typer.Argument(help="In the product's units.")]
By = Annotated[str, typer.Option(help="Who: a resource of the practice file.")]
Location = Annotated[str | None, typer.Option(help="Default: the only one.")]
Reason = Annotated[str | None, typer.Option(help="A word of the practice's; nothing personal.")]


@app.command("open")
def open_(
    *,
    product: Product,
    by: By,
    lot: Annotated[str | None, typer.Option()] = None,
    location: Location = None,
    as_json: AsJson = False,
) -> None:
    """Open a vial; without --lot of the first to expire."""
    from hub.scheduling.decision import Refusal

    with _hub() as hub:
        done = hub.desk.stock.open_vial(product, _place(hub, location), by, lot)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        closes = done.closes_at.isoformat(timespec="minutes") if done.closes_at else "-"
        said = f"{done.vial_id} of lot {done.lot[2]}: {done.level} units, until {closes}"
        answer = {"vial": done.vial_id, "lot": done.lot[2], "units": done.level, "until": done.closes_at}
        tell(answer, [said], as_json=as_json)


@app.command()
def receive(
    *,
    product: Product,
    lot: Lot,
    quantity: Quantity,
    expires: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    location: Location = None,
    by: Annotated[str | None, typer.Option()] = None,
    as_json: AsJson = False,
) -> None:
    """Take a delivery into stock."""
    from hub.scheduling.decision import Refusal

    with _hub() as hub:
        done = hub.desk.stock.receive((product, _place(hub, location), lot), _number(quantity), expires.date(), by)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        tell({"lot": lot, "received": done.change}, [f"lot {lot}: {done.change} received"], as_json=as_json)


@app.command()
def waste(
    *,
    product: Product,
    lot: Lot,
    quantity: Quantity,
    by: By,
    witness: Annotated[str | None, typer.Option(help="Who saw it: somebody else.")] = None,
    reason: Reason = None,
    location: Location = None,
    sealed: Annotated[bool, typer.Option("--sealed", help="Only what is not opened.")] = False,
    as_json: AsJson = False,
) -> None:
    """Throw units away, with a witness."""
    from hub.scheduling.counts import WasteRequest
    from hub.scheduling.decision import Refusal

    with _hub() as hub:
        key = (product, _place(hub, location), lot)
        done = hub.desk.stock.waste(WasteRequest(key, _number(quantity), by, witness, reason, sealed))
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        tell({"lot": lot, "wasted": quantity}, [f"lot {lot}: {quantity} wasted"], as_json=as_json)


@app.command()
def count(
    *,
    product: Product,
    lot: Lot,
    counted: Quantity,
    by: By,
    reason: Reason = None,
    location: Location = None,
    as_json: AsJson = False,
) -> None:
    """Compare a lot with the book; exit 1 when there is a variance that somebody must explain."""
    from hub.scheduling.counts import CountRequest
    from hub.scheduling.decision import Refusal

    with _hub() as hub:
        done = hub.desk.stock.count(CountRequest((product, _place(hub, location), lot), _number(counted), by, reason))
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
    providers = {who: {"used": one.used, "wasted": one.wasted} for who, one in done.providers.items()}
    answer = {"book": done.book, "counted": counted, "variance": done.variance, "since_last_count": providers}
    lines = [f"book {done.book}, counted {counted}, variance {done.variance}"]
    lines += [
        f"  {who}: used {one['used']}, wasted {one['wasted']} since the last count" for who, one in providers.items()
    ]
    tell(answer, lines, as_json=as_json)
    if done.is_open:
        raise typer.Exit(1)


@app.command()
def explain(
    *, product: Product, lot: Lot, by: By, reason: Reason = None, location: Location = None, as_json: AsJson = False
) -> None:
    """Say why a count was not what the book said."""
    with _hub() as hub:
        refusal = hub.desk.stock.explain((product, _place(hub, location), lot), reason, by)
    if refusal is not None:
        raise refused(refusal, as_json=as_json)
    tell({"lot": lot}, [f"lot {lot}: explained"], as_json=as_json)


@app.command()
def ledger(
    product: Annotated[str | None, typer.Argument()] = None, location: Location = None, as_json: AsJson = False
) -> None:
    """List every line of the ledger, in order."""
    with _hub() as hub:
        movements = hub.desk.stock.ledger(product, location)
    tell({"movements": [_movement(one) for one in movements]}, map(_line, movements), as_json=as_json)


def _movement(one: "Movement") -> dict[str, Any]:
    product, location, lot = one.lot
    return {
        "at": one.at,
        "product": product,
        "location": location,
        "lot": lot,
        "kind": one.kind,
        "change": one.change,
        "level": one.level,
        "vial": one.vial_id,
        "visit": one.visit_id,
        "by": one.provider_id,
        "witness": one.witness_id,
        "reason": one.reason,
    }


def _line(one: "Movement") -> str:
    about = [f"vial {one.vial_id}" if one.vial_id else "", f"visit {one.visit_id}" if one.visit_id else ""]
    about += [f"by {one.provider_id}" if one.provider_id else "", one.reason or ""]
    level = f" ({one.level})" if one.level is not None else ""
    line = f"{one.at.isoformat(timespec='minutes')}  {'/'.join(one.lot)}  {one.kind} {one.change:+}{level}"
    return "  ".join([line, *filter(None, about)])


@app.command()
def variance(
    product: Annotated[str | None, typer.Argument()] = None, location: Location = None, as_json: AsJson = False
) -> None:
    """Say by lot and by provider what came, was used, wasted and put right; exit 1 while something is unexplained."""
    with _hub() as hub:
        report = hub.desk.stock.variance(product, location)
    lots = [
        {"lot": "/".join(lot), "changes": sums, "unexplained": report.unexplained.get(lot)}
        for lot, sums in report.by_lot.items()
    ]
    tell({"lots": lots, "providers": report.by_provider}, report.lines(), as_json=as_json)
    if report.unexplained:
        raise typer.Exit(1)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Write off vials whose hours have ended, and bring the reorder tasks up to date; exit 1 when there are such."""
    with _hub() as hub:
        found, reorders = hub.desk.stock.check(), hub.desk.stock.reorders()
    tell({"lapsed": found.lapsed, "reorders": reorders}, _due(found.lapsed, reorders), as_json=as_json)
    if found.reorders:
        raise typer.Exit(1)


def _due(lapsed: int, reorders: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{lapsed} vials written off, {len(reorders)} products to reorder"
    for one in reorders:
        yield f"  {one['product']} at {one['location']}: {one['quantity']} by {one['needed_on']}"


def _hub() -> "AbstractContextManager[Hub]":
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    return open_hub(read_settings())


def _place(hub: "Hub", location: str | None) -> str:
    from hub.errors import InvalidInput, Problem

    known = [each.id for each in hub.folder.practice.locations]
    if location is None and len(known) > 1:
        hint = f"One of: {', '.join(known)}"
        raise InvalidInput(Problem("there are several locations", field="--location", hint=hint))
    return location or known[0]


def _number(text: str) -> Decimal:
    from hub.errors import InvalidInput, Problem

    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise InvalidInput(Problem(f"{text!r} is no quantity", field="quantity", hint="Write a number such as 20"))
    return number
