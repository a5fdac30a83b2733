"""Connections whose records say more of those of another one (`joins`): put together, and what is wrong with it."""

from collections.abc import Iterator, Mapping

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.documents import Path
from hub.mapping.apply import TwoWay
from hub.mapping.joins import JOINABLE
from hub.mapping.spec import Table
from hub.sync.system_of_record import RecordRules

Wrong = tuple[str, Path, str, str]
"""The connection in whose file it stands, where, what, and what to do."""
Tables = Mapping[str, Mapping[str, TwoWay]]
"""By connection, then by kind."""


def find_unjoined(connections: Mapping[str, Connection]) -> Iterator[Wrong]:
    """Connections that join what there is not."""
    for name, one in connections.items():
        if one.joins is None:
            continue
        other = connections.get(one.joins)
        if other is None or other.joins is not None:
            known = ", ".join(sorted(each.system for each in connections.values() if each.joins is None))
            why = "there is no connection" if other is None else "this connection joins another one itself:"
            yield name, ("joins",), f"{why} {one.joins!r}", f"There are: {known}"
            continue
        if not one.has_address and one.connector != other.connector:
            message = f"it is reached as {other.system} is, which is {other.connector}"
            yield name, ("connector",), message, f"Say connector: {other.connector}, or give it an address"
        for kind in one.streams:
            if kind not in JOINABLE:
                message = f"a {kind} is not put together of several records: only patients are"
                yield (
                    name,
                    ("streams", kind),
                    message,
                    f"Declare the stream in {other.system}.yaml, with all of a {kind}",
                )
            elif kind not in other.streams:
                message = f"{other.system} has no stream {kind} whose records these could say more of"
                yield name, ("streams", kind), message, f"It has: {', '.join(other.streams) or 'none'}"


def joined(connections: Mapping[str, Connection]) -> dict[str, Connection]:
    """The connections, each that joins another one reached as that is; `find_unjoined` found nothing."""
    return {
        name: one if one.joins is None else one.reached(connections[one.joins]) for name, one in connections.items()
    }


def kin_of(connection: Connection, connections: Mapping[str, Connection]) -> frozenset[str]:
    """The connections whose records make one with its own."""
    first = connection.joins or connection.system
    family = {one.system for one in connections.values() if first in (one.system, one.joins)}
    return frozenset(family - {connection.system})


def find_table_problems(
    connection: Connection, kind: Kind, connections: Mapping[str, Connection], tables: Tables, rules: RecordRules
) -> Iterator[tuple[Path, str, str]]:
    """What of its table of a kind does not go with the others of its family, with its place in that table."""
    own = tables[connection.system][kind].table
    if connection.joins is None:
        if own.joins is not None:
            message = f"{connection.system} joins no other connection"
            yield ("joins",), message, "Say in its file which one: joins: NAME; or remove this"
        return
    if own.joins is None:
        message = f"{connection.system} joins {connection.joins}, and which {kind} a record belongs to is not said"
        yield ("record",), message, f"Add joins: PATH, where {connection.joins}'s id of the {kind} stands"
    for name in sorted(kin_of(connection, connections)):
        if kind in tables.get(name, {}):
            yield from _said_twice(own, name, tables[name][kind], rules)


def _said_twice(own: Table, name: str, other: TwoWay, rules: RecordRules) -> Iterator[tuple[Path, str, str]]:
    decided = rules.of(other.kind).fields.keys()
    for plan in own.fields:
        both = sorted(set(plan.names) & set(other.names) - decided)
        if both:
            message = f"{name} says the {', '.join(both)} of a {other.kind}, too"
            yield ("fields", plan.name), message, "Leave it to one, or say in records.yaml whose word counts"
