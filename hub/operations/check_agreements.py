"""The guard before anything personal moves: is there an agreement in force, and is its review in time?"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.errors import NeedsAttention, Problem
from hub.governance.agreements import Agreements, Standing, judge_agreement, personal_classes, require_agreement
from hub.operations.linked_system import LinkedSystem
from hub.ports import Issue, Store, UnitOfWork

WITHHELD = "no_agreement"
OVERDUE = "agreement_review"
SUBJECT = "connection"


def check_agreement(
    store: Store, agreements: Agreements, system: LinkedSystem, kinds: Iterable[Kind], zone: ZoneInfo
) -> Standing:
    """Make sure that records of these kinds may go to this system and come from it today; tell a person what is due.

    Args:
        store: where issues for people stand.
        agreements: of the practice.
        system: with the tables that say which fields move.
        kinds: what is about to move.
        zone: the practice's, for what today is.

    Raises:
        NeedsAttention: they may not; nothing was moved, and an issue says so until they may.
    """
    with store.begin("check_agreement") as work:
        standing = judge_agreement(agreements, system.name, work.now.astimezone(zone).date())
        _tell(work, OVERDUE, standing.system, open_=standing.is_overdue)
        refusal = _refusal(standing, system, kinds)
        _tell(work, WITHHELD, standing.system, open_=refusal is not None)
    if refusal is not None:
        raise refusal
    return standing


def _refusal(standing: Standing, system: LinkedSystem, kinds: Iterable[Kind]) -> NeedsAttention | None:
    problems: list[Problem] = []
    for kind in kinds:
        names = [plan.name for plan in system.mapping(kind).table.fields]
        try:
            require_agreement(standing, kind, personal_classes(MODELS[kind], names))
        except NeedsAttention as error:
            problems += error.problems
    return NeedsAttention(*problems) if problems else None


def _tell(work: UnitOfWork, kind: str, system: str, *, open_: bool) -> None:
    if open_:
        work.issues.open([Issue(kind, SUBJECT, system, (kind,))])
    else:
        work.issues.close(kind, SUBJECT, [system])
