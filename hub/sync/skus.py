"""One SKU a service: rows that name the same one are found, one is kept, the others are archived."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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


def decide_skus(
    services: Sequence[tuple[str, Service]],
    preferred: Collection[str] = (),
    same: Mapping[str, str] | None = None,
    standing: Mapping[str, Service] | None = None,
) -> Skus:
    """Group services by what their names mean.

    Kept is one that an alias names, of those one whose name follows the pattern, of those an active one, of those the
    lowest source id (`S9` before `S10`). The SKU is its name; where no name follows the pattern a person will want to
    mend it. Where a person says that a name is a service that stands already, that one is kept, with its own SKU.

    Args:
        services: pairs of source id and service, in any order.
        preferred: ids of services that an alias names.
        same: what a person says of names: `service_key` of one → that of the SKU that it is.
        standing: likewise: `service_key` of one → the service that it is, which need not be one of `services`.
    """
    leads = same or {}
    groups: dict[str, list[tuple[str, Service]]] = defaultdict(list)
    for source_id, service in services:
        groups[_group(service, leads)].append((source_id, service))
    keeper = {
        key: _named_sku(min(group, key=lambda one: _rank(one[0], one[1], preferred))[1])
        for key, group in groups.items()
    }
    keeper |= {key: one for name, one in (standing or {}).items() if (key := _lead(name, leads)) in groups}
    decided = tuple(_in_sku(service, keeper[_group(service, leads)]) for _, service in services)
    kept = {service.id: keeper[_group(service, leads)].id for _, service in services}
    return Skus(decided, kept, {service_key(one.name): kept[one.id] for _, one in services})


def _group(service: Service, leads: Mapping[str, str]) -> str:
    """The key of its SKU; names that lead to each other in a ring stay their own."""
    return _lead(service_key(service.name), leads)


def _lead(key: str, leads: Mapping[str, str]) -> str:
    seen = set[str]()
    while key in leads and key not in seen:
        seen.add(key)
        key = leads[key]
    return key


def _named_sku(keeper: Service) -> Service:
    """With its name for its SKU."""
    return keeper.model_copy(update={"sku": " ".join(keeper.name.split())})


def _in_sku(service: Service, keeper: Service) -> Service:
    return service.model_copy(update={"sku": keeper.sku, "archived": service.id != keeper.id})


def _rank(source_id: str, service: Service, preferred: Collection[str]) -> tuple[bool, bool, bool, int, str]:
    unnamed, unlike, idle = service.id not in preferred, not follows_pattern(service.name), not service.active
    return unnamed, unlike, idle, len(source_id), source_id
