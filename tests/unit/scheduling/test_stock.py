from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.practice import read_practice
from hub.scheduling.diary import Diary, LotOnHand, Promise
from hub.scheduling.stock import shelf_of

PRACTICE = read_practice(
    "{zone: UTC, products: [{id: gel, unit: tube}, {id: tox, unit: unit, strict_days: 14}]}", "p.yaml"
)
TODAY = date(2026, 3, 2)


def shelf(product="gel", lots=(), promises=()):
    diary = Diary(
        lots=tuple(
            LotOnHand(product, "main", str(i), Decimal(q), TODAY + timedelta(d)) for i, (d, q) in enumerate(lots)
        ),
        promises=tuple(Promise(product, "main", TODAY + timedelta(d), Decimal(q)) for d, q in promises),
    )
    return shelf_of(PRACTICE, diary, product, "main", TODAY)


def holds(of, *demands):
    return of.holds([(TODAY + timedelta(days), Decimal(quantity)) for days, quantity in demands])


def test_a_lot_is_usable_up_to_and_on_its_last_date():
    assert holds(shelf(lots=[(5, 1)]), (5, 1))
    assert not holds(shelf(lots=[(5, 1)]), (6, 1))


def test_an_early_visit_may_not_take_what_a_later_one_needs():
    later = shelf(lots=[(30, 1)], promises=[(20, 1)])
    assert not holds(later, (3, 1))
    assert holds(shelf(lots=[(10, 1), (30, 1)], promises=[(20, 1)]), (3, 1))


def test_two_demands_of_one_trip_are_judged_together():
    assert holds(shelf(lots=[(10, 1)]), (3, 1))
    assert not holds(shelf(lots=[(10, 1)]), (3, 1), (3, 1))


def test_promises_beyond_the_strict_days_are_neither_refused_nor_counted():
    assert holds(shelf("tox", lots=[(30, 1)]), (15, 99))
    assert not holds(shelf("tox", lots=[(30, 1)]), (14, 99))
    assert holds(shelf("tox", lots=[(30, 1)], promises=[(15, 1)]), (14, 1))


def test_nothing_is_wanted_of_an_overpromised_shelf():
    assert holds(shelf(promises=[(1, 5)]), (1, 0))
    assert shelf(promises=[(1, 5)]).most_on(TODAY) == 0


days = st.integers(-3, 8)
entries = st.lists(st.tuples(days, st.integers(1, 4)), max_size=5)


@given(entries, entries, st.lists(st.tuples(days, st.integers(1, 4)), min_size=1, max_size=3))
def test_stretches_between_expiries_say_what_every_single_date_says(lots, promises, demands):
    last = max(day for day, _ in demands)
    every_date = all(
        sum(q for day, q in [*promises, *demands] if day >= t) <= sum(q for day, q in lots if day >= t)
        for t in range(-10, last + 1)
    )
    assert holds(shelf(lots=lots, promises=promises), *demands) == every_date
