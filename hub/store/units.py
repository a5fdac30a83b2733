"""Numbered copies of what can be claimed: a resource has as many units as its capacity, a patient one."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

Owner = tuple[str, str]
"""`("resource", id)` or `("patient", id)`."""

_CREATE = text("""
    INSERT INTO resource_unit (owner_kind, owner_id, number)
    SELECT kind, id, 1 FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])) AS wanted (kind, id)
    WHERE NOT EXISTS (SELECT FROM resource_unit u WHERE u.owner_kind = kind AND u.owner_id = wanted.id AND u.number = 1)
    ON CONFLICT DO NOTHING""")
_LOAD = text("""
    SELECT u.id, u.owner_kind, u.owner_id, u.number, coalesce(p.capacity, r.capacity, 1) AS capacity
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])) AS wanted (kind, id)
    JOIN resource_unit u ON u.owner_kind = wanted.kind AND u.owner_id = wanted.id
    LEFT JOIN provider p ON wanted.kind = 'resource' AND p.id = wanted.id
    LEFT JOIN resource r ON wanted.kind = 'resource' AND r.id = wanted.id""")


@dataclass(frozen=True, slots=True)
class Units:
    """An owner's units by number, and how many of them may be firm at once."""

    capacity: int
    by_number: dict[int, int]


def ensure_units(connection: Connection, owners: Collection[Owner]) -> dict[Owner, Units]:
    """The units of these owners; one that has none gets its first."""
    ordered = sorted(set(owners))
    values = {"kinds": [kind for kind, _ in ordered], "ids": [owner_id for _, owner_id in ordered]}
    connection.execute(_CREATE, values)
    units: dict[Owner, Units] = {}
    for row in connection.execute(_LOAD, values):
        found = units.setdefault((row.owner_kind, row.owner_id), Units(row.capacity, {}))
        found.by_number[row.number] = row.id
    return units
