"""Visits that may go elsewhere: both places are taken until it is known which of them it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.canonical.records import Visit
from hub.scheduling.decision import PlannedVisit, Reassignment


@dataclass(frozen=True, slots=True)
class Relocation:
    """Where a visit would go."""

    visit_id: str
    stood_at: datetime
    """The arrival that it has: if it is another one by then, it does not go."""
    planned: PlannedVisit
    asked: Mapping[str, str]
    """Need name → the resource asked for."""
    fee_from: datetime | None
    """The arrival that a fee is reckoned from, where the move keeps an earlier one."""
    keeps_stock: bool = False
    """Its promises stay as they are."""


class Relocations(Protocol):
    """Moves that wait for somebody's word. Whoever calls has the claims' table alone (`Visits.lock`)."""

    def hold(
        self,
        pending_id: int,
        relocations: Sequence[Relocation],
        yielding: Collection[str] = (),
        made_way: Sequence[Reassignment] = (),
    ) -> tuple[str, ...]:
        """Take what these visits (and the `yielding` ones) do not take already of where they go.

        Their promises cover both dates from now on. Gives the visits that lack something there while they have their
        old place; if there are any, take the attempt back.

        Raises:
            Conflict: the same, of the claims that would make way.
        """
        ...

    def carry_out(
        self, pending_id: int, relocations: Sequence[Relocation], yielding: Collection[str] = ()
    ) -> tuple[Visit, ...]:
        """Let them go: what they leave is free; the `yielding` ones are contested where they stand in the way.

        What somebody took of it meanwhile (a visit that ran over) is contested, with an issue.
        """
        ...

    def give_up(self, pending_id: int, visit_ids: Collection[str]) -> None:
        """They stay; what was held of the other place is over, and their promises are for their own date again."""
        ...
