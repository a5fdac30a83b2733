"""Whether a history may still be changed by its old system: until the cut-over's last delta, and after a way back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.ports import UnitOfWork
from hub.ports.cutovers import CutoverStep, Step
from hub.ports.migrations import DatedRow, Stage


def last_step(steps: Mapping[Step, CutoverStep]) -> Step | None:
    """How far the cut-over is; None: there is none, or the last one is closed."""
    done = [step for step in Step if step in steps]
    return done[-1] if done and done[-1] is not Step.CLOSED else None


def require_open(work: UnitOfWork, system: str, stage: Stage) -> datetime | None:
    """From when on the old system's word counts no more; None: it still works.

    Raises:
        NeedsAttention: the system of record is the hub, or what it wrote is not yet in the old system; or the last
            delta was taken and the source is another one now.
    """
    steps = work.cutovers.find_steps(system)
    step = last_step(steps)
    if step is Step.SWITCH:
        message, hint = f"the hub is the system of record for what {system} held", "`hub migrate back` leads back"
        raise NeedsAttention(Problem(message, "cut_over", hint=hint))
    if step is Step.BACK:
        message = f"what the hub wrote is not yet in {system}: its rows would overwrite it"
        raise NeedsAttention(Problem(message, "not_re_entered", hint="Then: `hub migrate back FOLDER --entered`"))
    if step is Step.DELTA and stage is Stage.LAND:
        hint = "Nothing may change there any more. `hub migrate back` calls the cut-over off"
        raise NeedsAttention(Problem(f"the export of {system} changed after its last delta", "frozen", hint=hint))
    return datetime.fromisoformat(steps[Step.FREEZE].detail["frozen_at"]) if step in (Step.FREEZE, Step.DELTA) else None


def said_before(frozen_at: datetime | None, rows: Iterable[DatedRow]) -> Iterator[DatedRow]:
    """The rows, none of which may have been modified later.

    Raises:
        InvalidInput: one was; nothing of its file counts.
    """
    for row in rows:
        modified_at = row.record.modified_at
        if frozen_at is not None and modified_at is not None and modified_at > frozen_at:
            message = f"it was changed after the old system was frozen ({frozen_at:%Y-%m-%d %H:%M} UTC)"
            hint = (
                "Enter that change in the hub after the switch, and export as of the freeze; or call the cut-over off"
            )
            raise InvalidInput(Problem(message, "after_freeze", row.record.file, row.record.line, hint=hint))
        yield row
