"""Rows of files land with what is there already, and what others land meanwhile."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.ports.migrations import DatedRow, Partition, Stage
from hub.store.unit_of_work import SqlStore

SYSTEM = "legacy"
FILE = "visits.csv"
NEW = """
    SELECT r.id, l.line, l.why, l.month FROM landed_row l JOIN source_record r ON r.id = l.source_record_id
    WHERE l.batch_id = :batch AND r.source_id = l.source_id ORDER BY l.line"""


def row(line: int, id_: str, month: str = "2024-05", *, day: int = 1, **said: str) -> DatedRow:
    ref = SourceRef(SYSTEM, Kind.VISIT, id_)
    modified_at = datetime(2024, 6, day, tzinfo=UTC)
    return DatedRow(SourceRecord(ref, {"id": id_, **said}, modified_at=modified_at, file=FILE, line=line), month)


def land(store: SqlStore, rows: Sequence[DatedRow]) -> int:
    with store.begin("land") as work:
        batch_id = work.migrations.open_attempt(SYSTEM, "export", Partition(Stage.LAND, Kind.VISIT), "mark")
        assert work.migrations.land(batch_id, SYSTEM, Kind.VISIT, rows) == len(rows)
        work.migrations.close_attempt(batch_id, {}, {})
    return batch_id


def told(engine: Engine, batch_id: int) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(one) for one in connection.execute(text(NEW), {"batch": batch_id})]


def test_numbers_follow_the_months_and_a_repeat_has_that_of_the_row_it_repeats(store: SqlStore, engine: Engine) -> None:
    given = [
        row(2, "a", "2024-06"),
        row(3, "b"),
        row(4, "c", "2024-06", day=2, x="1"),
        row(5, "b"),
        row(6, "a", "2024-06"),
        row(7, "c", "2024-05", day=3, x="2"),
        row(8, "b"),
        row(9, "c", "2024-06", day=2, x="1"),
    ]
    found = told(engine, land(store, given))
    base = min(number for number, *_ in found)
    assert [(number - base, *rest) for number, *rest in found] == [
        (3, 2, None, "2024-06"),
        (0, 3, None, "2024-05"),
        (1, 4, "superseded", "2024-05"),
        (0, 5, "repeated", "2024-05"),
        (3, 6, "repeated", "2024-06"),
        (2, 7, None, "2024-05"),
        (0, 8, "repeated", "2024-05"),
        (1, 9, "repeated", "2024-05"),
    ]


def test_rows_that_landed_before_keep_their_numbers(store: SqlStore, engine: Engine) -> None:
    first = told(engine, land(store, [row(2, "a"), row(3, "b", x="1"), row(4, "c")]))
    second = told(engine, land(store, [row(2, "c"), row(3, "b", x="2"), row(4, "c"), row(5, "a", "2024-01")]))
    numbers = [number for number, *_ in first]
    assert [number for number, *_ in second] == [numbers[2], second[1][0], numbers[2], numbers[0]]
    assert second[1][0] > max(numbers)


def test_a_row_that_another_lands_meanwhile_lands_once(store: SqlStore, engine: Engine) -> None:
    rows = [row(2, "a"), row(3, "b"), row(4, "c")]
    others: list[int] = []

    def land_too(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM staged_landed_row s JOIN ranked_row" in statement and not others:
            others.append(0)  # before the statement of the other one comes by here
            with SqlStore(engine).begin("feed") as work:
                others[:] = [one.id for one in work.landing.land([rows[1].record])]

    event.listen(engine, "before_cursor_execute", land_too)
    try:
        found = told(engine, land(store, rows))
    finally:
        event.remove(engine, "before_cursor_execute", land_too)
    assert [number for number, *_ in found if number in others] == others
    assert len({number for number, *_ in found}) == len(rows)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM source_record")).scalar_one() == len(rows)
