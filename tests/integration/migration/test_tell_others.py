"""Moving a history tells nobody; what others are to know of it is listed, and sent on purpose, once."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Visit, VisitState
from hub.errors import InvalidInput, NeedsAttention
from hub.operations.migration.tell_others import Untold, find_untold, tell_others
from hub.ports import Delivery
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import run_of
from tests.legacy.generate import generate

TOLD = {Kind.VISIT: ("crm", "legacy", "sms"), Kind.PATIENT: ("crm",), Kind.SERVICE: ("crm",)}


@pytest.fixture
def moved(engine: Engine, tmp_path: Path) -> SqlStore:
    """A history in whose midst it is now."""
    generate(4, 80, tmp_path / "export")
    run_of(SqlStore(engine), tmp_path / "export").run()
    with engine.connect() as connection:
        middle = connection.execute(text("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY start) FROM visit"))
        now: datetime = middle.scalar_one()
    return SqlStore(engine, clock=lambda _: now.astimezone(UTC))


def to_come(store: SqlStore) -> list[Visit]:
    with store.begin("test") as work:
        visits = [one for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit)]
        return [one for one in visits if one.start >= work.now and one.state is VisitState.BOOKED]


def listed(store: SqlStore, *, whole: bool = False) -> tuple[Untold, ...]:
    with store.begin("test") as work:
        return find_untold(work, "legacy", TOLD, whole=whole)


def waiting(store: SqlStore, *connections: str) -> list[Delivery]:
    with store.begin("test") as work:
        return [one for connection in connections for one in work.outbox.find_waiting(connection)]


def test_nobody_is_told_of_a_history_that_is_moved_nor_when_it_is_listed(moved: SqlStore) -> None:
    assert listed(moved)
    assert waiting(moved, "crm", "sms", "legacy") == []


def test_what_is_to_come_and_whose_it_is_goes_to_whom_it_concerns_and_not_back(moved: SqlStore) -> None:
    visits = to_come(moved)
    assert visits
    found = {(one.connection, one.kind): one.ids for one in listed(moved)}
    assert found == {
        ("crm", Kind.PATIENT): tuple(sorted({one.patient_id for one in visits})),
        ("crm", Kind.VISIT): tuple(sorted(one.id for one in visits)),
        ("sms", Kind.VISIT): tuple(sorted(one.id for one in visits)),
    }


def test_what_was_listed_is_told_once(moved: SqlStore) -> None:
    before = listed(moved)
    assert tell_others(moved, "legacy", TOLD, "Dr. Lee") == before
    told = Counter((one.kind, one.canonical_id) for one in waiting(moved, "crm", "sms"))
    assert told == Counter((one.kind, id_) for one in before for id_ in one.ids)
    assert listed(moved) == ()
    assert tell_others(moved, "legacy", TOLD, "Dr. Lee") == ()
    assert len(waiting(moved, "crm", "sms")) == told.total()


def test_all_of_it_is_told_only_where_that_is_asked_for(moved: SqlStore) -> None:
    whole = {(one.connection, one.kind): len(one.ids) for one in listed(moved, whole=True)}
    with moved.begin("test") as work:
        led = {kind: set(work.links.find_all("legacy", kind).values()) for kind in TOLD}
    held = {kind: len(ids) for kind, ids in led.items()}
    assert whole == {
        ("crm", Kind.PATIENT): held[Kind.PATIENT],
        ("crm", Kind.SERVICE): held[Kind.SERVICE],
        ("crm", Kind.VISIT): held[Kind.VISIT],
        ("sms", Kind.VISIT): held[Kind.VISIT],
    }
    assert held[Kind.VISIT] > len(to_come(moved))


def test_somebody_answers_for_it(moved: SqlStore, engine: Engine) -> None:
    with pytest.raises(InvalidInput):
        tell_others(moved, "legacy", TOLD, " ")
    assert waiting(moved, "crm", "sms") == []
    tell_others(moved, "legacy", TOLD, "Dr. Lee")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT actor FROM audit_entry WHERE action = 'tell_of_history'")).scalars()
        assert set(rows) == {"Dr. Lee"}


def test_a_history_that_is_not_here_is_one_clear_message(moved: SqlStore) -> None:
    with pytest.raises(NeedsAttention, match="the history of elsewhere is not here yet"):
        tell_others(moved, "elsewhere", TOLD, "Dr. Lee")
