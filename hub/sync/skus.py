"""One SKU a service: rows that name the same one are found, one is kept, the others are archived."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.canonical.ids import ServiceId
from hub.canonical.records import Service
from hub.sync.names import follows_pattern, service_key


@dataclass(frozen=True, slots=True)
class Skus:
    """The services as they should stand, and which one each name means."""

    services: tuple[Service, ...]
    """In the order given. An archived one has the SKU of the one that is kept: by it the two are one in reports."""
    kept: Mapping[ServiceId, ServiceId]
    """Each service → the one that is kept of its SKU (itself, where it is that)."""
    by_key: Mapping[str, ServiceId]
    """`service_key` of a name → the kept service."""

    def named(self, name: str) -> ServiceId | None:
        """The kept service that a name means."""
        return self.by_key.get(key) if (key := service_key(name)) else None


def decide_skus(services: Sequence[tuple[str, Service]]) -> Skus:
    """Group services by what their names mean.

    Kept is the one whose name follows the pattern, of those an active one, of those the lowest source id (`S9` before
    `S10`). The SKU is its name; where no name follows the pattern a person will want to mend it.

    Args:
        services: pairs of source id and service, in any order.
    """
    groups: dict[str, list[tuple[str, Service]]] = defaultdict(list)
    for source_id, service in services:
        groups[service_key(service.name)].append((source_id, service))
    keeper = {key: min(group, key=_rank)[1] for key, group in groups.items()}
    decided = tuple(_in_sku(service, keeper[service_key(service.name)]) for _, service in services)
    kept = {service.id: keeper[service_key(service.name)].id for _, service in services}
    return Skus(decided, kept, {key: service.id for key, service in keeper.items()})


def _in_sku(service: Service, keeper: Service) -> Service:
    sku = " ".join(keeper.name.split())
    return service.model_copy(update={"sku": sku, "archived": service.id != keeper.id})


def _rank(candidate: tuple[str, Service]) -> tuple[bool, bool, tuple[int, str]]:
    source_id, service = candidate
    return not follows_pattern(service.name), not service.active, (len(source_id), source_id)
