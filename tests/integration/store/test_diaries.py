"""What a process keeps of the schedule says at every moment what the tables say, whoever wrote."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, text

from hub.canonical.records import VisitState
from hub.canonical.time import Span
from hub.operations.apply_practice import apply_practice, practice_of
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import Held, hold_visit
from hub.ports import FactClaim, InForce
from hub.scheduling.absences import Absence
from hub.scheduling.diary import Diary
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice, wanted
from tests.integration.store.records_made_up import visit

DAY = NINE.date()
SERVICES = ("consult", "gel-mask", "drip", "laser")


def content(diary: Diary) -> dict[str, object]:
    """What a diary says, whatever order it says it in."""
    return {
        "claims": {resource: frozenset(claims) for resource, claims in diary.claims_of.items() if claims},
        "flat": frozenset(diary.claims),
        "promises": sorted((p.product_id, p.location_id, p.promised_on, p.quantity) for p in diary.promises),
        "lots": sorted((lot.product_id, lot.lot, lot.on_hand, lot.expires_on) for lot in diary.lots),
        "people": (dict(diary.patients), frozenset(diary.visits), frozenset(diary.packages)),
    }


def load(store: SqlStore, first: date = DAY, last: date = DAY + timedelta(days=3)) -> Diary:
    with store.begin("test") as work:
        return work.diaries.load(first_on=first, last_on=last, patient_ids=["pat-1", "pat-2"], location_id="main")


def openings(store: SqlStore, service: str) -> object:
    request = OpeningsRequest(Trip((Part(service, "pat-1"),), "main"), DAY, DAY + timedelta(days=3))
    return find_openings(store, request)


def assert_never_stale(keeping: SqlStore, engine: Engine) -> None:
    """The store that keeps copies answers as one that has none."""
    assert content(load(keeping)) == content(load(SqlStore(engine)))
    for service in SERVICES:
        assert openings(keeping, service) == openings(SqlStore(engine), service)


class Writer:
    """Changes the book at random, over connections of its own."""

    def __init__(self, engine: Engine, owner: Engine, seed: int) -> None:
        self.store, self.owner, self.dice = SqlStore(engine), owner, Random(seed)
        self.booked: list[str] = []
        self.count = 0

    def act(self) -> None:
        """Do one of what anybody may do."""
        acts: list[Callable[[], None]] = [
            self.book, self.book, self.hold, self.cancel, self.import_visit, self.block, self.apply, self.count_lot,
            self.shift, self.give_up, self.delete_visit, self.go_away,
        ]  # fmt: skip
        self.dice.choice(acts)()

    def at(self) -> datetime:
        return NINE + timedelta(days=self.dice.randrange(4), minutes=5 * self.dice.randrange(36))

    def book(self) -> None:
        minutes = int((self.at() - NINE).total_seconds()) // 60
        request = wanted(self.dice.choice(SERVICES), minutes, patient=self.dice.randrange(6))
        booked = book_visit(self.store, request, actor="test")
        if isinstance(booked, Booked):
            self.booked += [one.id for one in booked.visits]

    def hold(self) -> None:
        minutes = int((self.at() - NINE).total_seconds()) // 60
        request = wanted(self.dice.choice(SERVICES), minutes, patient=self.dice.randrange(6))
        held = hold_visit(self.store, request, actor="test")
        if isinstance(held, Held) and self.dice.random() < 0.5:
            book_hold(self.store, held.hold_id, actor="test")

    def cancel(self) -> None:
        if self.booked:
            cancel_visit(self.store, self.booked.pop(self.dice.randrange(len(self.booked))), actor="test")

    def import_visit(self) -> None:
        """A fact, often one that clashes and is contested, sometimes the same one changed."""
        start, state = self.at(), self.dice.choice([VisitState.BOOKED, VisitState.BOOKED, VisitState.CANCELLED])
        number, provider = self.dice.randrange(5), self.dice.choice(["dr-lee", "dr-kim"])
        made = visit(f"-fact-{number}", 0, 30, patient=self.dice.randrange(6), provider=provider).model_copy(
            update={"start": start, "end": start + timedelta(minutes=45), "state": state}
        )
        with self.store.begin("test") as work:
            work.records.save([made])
            work.claims.place_facts([made.id])

    def block(self) -> None:
        """Somebody is away, up to a fortnight."""
        block, start = f"block-{self.dice.randrange(3)}", self.at() - timedelta(days=self.dice.randrange(9))
        span = Span(start, start + timedelta(minutes=self.dice.choice([60, 24 * 60, 14 * 24 * 60])))
        with self.store.begin("test") as work:
            work.claims.save_block(block, "main", span)
            work.claims.place([FactClaim("resource", self.dice.choice(["dr-ray", "room-2"]), span, block_id=block)])

    def apply(self) -> None:
        """The same practice with another lot."""
        self.count += 1
        lot = f"{{product: gel, lot: N{self.count}, on_hand: 1, expires: 2098-03-0{1 + self.dice.randrange(8)}}}"
        apply_practice(self.store, PRACTICE.replace("stock: [", f"stock: [{lot}, "), "practice.yaml")

    def go_away(self) -> None:
        """Somebody will not be there, beside what the practice file says."""
        start = self.at()
        with self.store.begin("test") as work:
            work.practices.save_absence(
                Absence(self.dice.choice(["dr-lee", "room-1"]), start, start + timedelta(minutes=20))
            )

    def count_lot(self) -> None:
        found = self.dice.randrange(4)
        self.run(
            "INSERT INTO lot_movement (lot_id, kind, at, change, actor)"
            " SELECT id, 'adjusted', now(), :n - on_hand, 'test' FROM lot WHERE name = 'G1' AND on_hand <> :n",
            n=found,
        )

    def shift(self) -> None:
        """A claim's time changed by hand; a clash is refused and nothing has happened."""
        self.run(
            "UPDATE claim SET during = tstzrange(lower(during) + interval '5 days', upper(during) + interval '5 days') "
            "WHERE id = (SELECT id FROM claim ORDER BY md5(id::text || :n) LIMIT 1) AND block_id IS NULL",
            n=str(self.dice.random()),
            refused=True,
        )

    def give_up(self) -> None:
        """Whatever is written, it is taken back."""
        connection = self.owner.connect()
        connection.execute(text("DELETE FROM claim"))
        connection.execute(text("UPDATE lot SET on_hand = 77"))
        connection.rollback()
        connection.close()

    def delete_visit(self) -> None:
        """Claims and promises go with it."""
        if self.booked:
            self.run("DELETE FROM visit WHERE id = :n", n=self.booked.pop())

    def run(self, statement: str, *, refused: bool = False, **values: object) -> None:
        with self.owner.connect() as connection:
            try:
                connection.execute(text(statement), values)
                connection.commit()
            except Exception:
                if not refused:
                    raise
                connection.rollback()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_says_what_the_tables_say_after_any_change(
    engine: Engine, owner: Engine, store: SqlStore, seed: int
) -> None:
    open_practice(store, patients=6)
    writer = Writer(engine, owner, seed)
    for _ in range(25):
        for _ in range(writer.dice.choice([1, 1, 3])):
            writer.act()
        assert_never_stale(store, engine)


def test_transactions_that_commit_in_another_order_than_they_began_are_all_seen(
    engine: Engine, owner: Engine, store: SqlStore
) -> None:
    open_practice(store, patients=6)
    booked = [book_visit(store, wanted(minutes=30 * n, patient=n), actor="test") for n in range(3)]
    ids = [one.visits[0].id for one in booked if isinstance(one, Booked)]
    assert len(ids) == 3
    first, second, third = (owner.connect() for _ in range(3))
    for connection, visit_id in zip((first, second, third), ids, strict=True):
        connection.execute(text("DELETE FROM claim WHERE visit_id = :id"), {"id": visit_id})
        assert_never_stale(store, engine)
    second.commit()
    assert_never_stale(store, engine)
    third.rollback()
    first.commit()
    assert_never_stale(store, engine)
    assert sum(map(len, load(store).claims_of.values())) == 2
    for connection in (first, second, third):
        connection.close()


@pytest.mark.parametrize("has_looked", [False, True], ids=["for the first time", "again"])
def test_a_look_is_of_one_moment_whatever_others_do_while_it_reads(
    engine: Engine, store: SqlStore, has_looked: bool
) -> None:
    open_practice(store, patients=6)
    used = book_visit(store, wanted("gel-mask", patient=2), actor="test")
    assert isinstance(used, Booked)
    later = SqlStore(engine, clock=lambda _: NINE + timedelta(days=9))
    done: list[object] = []

    def change() -> None:
        done.append(book_visit(SqlStore(engine), wanted("gel-mask", 60, patient=1), actor="test"))
        done.append(complete_visit(later, used.visits[0].id, actor="test"))

    def look(looking: SqlStore, meanwhile: Callable[[], None] | None = None) -> dict[str, object]:
        def ids(in_force: InForce) -> frozenset[str]:
            if meanwhile is not None and not done:
                meanwhile()
            return practice_of(in_force).resources_at("main")

        with looking.begin("test") as work:
            seen = work.diaries.look(
                first_on=DAY, last_on=DAY, patient_ids=["pat-1", "pat-2"], location_id="main", resources_of=ids
            )
            return content(seen.diary)

    looking = SqlStore(engine)
    if has_looked:
        look(looking)
    before, seen, after = look(SqlStore(engine)), look(looking, change), look(SqlStore(engine))
    assert [type(one) for one in done] == [Booked, tuple]
    assert before != after
    assert seen == (before if has_looked else after)
    assert look(looking) == after


def test_what_a_transaction_wrote_and_took_back_was_never_kept(engine: Engine, store: SqlStore) -> None:
    open_practice(store, patients=6)
    span = Span(NINE, NINE + timedelta(hours=3))
    before = content(load(store))
    with pytest.raises(ZeroDivisionError), store.begin("test") as work:  # noqa: PT012 it ends inside
        work.claims.save_block("block-1", "main", span)
        work.claims.place([FactClaim("resource", "dr-lee", span, block_id="block-1")])
        inside = work.diaries.load(first_on=DAY, last_on=DAY + timedelta(days=3), patient_ids=[], location_id="main")
        assert [claim.start_at for claim in inside.claims_of["dr-lee"]] == [NINE]
        raise ZeroDivisionError
    assert content(load(store)) == before
    assert_never_stale(store, engine)


def test_a_hold_in_a_copy_ends_at_its_deadline_though_nobody_writes(engine: Engine, owner: Engine) -> None:
    moment = NINE - timedelta(days=1)
    keeping = SqlStore(engine, clock=lambda _: moment)
    open_practice(keeping, patients=6)
    held = hold_visit(SqlStore(engine, clock=lambda _: moment), wanted("gel-mask", patient=1), actor="test")
    assert isinstance(held, Held)
    for _ in range(2):
        assert (len(load(keeping).claims), len(load(keeping).promises), len(load(keeping).visits)) == (1, 1, 1)
    moment = held.expires_at - timedelta(microseconds=1)
    assert (len(load(keeping).claims), len(load(keeping).promises), len(load(keeping).visits)) == (1, 1, 1)
    moment = held.expires_at
    assert (len(load(keeping).claims), len(load(keeping).promises), len(load(keeping).visits)) == (0, 0, 0)
    assert openings(keeping, "gel-mask") == openings(SqlStore(engine, clock=lambda _: moment), "gel-mask")


def test_the_application_cannot_forge_a_note(engine: Engine) -> None:
    for statement in (
        "DELETE FROM diary_change",
        "INSERT INTO diary_change VALUES (1, 'all', '', '2026-01-01', '2026-01-01')",
        "UPDATE diary_change SET subject_id = ''",
    ):
        with engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
            connection.execute(text(statement))
