"""Claims as the database packs them."""

import struct
from datetime import UTC, datetime, timedelta

from hub.scheduling.diary import Diary
from hub.scheduling.timeline import minute_of
from hub.store.packed_claims import PackedClaims, unpacked

NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FOREVER = (1 << 63) - 1


def packed(start: datetime, end: datetime | None, claim_id: int) -> bytes:
    """One row as PostgreSQL sends it: big-endian microseconds since 2000, `infinity` the largest number."""
    since = [(one - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for one in (start, end or start)]
    return struct.pack(">qqq", since[0], since[1] if end else FOREVER, claim_id)


def book() -> PackedClaims:
    hour = packed(NINE, NINE + 60 * MINUTE, 1) + packed(NINE - 60 * MINUTE, NINE, 2)
    held = packed(NINE + 90 * MINUTE, NINE + 120 * MINUTE, 3)
    return unpacked([("ann", 1, None, hour), ("ann", 1, NINE, held), ("room", 2, None, packed(NINE, None, 4))])


def test_claims_are_made_in_order_of_start_with_their_units() -> None:
    made = Diary(claims=book()).claims_of
    assert [(one.id, one.start_at, one.unit) for one in made["ann"]] == [
        ("2", NINE - 60 * MINUTE, 1),
        ("1", NINE, 1),
        ("3", NINE + 90 * MINUTE, 1),
    ]
    assert made["ann"] is made["ann"]
    assert set(made) == {"ann", "room"}
    assert len(book()) == 4


def test_a_claim_without_an_end_goes_on_and_a_part_of_a_minute_takes_all_of_it() -> None:
    (endless,) = book().claims_of("room")
    assert endless.end_at == datetime.max.replace(tzinfo=UTC)
    second = timedelta(seconds=1)
    odd = unpacked([("ann", 1, None, packed(NINE + second, NINE + MINUTE + second, 1))])
    assert odd.spans_of("ann") == [(minute_of(NINE), minute_of(NINE) + 2)]


def test_a_hold_goes_at_its_deadline_and_says_which_minutes_it_frees() -> None:
    at = minute_of(NINE)
    same, freed = book().without_ended(NINE - timedelta(microseconds=1))
    assert (len(same), freed) == (4, {})
    left, freed = book().without_ended(NINE)
    assert freed == {"ann": [(at + 90, at + 120)]}
    assert sorted(left.spans_of("ann")) == [(at - 60, at), (at, at + 60)]


def test_what_touches_the_changed_minutes_is_exchanged_and_the_rest_is_shared() -> None:
    at, before = minute_of(NINE), book()
    found = unpacked([("ann", 1, None, packed(NINE + 5 * MINUTE, NINE + 10 * MINUTE, 5))])
    after = before.replaced({"ann": [(at, at + 30)]}, found)
    assert sorted(after.spans_of("ann")) == [(at - 60, at), (at + 5, at + 10), (at + 90, at + 120)]
    assert after.claims_of("room") == before.claims_of("room")
    assert len(before.spans_of("ann")) == 3
