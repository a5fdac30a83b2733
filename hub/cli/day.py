"""`hub late`, `hub over`, `hub finish`, `hub check-in`, `hub missing`: what happens to a visit on its day."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import WALL_TIME, AsJson, local, refused, tell, visits
from hub.cli.asking import Override, Reason, Role, near

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.run_visit import Ran
    from hub.scheduling.clearances import Clearance
    from hub.scheduling.decision import Refusal

Ids = Annotated[list[str], typer.Argument(metavar="VISIT", help="One visit, or the parts of a trip.")]
Id = Annotated[str, typer.Argument(metavar="VISIT", help="One visit; of a trip the part.")]


def late(
    *,
    ids: Ids,
    minutes: Annotated[int, typer.Option(min=1, help="Later than the visit stands in the book.")],
    as_json: AsJson = False,
) -> None:
    """The patient comes later: shift the visit, and show who would have to wait for it."""
    from hub.bootstrap import open_hub
    from hub.operations.run_visit import late_visit
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = late_visit(hub.store, *ids, minutes=minutes, actor="desk", push_to=hub.told)
        _tell_run(hub, done, "late", as_json=as_json)


def over(
    *,
    visit_id: Id,
    step: Annotated[str | None, typer.Option(help="The step that takes longer; default: the one under way.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="Longer than it stands in the book.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=[WALL_TIME], callback=near, help="Or its end, local time.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A step takes longer: let the rest follow, and show who would have to wait for it."""
    from hub.bootstrap import open_hub
    from hub.canonical.time import instant_of
    from hub.errors import InvalidInput, Problem
    from hub.operations.run_visit import overrun_visit
    from hub.settings import read_settings

    if (minutes is None) == (until is None):
        raise InvalidInput(Problem("it takes either --minutes or --until", field="--minutes"))
    with open_hub(read_settings()) as hub:
        zone = hub.folder.practice.zone_of(hub.location_of([visit_id]))
        ends_at = instant_of(until, zone) if until else None
        done = overrun_visit(
            hub.store, visit_id, actor="desk", step=step, until=ends_at, minutes=minutes or 0, push_to=hub.told
        )
        _tell_run(hub, done, "over", as_json=as_json)


def finish(
    *,
    visit_id: Id,
    at: Annotated[
        datetime | None, typer.Option(formats=[WALL_TIME], callback=near, help="Local time; default: now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The patient is done: free what is left of the visit's time."""
    from hub.bootstrap import open_hub
    from hub.canonical.time import instant_of
    from hub.operations.run_visit import finish_visit
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        zone = hub.folder.practice.zone_of(hub.location_of([visit_id]))
        ended_at = instant_of(at, zone) if at else None
        done = finish_visit(hub.store, visit_id, actor="desk", at=ended_at, push_to=hub.told)
        hub.desk.serve_waitlist()
        _tell_run(hub, done, "finished", as_json=as_json)


def check_in(
    *, ids: Ids, override: Override = None, reason: Reason = None, role: Role = None, as_json: AsJson = False
) -> None:
    """The patient is here: check in, or say what is missing."""
    from hub.bootstrap import open_hub
    from hub.operations.check_in_visit import NotCleared, check_in_visit
    from hub.scheduling.check_in import Override as Passing
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        passing = Passing(frozenset(override or ()), reason, role)
        done = check_in_visit(hub.store, *ids, actor="desk", override=passing, push_to=hub.told)
        if isinstance(done, NotCleared):
            raise _not_cleared(done, done.missing, as_json=as_json)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "checked in")
        if not done.supervised:
            lines.append("  nobody who must be present is on duty throughout")
        more = {"missing": _rows(done.missing), "supervised": done.supervised}
        tell({**answer, **more}, [*lines, *_lines(done.missing)], as_json=as_json)


def missing(*, ids: Ids, as_json: AsJson = False) -> None:
    """List what is missing before the patient can be checked in."""
    from hub.bootstrap import open_hub
    from hub.operations.check_in_visit import find_clearances
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = find_clearances(hub.store, *ids)
        if isinstance(found, Refusal):
            raise refused(found, as_json=as_json)
        tell({"missing": _rows(found)}, _lines(found) or ["nothing is missing"], as_json=as_json)


def _tell_run(hub: "Hub", done: "Ran | Refusal", word: str, *, as_json: bool) -> None:
    from hub.scheduling.decision import Refusal

    if isinstance(done, Refusal):
        raise refused(done, as_json=as_json)
    answer, lines = visits(hub, done.visits, word)
    zone = hub.folder.practice.zone_of(done.visits[0].location_id)
    leaves = local(max(visit.end for visit in done.visits), zone)
    shown = done.knock_on
    waiting = [{"id": one.visit_id, "minutes": one.minutes, "because": list(one.because)} for one in shown.pushed]
    lines.append(f"  until {leaves}")
    lines += [
        f"  would have to wait: {one.visit_id} {one.minutes} minutes ({', '.join(one.because)})" for one in shown.pushed
    ]
    lines += [f"  contested until it is moved: {one}" for one in shown.contested]
    answer |= {"leaves": leaves, "waiting": waiting, "contested": list(shown.contested)}
    tell(answer, lines, as_json=as_json)


def _not_cleared(refusal: "Refusal", missing: "Clearance", *, as_json: bool) -> typer.Exit:
    import json

    if as_json:
        typer.echo(json.dumps({"ok": False, "refused": list(refusal.reasons), "missing": _rows(missing)}))
        return typer.Exit(1)
    leave = refused(refusal, as_json=False)
    for line in _lines(missing):
        typer.echo(line, err=True)
    return leave


def _rows(missing: "Clearance") -> list[dict[str, Any]]:
    consents = [{"consent": one.form_id, "version": one.version, "why": one.why} for one in missing.consents]
    return [*consents, *({"before": word} for word in missing.prerequisites)]


def _lines(missing: "Clearance") -> list[str]:
    lines = [f"  to sign: {one.form_id} version {one.version} ({one.why})" for one in missing.consents]
    return lines + [f"  did not take place: {word}" for word in missing.prerequisites]
