"""Vials against a reference that keeps every single unit, and promises against serving them all."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.practice import Practice, read_practice
from hub.scheduling.counts import CountRequest, WasteRequest, decide_count, decide_opening, decide_waste
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary, LotOnHand, Promise
from hub.scheduling.ledger import Movement, MovementKind, key_of, lots_after
from hub.scheduling.stock import shelf_of, supply_of
from hub.scheduling.treatments import Treatment, plan_use
from hub.scheduling.vials import find_lapsed

START = datetime(2026, 10, 31, 5, 0, tzinfo=UTC)  # midnight in Chicago, the day before its clocks go back
FIRST_DAY = date(2026, 10, 31)
HOURS = [4, 12, 23, 24, 25, 36, 48, 49, 72, 100]


def practice_of(units: int, hours: int) -> Practice:
    product = f"{{id: tox, unit: unit, vial: {{units: {units}, open_hours: {hours}}}}}"
    return read_practice(f"{{zone: America/Chicago, products: [{product}]}}", "p.yaml")


def shelf_of_lots(entries: list[tuple[int, int]]) -> tuple[LotOnHand, ...]:
    return tuple(
        LotOnHand("tox", "main", f"L{n}", Decimal(held), FIRST_DAY + timedelta(days))
        for n, (held, days) in enumerate(entries)
    )


lots = st.lists(st.tuples(st.integers(0, 14), st.integers(-1, 7)), min_size=1, max_size=3)
sizes = st.integers(1, 5)


@settings(max_examples=400)
@given(
    sizes,
    st.sampled_from(HOURS),
    lots,
    st.lists(st.tuples(st.integers(0, 3 * 96), st.integers(1, 4), st.integers(0, 3 * 96)), min_size=2, max_size=14),
)
def test_whoever_was_promised_is_served_when_everybody_comes_in_order(units, hours, entries, wishes):
    """A wish is (quarter of arrival, quantity, quarter in which it is booked); bookings and arrivals interleave."""
    practice, held = practice_of(units, hours), shelf_of_lots(entries)
    ids = count()
    booked: list[tuple[datetime, int]] = []
    wishes = sorted(
        (START + timedelta(minutes=15 * min(asked, arrival)), START + timedelta(minutes=15 * arrival), quantity)
        for arrival, quantity, asked in wishes
    )

    def serve(until: datetime) -> None:
        nonlocal held
        for visit in sorted(one for one in booked if one[0] <= until):
            booked.remove(visit)
            used = {"tox": Decimal(visit[1])}
            taken = plan_use(
                practice, held, used, Treatment("main", visit[0]), visit[0], new_vial_id=lambda: f"v{next(ids)}"
            )
            assert taken is not None, f"{visit} finds {held}"
            held = lots_after(held, taken)

    for asked_at, arrives_at, quantity in wishes:
        serve(asked_at - timedelta(minutes=1))
        zone = practice.zone_of("main")
        promises = tuple(Promise("tox", "main", at.astimezone(zone).date(), Decimal(n)) for at, n in booked)
        diary = Diary(promises=promises, lots=held)
        shelf = shelf_of(practice, diary, "tox", "main", asked_at.astimezone(zone).date())
        if shelf.holds([(arrives_at.astimezone(zone).date(), Decimal(quantity))]):
            booked.append((arrives_at, quantity))
    serve(START + timedelta(days=30))


@given(sizes, st.sampled_from(HOURS), lots, st.integers(-1, 4), st.integers(1, 9))
def test_who_is_promised_alone_finds_all_that_is_there(units, hours, entries, day, quantity):
    """Nobody comes after, so what is left of a vial is nobody's loss."""
    practice, held, on = practice_of(units, hours), shelf_of_lots(entries), FIRST_DAY + timedelta(day)
    there = sum(lot.on_hand for lot in held if lot.expires_on >= on)
    shelf = shelf_of(practice, Diary(lots=held), "tox", "main", FIRST_DAY)
    assert shelf.holds([(on, Decimal(quantity))]) == (quantity <= there)


@given(sizes, lots, st.lists(st.tuples(st.integers(-1, 7), st.integers(1, 6)), max_size=5), st.integers(-1, 7))
def test_the_most_is_what_holds_and_no_unit_more(units, entries, promised, day):
    practice, on = practice_of(units, 24), FIRST_DAY + timedelta(day)
    promises = tuple(Promise("tox", "main", FIRST_DAY + timedelta(d), Decimal(n)) for d, n in promised)
    shelf = shelf_of(practice, Diary(promises=promises, lots=shelf_of_lots(entries)), "tox", "main", FIRST_DAY)
    most = shelf.most_on(on)
    assert most == 0 or shelf.holds([(on, most)])
    assert not shelf.holds([(on, most + 1)])


@given(lots, st.lists(st.tuples(st.integers(-1, 7), st.integers(1, 6)), max_size=5), st.integers(-1, 7), sizes)
def test_in_vials_of_one_unit_nothing_is_ever_left_over(entries, promised, day, quantity):
    """They are promised as units without a vial are."""
    vials, units = practice_of(1, 48), read_practice("{zone: America/Chicago, products: [{id: tox, unit: u}]}", "p")
    held, on = shelf_of_lots(entries), FIRST_DAY + timedelta(day)
    promises: tuple[Promise, ...] = ()
    for days, wanted in promised:
        more = Promise("tox", "main", FIRST_DAY + timedelta(days), Decimal(wanted))
        both = [shelf_of(one, Diary(promises=promises, lots=held), "tox", "main", FIRST_DAY) for one in (vials, units)]
        answers = [one.holds([(more.promised_on, more.quantity)]) for one in both]
        assert answers[0] == answers[1]
        promises += (more,) if answers[0] else ()
    both = [shelf_of(one, Diary(promises=promises, lots=held), "tox", "main", FIRST_DAY) for one in (vials, units)]
    assert both[0].holds([(on, Decimal(quantity))]) == both[1].holds([(on, Decimal(quantity))])
    assert both[0].most_on(on) == both[1].most_on(on)


@settings(max_examples=400)
@given(
    sizes,
    st.sampled_from(HOURS),
    lots,
    st.dictionaries(st.integers(-1, 3), st.integers(1, 2), max_size=4),
    st.lists(st.tuples(st.integers(-1, 4), st.integers(1, 3)), min_size=1, max_size=2),
)
def test_a_shelf_holds_what_leaves_nobody_without_who_would_not_have_been(units, hours, entries, promised, more):
    """However quickly it says so."""
    practice = practice_of(units, hours)
    promises = {FIRST_DAY + timedelta(days): Decimal(quantity) for days, quantity in promised.items()}
    book = tuple(Promise("tox", "main", day, quantity) for day, quantity in promises.items())
    shelf = shelf_of(practice, Diary(promises=book, lots=shelf_of_lots(entries)), "tox", "main", FIRST_DAY)
    added = [(FIRST_DAY + timedelta(days), Decimal(quantity)) for days, quantity in more]
    supply = supply_of(practice, shelf_of_lots(entries), practice.products[0], "main")
    book_and_added = [*promises.items(), *added]
    without, with_them = (
        sum(supply.unserved((day, quantity, 1) for day, quantity in one).values())
        for one in (promises.items(), book_and_added)
    )
    assert shelf.holds(added) == (with_them <= without)


@dataclass
class Unit:
    """One unit, and what has become of it."""

    lot: str
    expires_on: date
    vial: int | None = None
    closes_at: datetime | None = None
    fate: str = "there"


class Naive:
    """Every unit by itself."""

    def __init__(self, entries: list[tuple[int, int]], units: int, hours: int) -> None:
        self.size, self.hours = units, timedelta(hours=hours)
        self.units = [
            Unit(f"L{n}", FIRST_DAY + timedelta(days)) for n, (held, days) in enumerate(entries) for _ in range(held)
        ]
        self.vials = count()

    def there(self, **wanted: object) -> list[Unit]:
        return [u for u in self.units if u.fate == "there" and all(getattr(u, k) == v for k, v in wanted.items())]

    def lapse(self, now: datetime) -> None:
        for unit in self.there():
            if unit.closes_at is not None and unit.closes_at <= now:
                unit.fate = "wasted"

    def open(self, lot: str, at: datetime, zone) -> None:
        number = next(self.vials)
        for unit in self.there(lot=lot, vial=None)[: self.size]:
            end_of_lot = datetime.combine(unit.expires_on + timedelta(1), datetime.min.time(), zone).astimezone(UTC)
            unit.vial, unit.closes_at = number, min(at + self.hours, end_of_lot)

    def opened(self, among: list[Unit]) -> list[Unit]:
        return sorted((u for u in among if u.closes_at), key=lambda u: (u.closes_at, u.expires_on, u.lot, u.vial))

    def use(self, quantity: int, at: datetime, zone) -> bool:
        """All or nothing, out of what is usable on the date of `at`."""
        day = at.astimezone(zone).date()
        if len([u for u in self.there() if u.expires_on >= day]) < quantity:
            return False
        for _ in range(quantity):
            usable = [u for u in self.there() if u.expires_on >= day]
            if not self.opened(usable):
                self.open(min((u.expires_on, u.lot) for u in usable)[1], at, zone)
            self.opened([u for u in usable if u.fate == "there"])[0].fate = "used"
        return True

    def waste(self, lot: str, quantity: int, sealed: bool) -> bool:
        among = self.there(lot=lot, vial=None) if sealed else self.there(lot=lot)
        if len(among) < quantity:
            return False
        for unit in [*self.opened(among), *(u for u in among if u.closes_at is None)][:quantity]:
            unit.fate = "wasted"
        return True


steps = st.lists(
    st.tuples(
        st.sampled_from(["use", "use", "open", "waste", "count"]),
        st.integers(0, 30),  # hours that pass before
        st.integers(1, 7),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=14,
)


@settings(max_examples=400)
@given(sizes, st.sampled_from(HOURS), lots, steps)
def test_the_ledger_says_what_becomes_of_every_single_unit(units, hours, entries, wanted):
    practice = practice_of(units, hours)
    zone, ids, now = practice.zone_of("main"), count(), START
    opening = tuple(
        Movement(MovementKind.RECEIVED, key_of(lot), now, change=lot.on_hand, expires_on=lot.expires_on)
        for lot in shelf_of_lots(entries)
    )
    ledger: tuple[Movement, ...] = opening
    naive = Naive(entries, units, hours)
    for kind, passed, quantity, number, flag in wanted:
        now += timedelta(hours=passed)
        held = lots_after((), ledger)
        naive.lapse(now)
        lot = ("tox", "main", f"L{number % len(entries)}")
        done: tuple[Movement, ...] | Refusal | None
        if kind == "use":
            treatment = Treatment("main", now, provider_id="dana")
            done = plan_use(
                practice, held, {"tox": Decimal(quantity)}, treatment, now, new_vial_id=lambda: f"v{next(ids)}"
            )
            assert (done is not None) == naive.use(quantity, now, zone)
        elif kind == "open":
            done = decide_opening(practice, held, lot, "dana", now, new_vial_id=lambda: f"v{next(ids)}")
            if not isinstance(done, Refusal):
                naive.open(lot[2], now, zone)
        elif kind == "waste":
            done = decide_waste(held, WasteRequest(lot, Decimal(quantity), "dana", "lee", "broken", sealed=flag), now)
            assert isinstance(done, Refusal) != naive.waste(lot[2], quantity, flag)
        else:
            there = Decimal(len(naive.there(lot=lot[2])))
            counted = decide_count(practice, held, ledger, CountRequest(lot, there, "dana"), now)
            assert not isinstance(counted, Refusal)
            assert (counted.variance, counted.book) == (0, there)
            done = counted.movements
        if done and not isinstance(done, Refusal):
            ledger += done
        held = lots_after((), (*ledger, *find_lapsed(lots_after((), ledger), now)))
        assert_same(naive, held, ledger)


def assert_same(naive: Naive, held: tuple[LotOnHand, ...], ledger: tuple[Movement, ...]) -> None:
    for lot in held:
        there = naive.there(lot=lot.lot)
        assert lot.on_hand == len(there)
        assert lot.sealed == len([u for u in there if u.vial is None])
        remaining: dict[int | None, int] = {}
        for unit in there:
            remaining[unit.vial] = remaining.get(unit.vial, 0) + 1
        remaining.pop(None, None)
        assert sorted(vial.remaining for vial in lot.open_vials) == sorted(remaining.values())
        used = -sum(one.change for one in ledger if one.lot == key_of(lot) and one.kind is MovementKind.USED)
        assert used == len([u for u in naive.units if u.lot == lot.lot and u.fate == "used"])


@given(
    sizes,
    lots,
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2), st.booleans(), st.integers(0, 30)), max_size=8),
)
def test_after_a_count_the_lot_holds_what_was_counted_and_no_vial_more_than_its_size(units, entries, counts):
    practice, now, ids = practice_of(units, 24), START, count()
    held = shelf_of_lots(entries)
    for counted, number, opens, passed in counts:
        now += timedelta(hours=passed)
        lot = ("tox", "main", f"L{number % len(entries)}")
        if opens:
            opened = decide_opening(practice, held, lot, "dana", now, new_vial_id=lambda: f"v{next(ids)}")
            held = held if isinstance(opened, Refusal) else lots_after(held, opened)
        said = decide_count(practice, held, (), CountRequest(lot, Decimal(counted), "dana"), now)
        assert not isinstance(said, Refusal)
        assert said.is_open == (said.variance != 0)
        held = lots_after(held, said.movements)
        (after,) = (one for one in held if key_of(one) == lot)
        assert after.on_hand == counted == said.book + said.variance
        assert after.sealed >= 0
        assert all(0 < vial.remaining <= units for one in held for vial in one.open_vials)
