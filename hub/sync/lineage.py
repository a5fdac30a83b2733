"""Where the value of each field comes from: which record of which system, by which rule, and since when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

REST = "*"
"""In a stored lineage: all fields that it does not name."""


class Rule(StrEnum):
    """Why a value stands."""

    ONLY = "only"
    """Nobody else had said anything."""
    OWNER = "system_of_record"
    LATEST = "latest"
    """The newest change, where that counts, or where the system of record has said nothing yet."""
    DECIDED = "decided"
    """A person chose it."""
    HUB = "hub"
    """Written here: booked, moved, configured."""
    DELETED = "deleted_there"
    STRICTEST = "strictest"
    """Two records became one person, and of what they allow this allows least."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of one value."""

    rule: Rule
    at: datetime
    """When it changed there, as its system says; else when it landed."""
    source_record_id: int | None = None
    """None: the hub's own."""
    system: str | None = None
    """The source record's."""

    def stored(self) -> list[Any]:
        """`[source_record_id, rule, at]`: the system is the source record's."""
        return [self.source_record_id, str(self.rule), self.at.isoformat()]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Of one record. What it does not name is the hub's own, since `since`."""

    since: datetime
    """When the record was last written."""
    fields: Mapping[str, Origin] = field(default_factory=dict)

    def of(self, name: str) -> Origin:
        """The origin of a field's value."""
        return self.fields.get(name) or self.fields.get(REST) or Origin(Rule.HUB, self.since)


def read_lineage(stored: Mapping[str, Any] | None, since: datetime, systems: Mapping[int, str]) -> Lineage:
    """A lineage from its stored form; `systems`: source record → its system."""
    fields = {
        name: Origin(Rule(rule), datetime.fromisoformat(at), number, systems.get(number))
        for name, (number, rule, at) in (stored or {}).items()
    }
    return Lineage(since, fields)


def source_records(stored: Iterable[Mapping[str, Any] | None]) -> set[int]:
    """The source records that stored lineages name."""
    return {origin[0] for one in stored for origin in (one or {}).values() if origin[0] is not None}
