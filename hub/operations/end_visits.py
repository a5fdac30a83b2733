"""What a visit that does not take place costs, and how it ends: shared by cancellations and no-shows."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.canonical.practice import Policy
from hub.canonical.records import Visit, VisitState
from hub.operations.apply_practice import load_practice_of
from hub.operations.note_visits import Note, note_visits
from hub.ports import Ending, StandingVisit, UnitOfWork
from hub.scheduling.fees import Settlement, settle

ShareOf = Callable[[Policy, StandingVisit], Decimal]
"""The share of the price that a visit costs, by the policy that was accepted with it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It does not take place."""

    visits: tuple[Visit, ...]
    """As they stand now."""
    settlement: Settlement
    """Summed over the visits. Where a package pays, its credit stands for the fee."""


def end_visits(
    work: UnitOfWork,
    standing: Sequence[StandingVisit],
    *,
    state: VisitState,
    share_of: ShareOf,
    note: Note,
    push_to: Collection[str],
) -> Ended:
    """End them, settle fee and credit, give back time and stock, and tell everybody."""
    endings, settled = [], []
    for one in standing:
        share = share_of(load_practice_of(work, one.practice_version).policy, one)
        by_package = one.part.package_id is not None
        settlement = Settlement(0, 0, 0) if by_package else settle(one.visit.price, one.deposit, share)
        endings.append(Ending(one.visit.id, state, settlement.fee, by_package and share > 0))
        settled.append(settlement)
    visits = work.visits.end(endings)
    note_visits(work, visits, note, push_to)
    return Ended(visits, _sum(settled))


def _sum(settled: Sequence[Settlement]) -> Settlement:
    return Settlement(
        fee=sum(each.fee for each in settled),
        refund=sum(each.refund for each in settled),
        due=sum(each.due for each in settled),
    )
