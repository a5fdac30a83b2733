"""Cut over from an old system: freeze, last delta, switch. Each step is recorded; a killed one goes on after it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.operations.apply_practice import load_practice
from hub.operations.migration.frozen import last_step
from hub.operations.migration.future_bookings import judge_future
from hub.operations.migration.judge_history import require_proof, signer
from hub.operations.migration.run_history import Progress, Run
from hub.operations.migration.take_delta import take_delta
from hub.ports import UnitOfWork
from hub.ports.cutovers import CutoverStep, Step

Proof = Callable[[UnitOfWork, str], object]
"""Raises where the history of a system does not stand proven as it is now."""
Prove = Callable[[], None]
"""Proves it anew, and keeps the result; not in a transaction."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a cut-over is begun with."""

    by: str
    """Who answers for it."""
    frozen_at: datetime | None
    """Since when nobody works in the old system; None: since now."""
    way_back: timedelta
    """How long after the switch it can be undone."""


def cut_over(
    run: Run,
    terms: Terms,
    prove: Prove,
    proof: Proof = require_proof,
    progress: Progress = lambda _partition, _counts: None,
) -> dict[Step, CutoverStep]:
    """Do what is left of it; gives all its steps. What is done is not done again.

    Raises:
        NeedsAttention, SafetyStop: the history is not proven (before the freeze, and again with the last delta in it),
            or what a way back left is not entered yet.
        InvalidInput: rows of the last export were changed after the freeze; there is no name.
    """
    store, system = run.store, run.history.system
    by = signer(terms.by, "--by")
    with store.begin("cutover_freeze") as work:
        steps = _lock(work, system)
        if last_step(steps) is None:
            proof(work, system)
            frozen_at = _not_to_come(terms.frozen_at, work.now)
            number = max((one.number for one in steps.values()), default=0) + 1
            work.cutovers.record(system, number, Step.FREEZE, by, {"frozen_at": frozen_at.isoformat()})
            steps = work.cutovers.find_steps(system)
    if last_step(steps) is Step.FREEZE:
        delta = take_delta(run, progress, steps[Step.FREEZE].at)
        with store.begin("cutover_delta") as work:
            steps = _lock(work, system)
            if last_step(steps) is Step.FREEZE:
                future = judge_future(work, run.head)
                counts = {name: sum(getattr(one, name) for one in delta.files) for name in ("new", "changed", "gone")}
                detail = {**counts, "to_come": future.visits, "conflicts": len(future.conflicts)}
                work.cutovers.record(system, steps[Step.FREEZE].number, Step.DELTA, by, detail)
                steps = work.cutovers.find_steps(system)
    if last_step(steps) is Step.DELTA:
        prove()
    with store.begin("cutover_switch") as work:
        steps = _lock(work, system)
        if last_step(steps) is Step.DELTA:
            proof(work, system)
            work.visits.lock()
            _require_decided(work, system)
            detail = {"kinds": sorted(run.kinds()), "until": (work.now + terms.way_back).isoformat()}
            detail |= {"calendars": calendars_of(work, system)}
            work.cutovers.record(system, steps[Step.DELTA].number, Step.SWITCH, by, detail)
            steps = work.cutovers.find_steps(system)
    return steps


def _lock(work: UnitOfWork, system: str) -> dict[Step, CutoverStep]:
    """Its steps; nobody else takes one meanwhile.

    Raises:
        NeedsAttention: a way back is not over.
    """
    work.bookings.lock_key(f"cutover {system}")
    steps = work.cutovers.find_steps(system)
    if last_step(steps) is Step.BACK:
        hint = "When it is: `hub migrate back FOLDER --entered`"
        raise NeedsAttention(Problem(f"what the hub wrote is not yet in {system}", "not_re_entered", hint=hint))
    return steps


def calendars_of(work: UnitOfWork, system: str) -> list[str]:
    """The locations whose calendar the practice in force gives to the system: the hub's from the switch on."""
    if work.practices.find_in_force().practice is None:
        return []
    practice = load_practice(work)
    return [one.id for one in practice.locations if practice.vendor_of(one.id) == system]


def _require_decided(work: UnitOfWork, system: str) -> None:
    """Make sure that it was heard on all that it was asked: nobody asks it after the switch.

    Raises:
        NeedsAttention: something is undecided.
    """
    undecided = sum(one.connection == system for one in work.pendings.find_unsettled())
    if undecided:
        message = f"{undecided} bookings or changes that {system} was asked to confirm are not decided yet"
        hint = "`hub reconcile` asks it again; `hub settle` lists what a person must decide. Then cut over again"
        raise NeedsAttention(Problem(message, "undecided", hint=hint))


def _not_to_come(frozen_at: datetime | None, now: datetime) -> datetime:
    if frozen_at is not None and frozen_at > now:
        hint = "Freeze the old system first; then say since when"
        raise InvalidInput(Problem("this is still to come", "to_come", field="--frozen-at", hint=hint))
    return frozen_at or now
