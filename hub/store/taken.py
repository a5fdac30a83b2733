"""What visits and holds take, as lock keys, and how it is given up."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection

from hub.scheduling.keys import Key, day_keys
from hub.store.journey import Found
from hub.store.settling import Freed, find_settling

OwnerColumn = Literal["visit_id", "hold_id"]

# Units are looked up one by one (OFFSET): a plan that read them all would read a unit for each patient.
_TAKEN = """
    (SELECT json_agg(json_build_array(u.owner_kind, u.owner_id,
            CAST(lower(c.during) AT TIME ZONE 'UTC' AS date),
            CAST((upper(c.during) - INTERVAL '1 microsecond') AT TIME ZONE 'UTC' AS date)))
        FROM claim c CROSS JOIN LATERAL (SELECT * FROM resource_unit WHERE id = c.unit_id OFFSET 0) AS u
        WHERE c.{owner} = {table}.id) AS taken_days,
    (SELECT json_agg(json_build_array(product_id, location_id, CAST(quantity AS text)))
        FROM stock_promise WHERE {owner} = {table}.id) AS promises,
    (SELECT package_id FROM package_use WHERE {owner} = {table}.id) AS package_id,
    EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        JOIN resource_unit same USING (owner_kind, owner_id)
        JOIN claim other ON other.unit_id = same.id AND NOT other.firm AND other.during && c.during
        WHERE c.{owner} = {table}.id AND c.firm) AS is_in_the_way"""
_GIVEN_UP = """
    gone AS (DELETE FROM claim WHERE {owner} = ANY(%(ids)s) RETURNING unit_id, during, firm),
    freed AS (SELECT json_agg(json_build_array(u.owner_kind, u.owner_id, lower(during), upper(during))) AS spans
        FROM gone CROSS JOIN LATERAL (SELECT * FROM resource_unit WHERE id = gone.unit_id OFFSET 0) AS u
        WHERE firm AND EXISTS (SELECT FROM resource_unit same
            JOIN claim other ON other.unit_id = same.id AND NOT other.firm AND other.during && gone.during
            WHERE (same.owner_kind, same.owner_id) = (u.owner_kind, u.owner_id)))"""


def taken_columns(table: str, owner: OwnerColumn) -> str:
    """Columns for `keys_of_taken`, of a query on visits or holds."""
    return _TAKEN.format(table=table, owner=owner)


def given_up(owner: OwnerColumn) -> str:
    """Parts of a WITH statement that remove all claims of `%(ids)s`; `freed.spans` is for `read_freed`."""
    return _GIVEN_UP.format(owner=owner)


def keys_of_taken(connection: Connection, rows: Collection[Found]) -> dict[str, frozenset[Key]]:
    """Id → what must be locked before it is changed or gives up what it takes; what that makes firm counts too."""
    in_the_way = [row["id"] for row in rows if row["is_in_the_way"]]
    settled = find_settling(connection, in_the_way).keys if in_the_way else frozenset()
    return {row["id"]: _own_keys(row) | (settled if row["is_in_the_way"] else frozenset()) for row in rows}


def _own_keys(row: Found) -> frozenset[Key]:
    keys: set[Key] = {("visit", row["id"]), ("patient", row["patient_id"])}
    keys |= {("stock", product, location) for product, location, _ in row["promises"] or ()}
    if row["package_id"] is not None:
        keys.add(("package", row["package_id"]))
    for kind, owner_id, first, last in row["taken_days"] or ():
        keys |= day_keys(kind, owner_id, date.fromisoformat(first), date.fromisoformat(last))
    return frozenset(keys)


def read_freed(spans: Collection[tuple[str, str, str, str]] | None) -> list[Freed]:
    """What was given up that contested claims may now have."""
    return [
        Freed((kind, owner_id), datetime.fromisoformat(start), datetime.fromisoformat(end))
        for kind, owner_id, start, end in spans or ()
    ]
