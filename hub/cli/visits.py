"""`hub move`, `hub cancel`, `hub no-show`, `hub complete`: what becomes of a visit that stands in the book."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

import typer

from hub.cli.answers import AsJson, ended, planned, refused, tell, undecided, visits
from hub.cli.asking import Arrives, Override, Reason, Role, With, pairs

Waive = Annotated[bool, typer.Option(help="Waive the fee: the practice file says whose right that is; with a reason.")]
Ids = Annotated[list[str], typer.Argument(metavar="VISIT", help="One visit, or the parts of a trip.")]


def move(
    *,
    ids: Ids,
    arrives: Arrives,
    resources: With = None,
    location: Annotated[str | None, typer.Option(help="Default: where it is.")] = None,
    override: Override = None,
    reason: Reason = None,
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Move a visit or a whole trip, or say every reason why not; then it stays where it is."""
    from hub.bootstrap import open_hub
    from hub.canonical.time import instant_of
    from hub.operations.confirm_hold import Undecided
    from hub.operations.move_visit import MoveRequest
    from hub.scheduling.decision import Refusal
    from hub.scheduling.nearest import NO_TIME_MENDS
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        zone = hub.folder.practice.zone_of(location or hub.location_of(ids))
        asked = pairs(resources, "--with") if resources else None
        passed_over = frozenset(override or ())
        request = MoveRequest(
            ids, instant_of(arrives, zone), asked, location, override=passed_over, reason=reason, role=role
        )
        done = hub.desk.move(request, actor="desk")
        if isinstance(done, Refusal):
            mends = not NO_TIME_MENDS.intersection(done.reasons)
            raise refused(done, as_json=as_json, nearest=hub.desk.nearest_move(request) if mends else None, zone=zone)
        if isinstance(done, Undecided):
            raise undecided(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "moved")
        more, rest = planned(done.booking, zone)
        more.pop("deposit")  # what was paid stays paid
        tell({**answer, **more}, [*lines, *(line for line in rest if "deposit" not in line)], as_json=as_json)


def cancel(
    *,
    ids: Ids,
    by: Annotated[Literal["patient", "practice"], typer.Option(help="By the practice it costs nothing.")] = "patient",
    reason: Reason = None,
    role: Role = None,
    waive: Waive = False,
    as_json: AsJson = False,
) -> None:
    """Call off a visit or a trip, and say what it costs and whose time is free again."""
    from hub.bootstrap import open_hub
    from hub.operations.cancel_visit import Cancellation
    from hub.operations.confirm_hold import Undecided
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.cancel(ids, Cancellation("desk", by, reason, role, waive))
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        if isinstance(done, Undecided):
            raise undecided(done, as_json=as_json)
        tell(*ended(hub, done, "cancelled"), as_json=as_json)


def no_show(
    *, ids: Ids, reason: Reason = None, role: Role = None, waive: Waive = False, as_json: AsJson = False
) -> None:
    """Note that the patient did not come, and say what it costs."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.no_show(ids, actor="desk", reason=reason, role=role, waive=waive)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        tell(*ended(hub, done, "no-show"), as_json=as_json)


def complete(
    *,
    ids: Ids,
    used: Annotated[
        list[str] | None,
        typer.Option(metavar="PRODUCT=QUANTITY", help="What was really used; default: as promised; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Note that the visit took place; what was used comes out of the lots, first expiry first."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    quantities = _quantities(used) if used else None
    with open_hub(read_settings()) as hub:
        done = hub.desk.complete(ids, actor="desk", used=quantities)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        tell(*visits(hub, done, "completed"), as_json=as_json)


def _quantities(used: list[str]) -> dict[str, Decimal]:
    from hub.errors import InvalidInput, Problem

    found = {}
    for product, text in pairs(used, "--used").items():
        try:
            found[product] = Decimal(text)
        except InvalidOperation:
            found[product] = Decimal("NaN")
        if not found[product].is_finite() or found[product] < 0:
            raise InvalidInput(Problem(f"{text!r} is no quantity", field="--used", hint="Such as gel=2"))
    return found
