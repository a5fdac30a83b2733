"""A few records as they landed: the newest state of each."""

from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.store.landing import SqlLanding

_NEWEST = text("""
SELECT max(id) FROM source_record WHERE system = :system AND kind = :kind
GROUP BY source_id ORDER BY min(id) LIMIT :limit
""")


def load_landed_sample(engine: Engine, system: str, kind: Kind, limit: int) -> tuple[SourceRecord, ...]:
    """The first records of a kind that a system sent, each in its newest state; ends of records are left out."""
    with engine.connect() as connection:
        ids = connection.execute(_NEWEST, {"system": system, "kind": str(kind), "limit": limit}).scalars().all()
        found = SqlLanding(connection).load(list(ids))
    return tuple(found[number] for number in ids if not found[number].is_end)
