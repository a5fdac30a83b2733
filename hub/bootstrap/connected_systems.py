"""The practice's other systems as its folder declares them: opened, and as operations see them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hub.bootstrap.joined import kin_of
from hub.bootstrap.practice_folder import PracticeFolder
from hub.bootstrap.surroundings import surroundings_of
from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.read_ahead import ReadAhead
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.drift import Drift
from hub.connectors.registry import (
    Surroundings,
    WitnessOf,
    open_calendar,
    open_sink,
    open_source,
    secrets_of,
    unwatched,
    zone_of,
)
from hub.mapping.apply import TwoWay
from hub.operations.linked_system import LinkedSystem
from hub.ports import Sink, Source, VendorCalendar
from hub.ports.allowances import Allowances
from hub.sync.drift import DriftRules, Reaction, What, code_words
from hub.sync.mass_change import MassChangeLimit


@dataclass(frozen=True)
class ConnectedSystems:
    """The practice's connections, by the name of their system."""

    folder: PracticeFolder
    mappings: Path
    witness_of: WitnessOf = unwatched
    allowances: Allowances | None = None
    """Where what is spent of the connections' rates is counted for all processes."""

    @property
    def told(self) -> dict[Kind, frozenset[str]]:
        """Kind → the systems that are told of its records."""
        return told_by(self.folder.connections.values())

    def linked(self, system: str) -> LinkedSystem:
        """A system as operations see it."""
        connection = self.folder.connection(system)
        return LinkedSystem(
            system,
            self.tables_of(connection),
            zone_of(connection, self.surroundings),
            connection.aliases,
            rules=self.folder.rules,
            told=self.told,
            drift={kind: _drift_rules(one.drift) for kind, one in connection.streams.items() if one.drift is not None},
            joins=connection.joins,
            kin=kin_of(connection, self.folder.connections),
            limit=MassChangeLimit(connection.mass_change.share, connection.mass_change.at_least),
        )

    def tables_of(self, connection: Connection) -> Mapping[str, TwoWay]:
        """Read once, as the practice folder is: reading takes longer than taking a record."""
        if connection.mappings not in self._tables:
            self._tables[connection.mappings] = load_mappings(self.mappings, connection.mappings, self.folder.path)
        return self._tables[connection.mappings]

    @contextmanager
    def open_source(self, system: str) -> Iterator[Source]:
        """What it has to say; the next page is asked for while one is taken in."""
        with open_source(self.folder.connection(system), self.surroundings) as source:
            yield ReadAhead(source)

    def open_sink(self, system: str) -> AbstractContextManager[Sink]:
        """What it is told through."""
        return open_sink(self.folder.connection(system), self.surroundings)

    def open_calendar(self, system: str) -> AbstractContextManager[VendorCalendar]:
        """The calendar that it owns."""
        return open_calendar(self.folder.connection(system), self.surroundings)

    def secrets_of(self, connection: Connection) -> SecretStore:
        """What its declaration refers to."""
        return secrets_of(connection, self.surroundings)

    @property
    def surroundings(self) -> Surroundings:
        """What every connection is opened in."""
        return replace(surroundings_of(self.folder, self.witness_of), allowances=self.allowances)

    @cached_property
    def _tables(self) -> dict[str, Mapping[str, TwoWay]]:
        return {}


def told_by(connections: Collection[Connection]) -> dict[Kind, frozenset[str]]:
    """Kind → the systems among them that are told of its records."""
    return {kind: frozenset(one.system for one in connections if kind in one.push) for kind in Kind}


def _drift_rules(spec: Drift) -> DriftRules:
    said = {What.NEW_FIELD: spec.new_field, What.CHANGED_TYPE: spec.changed_type, What.NEW_CODE: spec.new_code}
    reactions = {what: Reaction(word) for what, word in said.items()}
    codes = {path: code_words(known) for path, known in spec.codes.items()}
    return DriftRules(reactions, spec.types, codes, spec.learn)
