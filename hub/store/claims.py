"""Facts as claims: firm where there is room, contested where there is none, firm again when the obstacle goes.

Whoever places or releases facts locks the table against all other writers of claims, for as long as its transaction
takes; bookings share the table among themselves (see `bookings`). The table is always locked before a visit's row:
settling what was contested writes to the rows of others.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from hub.canonical.time import Span
from hub.ports import FactClaim, Issue, Placed
from hub.store.bulk import copy_rows
from hub.store.journal import SqlIssues
from hub.store.placement import Taken, Wanted, plan_placement
from hub.store.units import Owner, Units, ensure_units

OVERLAP = "overlap"

_ALONE = text("LOCK TABLE claim IN SHARE ROW EXCLUSIVE MODE")
_VISIT_FACTS = text("""
    SELECT v.id, v.start, v."end", need, owner_kind, owner_id FROM visit v,
    LATERAL (VALUES ('provider', 'resource', v.provider_id), ('room', 'resource', v.room_id),
        ('device', 'resource', v.device_id), ('patient', 'patient', v.patient_id)) AS of (need, owner_kind, owner_id)
    WHERE v.id = ANY(:ids) AND owner_id IS NOT NULL AND v.state IN ('booked', 'arrived', 'fulfilled')
    ORDER BY v.start, v.id, need""")
_UNMOVED = text("""
    SELECT v.id FROM visit v
    WHERE v.id = ANY(:ids) AND NOT v.contested AND v.state IN ('booked', 'arrived', 'fulfilled')
    AND EXISTS (SELECT FROM claim c WHERE c.visit_id = v.id AND c.need = 'patient'
        AND c.during = tstzrange(v.start, v."end"))
    AND NOT EXISTS (SELECT FROM unnest(ARRAY[v.provider_id, v.room_id, v.device_id]) AS named
        WHERE named IS NOT NULL AND NOT EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            WHERE c.visit_id = v.id AND u.owner_kind = 'resource' AND u.owner_id = named))""")
_END_PROMISES = text("""
    DELETE FROM stock_promise p USING visit v
    WHERE v.id = p.visit_id AND v.id = ANY(:ids) AND v.state IN ('cancelled', 'no_show')""")
_GIVE_CREDIT_BACK = text("""
    DELETE FROM package_use p USING visit v
    WHERE v.id = p.visit_id AND v.id = ANY(:ids) AND v.state = 'cancelled' AND NOT v.credit_lost""")
_REMOVE = text("""
    DELETE FROM claim c USING resource_unit u
    WHERE u.id = c.unit_id AND (c.visit_id = ANY(:visits) OR c.block_id = ANY(:blocks))
    RETURNING u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end", c.firm""")
_EXPIRED = text("""
    SELECT u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end"
    FROM hold h JOIN claim c ON c.hold_id = h.id JOIN resource_unit u ON u.id = c.unit_id
    WHERE h.expires_at <= :now""")
_PURGE = text("DELETE FROM hold WHERE expires_at <= :now")
_TAKEN = text("""
    SELECT c.id, u.owner_kind, u.owner_id, u.number, lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE c.firm AND c.unit_id = ANY(:units)
    AND (c.during && tstzrange(:first, :last) OR c.unit_id = ANY(:shared))""")
_CONTESTED = text("""
    SELECT c.id, c.visit_id, c.block_id, u.owner_kind, u.owner_id,
        lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE NOT c.firm AND c.unit_id = ANY(:units) ORDER BY c.id""")
_MOVE = text("""
    UPDATE claim c SET unit_id = m.unit, firm = true
    FROM unnest(CAST(:claims AS bigint[]), CAST(:units AS bigint[])) AS m (claim, unit) WHERE c.id = m.claim""")
_STANDING = text("""
    SELECT CASE WHEN block_id IS NULL THEN 'visit' ELSE 'block' END AS kind, coalesce(visit_id, block_id) AS subject,
        array_agg(DISTINCT coalesce(need, 'time')) AS needs
    FROM claim WHERE NOT firm AND (visit_id = ANY(:visits) OR block_id = ANY(:blocks)) GROUP BY 1, 2""")
_FLAG = text("""
    UPDATE visit SET contested = id = ANY(:contested)
    WHERE id = ANY(:ids) AND contested <> (id = ANY(:contested))""")
_BLOCK = text("""
    INSERT INTO block (id, location_id, during, reason)
    VALUES (:id, :location, tstzrange(:start, :end), :reason)
    ON CONFLICT (id) DO UPDATE SET location_id = excluded.location_id, during = excluded.during,
        reason = excluded.reason""")


@dataclass(frozen=True, slots=True)
class _Freed:
    owner: Owner
    start: datetime
    end: datetime


def lock_claims(connection: Connection) -> None:
    """Wait for all other writers of claims and keep them out until the transaction ends."""
    connection.execute(_ALONE)


class SqlClaims:
    """`hub.ports.Claims`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def place_facts(self, visit_ids: Collection[str]) -> Placed:
        """See the port."""
        unmoved = set(self._connection.execute(_UNMOVED, {"ids": list(visit_ids)}).scalars())
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

    def release(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        self._give_back(list(visit_ids))
        self._replace(list(visit_ids), [], [])

    def _give_back(self, visits: list[str]) -> None:
        """Stock and credit of what does not take place."""
        for statement in (_END_PROMISES, _GIVE_CREDIT_BACK):
            self._connection.execute(statement, {"ids": visits})

    def _replace(self, visits: list[str], blocks: list[str], facts: Sequence[FactClaim]) -> Placed:
        lock_claims(self._connection)
        freed = [*self._remove_expired_holds(), *self._remove(visits, blocks)]
        firm = self._insert(facts)
        self._settle(freed)
        contested = self.flag(visits, blocks)
        return Placed(firm, len(facts) - firm, tuple(sorted(contested)))

    def _remove(self, visits: list[str], blocks: list[str]) -> list[_Freed]:
        rows = self._connection.execute(_REMOVE, {"visits": visits, "blocks": blocks})
        return [_Freed((row.owner_kind, row.owner_id), row.start, row.end) for row in rows if row.firm]

    def _remove_expired_holds(self) -> list[_Freed]:
        """Nobody can be booking one of them now: the table is locked."""
        rows = self._connection.execute(_EXPIRED, {"now": self._now}).all()
        self._connection.execute(_PURGE, {"now": self._now})
        return [_Freed((row.owner_kind, row.owner_id), row.start, row.end) for row in rows]

    def _insert(self, facts: Sequence[FactClaim]) -> int:
        """Write facts as claims; gives how many are firm."""
        wanted: dict[Owner, list[Wanted]] = {}
        for n, fact in enumerate(facts):
            wanted.setdefault((fact.owner_kind, fact.owner_id), []).append(Wanted(n, fact.span.start, fact.span.end))
        units = ensure_units(self._connection, wanted)
        chosen = self._place(wanted, units)
        columns = ("unit_id", "during", "visit_id", "block_id", "step", "need", "firm")
        rows = []
        for n, fact in enumerate(facts):
            unit = chosen.get(n, units[fact.owner_kind, fact.owner_id].by_number[1])
            rows.append((unit, _range(fact.span), fact.visit_id, fact.block_id, fact.step, fact.need, n in chosen))
        copy_rows(self._connection, "claim", columns, rows)
        return len(chosen)

    def _settle(self, freed: Iterable[_Freed]) -> None:
        """Make contested claims firm that have room now."""
        spans: dict[Owner, list[_Freed]] = {}
        for one in freed:
            spans.setdefault(one.owner, []).append(one)
        units = ensure_units(self._connection, spans)
        every_unit = [number for found in units.values() for number in found.by_number.values()]
        wanted: dict[Owner, list[Wanted]] = {}
        visits: set[str] = set()
        blocks: set[str] = set()
        for row in self._connection.execute(_CONTESTED, {"units": every_unit}):
            owner = (row.owner_kind, row.owner_id)
            if any(one.start < row.end and row.start < one.end for one in spans[owner]):
                wanted.setdefault(owner, []).append(Wanted(row.id, row.start, row.end))
                visits |= {row.visit_id} - {None}
                blocks |= {row.block_id} - {None}
        self._move(self._place(wanted, units))
        self.flag(sorted(visits), sorted(blocks))

    def _place(self, wanted: dict[Owner, list[Wanted]], units: dict[Owner, Units]) -> dict[int, int]:
        """Wanted key → unit id of what fits; firm claims that must make way for it change their unit."""
        taken = self._load_taken(wanted, units)
        chosen: dict[int, int] = {}
        moved: dict[int, int] = {}
        for owner, ones in wanted.items():
            plan = plan_placement(taken.get(owner, ()), ones, units[owner].capacity)
            numbers = units[owner].by_number
            chosen |= {key: numbers[unit] for key, unit in plan.units.items()}
            moved |= {claim: numbers[unit] for claim, unit in plan.moved.items()}
        self._move(moved)
        return chosen

    def _load_taken(self, wanted: dict[Owner, list[Wanted]], units: dict[Owner, Units]) -> dict[Owner, list[Taken]]:
        spans = [one for ones in wanted.values() for one in ones]
        if not spans:
            return {}
        values = {
            "units": [unit for owner in wanted for unit in units[owner].by_number.values()],
            "shared": [u for owner in wanted if units[owner].capacity > 1 for u in units[owner].by_number.values()],
            "first": min(one.start for one in spans),
            "last": max(one.end for one in spans),
        }
        taken: dict[Owner, list[Taken]] = {}
        for row in self._connection.execute(_TAKEN, values):
            owner = (row.owner_kind, row.owner_id)
            taken.setdefault(owner, []).append(Taken(row.id, row.start, row.end, row.number))
        return taken

    def _move(self, units: dict[int, int]) -> None:
        """Claim → the unit it is firm on from now; checked when all have moved."""
        if units:
            self._connection.execute(_MOVE, {"claims": list(units), "units": list(units.values())})

    def flag(self, visits: list[str], blocks: list[str]) -> set[str]:
        """Say of visits and blocks whether they are contested, and open or close their issues; gives the visits."""
        rows = self._connection.execute(_STANDING, {"visits": visits, "blocks": blocks})
        needs = {(row.kind, row.subject): tuple(row.needs) for row in rows}
        contested = [subject for kind, subject in needs if kind == "visit"]
        self._connection.execute(_FLAG, {"ids": visits, "contested": contested})
        issues = SqlIssues(self._connection)
        issues.open([Issue(OVERLAP, kind, subject, codes) for (kind, subject), codes in needs.items()])
        for kind, subjects in (("visit", visits), ("block", blocks)):
            issues.close(OVERLAP, kind, [subject for subject in subjects if (kind, subject) not in needs])
        return set(contested)


def _range(span: Span) -> str:
    return f"[{span.start.isoformat()},{span.end.isoformat()})"
