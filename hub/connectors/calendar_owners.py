"""Whether the connections that a practice file names as owners of calendars can be that."""

from collections.abc import Collection, Iterator, Mapping

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.connectors.kit.connection import Connection
from hub.connectors.registry import owns_calendars
from hub.documents import Document
from hub.errors import Problem


def find_owner_problems(
    practice: Practice, document: Document, connections: Mapping[str, Connection], covered: Collection[str]
) -> Iterator[Problem]:
    """Each location whose vendor is not connected, cannot say yes or no, is not read, is not told or has no agreement.

    Args:
        practice: with its locations.
        document: the file that says it.
        connections: by system.
        covered: the systems that stand in agreements.yaml.
    """
    for number, location in enumerate(practice.locations):
        vendor = practice.vendor_of(location.id)
        wrong = _not_an_owner(connections, vendor, covered) if vendor is not None else None
        if wrong is not None:
            yield document.problem(("locations", number, "authority", "vendor"), *wrong)


def _not_an_owner(
    connections: Mapping[str, Connection], vendor: str, covered: Collection[str]
) -> tuple[str, str] | None:
    """What keeps a connection from owning a calendar, and what to do."""
    connection = connections.get(vendor)
    if connection is None:
        known = ", ".join(sorted(connections)) or "none"
        return f"there is no connection {vendor!r}", f"There are: {known}"
    if not owns_calendars(connection):
        return f"the connector {connection.connector} cannot confirm visits", "Name another connection, or `hub`"
    if Kind.VISIT not in connection.pull:
        hint = f"Let the stream `visit` of connections/{vendor}.yaml be pulled"
        return f"the visits of {vendor!r} are not pulled, so its own bookings would not be seen", hint
    if Kind.VISIT not in connection.push:
        hint = f"Say `direction: both` for the stream `visit` in connections/{vendor}.yaml"
        return f"{vendor!r} is not told of visits, so it would not learn what becomes of them on the day", hint
    if vendor not in covered:
        return f"{vendor!r} has no agreement, so no visit could be confirmed there", "Enter it in agreements.yaml"
    return None
