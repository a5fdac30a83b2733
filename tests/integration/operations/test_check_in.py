"""Consents on the tables: prepared with the booking, signed, withdrawn, and asked for when the patient is here."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.consents import Consent, ConsentState
from hub.operations.apply_practice import apply_practice
from hub.operations.book_series import BookedSeries, book_series
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.check_in_visit import CheckedIn, NotCleared, check_in_visit, find_clearances
from hub.operations.complete_visit import complete_visit
from hub.operations.end_visits import Ended
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.operations.plan_practice import plan_practice
from hub.operations.run_visit import late_visit
from hub.operations.sign_consent import sign_consent, withdraw_consent
from hub.scheduling.clearances import MissingConsent
from hub.scheduling.consent_change import ConsentDue
from hub.scheduling.decision import Refusal
from hub.scheduling.series import SeriesRequest
from hub.store.booked_visits import SqlBookedVisits
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, PRACTICE, count_rows, open_practice, wanted
from tests.integration.operations.test_booking_races import at_once

FORMS = 'consents: [{id: laser-form, versions: [{version: "1"}], valid_days: 30}]\n'
WITH_FORMS = PRACTICE.replace("  - id: laser\n", "  - id: laser\n    consents: [laser-form]\n") + FORMS
NEW_VERSION = WITH_FORMS.replace('[{version: "1"}]', '[{version: "1"}, {version: "2", from: 2098-03-03}]')
UNSIGNED = MissingConsent("laser-form", "1", "unsigned")


@pytest.fixture
def clock() -> list[object]:
    return [NINE - timedelta(days=3)]


@pytest.fixture
def store(engine: Engine, clock: list) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(made)
    apply_practice(made, WITH_FORMS, "practice.yaml")
    return made


def book(store: SqlStore, service: str = "laser", **where) -> str:
    booked = book_visit(store, wanted(service, **where), actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def consents(owner: Engine) -> list[tuple[str, str, str]]:
    with owner.connect() as connection:
        rows = connection.execute(text("SELECT patient_id, version, state FROM consent ORDER BY prepared_at, version"))
        return [tuple(row) for row in rows]


def test_a_booking_prepares_the_forms_it_needs_and_the_next_one_none_again(store, owner, clock) -> None:
    book(store)
    book(store, minutes=60)
    book(store, "consult", minutes=90, patient=1)
    assert consents(owner) == [("pat-0", "1", "prepared")]
    with owner.connect() as connection:
        noted = connection.execute(text("SELECT name, data FROM domain_event WHERE subject_kind = 'consent'")).all()
        audited = connection.execute(text("SELECT patient_id FROM audit_entry WHERE subject_kind = 'consent'")).all()
    assert [tuple(one) for one in noted] == [("consent_prepared", {"form": "laser-form", "version": "1"})]
    assert [tuple(one) for one in audited] == [("pat-0",)]


def test_a_hold_prepares_its_forms_when_it_is_booked(store, owner, clock) -> None:
    held = hold_visit(store, wanted("laser"), actor="ann")
    assert isinstance(held, Held)
    assert consents(owner) == []
    book_hold(store, held.hold_id, actor="ann")
    assert consents(owner) == [("pat-0", "1", "prepared")]


def test_a_series_prepares_its_forms_once(store, owner, clock) -> None:
    trip = wanted("laser").trip
    series = book_series(store, SeriesRequest(trip, date(2098, 3, 3), date(2098, 3, 20), 3), actor="ann")
    assert isinstance(series, BookedSeries)
    assert consents(owner) == [("pat-0", "1", "prepared")]


def test_a_visit_that_moves_to_a_newer_version_has_that_prepared(store, owner, clock) -> None:
    apply_practice(store, NEW_VERSION.replace("2098-03-03", "2098-03-04"), "practice.yaml")
    visit_id = book(store)
    assert isinstance(move_visit(store, MoveRequest([visit_id], NINE + timedelta(days=1)), actor="ann"), Moved)
    assert consents(owner) == [("pat-0", "1", "prepared"), ("pat-0", "2", "prepared")]


def test_what_was_prepared_is_signed_and_holds_so_many_days(store, owner, clock) -> None:
    visit_id = book(store)
    assert find_clearances(store, visit_id).consents == (UNSIGNED,)
    signed = sign_consent(store, "pat-0", "laser-form", actor="ann", document="doc-17")
    assert isinstance(signed, Consent)
    assert (signed.state, signed.valid_until, signed.document) == (ConsentState.SIGNED, date(2098, 3, 30), "doc-17")
    assert consents(owner) == [("pat-0", "1", "signed")]
    assert find_clearances(store, visit_id).consents == ()
    again = sign_consent(store, "pat-0", "laser-form", actor="ann")
    assert isinstance(again, Consent)
    assert again.id != signed.id


def test_a_new_version_of_a_form_is_listed_for_visits_that_are_booked_already(store, owner, clock) -> None:
    visit_id = book(store)
    sign_consent(store, "pat-0", "laser-form", actor="ann")
    apply_practice(store, NEW_VERSION, "practice.yaml")
    assert find_clearances(store, visit_id).consents == (MissingConsent("laser-form", "2", "outdated"),)
    signed = sign_consent(store, "pat-0", "laser-form", actor="ann")
    assert isinstance(signed, Consent)
    assert signed.version == "2"
    assert find_clearances(store, visit_id).consents == ()


def test_check_in_is_refused_with_the_list_of_what_is_missing_and_changes_nothing(store, owner, clock) -> None:
    visit_id = book(store)
    clock[0] = NINE
    before = count_rows(owner)
    refused = check_in_visit(store, visit_id, actor="bob", push_to=["ehr"])
    assert isinstance(refused, NotCleared)
    assert (refused.reasons, refused.missing.consents) == (("missing_consent",), (UNSIGNED,))
    assert complete_visit(store, visit_id, actor="bob") == Refusal(("not_arrived",))
    assert count_rows(owner) == before


def test_who_is_checked_in_is_told_to_the_systems_and_can_be_completed_and_not_be_missed(store, owner, clock) -> None:
    visit_id = book(store)
    sign_consent(store, "pat-0", "laser-form", actor="ann")
    too_early = check_in_visit(store, visit_id, actor="bob")
    assert isinstance(too_early, NotCleared)
    assert too_early.reasons == ("not_today",)
    clock[0] = NINE
    before = count_rows(owner)
    done = check_in_visit(store, visit_id, actor="bob", push_to=["ehr"])
    assert isinstance(done, CheckedIn)
    assert [visit.state for visit in done.visits] == ["arrived"]
    after = count_rows(owner)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"domain_event": 1, "audit_entry": 1, "outbox_delivery": 1}
    here = Refusal(("already_arrived",))
    assert check_in_visit(store, visit_id, actor="bob") == here
    assert no_show_visit(store, visit_id, actor="bob") == here
    assert late_visit(store, visit_id, minutes=5, actor="bob") == here
    assert move_visit(store, MoveRequest([visit_id], NINE + timedelta(minutes=90)), actor="bob") == here
    assert not isinstance(complete_visit(store, visit_id, actor="bob"), Refusal)
    assert check_in_visit(store, visit_id, actor="bob") == Refusal(("not_booked",))


def test_a_patient_who_is_here_may_still_be_sent_home(store, owner, clock) -> None:
    visit_id = book(store, "consult")
    clock[0] = NINE
    assert isinstance(check_in_visit(store, visit_id, actor="bob"), CheckedIn)
    assert isinstance(cancel_visit(store, visit_id, actor="bob", by="practice"), Ended)


def test_what_is_unknown_is_refused(store, owner, clock) -> None:
    assert sign_consent(store, "nobody", "laser-form", actor="ann") == Refusal(("unknown_patient",))
    assert sign_consent(store, "pat-0", "tattoo", actor="ann") == Refusal(("unknown_consent",))
    assert sign_consent(store, "pat-0", "laser-form", version="9", actor="ann") == Refusal(("unknown_version",))
    assert withdraw_consent(store, "pat-0", "laser-form", actor="ann") == Refusal(("not_signed",))
    assert find_clearances(store, "nothing") == Refusal(("not_booked",))
    assert consents(owner) == []


def test_of_check_in_and_withdrawal_at_once_the_answers_fit_one_order(store, owner, clock) -> None:
    places = [("dr-lee", "room-1"), ("dr-lee", "room-1"), ("dr-kim", "room-2"), ("dr-kim", "room-2")]
    visits = [
        book(store, patient=n, minutes=60 * (n % 2), resources={"provider": who, "room": room})
        for n, (who, room) in enumerate(places)
    ]
    for number in range(4):
        sign_consent(store, f"pat-{number}", "laser-form", actor="ann")
    clock[0] = NINE
    tasks = [
        task
        for number, visit_id in enumerate(visits)
        for task in (
            lambda one=visit_id: check_in_visit(store, one, actor="bob"),
            lambda n=number: withdraw_consent(store, f"pat-{n}", "laser-form", actor="ann"),
        )
    ]
    done = at_once(tasks, threads=8)
    with owner.connect() as connection:
        events = connection.execute(
            text("""
            SELECT coalesce(a.patient_id, '') AS patient_id, a.action FROM audit_entry a
            WHERE a.action IN ('check_in_visit', 'withdraw_consent') ORDER BY a.id""")
        ).all()
    for number in range(4):
        checked_in, withdrawn = done[2 * number], done[2 * number + 1]
        order = [row.action for row in events if row.patient_id == f"pat-{number}"]
        assert not isinstance(withdrawn, Refusal | Exception)
        if isinstance(checked_in, CheckedIn):
            assert order == ["check_in_visit", "withdraw_consent"]
        else:
            assert isinstance(checked_in, NotCleared)
            assert checked_in.missing.consents == (MissingConsent("laser-form", "1", "withdrawn"),)
            assert order == ["withdraw_consent"]


def test_a_new_version_of_a_form_is_prepared_for_who_is_booked_already_when_the_file_comes_into_force(
    store, engine, owner
) -> None:
    book(store)
    book(store, minutes=60, patient=1)
    sign_consent(store, "pat-1", "laser-form", actor="ann")
    before = [("pat-0", "1", "prepared"), ("pat-1", "1", "signed")]
    assert sorted(consents(owner)) == before
    plan = plan_practice(store, SqlBookedVisits(engine), NEW_VERSION, "practice.yaml")
    assert plan.consents == (ConsentDue("laser-form", "2", visits=2, patients=2),)
    assert sorted(consents(owner)) == before, "a plan changes nothing"
    apply_practice(store, NEW_VERSION, "practice.yaml")
    assert sorted(consents(owner)) == [*before[:1], ("pat-0", "2", "prepared"), before[1], ("pat-1", "2", "prepared")]
    with owner.connect() as connection:
        told = connection.execute(text("SELECT data ->> 'version' FROM domain_event WHERE name = 'consent_prepared'"))
        assert sorted(told.scalars()) == ["1", "1", "2", "2"]


def test_a_form_that_a_file_asks_for_later_is_prepared_for_no_visit_before_that_date(store, owner) -> None:
    book(store)
    apply_practice(store, NEW_VERSION.replace("2098-03-03", "2098-03-04"), "practice.yaml")
    assert consents(owner) == [("pat-0", "1", "prepared")]
