"""Who is who while an export is read: the connection's aliases, what is linked, and what the export itself says."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.canonical.ids import Kind, ServiceId, derive
from hub.sync.names import plain, service_key
from hub.sync.skus import Skus

Ids = Mapping[Kind, Mapping[str, str]]


@dataclass(slots=True)
class ExportLinks:
    """Implements `hub.mapping.context.Links` for one export; grows while its files are read, in their order.

    Rooms, locations and products stand in no file of their own: a name that no alias and no link knows is a new one.
    A room's name is its location's own: `Room 1` of two locations is two rooms.
    """

    system: str
    aliases: Ids
    """By kind: the system's id (of a location its name, of a room its name or `location/room`, of a service
    also a name) → the hub's id."""
    known: Ids
    read: dict[Kind, dict[str, str]] = field(default_factory=dict)
    skus: Skus | None = None
    named: dict[tuple[Kind, str], str] = field(default_factory=dict)
    """Location or room by its key → canonical id."""
    writings: dict[tuple[Kind, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """The same → how often its name is written how."""
    location: str = ""
    """The location of the row that is being read."""

    def __post_init__(self) -> None:
        by_name = {
            kind: _plain_keys(self.aliases.get(kind, {})) for kind in (Kind.LOCATION, Kind.RESOURCE, Kind.PRODUCT)
        }
        services = self.aliases.get(Kind.SERVICE, {})
        by_name[Kind.SERVICE] = {**{service_key(key): one for key, one in services.items()}, **services}
        self.aliases = {**self.aliases, **by_name}

    def learn(self, kind: Kind, source_id: str, canonical_id: str) -> None:
        """The export has this record."""
        self.read.setdefault(kind, {})[source_id] = canonical_id

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:
        """See Links."""
        for ids in (self.aliases, self.read, self.known):
            if (found := ids.get(kind, {}).get(source_id)) is not None:
                return self._kept(kind, found)
        return None

    def _kept(self, kind: Kind, canonical_id: str) -> str:
        """Of a service the one that is kept of its SKU."""
        if kind is not Kind.SERVICE or self.skus is None:
            return canonical_id
        return self.skus.kept.get(ServiceId(canonical_id), canonical_id)

    def id_named(self, kind: Kind, name: str) -> str | None:
        """See Links."""
        if kind is Kind.SERVICE:
            alias = self.aliases.get(kind, {}).get(service_key(name))
            return self._kept(kind, alias) if alias else (self.skus.named(name) if self.skus else None)
        key = plain(name)
        if kind is Kind.RESOURCE:
            key = f"{self.location}/{key}"
        if (kind, key) not in self.named:
            self.named[kind, key] = self._id_of_key(kind, key)
        return self.named[kind, key]

    def count(self, kind: Kind, name: str, times: int) -> None:
        """Learn how often a location, or a room of the current one, is written so."""
        if name.strip():
            key = plain(name) if kind is Kind.LOCATION else f"{self.location}/{plain(name)}"
            self.writings[kind, key][" ".join(name.split())] += times

    def usual_name(self, kind: Kind, key: str) -> str:
        """As a location or room is written most often."""
        writings = self.writings[kind, key]
        return max(sorted(writings), key=lambda writing: writings[writing])

    def enter(self, location: str) -> None:
        """Rooms that are named from now on are this location's."""
        self.location = plain(location)

    def know(self, kind: Kind, source_id: str, canonical_id: str) -> None:
        """The record is linked from now on."""
        self.known = {**self.known, kind: {**self.known.get(kind, {}), source_id: canonical_id}}

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links; of several the first that is found: an alias, a row of this export, an earlier link."""
        for ids in (self.aliases, self.read, self.known):
            for source_id, linked in ids.get(kind, {}).items():
                if linked == canonical_id:
                    return source_id
        return None

    def name_of(self, kind: Kind, canonical_id: str) -> str | None:
        """See Links: of a room or location, in its plain form; a service has many names, so none."""
        keys = (key for (named, key), id_ in self.named.items() if (named, id_) == (kind, canonical_id))
        return next((key.rpartition("/")[2] for key in keys), None)

    def _id_of_key(self, kind: Kind, key: str) -> str:
        aliases = self.aliases.get(kind, {})
        alias = aliases.get(key) or aliases.get(key.rpartition("/")[2])
        found = alias or self.known.get(kind, {}).get(key)
        return found or (key.replace(" ", "-") if kind is Kind.PRODUCT else derive(kind, self.system, key))


def _plain_keys(ids: Mapping[str, str]) -> dict[str, str]:
    return {"/".join(plain(part) for part in key.split("/")): value for key, value in ids.items()}
