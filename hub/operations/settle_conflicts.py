"""Keep what systems disagree about true to the records as they are now."""

from hub.canonical.records import Canonical
from hub.operations.close_conflicts import close_conflicts, shown
from hub.operations.page_plan import PagePlan
from hub.ports import UnitOfWork
from hub.ports.conflicts import FieldConflict


def settle_conflicts(system: str, plan: PagePlan, uow: UnitOfWork) -> None:
    """Write a page's new disagreements; close those of which both sides are of one mind by now."""
    met = {id_ for id_, _ in plan.conflicts} | plan.agreed.keys() | set(plan.updated)
    open_ones = uow.conflicts.find(plan.kind, met)
    over = [
        one
        for one in open_ones
        if _agrees(one, plan.wanted.get(one.canonical_id))
        or (one.system == system and one.field in plan.agreed.get(one.canonical_id, ()))
    ]
    new = list(plan.conflicts.values())
    close_conflicts(uow, [one for one in over if (one.canonical_id, one.field) not in plan.conflicts], new)


def _agrees(conflict: FieldConflict, record: Canonical | None) -> bool:
    return record is not None and shown(record, conflict.field) == conflict.theirs
