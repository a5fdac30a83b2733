"""The configuration in force and what of it the tables need to know."""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.dialects.postgresql import Range

from hub.ports import AppliedPractice, BookableResource, InForce, Saved, Site
from hub.scheduling.absences import Absence
from hub.scheduling.diary import LotOnHand
from hub.store import tables
from hub.store.bulk import stage
from hub.store.driver import run
from hub.store.journey import Found
from hub.store.tables import practice_version

PEOPLE = frozenset({"provider", "assistant"})
"""The kinds that live in the table of providers; every other kind is a resource."""

_NUMBER_UNITS = text("""
    INSERT INTO resource_unit (owner_kind, owner_id, number)
    SELECT 'resource', wanted.id, n
    FROM unnest(CAST(:ids AS text[]), CAST(:capacities AS int[])) AS wanted (id, capacity),
        LATERAL generate_series(1, wanted.capacity) AS n
    WHERE NOT EXISTS (SELECT FROM resource_unit u
        WHERE u.owner_kind = 'resource' AND u.owner_id = wanted.id AND u.number = n)
    ON CONFLICT DO NOTHING""")
_ADD_LOTS = """
    INSERT INTO lot AS l (product_id, location_id, name, expires_on)
    SELECT product_id, location_id, name, expires_on FROM staged_lot
    ON CONFLICT (product_id, location_id, name) DO UPDATE SET expires_on = excluded.expires_on
    WHERE l.expires_on <> excluded.expires_on
    RETURNING l.id, l.xmax = 0 AS is_new"""
_OPENING_COUNTS = """
    INSERT INTO lot_movement (lot_id, kind, at, change, actor)
    SELECT l.id, 'received', now(), s.on_hand, 'system:hub'
    FROM staged_lot s JOIN lot l USING (product_id, location_id, name) WHERE l.id = ANY(:ids) ORDER BY l.id"""


IN_FORCE = """
    (SELECT json_build_array(id, sha256) FROM practice_version ORDER BY id DESC LIMIT 1) AS newest,
    (SELECT json_build_array(count(*), max(id)) FROM absence) AS absences,
    EXISTS (SELECT FROM review_issue
        WHERE kind = 'breaks_rules' AND subject_kind = 'visit' AND state = 'open') AS has_flagged,
    (SELECT json_agg(subject_id) FROM review_issue WHERE kind = 'reorder' AND state = 'open') AS reorders,
    (SELECT json_agg(s.system) FROM cutover_step s WHERE s.step = 'switch' AND s.detail -> 'kinds' ? 'visit'
        AND NOT EXISTS (SELECT FROM cutover_step b
            WHERE b.system = s.system AND b.number = s.number AND b.step = 'back')) AS cut_over"""
"""Columns for `SqlPractices.recall`."""
_VERSION = "SELECT sha256 FROM practice_version WHERE id = %(id)s"


class PracticeCopies:
    """What one process has read of one database's configuration."""

    def __init__(self) -> None:
        self.texts: dict[tuple[int, str], AppliedPractice] = {}
        """Practice files by version and digest."""
        self.absences: tuple[tuple[int, int | None], tuple[Absence, ...]] | None = None
        """(how many, the last one's number) and who is away."""
        self.recalled: InForce | None = None
        """What was in force when somebody looked last."""


class SqlPractices:
    """`hub.ports.Practices`."""

    def __init__(self, connection: Connection, copies: PracticeCopies) -> None:
        self._connection = connection
        self._copies = copies
        self._newest: AppliedPractice | None = None

    @property
    def recalled(self) -> InForce | None:
        """What was in force when this process looked last; None: it has not looked yet."""
        return self._copies.recalled

    def find_in_force(self) -> InForce:
        """See the port."""
        return self.recall(run(self._connection, f"SELECT {IN_FORCE}")[0])

    def find(self, version: int) -> AppliedPractice | None:
        """See the port."""
        if self._newest is not None and self._newest.version == version:
            return self._newest
        rows = run(self._connection, _VERSION, {"id": version})
        return self._text(version, rows[0]["sha256"]) if rows else None

    def recall(self, seen: Found) -> InForce:
        """What a statement that asked for `IN_FORCE` saw."""
        newest, absences = seen["newest"], seen["absences"]
        self._newest = self._text(*newest) if newest else None
        in_force = self._copies.recalled = InForce(
            practice=self._newest,
            absences=self._absences((absences[0], absences[1])),
            has_flagged=seen["has_flagged"],
            reorders=frozenset(seen["reorders"] or ()),
            cut_over=frozenset(seen["cut_over"] or ()),
        )
        return in_force

    def _text(self, version: int, digest: str) -> AppliedPractice:
        """That version with that digest. Read once in this process: a version never changes."""
        texts = self._copies.texts
        if (version, digest) not in texts:
            query = select(practice_version).where(practice_version.c.id == version)
            row = self._connection.execute(query).one()
            texts[version, digest] = AppliedPractice(row.id, row.name, row.document)
        return texts[version, digest]

    def _absences(self, state: tuple[int, int | None]) -> tuple[Absence, ...]:
        """They are only ever added, and no number is given twice: as many with the same last one are the same."""
        kept = self._copies.absences
        if kept is None or kept[0] != state:
            kept = self._copies.absences = (state, load_absences(self._connection))
        return kept[1]

    def save_absence(self, absence: Absence, reason: str | None = None) -> None:
        """See the port."""
        during = Range(absence.starts_at, absence.ends_at)
        row = {"resource_id": absence.resource_id, "during": during, "reason": reason}
        self._connection.execute(insert(tables.absence), row)

    def save(self, file: str, text: str) -> bool:
        """See the port."""
        current = self.find_in_force().practice
        if current is not None and current.text == text:
            return False
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._connection.execute(insert(practice_version), {"name": file, "document": text, "sha256": digest})
        return True

    def save_sites(self, sites: Sequence[Site]) -> Saved:
        """See the port."""
        rows = [(site.id, site.name, site.zone) for site in sites]
        return self._upsert(tables.location, ("id", "name", "zone"), rows)

    def save_resources(self, resources: Sequence[BookableResource]) -> Saved:
        """See the port."""
        columns = ("id", "name", "kind", "location_id", "capacity", "bookable")
        inserted: list[str] = []
        updated: list[str] = []
        for table, of_people in ((tables.provider, True), (tables.resource, False)):
            chosen = [one for one in resources if (one.kind in PEOPLE) == of_people]
            rows = [(one.id, one.name, one.kind, one.location_id, one.capacity, True) for one in chosen]
            saved = self._upsert(table, columns, rows)
            inserted += saved.inserted
            updated += saved.updated + self._retire(table, [one.id for one in chosen])
        sizes = {"ids": [one.id for one in resources], "capacities": [one.capacity for one in resources]}
        self._connection.execute(_NUMBER_UNITS, sizes)
        return Saved(tuple(inserted), tuple(updated), len(resources) - len(set(inserted) | set(updated)))

    def save_lots(self, lots: Sequence[LotOnHand]) -> int:
        """See the port."""
        columns = ("product_id", "location_id", "name", "on_hand", "expires_on")
        rows = ((lot.product_id, lot.location_id, lot.lot, lot.on_hand, lot.expires_on) for lot in lots)
        staged = stage(self._connection, tables.lot, columns, rows)
        new = [row.id for row in staged.execute(self._connection, _ADD_LOTS) if row.is_new]
        staged.execute(self._connection, _OPENING_COUNTS, {"ids": new})
        return len(new)

    def _upsert(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Saved:
        staged = stage(self._connection, table, columns, rows, prefix="practice")
        listed = ", ".join(columns)
        new = ", ".join(f"excluded.{name}" for name in columns if name != "name")
        old = ", ".join(f"t.{name}" for name in columns if name != "name")
        name = "CASE WHEN t.source_record_id IS NULL THEN excluded.name ELSE t.name END"
        changes = ", ".join(f"{one} = excluded.{one}" for one in columns if one not in ("id", "name"))
        statement = f"""
            INSERT INTO {table.name} AS t ({listed}) SELECT {listed} FROM practice_{table.name}
            ON CONFLICT (id) DO UPDATE SET {changes}, name = {name}, updated_at = now(), revision = t.revision + 1
            WHERE ({old}, t.name) IS DISTINCT FROM ({new}, {name})
            RETURNING t.id, t.xmax = 0 AS is_new"""  # noqa: S608 the names are the tables' own
        done = staged.execute(self._connection, statement)
        inserted = tuple(row.id for row in done if row.is_new)
        updated = tuple(row.id for row in done if not row.is_new)
        return Saved(inserted, updated, len(rows) - len(done))

    def _retire(self, table: Table, kept: Collection[str]) -> tuple[str, ...]:
        statement = table.update().where(table.c.bookable, table.c.id.not_in(kept)).values(bookable=False)
        return tuple(self._connection.execute(statement.returning(table.c.id)).scalars())


def load_absences(connection: Connection) -> tuple[Absence, ...]:
    """When resources are away beside what the practice file says, in the order in which it was noted."""
    rows = run(connection, "SELECT resource_id, during FROM absence ORDER BY id")
    return tuple(Absence(row["resource_id"], row["during"].lower, row["during"].upper) for row in rows)
