"""Visits that run otherwise than planned: their claims follow and are firm, whom they meet is contested."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.time import Span
from hub.ports import FactClaim, TakenBy
from hub.scheduling.knock_on import Standing, Taken
from hub.scheduling.running import Turn
from hub.store.claims import SqlClaims
from hub.store.moment import Moment
from hub.store.settling import flag

_CLAIMS = """
    SELECT CAST(c.id AS text) AS id, u.owner_kind, u.owner_id, c.step, c.need,
        lower(c.during) AS start, upper(c.during) AS "end", coalesce(c.visit_id, c.hold_id, c.block_id) AS standing,
        v.state IS NULL OR v.state NOT IN ('booked', 'arrived') AS is_fixed
    FROM {source} JOIN resource_unit u ON u.id = c.unit_id LEFT JOIN visit v ON v.id = c.visit_id
        LEFT JOIN hold h ON h.id = c.hold_id LEFT JOIN block b ON b.id = c.block_id
    WHERE {which}
    ORDER BY coalesce(v.created_at, h.created_at, b.created_at), coalesce(v.trip_number, h.number), standing, c.id"""
_OF_VISIT = text(_CLAIMS.format(source="claim c", which="c.visit_id = :id"))
_OF_OTHERS = text(
    "WITH near AS MATERIALIZED (SELECT DISTINCT visit_id, hold_id, block_id FROM claim"  # noqa: S608 constants
    " WHERE during && tstzrange(:since, :until))"
    + _CLAIMS.format(
        source="near JOIN claim c"
        " ON c.visit_id = near.visit_id OR c.hold_id = near.hold_id OR c.block_id = near.block_id",
        which="coalesce(c.visit_id, '') <> ALL(:ids) AND coalesce(h.expires_at > :now, true)",
    )
)
_CONTEST = text("UPDATE claim SET firm = false WHERE id = ANY(:ids) AND firm")
_DISPLACED = text("SELECT DISTINCT visit_id, block_id FROM claim WHERE id = ANY(:ids)")
_TURN = text("""
    UPDATE visit SET start = :start, "end" = :end, fee_from = coalesce(fee_from, start), updated_at = now(),
        revision = revision + 1
    WHERE id = :id""")
_TIMES = text('SELECT start, "end" FROM visit WHERE id = :id')


class SqlRunning:
    """`hub.ports.Running`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load(self, visit_id: str) -> TakenBy:
        """See the port."""
        rows = self._connection.execute(_OF_VISIT, {"id": visit_id}).all()
        steps: dict[str, Span] = {}
        for row in rows:
            if row.step is not None:
                known = steps.get(row.step, Span(row.start, row.end))
                steps[row.step] = Span(min(known.start, row.start), max(known.end, row.end))
        return TakenBy(_standing(visit_id, rows), steps)

    def load_others(self, visit_ids: Collection[str], since: datetime, until: datetime) -> tuple[Standing, ...]:
        """See the port."""
        values = {"ids": list(visit_ids), "since": since, "until": until, "now": self._moment.now}
        rows = self._connection.execute(_OF_OTHERS, values).all()
        return tuple(_standing(one, group) for one, group in groupby(rows, key=lambda row: str(row.standing)))

    def follow(self, visit_id: str, turn: Turn, displaced: Collection[str]) -> None:
        """See the port."""
        met = {"ids": [int(one) for one in displaced]}
        self._connection.execute(_CONTEST, met)
        SqlClaims(self._connection, self._moment).place(self._facts(visit_id, turn))
        times = self._connection.execute(_TIMES, {"id": visit_id}).one()
        moved = {"id": visit_id, "start": turn.at(times.start), "end": turn.at(times.end)}
        self._connection.execute(_TURN, moved)
        rows = self._connection.execute(_DISPLACED, met).all()
        visits, blocks = {row.visit_id for row in rows}, {row.block_id for row in rows}
        flag(self._connection, sorted(visits - {None}), sorted(blocks - {None}))

    def _facts(self, visit_id: str, turn: Turn) -> list[FactClaim]:
        rows = self._connection.execute(_OF_VISIT, {"id": visit_id}).all()
        moved = ((row, turn.span(row.start, row.end)) for row in rows)
        return [
            FactClaim(row.owner_kind, row.owner_id, Span(*span), visit_id=visit_id, step=row.step, need=row.need)
            for row, span in moved
            if span
        ]


def _standing(standing_id: str, rows: Iterable[Any]) -> Standing:
    rows = tuple(rows)
    taken = tuple(Taken((row.owner_kind, row.owner_id), row.start, row.end, row.id) for row in rows)
    return Standing(standing_id, taken, is_fixed=any(row.is_fixed for row in rows))
