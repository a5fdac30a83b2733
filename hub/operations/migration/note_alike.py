"""Services of an export whose names are nearly one: an issue each, until an alias says what they are."""

from collections.abc import Mapping, Sequence

from hub.canonical.ids import Kind
from hub.canonical.records import Service
from hub.ports import Issue, UnitOfWork
from hub.sync.alike_skus import AlikeServices, find_alike
from hub.sync.names import service_key

ALIKE = "services_alike"
"""The issue of a service whose name is nearly another's: one SKU or two is for a person, by an alias."""
HINT = "give the one the other's id under aliases.service, or each its own"


def note_alike_services(
    work: UnitOfWork, system: str, services: Sequence[tuple[str, Service]], aliases: Mapping[str, str]
) -> None:
    """Open an issue for each that is like an earlier row's, and close those that are settled or gone. Twice is once.

    Args:
        work: of the load.
        system: whose services they are.
        services: row id and service, as their SKUs stand.
        aliases: row id or name → the hub's id. Of two services both of which are spoken of it is known what they are.
    """
    services = sorted(services, key=lambda one: (len(one[0]), one[0]))
    rows = {str(service.id): row for row, service in reversed(services)}
    meant = _meant(services, aliases)
    like: dict[str, dict[str, str]] = {}
    for pair in find_alike([service for _, service in services]):
        if not _is_settled(pair, meant):
            like.setdefault(pair.second, {})[rows[pair.first]] = str(pair.how)
    work.issues.open([_issue(system, id_, rows[id_], others) for id_, others in like.items()])
    known = (one.subject_id for one in work.issues.find_open(ALIKE) if one.detail.get("system") == system)
    work.issues.close(ALIKE, Kind.SERVICE, [id_ for id_ in known if id_ not in like])


def _issue(system: str, service_id: str, row: str, like: Mapping[str, str]) -> Issue:
    said = [f"row {row} is nearly row {other} ({how.replace('_', ' ')}): {HINT}" for other, how in like.items()]
    return Issue(ALIKE, Kind.SERVICE, service_id, (), {"system": system, "row": row, "like": like, "problems": said})


def _meant(services: Sequence[tuple[str, Service]], aliases: Mapping[str, str]) -> dict[str, str]:
    """Service → what an alias of its row or its name leads to."""
    by_name = {service_key(name): target for name, target in aliases.items()}
    found = ((one.id, aliases.get(row) or by_name.get(service_key(one.name))) for row, one in services)
    return {id_: target for id_, target in found if target is not None}


def _is_settled(pair: AlikeServices, meant: Mapping[str, str]) -> bool:
    one, other = pair.first, pair.second
    return (one in meant and other in meant) or meant.get(one) == other or meant.get(other) == one
