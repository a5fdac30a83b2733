"""`hub sync`, `hub pull`, `hub import`, `hub push`: one system at a time, at once."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.asking import Reason, Role
from hub.cli.migrating_run import line_of
from hub.cli.progress import bar_of, steps_bar
from hub.program import FAILED, LOOK_AT_IT

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.import_export import ImportResult
    from hub.operations.pull_changes import Accepted, PullResult
    from hub.operations.push_changes import PushResult
    from hub.operations.rehearse_sync import Change, SyncPlan

System = Annotated[str, typer.Argument(help="The connection's name: a file of the practice's connections/ folder.")]


def sync(
    system: System,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change here and there; do nothing.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept-mass-change", help="Let a mass change through, this once; needs role and reason.")
    ] = False,
    role: Role = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Take in what changed in a system and tell it what it does not know.

    Exit codes: 0 done, 3 done and a person must look at some of it, 75 the system cannot be reached now, 1 stopped.
    With --dry-run: as it would end.
    """
    with _opened(system) as hub:
        if dry_run:
            with steps_bar(quiet=as_json) as step:
                plan = hub.exchange.rehearse(system, step)
            _show_plan(plan, as_json=as_json)
            if plan.is_stopped or plan.waits:
                raise typer.Exit(FAILED if plan.is_stopped else LOOK_AT_IT)
            return
        accepted = _accepted(role, reason) if accept else None
        pulled, pushed = _sync(hub, system, accepted, quiet=as_json)
    told = {
        "pulled": {kind: asdict(one) for kind, one in pulled.items()},
        "pushed": asdict(pushed) if pushed is not None else None,
    }
    lines = [_pulled_line(kind, one) for kind, one in pulled.items()]
    lines += [_pushed_line(pushed)] if pushed is not None else []
    typer.echo(json.dumps(told) if as_json else "\n".join(lines))
    if any(_waits(one) for one in pulled.values()) or (pushed is not None and pushed.dead):
        raise typer.Exit(LOOK_AT_IT)


def _sync(
    hub: "Hub", system: str, accepted: "Accepted | None", *, quiet: bool
) -> "tuple[dict[str, PullResult], PushResult | None]":
    pulled = _pull(hub, system, accepted, quiet=quiet)
    if hub.exchange.rings(system):
        hub.exchange.work_inbox(system)
    if not hub.exchange.is_pushed(system):
        return pulled, None
    with bar_of("push", quiet=quiet) as moved:
        return pulled, hub.exchange.push(system, moved)


def _pull(hub: "Hub", system: str, accepted: "Accepted | None", *, quiet: bool) -> "dict[str, PullResult]":
    """Every stream; one that stops for a person keeps none of the others from being pulled."""
    from hub.errors import Problem, SafetyStop

    pulled: dict[str, PullResult] = {}
    stopped: list[Problem] = []
    for kind in hub.exchange.kinds(system):
        with bar_of(f"pull {kind}", quiet=quiet) as moved:
            try:
                pulled[str(kind)] = hub.exchange.pull(system, kind, accepted=accepted, progress=moved)
            except SafetyStop as stop:
                stopped += stop.problems
    if stopped:
        raise SafetyStop(*stopped)
    return pulled


def _waits(one: "PullResult") -> bool:
    """Whether a person must look at some of it."""
    return bool(one.rejected or one.conflicts or one.contested)


def _accepted(role: str | None, reason: str | None) -> "Accepted":
    from hub.errors import InvalidInput, Problem
    from hub.operations.pull_changes import Accepted

    if not role or not reason:
        missing = "--role" if not role else "--reason"
        raise InvalidInput(Problem("who lets a mass change through says in which role and why", field=missing))
    return Accepted("desk", role, reason)


def _show_plan(plan: "SyncPlan", *, as_json: bool) -> None:
    if as_json:
        here, there = [asdict(one) for one in plan.here], [asdict(one) for one in plan.there]
        counts: dict[str, Any] = {"here": _counts(plan.here), "there": _counts(plan.there)}
        read = {kind: one.read for kind, one in plan.read.items()}
        drift = [{"kind": one.kind, "reaction": one.reaction, **asdict(one.drift)} for one in plan.drifts]
        stops = {"mass_change": [str(kind) for kind in plan.mass], "stops": [str(one) for one in plan.stops]}
        typer.echo(json.dumps({"counts": counts, "read": read, **stops, "drift": drift, "here": here, "there": there}))
        return
    for side, changes in (("here", plan.here), ("there", plan.there)):
        counts = _counts(changes)
        said = ", ".join(f"{number} {what}" for what, number in counts.items())
        typer.echo(f"{side}: {said or 'nothing would change'}")
        for one in changes:
            source, fields = one.source and f" of {one.source}", one.fields and f" ({', '.join(one.fields)})"
            typer.echo(f"  {one.what:9} {one.kind} {one.id}{source or ''}{fields or ''}")
    if plan.drifts:
        typer.echo("drift: what the streams' contracts do not say, and what each would do")
    for found in plan.drifts:
        typer.echo(f"  {found.reaction:10} {found.kind} {found.drift}")
    for kind in plan.mass:
        typer.echo(f"So many {kind} records would change that it is stopped until --accept-mass-change.")
    for problem in plan.stops:
        typer.echo(f"It would stop: {problem}")


def _counts(changes: "tuple[Change, ...]") -> dict[str, int]:
    counted = Counter(f"{one.kind} {one.what}" for one in changes)
    return dict(sorted(counted.items()))


def pull(system: System, *, as_json: AsJson = False) -> None:
    """Take in what changed in a connected system since the last pull. Exit codes as `hub sync`."""
    with _opened(system) as hub:
        pulled = _pull(hub, system, None, quiet=as_json)
    lines = [_pulled_line(kind, one) for kind, one in pulled.items()]
    tell({"pulled": {kind: asdict(one) for kind, one in pulled.items()}}, lines, as_json=as_json)
    if any(_waits(one) for one in pulled.values()):
        raise typer.Exit(LOOK_AT_IT)


def _pulled_line(kind: str, done: "PullResult") -> str:
    more = {"rejected": done.rejected, "gone": done.gone, "in conflict": done.conflicts, "waiting": done.waiting}
    said = [f"{number} {what}" for what, number in more.items() if number or what == "rejected"]
    return (
        f"{kind:10} {done.read} read: {done.inserted} new, {done.updated} changed, {done.unchanged} the same "
        f"({done.recognised} our own), {', '.join(said)}"
    )


def import_(system: System, *, as_json: AsJson = False) -> None:
    """Take in the files that an old system left: each row is loaded, merged or quarantined. No other system is told."""
    with _opened(system) as hub, steps_bar(quiet=as_json) as step:
        done = hub.import_export(system, step)
    show_import(done, as_json=as_json)


def show_import(done: "ImportResult", *, as_json: bool) -> None:
    """What became of the rows of each file."""
    lines = ["These files were taken in before; nothing was written." if done.already_loaded else "Taken in."]
    lines += [line_of(file) for file in done.files]
    lines += [f"{done.history_conflicts} visits of the history overlap another; all are kept and listed."]
    told: dict[str, Any] = {"already_loaded": done.already_loaded, "files": [file._asdict() for file in done.files]}
    tell({**told, "history_conflicts": done.history_conflicts}, lines, as_json=as_json)


def push(system: System, *, as_json: AsJson = False) -> None:
    """Tell a connected system what waits for it. Exit codes as `hub sync`."""
    with _opened(system) as hub, bar_of("push", quiet=as_json) as moved:
        done = hub.exchange.push(system, moved)
    tell({"pushed": asdict(done)}, [_pushed_line(done)], as_json=as_json)
    if done.dead:
        raise typer.Exit(LOOK_AT_IT)


def _pushed_line(done: "PushResult") -> str:
    said = f"{done.sent} sent, {done.unchanged} held already, {done.failed} to be tried again"
    dead = f"{done.dead} dead (hub replay dead)" if done.dead else "0 dead"
    return f"{'told':10} {said}, {dead}"


@contextmanager
def _opened(system: str) -> Iterator["Hub"]:
    """The hub; a system that the practice does not know is refused before anything starts."""
    from hub.bootstrap import open_hub, read_practice_folder
    from hub.settings import read_settings

    settings = read_settings()
    folder = read_practice_folder(settings)
    folder.connection(system)
    with open_hub(settings, folder) as hub:
        yield hub
