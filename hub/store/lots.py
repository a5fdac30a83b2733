"""Lots that other systems have, too: what they hold is brought into the ledger once, then only what they change."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

from hub.canonical.lots import Lot

_FIND = text("""
    SELECT id, record_id, on_hand FROM lot
    WHERE (product_id, location_id, name) = (:product_id, :location_id, :name) OR record_id = :id
    ORDER BY record_id = :id DESC NULLS LAST LIMIT 1 FOR UPDATE""")
_NEW = text("""
    INSERT INTO lot (product_id, location_id, name, expires_on, record_id, unit)
    VALUES (:product_id, :location_id, :name, :expires_on, :id, :unit) RETURNING id""")
_NAME = text("UPDATE lot SET record_id = :record WHERE id = :id AND record_id IS NULL")
_CHANGE = text("""
    UPDATE lot SET expires_on = :expires_on, unit = :unit
    WHERE id = :lot AND (expires_on, unit) IS DISTINCT FROM (CAST(:expires_on AS date), CAST(:unit AS text))""")
_BROUGHT = text("SELECT coalesce(sum(change), 0) FROM lot_movement WHERE lot_id = :lot AND actor = :actor")
_MOVE = text("""
    INSERT INTO lot_movement (lot_id, kind, at, change, reason, actor)
    VALUES (:lot, :kind, now(), :change, 'import', :actor)""")
_LOAD = text("""
    SELECT record_id AS id, product_id, location_id, name, expires_on, on_hand, unit FROM lot
    WHERE record_id IS NOT NULL AND (CAST(:ids AS text[]) IS NULL OR record_id = ANY(:ids)) ORDER BY id""")


def save_lots(connection: Connection, lots: Mapping[str, Lot], origin: str) -> Iterator[tuple[str, bool]]:
    """Write them; gives those that are new or changed, and whether they are new.

    A lot of which the hub keeps the ledger itself stays as the hub counts it: it is only known to be the same.
    """
    actor = f"import:{origin}"
    for lot in lots.values():
        values = lot.model_dump()
        row = connection.execute(_FIND, values).one_or_none()
        if row is None:
            number = connection.execute(_NEW, values).scalar_one()
            _move(connection, number, "received", lot.on_hand, actor)
            yield lot.id, True
        elif row.record_id is None:
            connection.execute(_NAME, {"id": row.id, "record": lot.id})
            yield lot.id, False
        elif _is_changed(connection, row, values, actor):
            yield lot.id, False


def load_lots(connection: Connection, ids: list[str] | None) -> dict[str, Lot]:
    """Those of these canonical ids; None: all that another system has, too."""
    rows = connection.execute(_LOAD, {"ids": ids})
    return {row.id: Lot.model_validate(row._asdict()) for row in rows}


def _is_changed(connection: Connection, row: Row[Any], values: dict[str, Any], actor: str) -> bool:
    """What the other system counts more or less than last time; of what is used up here nothing can be taken."""
    brought = connection.execute(_BROUGHT, {"lot": row.id, "actor": actor}).scalar_one()
    if row.record_id != values["id"] or not _is_brought(connection, row.id, actor):
        return False
    change = max(values["on_hand"] - brought, -row.on_hand)
    if change:
        _move(connection, row.id, "adjusted", change, actor)
    changed = connection.execute(_CHANGE, values | {"lot": row.id}).rowcount
    return bool(change or changed)


def _is_brought(connection: Connection, lot: int, actor: str) -> bool:
    found = text("SELECT EXISTS (SELECT FROM lot_movement WHERE lot_id = :lot AND actor = :actor)")
    return bool(connection.execute(found, {"lot": lot, "actor": actor}).scalar_one())


def _move(connection: Connection, lot: int, kind: str, change: object, actor: str) -> None:
    connection.execute(_MOVE, {"lot": lot, "kind": kind, "change": change, "actor": actor})
