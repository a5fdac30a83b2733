"""Which contested claims have room, and on which unit: found first, so that their keys can be locked, then written.

The caller keeps others out: it has the table for itself, or the keys of all that `find_settling` names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from hub.ports import Issue
from hub.scheduling.keys import Key, time_keys
from hub.store.journal import SqlIssues
from hub.store.placement import Taken, Wanted, plan_placement
from hub.store.units import Owner, Units, ensure_units

OVERLAP = "overlap"
_Stretch = tuple[datetime, datetime]

_FREE = text("""
    SELECT u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE c.firm AND coalesce(c.visit_id, c.hold_id) = ANY(:ids)""")
# Unit by unit through the constraint's index, and by both of its columns at once (both values from `wanted`: from two
# tables the planner would look a unit up and throw away what it had at other times). Else it would cost more with each
# visit that the book ever had.
_TAKEN = text("""
    SELECT c.id, u.owner_kind, u.owner_id, u.number, lower(c.during) AS start, upper(c.during) AS "end"
    FROM unnest(CAST(:units AS bigint[]), CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[]))
        AS wanted (unit_id, first, last)
    JOIN resource_unit u ON u.id = wanted.unit_id
    CROSS JOIN LATERAL (SELECT * FROM claim WHERE firm
        AND point(unit_id, unit_id) ~= point(wanted.unit_id, wanted.unit_id)
        AND during && tstzrange(wanted.first, wanted.last)) AS c
    WHERE NOT coalesce(coalesce(c.visit_id, c.hold_id) = ANY(:leaving), false)""")
_CONTESTED = text("""
    SELECT c.id, c.visit_id, c.hold_id, c.block_id, u.owner_kind, u.owner_id,
        lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE NOT c.firm AND c.unit_id = ANY(:units)
    AND NOT coalesce(coalesce(c.visit_id, c.hold_id) = ANY(:leaving), false) ORDER BY c.id""")
_WAITING = text("""
    SELECT u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE NOT c.firm AND u.owner_kind = 'resource' AND u.owner_id = ANY(:ids)""")
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


@dataclass(frozen=True, slots=True)
class Freed:
    """Time that somebody gave up."""

    owner: Owner
    start: datetime
    end: datetime


@dataclass(slots=True)
class Settling:
    """What becomes firm, and what makes way for it."""

    units: dict[int, int] = field(default_factory=dict)
    """Contested claim → the unit that it gets."""
    moved: dict[int, int] = field(default_factory=dict)
    """Firm claim → the unit that it gets."""
    visits: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    """Whose claims were looked at."""
    times: set[tuple[Owner, datetime, datetime]] = field(default_factory=set)
    """Of all claims that were looked at or move."""

    @property
    def keys(self) -> frozenset[Key]:
        """What must be locked before it is written."""
        subjects = {("visit", one) for one in self.visits | self.holds} | {("block", one) for one in self.blocks}
        return frozenset(subjects).union(*(time_keys(*owner, start, end) for owner, start, end in self.times))


def find_settling(connection: Connection, ids: Collection[str]) -> Settling:
    """What will become firm when these visits or holds give up their time."""
    return _plan(connection, _freed(connection.execute(_FREE, {"ids": list(ids)})), list(ids))


def settle(connection: Connection, freed: Iterable[Freed]) -> None:
    """Make contested claims firm that have room now."""
    plan = _plan(connection, freed, [])
    move_claims(connection, plan.moved)
    move_claims(connection, plan.units)
    flag(connection, sorted(plan.visits), sorted(plan.blocks))


def settle_resources(connection: Connection, resource_ids: Collection[str]) -> None:
    """The same for all that waits for these resources, since they may hold more than before."""
    settle(connection, _freed(connection.execute(_WAITING, {"ids": list(resource_ids)})))


def _freed(rows: Iterable[Any]) -> list[Freed]:
    return [Freed((row.owner_kind, row.owner_id), row.start, row.end) for row in rows]


def _plan(connection: Connection, freed: Iterable[Freed], leaving: list[str]) -> Settling:
    spans: dict[Owner, list[Freed]] = {}
    for one in freed:
        spans.setdefault(one.owner, []).append(one)
    plan = Settling()
    if not spans:
        return plan
    units = ensure_units(connection, spans)
    every_unit = [number for found in units.values() for number in found.by_number.values()]
    wanted: dict[Owner, list[Wanted]] = {}
    for row in connection.execute(_CONTESTED, {"units": every_unit, "leaving": leaving}):
        owner = (row.owner_kind, row.owner_id)
        if any(one.start < row.end and row.start < one.end for one in spans[owner]):
            wanted.setdefault(owner, []).append(Wanted(row.id, row.start, row.end))
            plan.times.add((owner, row.start, row.end))
            plan.visits |= {row.visit_id} - {None}
            plan.holds |= {row.hold_id} - {None}
            plan.blocks |= {row.block_id} - {None}
    plan.units, moved = plan_units(connection, wanted, units, leaving)
    for owner, claim, unit in moved:
        plan.moved[claim.key] = unit
        plan.times.add((owner, claim.start, claim.end))
    return plan


def plan_units(
    connection: Connection, wanted: Mapping[Owner, Sequence[Wanted]], units: Mapping[Owner, Units], leaving: list[str]
) -> tuple[dict[int, int], list[tuple[Owner, Taken, int]]]:
    """Wanted key → unit id of what fits; and firm claims that must make way for it with their new unit."""
    taken = _load_taken(connection, wanted, units, leaving)
    chosen: dict[int, int] = {}
    moved: list[tuple[Owner, Taken, int]] = []
    for owner, ones in wanted.items():
        there = taken.get(owner, [])
        plan = plan_placement(there, ones, units[owner].capacity)
        numbers = units[owner].by_number
        chosen |= {key: numbers[unit] for key, unit in plan.units.items()}
        moved += [(owner, one, numbers[plan.moved[one.key]]) for one in there if one.key in plan.moved]
    return chosen, moved


def _load_taken(
    connection: Connection, wanted: Mapping[Owner, Sequence[Wanted]], units: Mapping[Owner, Units], leaving: list[str]
) -> dict[Owner, list[Taken]]:
    """What is firm when something is wanted; of an owner of several units also what hangs together with that."""
    taken: dict[Owner, list[Taken]] = {}
    spans = {owner: (min(one.start for one in ones), max(one.end for one in ones)) for owner, ones in wanted.items()}
    while spans:
        found = _read_taken(connection, spans, units, leaving)
        taken |= found
        wider = {owner: _hull(spans[owner], there) for owner, there in found.items() if units[owner].capacity > 1}
        spans = {owner: hull for owner, hull in wider.items() if hull != spans[owner]}
    return taken


def _read_taken(
    connection: Connection, spans: Mapping[Owner, _Stretch], units: Mapping[Owner, Units], leaving: list[str]
) -> dict[Owner, list[Taken]]:
    rows = [(number, *span) for owner, span in spans.items() for number in units[owner].by_number.values()]
    unit_ids, firsts, lasts = map(list, zip(*rows, strict=True))
    values = {"units": unit_ids, "firsts": firsts, "lasts": lasts, "leaving": leaving}
    taken: dict[Owner, list[Taken]] = {}
    for row in connection.execute(_TAKEN, values):
        owner = (row.owner_kind, row.owner_id)
        taken.setdefault(owner, []).append(Taken(row.id, row.start, row.end, row.number))
    return taken


def _hull(span: _Stretch, taken: Sequence[Taken]) -> _Stretch:
    return min(span[0], *(one.start for one in taken)), max(span[1], *(one.end for one in taken))


def move_claims(connection: Connection, units: Mapping[int, int]) -> None:
    """Claim → the unit it is firm on from now; checked when all have moved."""
    if units:
        connection.execute(_MOVE, {"claims": list(units), "units": list(units.values())})


def flag(connection: Connection, visits: list[str], blocks: list[str]) -> set[str]:
    """Say of visits and blocks whether they are contested, and open or close their issues; gives contested visits."""
    if not visits and not blocks:
        return set()
    rows = connection.execute(_STANDING, {"visits": visits, "blocks": blocks})
    needs = {(row.kind, row.subject): tuple(row.needs) for row in rows}
    contested = [subject for kind, subject in needs if kind == "visit"]
    connection.execute(_FLAG, {"ids": visits, "contested": contested})
    issues = SqlIssues(connection)
    issues.open([Issue(OVERLAP, kind, subject, codes) for (kind, subject), codes in needs.items()])
    for kind, subjects in (("visit", visits), ("block", blocks)):
        issues.close(OVERLAP, kind, [subject for subject in subjects if (kind, subject) not in needs])
    return set(contested)
