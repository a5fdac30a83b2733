"""What the report of a moved history shows beside its proof: months, samples, what waits for a person. No names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from hub.ports.migrations import MigrationHead

SAMPLES = 12
"""Random ones; of each risk a third as many."""


class Sample(NamedTuple):
    """A row to look up by hand: where it stands, and what it became."""

    why: str
    place: str
    key: str
    canonical_id: str
    start: datetime | None
    price_minor: int | None


class MonthOfVisits(NamedTuple):
    """Visits of a month by their state."""

    month: str
    states: Mapping[str, int]


class AlikeNames(NamedTuple):
    """Two rows of services that may be one: their ids there, and their names here."""

    row: str
    name: str
    other_row: str
    other_name: str
    how: str


@dataclass(frozen=True, slots=True)
class HistoryDetails:
    """Beside accounts, checks and totals."""

    months: tuple[MonthOfVisits, ...]
    samples: tuple[Sample, ...]
    conflicts: int
    pairs: int
    alike: tuple[AlikeNames, ...]
    providers: Mapping[str, str]
    """Id → name."""


_MONTHS = text("""
    SELECT to_char(v.start AT TIME ZONE coalesce(l.zone, :zone), 'YYYY-MM') AS month, v.state, count(*) AS number
    FROM visit v LEFT JOIN location l ON l.id = v.location_id
    WHERE v.origin = :system GROUP BY 1, 2 ORDER BY 1, 2""")
_LOADED = """
    SELECT d.file, d.line, d.source_key, d.canonical_id, v.start, v.price_minor
    FROM current_disposition d JOIN visit v ON v.id = d.canonical_id
    WHERE d.system = :system AND d.kind = 'visit' AND d.verdict = 'loaded' AND """
_RISKS = {
    "drawn by lot": "true ORDER BY md5(:seed || d.file || d.line) LIMIT :most * 3",
    "beside a row that stayed behind": """
        EXISTS (SELECT FROM current_disposition q WHERE q.system = d.system AND q.file = d.file
            AND q.line IN (d.line - 1, d.line + 1) AND q.verdict = 'quarantined')
        ORDER BY md5(:seed || d.line) LIMIT :most""",
    "of a person who stood there twice": """
        v.patient_id IN (SELECT survivor_id FROM person_merge WHERE undone_at IS NULL)
        ORDER BY md5(:seed || d.line) LIMIT :most""",
    "within a day of a clock change": """
        (v.start + interval '1 day') AT TIME ZONE :zone - (v.start - interval '1 day') AT TIME ZONE :zone
            <> interval '2 days'
        ORDER BY md5(:seed || d.line) LIMIT :most""",
    "of the highest prices": "true ORDER BY v.price_minor DESC NULLS LAST, d.line LIMIT :most",
    "of those that overlap another": """
        v.id IN (SELECT first_id FROM history_conflict WHERE system = :system)
        ORDER BY md5(:seed || d.line) LIMIT :most""",
}
"""Why → which of the loaded visits."""
_CONFLICTS = text("""
    SELECT count(DISTINCT id) FROM history_conflict, LATERAL (VALUES (first_id), (second_id)) AS both_of (id)
    WHERE system = :system""")
_ALIKE = text("""
    SELECT i.detail ->> 'row', one.name, other.row, two.name, other.how
    FROM review_issue i JOIN service one ON one.id = i.subject_id
    CROSS JOIN jsonb_each_text(i.detail -> 'like') AS other (row, how)
    JOIN source_link k ON (k.system, k.kind, k.source_id) = (:system, 'service', other.row)
    JOIN service two ON two.id = k.canonical_id
    WHERE i.kind = 'services_alike' AND i.state = 'open' AND i.detail ->> 'system' = :system ORDER BY 1, 3""")


def load_history_details(connection: Connection, head: MigrationHead, seed: str) -> HistoryDetails:
    """The same samples for the same seed and data."""
    values = {"system": head.system, "zone": head.zone, "seed": seed, "most": SAMPLES // 3}
    months: dict[str, dict[str, int]] = {}
    for row in connection.execute(_MONTHS, values):
        months.setdefault(row.month, {})[row.state] = row.number
    zone = ZoneInfo(head.zone)
    samples = (
        Sample(why, f"{row.file}:{row.line}", row.source_key, row.canonical_id, row.start.astimezone(zone), row[5])
        for why, which in _RISKS.items()
        for row in connection.execute(text(_LOADED + which), values)
    )
    pairs = connection.execute(text("SELECT count(*) FROM person_pair WHERE state = 'open'")).scalar_one()
    return HistoryDetails(
        tuple(MonthOfVisits(month, states) for month, states in months.items()),
        tuple(samples),
        connection.execute(_CONFLICTS, values).scalar_one(),
        pairs,
        tuple(AlikeNames(*row) for row in connection.execute(_ALIKE, values)),
        {row.id: row.name for row in connection.execute(text("SELECT id, name FROM provider"))},
    )
