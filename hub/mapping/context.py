"""What a table needs from its surroundings to read and write: the zone, the day, and who is who."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind


class Links(Protocol):
    """The ids of one system against the hub's. All four answer None for what they do not know."""

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """The hub's id of the system's record."""
        ...

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """The system's id of the hub's record."""
        ...

    def id_named(self, kind: Kind, name: str) -> str | None:
        """The hub's id of what the system calls by this name, where a system refers by name."""
        ...

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:
        """What the system calls the hub's record."""
        ...


@dataclass(frozen=True, slots=True)
class KnownLinks:
    """Links held in memory: `ids` and `names` by kind and by the system's id or name."""

    ids: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """See Links."""
        return self.ids.get(kind, {}).get(source_id)

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links; of several the first."""
        return _key_of(self.ids.get(kind, {}), canonical_id)

    def id_named(self, kind: Kind, name: str) -> str | None:
        """See Links."""
        return self.names.get(kind, {}).get(name)

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links; of several the first."""
        return _key_of(self.names.get(kind, {}), canonical_id)


def _key_of(table: Mapping[str, str], wanted: str) -> str | None:
    return next((key for key, value in table.items() if value == wanted), None)


@dataclass(frozen=True, slots=True)
class Context:
    """One system's surroundings while records are read or written."""

    zone: ZoneInfo
    """Of wall times that carry no offset."""
    today: date
    """In that zone; dates far from it are implausible."""
    links: Links = field(default_factory=KnownLinks)
    region: str = "US"
    """ISO country of phone numbers without a country code."""
    currency: str = "USD"
    """Of amounts that name none."""
