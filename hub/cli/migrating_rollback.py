"""`hub migrate rollback` and `forget`: batches of a moved history, taking some back, and ending the time for that."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson

if TYPE_CHECKING:
    from hub.operations.migration.roll_back import Standing, TakenBack
    from hub.ports.rollbacks import Batch, Dependant

Batches = Annotated[list[int] | None, typer.Argument(metavar="BATCH", help="Numbers; default: list all of them.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; nothing personal.")]
OfKind = Annotated[str | None, typer.Option(help="List only these: patient, visit, payment …")]
OfMonth = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="List only this month's.")]
WithAll = Annotated[bool, typer.Option("--all", help="List earlier attempts, too, and what writes no records.")]
SHOWN = 20
"""How many dependants of a sort stand in the text; all are in the JSON."""
_STATES = {"loaded": "counts", "superseded": "counts no more", "reversed": "taken back"}


def rollback(
    batches: Batches = None,
    by: By = "",
    reason: Reason = "",
    *,
    kind: OfKind = None,
    month: OfMonth = None,
    with_all: WithAll = False,
    as_json: AsJson = False,
) -> None:
    """Take batches back as if they had never been loaded; without a number, list them.

    All of them go in one transaction, or none: then what depends on them
    is listed, and the command exits with 1. The next `hub migrate run` loads
    their rows again. Nobody is told.
    """
    from hub.bootstrap.migrating import open_store
    from hub.operations.migration.roll_back import Standing, list_batches, roll_back
    from hub.program import FAILED
    from hub.settings import read_settings

    if batches and not (by.strip() and reason.strip()):
        raise typer.BadParameter("say who answers for it and why: --by NAME --reason WHY")
    with open_store(read_settings()) as (store, _engine):
        if not batches:
            found = list_batches(store)
            chosen = [one for one in found if _is_asked_for(one, kind, month, with_all or as_json)]
            _tell(_listed(chosen), _lines(chosen), as_json=as_json)
            return
        done = roll_back(store, batches, by, reason)
    if isinstance(done, Standing):
        _tell(_refused(done), _refusal(done, batches), as_json=as_json)
        raise typer.Exit(FAILED)
    _tell(_done(done), _report(done), as_json=as_json)


def forget(
    days: Annotated[int, typer.Option(min=1, help="Batches that ended longer ago can be taken back no more.")],
    by: By,
    *,
    as_json: AsJson = False,
) -> None:
    """Forget what batches changed, which is personal and kept for a rollback alone."""
    from hub.bootstrap.migrating import open_store
    from hub.operations.migration.forget_notes import forget_notes
    from hub.settings import read_settings

    with open_store(read_settings()) as (store, _engine):
        forgotten = forget_notes(store, by, timedelta(days=days))
    _tell({"forgotten": forgotten}, [_forgotten(forgotten)], as_json=as_json)


def _forgotten(batches: int) -> str:
    if not batches:
        return "There was nothing to forget: no batch ended so long ago."
    return f"What {batches} batches changed is forgotten: they can be taken back no more."


def _tell(said: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    for line in [json.dumps(said)] if as_json else lines:
        typer.echo(line)


def _is_asked_for(one: "Batch", kind: str | None, month: str | None, is_all: bool) -> bool:
    is_told = is_all or (one.state in ("loaded", "reversed") and one.partition.stage in ("land", "load"))
    return is_told and kind in (None, one.partition.kind) and month in (None, one.partition.month)


def _lines(found: Sequence["Batch"]) -> Iterator[str]:
    if not found:
        yield "There is no such batch, or none yet: `hub migrate run` makes them."
        return
    yield f"{'batch':>6}  {'system':10} {'what':22} {'state':17} {'done (UTC)':17} rows"
    for one in found:
        done = f"{one.finished_at:%Y-%m-%d %H:%M}" if one.finished_at else "not finished"
        counted = ", ".join(f"{number} {name}" for name, number in one.counts.items() if number and "." not in name)
        state = _STATES.get(one.state, one.state)
        yield f"{one.id:6}  {one.system:10} {one.partition!s:22} {state:17} {done:17} {counted}".rstrip()
        if one.reversal is not None:
            back = one.reversal
            yield f"{'':8}{back.at:%Y-%m-%d %H:%M} UTC  {back.by}: {back.reason}"


def _listed(found: Sequence["Batch"]) -> dict[str, Any]:
    return {"batches": [_batch(one) for one in found]}


def _batch(one: "Batch") -> dict[str, Any]:
    partition, back = one.partition, one.reversal
    said = {"batch": one.id, "system": one.system, "name": str(partition), "stage": partition.stage}
    said |= {"asset": f"migration/{one.system}/{partition.asset}"}
    place = {"kind": partition.kind, "month": partition.month or None, "state": one.state}
    done = one.finished_at.isoformat() if one.finished_at else None
    told = {"at": back.at.isoformat(), "by": back.by, "reason": back.reason} if back is not None else None
    return {**said, **place, "finished_at": done, "counts": dict(one.counts), "taken_back": told}


def _refused(done: "Standing") -> dict[str, Any]:
    return {"ok": False, "refused": ["depended_on"], "dependants": [one._asdict() for one in done.dependants]}


def _refusal(done: "Standing", batches: Sequence[int]) -> Iterator[str]:
    yield f"refused, nothing was taken back: {len(done.dependants)} depend on it"
    by_kind: dict[str, list[Dependant]] = {}
    for one in done.dependants:
        by_kind.setdefault(one.kind, []).append(one)
    for kind, ones in by_kind.items():
        yield from (f"  {kind} {one.id}: {one.why}" for one in ones[:SHOWN])
        if len(ones) > SHOWN:
            yield f"  … and {len(ones) - SHOWN} more of kind {kind}: `--json` names them"
    later = {int(one.id) for one in done.dependants if one.kind == "batch"}
    if later:
        numbers = " ".join(str(number) for number in sorted({*batches, *later}))
        yield f"Together with the batches that depend on it: hub migrate rollback {numbers} --by NAME --reason WHY"


def _done(done: "TakenBack") -> dict[str, Any]:
    numbers = {"batches": [one.id for one in done.batches], "revived": list(done.revived)}
    return {"ok": True, **numbers, "removed": dict(done.removed), "restored": dict(done.restored)}


def _report(done: "TakenBack") -> Iterator[str]:
    if not done.batches:
        yield "Taken back before; nothing was left to do."
        return
    for one in done.batches:
        yield f"taken back  {one.id}  {one.system} {one.partition}"
    for word, counts in (("removed", done.removed), ("as before", done.restored)):
        if counts:
            yield f"{word}: {', '.join(f'{number} {table}' for table, number in counts.items())}"
    if done.revived:
        yield f"counts again: batch {', '.join(map(str, done.revived))}"
    yield "`hub migrate run` loads their rows again."
