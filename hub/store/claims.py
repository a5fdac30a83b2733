"""Facts as claims: firm where there is room, contested where there is none, firm again when the obstacle goes.

Whoever places or releases facts has the table for itself for as long as its transaction takes (see `locks`). The table
is always locked before a visit's row: settling what was contested writes to the rows of others.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

from hub.canonical.time import Span
from hub.ports import FactClaim, Placed
from hub.store.bulk import copy_rows
from hub.store.driver import defer
from hub.store.locks import lock_claims
from hub.store.moment import Moment
from hub.store.placement import Wanted
from hub.store.settling import Freed, flag, move_claims, plan_units, settle, settle_resources
from hub.store.units import Owner, ensure_units

_VISIT_FACTS = text("""
    SELECT v.id, v.start, v."end", need, owner_kind, owner_id FROM visit v,
    LATERAL (VALUES ('provider', 'resource', v.provider_id), ('room', 'resource', v.room_id),
        ('device', 'resource', v.device_id), ('patient', 'patient', v.patient_id)) AS of (need, owner_kind, owner_id)
    WHERE v.id = ANY(:ids) AND owner_id IS NOT NULL AND v.state IN ('booked', 'arrived', 'fulfilled')
    ORDER BY v.start, v.id, need""")
_PLACED = text("SELECT DISTINCT visit_id FROM claim WHERE visit_id = ANY(:ids)")
_UNMOVED = text("""
    SELECT v.id FROM visit v
    WHERE v.id = ANY(:ids) AND NOT v.contested AND v.state IN ('booked', 'arrived', 'fulfilled')
    AND EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        WHERE c.visit_id = v.id AND u.owner_kind = 'patient' AND u.owner_id = v.patient_id
        AND c.during = tstzrange(v.start, v."end"))
    AND NOT EXISTS (SELECT FROM unnest(ARRAY[v.provider_id, v.room_id, v.device_id]) AS named
        WHERE named IS NOT NULL AND NOT EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            WHERE c.visit_id = v.id AND u.owner_kind = 'resource' AND u.owner_id = named))""")
_END_PROMISES = """
    DELETE FROM stock_promise p USING visit v
    WHERE v.id = p.visit_id AND v.id = ANY(%(ids)s) AND v.state IN ('cancelled', 'no_show')"""
_GIVE_CREDIT_BACK = """
    DELETE FROM package_use p USING visit v
    WHERE v.id = p.visit_id AND v.id = ANY(%(ids)s) AND v.state = 'cancelled' AND NOT v.credit_lost"""
_REMOVE = text("""
    DELETE FROM claim c USING resource_unit u
    WHERE u.id = c.unit_id AND (c.visit_id = ANY(:visits) OR c.block_id = ANY(:blocks))
    RETURNING u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end", c.firm""")
_EXPIRED = text("""
    SELECT u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end"
    FROM hold h JOIN claim c ON c.hold_id = h.id JOIN resource_unit u ON u.id = c.unit_id
    WHERE h.expires_at <= :now""")
_PURGE = text("DELETE FROM hold WHERE expires_at <= :now")
_BLOCK = text("""
    INSERT INTO block (id, location_id, during, reason)
    VALUES (:id, :location, tstzrange(:start, :end), :reason)
    ON CONFLICT (id) DO UPDATE SET location_id = excluded.location_id, during = excluded.during,
        reason = excluded.reason""")

_BLOCKS = text("SELECT id FROM block WHERE id = ANY(:ids)")
_REMOVE_BLOCKS = text("DELETE FROM block WHERE id = ANY(:ids)")


class SqlClaims:
    """`hub.ports.Claims`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def place_facts(self, visit_ids: Collection[str]) -> Placed:
        """See the port."""
        placed = list(self._connection.execute(_PLACED, {"ids": list(visit_ids)}).scalars())
        unmoved = set(self._connection.execute(_UNMOVED, {"ids": placed}).scalars()) if placed else set[str]()
        changed = [visit_id for visit_id in visit_ids if visit_id not in unmoved]
        rows = self._connection.execute(_VISIT_FACTS, {"ids": changed})
        facts = [
            FactClaim(row.owner_kind, row.owner_id, Span(row.start, row.end), visit_id=row.id, need=row.need)
            for row in rows
        ]
        self._give_back(changed)
        return self._replace(changed, [], facts)

    def place(self, facts: Sequence[FactClaim]) -> Placed:
        """See the port."""
        visits = sorted({fact.visit_id for fact in facts if fact.visit_id is not None})
        blocks = sorted({fact.block_id for fact in facts if fact.block_id is not None})
        return self._replace(visits, blocks, facts)

    def save_block(self, block_id: str, location_id: str | None, span: Span, *, reason: str | None = None) -> None:
        """See the port."""
        values = {"id": block_id, "location": location_id, "reason": reason, "start": span.start, "end": span.end}
        self._connection.execute(_BLOCK, values)

    def remove_blocks(self, block_ids: Collection[str]) -> None:
        """See the port."""
        known = self._connection.execute(_BLOCKS, {"ids": list(block_ids)}).scalars().all() if block_ids else []
        if known:
            self._replace([], list(known), [])
            self._connection.execute(_REMOVE_BLOCKS, {"ids": list(known)})

    def release(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        self._give_back(list(visit_ids))
        self._replace(list(visit_ids), [], [])

    def _give_back(self, visits: list[str]) -> None:
        """Stock and credit of what does not take place."""
        for statement in (_END_PROMISES, _GIVE_CREDIT_BACK):
            defer(self._connection, statement, {"ids": visits})

    def settle(self, resource_ids: Collection[str]) -> None:
        """See the port."""
        lock_claims(self._connection)
        settle_resources(self._connection, resource_ids)

    def _replace(self, visits: list[str], blocks: list[str], facts: Sequence[FactClaim]) -> Placed:
        lock_claims(self._connection)
        freed = [*self._remove_expired_holds(), *self._remove(visits, blocks)]
        firm = self._insert(facts)
        settle(self._connection, freed)
        contested = flag(self._connection, visits, blocks)
        return Placed(firm, len(facts) - firm, tuple(sorted(contested)))

    def _remove(self, visits: list[str], blocks: list[str]) -> list[Freed]:
        rows = self._connection.execute(_REMOVE, {"visits": visits, "blocks": blocks})
        return [Freed((row.owner_kind, row.owner_id), row.start, row.end) for row in rows if row.firm]

    def _remove_expired_holds(self) -> list[Freed]:
        """Nobody can be booking one of them now: the table is locked."""
        rows = self._connection.execute(_EXPIRED, {"now": self._moment.now}).all()
        self._connection.execute(_PURGE, {"now": self._moment.now})
        return [Freed((row.owner_kind, row.owner_id), row.start, row.end) for row in rows]

    def _insert(self, facts: Sequence[FactClaim]) -> int:
        """Write facts as claims; gives how many are firm."""
        wanted: dict[Owner, list[Wanted]] = {}
        for n, fact in enumerate(facts):
            wanted.setdefault((fact.owner_kind, fact.owner_id), []).append(Wanted(n, fact.span.start, fact.span.end))
        units = ensure_units(self._connection, wanted)
        chosen, moved = plan_units(self._connection, wanted, units, [])
        move_claims(self._connection, {claim.key: unit for _, claim, unit in moved})
        columns = ("unit_id", "during", "visit_id", "block_id", "step", "need", "firm", "reassignable")
        rows = []
        for n, fact in enumerate(facts):
            unit = chosen.get(n, units[fact.owner_kind, fact.owner_id].by_number[1])
            row = (unit, _range(fact.span), fact.visit_id, fact.block_id, fact.step, fact.need, n in chosen)
            rows.append((*row, fact.is_reassignable))
        copy_rows(self._connection, "claim", columns, rows)
        return len(chosen)


def _range(span: Span) -> str:
    return f"[{span.start.isoformat()},{span.end.isoformat()})"
