"""A practice file is planned against the book, and applied only as it was seen."""

from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.errors import Conflict, InvalidInput
from hub.operations.book_visit import Booked, book_visit
from hub.operations.plan_practice import apply_planned, plan_practice
from hub.scheduling.absences import Absence
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.decision import Refusal
from hub.store.booked_visits import SqlBookedVisits
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice, wanted

FILE = "practice.yaml"
NO_LEE = PRACTICE.replace("  - {id: dr-lee, kind: provider}\n", "")
LATER = PRACTICE.replace('from: "09:00"', 'from: "10:00"')


def plan(store: SqlStore, engine: Engine, document: str):
    return plan_practice(store, SqlBookedVisits(engine), document, FILE)


def apply(store: SqlStore, engine: Engine, document: str, fingerprint: str):
    return apply_planned(store, SqlBookedVisits(engine), document, FILE, fingerprint)


def booked(store: SqlStore, *args: object, **keys: object) -> str:
    done = book_visit(store, wanted(*args, **keys), actor="test")
    assert isinstance(done, Booked)
    return done.visits[0].id


def versions(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM practice_version")).scalar_one()


def test_an_empty_database_has_nothing_to_change_or_break(store: SqlStore, engine: Engine) -> None:
    first = plan(store, engine, PRACTICE)
    assert (first.is_first, first.changes, first.broken) == (True, (), ())
    assert versions(engine) == 0
    assert apply(store, engine, PRACTICE, first.fingerprint).is_new
    assert versions(engine) == 1


def test_an_unchanged_file_changes_nothing(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    same = plan(store, engine, PRACTICE)
    assert (same.is_first, same.is_new, same.changes, same.broken) == (False, False, (), ())
    assert not apply(store, engine, PRACTICE, same.fingerprint).is_new
    assert versions(engine) == 1


def test_the_visits_that_would_break_are_named_with_their_reasons(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    first = booked(store, minutes=0, resources={"provider": "dr-lee"})
    second = booked(store, minutes=60, patient=1)
    without_lee = plan(store, engine, NO_LEE)
    assert without_lee.judged == 2
    assert [(one.id, one.reasons, one.fits_otherwise) for one in without_lee.broken] == [
        (first, ("unknown_resource",), False),
        (second, ("unknown_resource",), True),
    ]
    assert without_lee.broken[0].arrives_at == NINE
    opening_later = plan(store, engine, LATER)
    assert [(one.id, one.reasons) for one in opening_later.broken] == [(first, ("closed",))]


def test_stock_and_steps_without_the_patient_are_given_back_while_a_visit_is_judged(
    store: SqlStore, engine: Engine
) -> None:
    open_practice(store)
    for patient in range(3):
        booked(store, "gel-mask", 0, patient=patient)
    booked(store, "laser", 60, patient=3)
    more = PRACTICE.replace("minutes: 10", "minutes: 15").replace("grid_minutes: 30", "grid_minutes: 15")
    changed = plan(store, engine, more)
    assert (len(changed.changes), changed.judged, changed.broken) == (2, 4, ())


def test_visits_that_would_use_more_than_there_is_break_also_where_a_date_has_several(
    store: SqlStore, engine: Engine
) -> None:
    open_practice(store)
    ids = [booked(store, "gel-mask", 0, patient=patient) for patient in range(3)]
    broken = plan(store, engine, PRACTICE.replace("product: gel, quantity: 1", "product: gel, quantity: 2")).broken
    assert {(one.id, one.reasons) for one in broken} == {(one, ("no_stock",)) for one in ids}


def test_a_plan_is_out_of_date_when_more_visits_need_a_new_form(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    booked(store, minutes=0)
    form = 'consents: [{id: form, versions: [{version: "1"}]}]\n'
    document = PRACTICE.replace("{id: consult, ", "{id: consult, consents: [form], ") + form
    seen = plan(store, engine, document)
    assert [one.visits for one in seen.consents] == [1]
    booked(store, minutes=60, patient=1)
    with pytest.raises(Conflict):
        apply(store, engine, document, seen.fingerprint)
    assert apply(store, engine, document, plan(store, engine, document).fingerprint).is_new


def test_cancelled_visits_do_not_break(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    visit_id = booked(store)
    with store.begin("test") as work:
        work.bookings.cancel(visit_id)
    assert plan(store, engine, LATER).judged == 0


def test_who_is_away_beside_the_file_is_away_under_the_new_one_too(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    visit_id = booked(store, minutes=0)
    with store.begin("test") as work:
        for room in ("room-1", "room-2"):
            work.practices.save_absence(Absence(room, NINE, NINE + timedelta(minutes=30)))
    assert plan(store, engine, PRACTICE.replace("on_hand: 3", "on_hand: 4")).broken == ()
    (broken,) = plan(store, engine, NO_LEE).broken
    assert (broken.id, broken.reasons, broken.fits_otherwise) == (visit_id, ("unknown_resource",), False)


def test_nobody_books_between_the_last_look_and_the_new_file(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    seen = plan(store, engine, LATER)
    answers: list[object] = []
    looked = SqlBookedVisits(engine)

    class Meanwhile:
        """Lets somebody ask for a visit while the file is being applied."""

        def load(self, now: datetime) -> tuple[BookedVisit, ...]:
            booker.start()
            wait_until_blocked(engine)
            return looked.load(now)

    booker = Thread(target=lambda: answers.append(book_visit(store, wanted(), actor="test")))
    applied = apply_planned(store, Meanwhile(), LATER, FILE, seen.fingerprint)
    booker.join()
    assert applied.is_new
    assert answers == [Refusal(("closed",))]


def wait_until_blocked(engine: Engine) -> None:
    """Until somebody waits for a lock of this database; others share the server."""
    waiting = text("""
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'""")
    for _ in range(100_000):
        with engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody came to wait")


def test_a_plan_says_nothing_personal(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    booked(store, patient=7)
    assert "pat-7" not in repr(plan(store, engine, LATER).broken)


def test_what_was_seen_is_applied(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    booked(store)
    seen = plan(store, engine, NO_LEE)
    assert plan(store, engine, NO_LEE).fingerprint == seen.fingerprint
    assert apply(store, engine, NO_LEE, seen.fingerprint).changed == ("dr-lee",)
    with store.begin("test") as work:
        assert work.records.load_all(Kind.VISIT)


def test_a_visit_booked_since_that_would_break_stops_the_apply(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    seen = plan(store, engine, LATER)
    booked(store)
    with pytest.raises(Conflict) as refused:
        apply(store, engine, LATER, seen.fingerprint)
    assert "hub config plan" in str(refused.value)
    assert versions(engine) == 1


def test_a_visit_booked_since_that_stands_under_the_new_file_does_not(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    seen = plan(store, engine, LATER)
    booked(store, minutes=60)
    assert apply(store, engine, LATER, seen.fingerprint).is_new


@pytest.mark.parametrize("since", [NO_LEE, PRACTICE])
def test_a_file_changed_since_stops_the_apply(store: SqlStore, engine: Engine, since: str) -> None:
    open_practice(store)
    seen = plan(store, engine, LATER)
    with pytest.raises(Conflict):
        apply(store, engine, since, seen.fingerprint)
    assert versions(engine) == 1


def test_another_version_in_force_since_stops_the_apply(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    seen = plan(store, engine, LATER)
    apply(store, engine, NO_LEE, plan(store, engine, NO_LEE).fingerprint)
    with pytest.raises(Conflict):
        apply(store, engine, LATER, seen.fingerprint)
    assert versions(engine) == 2


def test_a_file_that_is_wrong_is_not_planned(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    with pytest.raises(InvalidInput) as refused:
        plan(store, engine, PRACTICE.replace("zone:", "zoen:"))
    assert refused.value.problems[0].file == FILE
