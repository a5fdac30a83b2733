"""What decides the outcome of a partition that is loaded, as one fingerprint: where it is the same, nothing is done."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.canonical.ids import Kind, derive
from hub.canonical.records import Service
from hub.mapping.apply import TwoWay
from hub.operations.migration.decide_rows import reference_columns
from hub.operations.migration.history import History, mark
from hub.operations.migration.load_rows import NAMED
from hub.ports import UnitOfWork
from hub.ports.migrations import Attempt, Partition, Stage


@dataclass(frozen=True, slots=True)
class Reading:
    """How the landed rows of a kind are read now."""

    history: History
    kind: Kind
    today: date
    landing_id: int
    attempts: Mapping[Partition, Attempt]
    """Those that count."""

    def whole(self, work: UnitOfWork, months: Mapping[str, str]) -> dict[str, str]:
        """Of a kind that is loaded in one go, whatever the months of its rows.

        Of people with who was called one, of services with the SKUs that aliases lead to.
        """
        decisions = self.history.decisions
        said: object = (decisions.merge, decisions.never_merge) if self.kind is Kind.PATIENT else ()
        if self.kind is Kind.SERVICE:
            said = self._standing_skus(work)
        right = decisions.of_kind(self.kind)
        return {"": mark(months, self.history.reading(self.kind), right, said, self.today)}

    def _standing_skus(self, work: UnitOfWork) -> list[tuple[str, str]]:
        """Of the hub's own services: the practice file may rename them."""
        named = set(self.history.decisions.aliases.get(Kind.SERVICE, {}).values())
        here = work.records.load(Kind.SERVICE, named) if named else {}
        linked = set(work.links.find_all(self.history.system, Kind.SERVICE).items())
        own = {id_ for row, id_ in linked if id_ == derive(Kind.SERVICE, self.history.system, row)}
        return sorted((id_, one.sku) for id_, one in here.items() if id_ not in own and isinstance(one, Service))

    def by_month(self, work: UnitOfWork, months: Mapping[str, str]) -> dict[str, str]:
        """Month → fingerprint, given that of its rows.

        Of records of which there are many (people, visits, invoices) only those concern a month that its rows name, and
        only which of the hub's they are.
        """
        right = self.history.decisions.of_kind(self.kind)
        places = work.migrations.find_month_of(self.landing_id, list(right))
        singly = [one for one in reference_columns(self._mapping) if one[1] not in NAMED]
        named = [work.migrations.find_named(self.landing_id, column, kind) for column, kind in singly]
        said = [self._linked(work, kind, (one.get(column, "") for one in right.values())) for column, kind in singly]
        reading = self._reading(work, {kind for _, kind in singly})

        def fingerprint(month: str) -> str:
            put_right = {key: dict(one) for key, one in right.items() if places.get(key) == month}
            return mark(months[month], reading, [one.get(month) for one in named], put_right and (put_right, said))

        return {month: fingerprint(month) for month in months}

    @property
    def _mapping(self) -> TwoWay:
        return self.history.mappings[self.kind]

    def _reading(self, work: UnitOfWork, singly: Collection[Kind]) -> str:
        """Of all but the rows themselves and those they name one by one."""
        before = {kind for by in ("id", "name") for _, kind in reference_columns(self._mapping, by)}
        upstream = {
            str(partition): one.fingerprint
            for partition, one in self.attempts.items()
            if partition.stage is Stage.LOAD and partition.kind in before - set(singly)
        }
        aliases = self.history.decisions.aliases
        aliased = [self._linked(work, kind, aliases.get(kind, {}).values()) for kind in sorted(singly)]
        return mark(self.history.reading(self.kind), upstream, aliased, self.today)

    def _linked(self, work: UnitOfWork, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
        return work.links.find_all(self.history.system, kind, {id_.strip() for id_ in ids})
