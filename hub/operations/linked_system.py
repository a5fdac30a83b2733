"""A connected system as the operations see it: its tables, its zone, and who is who between it and the hub."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay
from hub.mapping.context import Context
from hub.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class LinkedSystem:
    """One connection of the practice."""

    name: str
    """The name that its records are linked under and its deliveries wait for."""
    mappings: Mapping[str, TwoWay]
    """By kind."""
    zone: ZoneInfo
    """Of its wall times."""
    aliases: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)
    """As in the connection: by kind, its id → the hub's."""

    def mapping(self, kind: Kind) -> TwoWay:
        """The table of a kind.

        Raises:
            InvalidInput: there is none.
        """
        try:
            return self.mappings[kind]
        except KeyError:
            known = ", ".join(sorted(self.mappings))
            message = f"{self.name} has no mapping table for {kind}"
            raise InvalidInput(
                Problem(message, field="mappings", hint=f"Add {kind}.yaml; there are: {known}")
            ) from None

    def context(self, links: "SystemLinks", now: datetime) -> Context:
        """What its tables need to read and write."""
        return Context(zone=self.zone, today=now.astimezone(self.zone).date(), links=links)


class SystemLinks:
    """Implements `hub.mapping.context.Links` within one operation: aliases first, then what is linked."""

    def __init__(self, system: LinkedSystem, uow: UnitOfWork) -> None:
        self._system = system
        self._uow = uow
        self._found: dict[tuple[Kind, str], str | None] = {}

    def learn(self, kind: Kind, source_id: str, canonical_id: str) -> None:
        """The system's record is this one, from now on."""
        self._found[kind, source_id] = canonical_id

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """See Links."""
        alias = self._system.aliases.get(kind, {}).get(source_id)
        if alias is not None:
            return alias
        key = kind, source_id
        if key not in self._found:
            ref = SourceRef(self._system.name, kind, source_id)
            link = self._uow.links.find([ref]).get(ref)
            self._found[key] = link.canonical_id if link else None
        return self._found[key]

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links; of several the first alias, then the first in order."""
        for source_id, alias in self._system.aliases.get(kind, {}).items():
            if alias == canonical_id:
                return source_id
        refs = self._uow.links.find_refs(kind, canonical_id)
        return next((ref.id for ref in refs if ref.system == self._system.name), None)

    def id_named(self, kind: Kind, name: str) -> str | None:  # noqa: ARG002
        """See Links: connected systems refer by id."""
        return None

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:  # noqa: ARG002
        """See Links: connected systems refer by id."""
        return None

    def is_alias(self, kind: Kind, canonical_id: str) -> bool:
        """Whether the practice file names it."""
        return canonical_id in self._system.aliases.get(kind, {}).values()


def require_aliases(system: LinkedSystem, uow: UnitOfWork) -> None:
    """Make sure that everything the aliases name is there.

    Raises:
        InvalidInput: with a problem for each alias that names nothing.
    """
    problems: list[Problem] = []
    for kind, aliases in system.aliases.items():
        known = uow.records.load(kind, set(aliases.values()))
        for source_id, canonical_id in aliases.items():
            if canonical_id not in known:
                problems.append(_unknown_alias(system, kind, source_id, canonical_id))
    if problems:
        raise InvalidInput(*problems)


def _unknown_alias(system: LinkedSystem, kind: Kind, source_id: str, canonical_id: str) -> Problem:
    return Problem(
        f"the practice has no {kind} {canonical_id!r}",
        code="unknown_alias",
        file=f"connections/{system.name}.yaml",
        field=f"aliases.{kind}.{source_id}",
        hint="Correct the alias, or add it to practice.yaml and apply that",
    )
