"""A page costs the same however many were taken before it: what PostgreSQL planned for small tables does not stay."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, LocationId
from hub.canonical.records import Location
from hub.canonical.source import SourceRecord, SourceRef
from hub.operations.pull_changes import pull_changes
from hub.ports import Page
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.fhir_practice import ehr, open_practice

PAGE = 250


class People:
    """A system with so many patients, no two of whom are alike."""

    system = ehr().name

    def __init__(self, first: int, beyond: int) -> None:
        self.numbers = range(first, beyond)

    def read(self, kind: Kind, _cursor: str | None) -> Iterator[Page]:
        for start in self.numbers[::PAGE]:
            some = range(start, min(start + PAGE, self.numbers.stop))
            yield Page(tuple(SourceRecord(SourceRef(self.system, kind, f"p{n}"), _patient(n)) for n in some), None)

    def fetch(self, _kind: Kind, _record_id: str) -> Page | None:
        return None


def _patient(n: int) -> dict[str, object]:
    born = date(1940, 1, 1) + timedelta(days=n)
    name = {"use": "official", "family": f"Family{n}", "given": [f"Given{n}"]}
    return {"resourceType": "Patient", "id": f"p{n}", "name": [name], "birthDate": born.isoformat()}


def test_a_page_reads_no_more_of_a_table_that_has_grown_tenfold(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    assert pull_changes(ehr(), Kind.PATIENT, People(0, 3000), store).inserted == 3000
    before = _patients_read(engine)
    assert pull_changes(ehr(), Kind.PATIENT, People(3000, 3100), store).inserted == 100
    assert _patients_read(engine) - before < 1000


def test_the_database_looks_at_a_table_again_when_it_has_doubled_and_not_before(
    database: Database, store: SqlStore, engine: Engine
) -> None:
    with database.owner.begin() as owner:
        owner.execute(text("ALTER TABLE location SET (autovacuum_enabled = off)"))
    seen = []
    for beyond in (2000, 2500, 5000):
        with store.begin("test") as work:
            work.records.save(_locations(beyond))
            work.records.note_growth()
        seen.append(_rows_known(engine, "location"))
    assert seen == [2000, 2000, 5000]
    assert _rows_known(engine, "provider") <= 0, "empty, and of no interest"


def _locations(beyond: int) -> list[Location]:
    return [Location(id=LocationId(f"loc-{n}"), name=f"Location {n}") for n in range(beyond)]


def _patients_read(engine: Engine) -> int:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'patient'"
        return int(connection.execute(text(read)).scalar_one())


def _rows_known(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        known = text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
        return int(connection.execute(known, {"name": table}).scalar_one())
