"""Lots, their open vials and their ledger."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from hub.scheduling.diary import LotOnHand, OpenVial, Promise
from hub.scheduling.ledger import LotKey, Movement, MovementKind
from hub.store.instants import epoch_of, read_instant
from hub.store.moment import Moment

LOTS = f"""
    SELECT json_agg(json_build_array(l.product_id, l.location_id, l.name, CAST(l.on_hand AS text), l.expires_on,
        (SELECT json_agg(json_build_array(v.id, {epoch_of("v.closes_at")}, CAST(v.remaining AS text))
            ORDER BY v.closes_at, v.id)
        FROM open_vial v WHERE v.lot_id = l.id AND v.remaining > 0)) ORDER BY l.id) AS lots
    FROM lot l"""  # noqa: S608 fixed columns
"""What `read_lots` reads."""
_LOTS = text(f"{LOTS} WHERE l.location_id = :location AND l.product_id = ANY(:products)")
_OWN = text("""
    SELECT record_id FROM lot WHERE record_id = ANY(:ids)
    AND NOT EXISTS (SELECT FROM lot_movement m WHERE m.lot_id = lot.id AND m.actor = :actor)""")
_NEW_LOT = text("""
    INSERT INTO lot (product_id, location_id, name, expires_on) VALUES (:product, :location, :name, :expires)
    ON CONFLICT (product_id, location_id, name) DO NOTHING""")
_MOVE = text("""
    INSERT INTO lot_movement
        (lot_id, kind, at, change, level, vial_id, closes_at, provider_id, witness_id, visit_id, reason, actor)
    SELECT l.id, :kind, :at, :change, :level, :vial, :closes, :provider, :witness, :visit, :reason, :actor
    FROM lot l WHERE (l.product_id, l.location_id, l.name) = (:product, :location, :name)""")
_LEDGER = text("""
    SELECT l.product_id, l.location_id, l.name, l.expires_on, m.kind, m.at, m.change, m.level, m.vial_id, m.closes_at,
        m.provider_id, m.witness_id, m.visit_id, m.reason
    FROM lot_movement m JOIN lot l ON l.id = m.lot_id
    WHERE (CAST(:product AS text) IS NULL OR l.product_id = :product)
    AND (CAST(:location AS text) IS NULL OR l.location_id = :location)
    AND (CAST(:name AS text) IS NULL OR l.name = :name) ORDER BY m.id""")
_PROMISES = text("""
    SELECT p.product_id, p.location_id, p.due_on, sum(p.quantity) AS quantity, count(*) AS visits
    FROM stock_promise p LEFT JOIN hold h ON h.id = p.hold_id
    WHERE p.location_id = :location AND p.product_id = ANY(:products) AND (h.id IS NULL OR h.expires_at > :now)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""")


class SqlStock:
    """`hub.ports.Stock`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load_lots(self, location_id: str, product_ids: Collection[str]) -> tuple[LotOnHand, ...]:
        """See the port."""
        values = {"location": location_id, "products": sorted(product_ids)}
        return read_lots(self._connection.execute(_LOTS, values).scalar_one())

    def load_promises(self, location_id: str, product_ids: Collection[str]) -> tuple[Promise, ...]:
        """See the port."""
        values = {"location": location_id, "products": sorted(product_ids), "now": self._moment.now}
        rows = self._connection.execute(_PROMISES, values)
        return tuple(Promise(row.product_id, row.location_id, row.due_on, row.quantity, row.visits) for row in rows)

    def load_ledger(
        self, product_id: str | None = None, location_id: str | None = None, lot: str | None = None
    ) -> tuple[Movement, ...]:
        """See the port."""
        values = {"product": product_id, "location": location_id, "name": lot}
        return tuple(_movement(row) for row in self._connection.execute(_LEDGER, values))

    def find_own(self, record_ids: Collection[str], system: str) -> frozenset[str]:
        """See the port."""
        values = {"ids": list(record_ids), "actor": f"import:{system}"}
        return frozenset(self._connection.execute(_OWN, values).scalars())

    def record(self, movements: Sequence[Movement], *, actor: str) -> None:
        """See the port."""
        for one in movements:
            key = dict(zip(("product", "location", "name"), one.lot, strict=True))
            if one.kind is MovementKind.RECEIVED:
                self._connection.execute(_NEW_LOT, key | {"expires": one.expires_on})
            values = {
                "kind": str(one.kind),
                "at": one.at,
                "change": one.change,
                "level": one.level,
                "vial": one.vial_id,
                "closes": one.closes_at,
                "provider": one.provider_id,
                "witness": one.witness_id,
                "visit": one.visit_id,
                "reason": one.reason,
                "actor": actor,
            }
            self._connection.execute(_MOVE, key | values)


def read_lots(found: Sequence[Any] | None) -> tuple[LotOnHand, ...]:
    """Lots with their open vials, in the order in which they came; None: there are none."""
    return tuple(
        LotOnHand(
            product, location, name, Decimal(on_hand), date.fromisoformat(expires_on), tuple(map(_vial, vials or ()))
        )
        for product, location, name, on_hand, expires_on, vials in found or ()
    )


def _vial(found: Sequence[Any]) -> OpenVial:
    vial_id, closes_at, remaining = found
    return OpenVial(vial_id, read_instant(closes_at), Decimal(remaining))


def _movement(row: Any) -> Movement:
    key: LotKey = (row.product_id, row.location_id, row.name)
    kind = MovementKind(row.kind)
    return Movement(
        kind=kind,
        lot=key,
        at=row.at,
        change=row.change,
        level=row.level,
        vial_id=row.vial_id,
        closes_at=row.closes_at,
        expires_on=row.expires_on if kind is MovementKind.RECEIVED else None,
        provider_id=row.provider_id,
        witness_id=row.witness_id,
        visit_id=row.visit_id,
        reason=row.reason,
    )
