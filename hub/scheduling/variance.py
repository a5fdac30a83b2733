"""The ledger summed up, by lot and by provider."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.scheduling.ledger import ZERO, LotKey, Movement, MovementKind

SHOWN = (MovementKind.RECEIVED, MovementKind.USED, MovementKind.WASTED, MovementKind.ADJUSTED)


@dataclass(frozen=True, slots=True)
class VarianceReport:
    """Sums of changes: what left is below zero."""

    by_lot: Mapping[LotKey, Mapping[MovementKind, Decimal]]
    by_provider: Mapping[str, Mapping[MovementKind, Decimal]]
    """Used and wasted, of whom the ledger knows."""
    unexplained: Mapping[LotKey, Decimal] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report in words."""
        for lot, sums in self.by_lot.items():
            still = f", {self.unexplained[lot]:+} unexplained" if lot in self.unexplained else ""
            yield f"{'/'.join(lot)}: {_said(sums, SHOWN)}; on hand {sum(sums.values(), ZERO)}{still}"
        for provider, sums in self.by_provider.items():
            yield f"{provider}: {_said(sums, (MovementKind.USED, MovementKind.WASTED))}"


def sum_up(ledger: Iterable[Movement], unexplained: Mapping[LotKey, Decimal]) -> VarianceReport:
    """What became of each lot in the ledger, and what each provider took out of them."""
    by_lot: dict[LotKey, dict[MovementKind, Decimal]] = {}
    by_provider: dict[str, dict[MovementKind, Decimal]] = {}
    for one in ledger:
        _add(by_lot.setdefault(one.lot, {}), one)
        if one.provider_id is not None and one.kind in (MovementKind.USED, MovementKind.WASTED):
            _add(by_provider.setdefault(one.provider_id, {}), one)
    still = {lot: variance for lot, variance in unexplained.items() if lot in by_lot}
    return VarianceReport(dict(sorted(by_lot.items())), dict(sorted(by_provider.items())), still)


def _add(sums: dict[MovementKind, Decimal], one: Movement) -> None:
    sums[one.kind] = sums.get(one.kind, ZERO) + one.change


def _said(sums: Mapping[MovementKind, Decimal], kinds: Iterable[MovementKind]) -> str:
    return ", ".join(f"{kind} {sums.get(kind, ZERO):+}" for kind in kinds)
