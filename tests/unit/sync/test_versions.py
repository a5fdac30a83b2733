"""Which row of a record counts."""

from datetime import UTC, datetime
from random import Random

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.sync.versions import Why, decide_versions


def row(line: int, note: str, day: int | None = None, id_: str = "A1") -> SourceRecord:
    at = datetime(2026, 1, day, tzinfo=UTC) if day else None
    return SourceRecord(
        SourceRef("s", Kind.VISIT, id_), {"note": note, "day": day}, modified_at=at, file="a", line=line
    )


def decided(*rows: SourceRecord) -> tuple[int | None, list[tuple[int | None, Why]]]:
    (versions,) = decide_versions(rows)
    return versions.kept.line, [(merged.record.line, merged.why) for merged in versions.merged]


def test_a_row_alone_is_kept() -> None:
    assert decided(row(2, "a")) == (2, [])


def test_a_repeat_to_the_letter_is_merged_into_the_first() -> None:
    assert decided(row(2, "a", 5), row(3, "a", 5)) == (2, [(3, Why.REPEATED)])


@pytest.mark.parametrize("older_first", [True, False])
def test_the_version_modified_last_is_kept_wherever_it_stands(older_first: bool) -> None:
    first, second = (row(2, "old", 1), row(3, "new", 5)) if older_first else (row(2, "new", 5), row(3, "old", 1))
    kept, older = (3, 2) if older_first else (2, 3)
    assert decided(first, second) == (kept, [(older, Why.SUPERSEDED)])


def test_a_repeat_of_an_old_version_does_not_bring_it_back() -> None:
    assert decided(row(2, "old", 1), row(3, "new", 5), row(4, "old", 1)) == (
        3,
        [(4, Why.REPEATED), (2, Why.SUPERSEDED)],
    )


def test_a_row_without_a_date_comes_before_all_that_have_one_and_of_equals_the_later_row_wins() -> None:
    assert decided(row(2, "b", 1), row(3, "a"))[0] == 2
    assert decided(row(2, "a"), row(3, "b"))[0] == 3
    assert decided(row(2, "a", 4), row(3, "b", 4))[0] == 3


def test_every_row_is_accounted_for_once() -> None:
    rng = Random(5)
    rows = [row(n, rng.choice("abc"), rng.choice([None, 1, 2]), f"A{rng.randrange(20)}") for n in range(300)]
    lines = [line for v in decide_versions(rows) for line in (v.kept.line, *(m.record.line for m in v.merged))]
    assert sorted(map(int, filter(None, lines))) == sorted(filter(None, (r.line for r in rows)))


def test_records_of_other_kinds_with_the_same_id_are_others() -> None:
    visit = row(2, "a")
    assert len(decide_versions([visit, visit._replace(ref=SourceRef("s", Kind.PATIENT, "A1"))])) == 2
