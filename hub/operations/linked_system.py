"""A connected system as the operations see it: its tables, its zone, and who is who between it and the hub."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay
from hub.mapping.context import Context
from hub.operations.adopt_money import product_names
from hub.ports import UnitOfWork
from hub.sync.drift import DriftRules
from hub.sync.mass_change import MassChangeLimit
from hub.sync.system_of_record import RecordRules


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
    rules: RecordRules = field(default_factory=RecordRules)
    """Whose word counts for which field."""
    told: Mapping[Kind, frozenset[str]] = field(default_factory=dict)
    """By kind, the systems that are told of its changes; this one may be among them."""
    drift: Mapping[Kind, DriftRules] = field(default_factory=dict)
    """By kind, of the streams that are held to a contract."""
    joins: str | None = None
    """The system whose records its own say more of: they refer to everything by that system's ids."""
    kin: frozenset[str] = frozenset()
    """The systems whose records make one with its own, through `joins`: what each says, no other of them does."""
    limit: MassChangeLimit = field(default_factory=MassChangeLimit)
    """From where on a pull asks a person first."""

    @property
    def speaks_ids_of(self) -> str:
        """The system by whose ids its records refer to others."""
        return self.joins or self.name

    def told_of(self, kind: Kind) -> frozenset[str]:
        """The systems that are told of changes of this kind."""
        return self.told.get(kind, frozenset())

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


def after_cutovers(system: LinkedSystem, uow: UnitOfWork) -> LinkedSystem:
    """The system under the rules as they are since systems were cut over."""
    silent = uow.cutovers.find_silent()
    return replace(system, rules=system.rules.without(silent)) if silent else system


class SystemLinks:
    """Implements `hub.mapping.context.Links` within one operation: aliases first, then what is linked.

    Where it gathers, what it does not know yet is noted and found for all records at once by `look_up`.
    """

    def __init__(self, system: LinkedSystem, uow: UnitOfWork, *, is_gathering: bool = False) -> None:
        self._system = system
        self._uow = uow
        self._is_gathering = is_gathering
        self._found: dict[tuple[Kind, str], str | None] = {}
        self._missed: set[tuple[Kind, str]] = set()

    def learn(self, ref: SourceRef, canonical_id: str | None) -> None:
        """The record is this one, from now on; None: it is none. Nobody refers to one that joins another."""
        if ref.system == self._system.speaks_ids_of:
            self._found[ref.kind, ref.id] = canonical_id

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """See Links."""
        alias = self._system.aliases.get(kind, {}).get(source_id)
        if alias is not None:
            return alias
        key = kind, source_id
        if key not in self._found:
            self._missed.add(key)
            if self._is_gathering:
                return None
            self.look_up()
        return self._found[key]

    @property
    def missed(self) -> int:
        """How many were asked for and are still to be looked up."""
        return len(self._missed)

    def look_up(self) -> None:
        """Find what was asked for and not known, all at once. What was read without it must be read again."""
        if not self._missed:
            return
        system = self._system.speaks_ids_of
        refs = [SourceRef(system, kind, source_id) for kind, source_id in self._missed]
        found = self._uow.links.find(refs)
        for ref in refs:
            link = found.get(ref)
            self._found[ref.kind, ref.id] = link.canonical_id if link else None
        self._missed.clear()

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links; of several the first alias, then the first in order."""
        for source_id, alias in self._system.aliases.get(kind, {}).items():
            if alias == canonical_id:
                return source_id
        refs = self._uow.links.find_refs(kind, canonical_id)
        return next((ref.id for ref in refs if ref.system == self._system.speaks_ids_of), None)

    def id_named(self, kind: Kind, name: str) -> str | None:  # noqa: ARG002
        """See Links: connected systems refer by id."""
        return None

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:  # noqa: ARG002
        """See Links: connected systems refer by id."""
        return None

    def is_alias(self, kind: Kind, canonical_id: str) -> bool:
        """Whether the practice file names it: of patients it names none, and who is aliased is linked by hand."""
        return kind is not Kind.PATIENT and canonical_id in self._system.aliases.get(kind, {}).values()


def require_aliases(system: LinkedSystem, uow: UnitOfWork) -> None:
    """Make sure that everything the aliases name is there.

    Raises:
        InvalidInput: with a problem for each alias that names nothing.
    """
    problems: list[Problem] = []
    for kind, aliases in system.aliases.items():
        known = set(product_names(uow).values()) if kind is Kind.PRODUCT else uow.records.load(kind, aliases.values())
        for source_id, canonical_id in aliases.items():
            if canonical_id not in known:
                problems.append(_unknown_alias(system, kind, source_id, canonical_id))
    if problems:
        raise InvalidInput(*problems)


def _unknown_alias(system: LinkedSystem, kind: Kind, source_id: str, canonical_id: str) -> Problem:
    return Problem(
        f"the practice in force has no {kind} {canonical_id!r}",
        code="unknown_alias",
        file=f"connections/{system.name}.yaml",
        field=f"aliases.{kind}.{source_id}",
        hint="Correct the alias; or, where practice.yaml has it, put that in force: hub config apply",
    )
