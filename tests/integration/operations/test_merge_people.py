"""Two records of one person become one, and two again, with all that hangs on them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from hub.canonical.finance import Membership, MembershipState, Payment, PaymentKind
from hub.canonical.ids import Kind, PatientId
from hub.canonical.money import Money
from hub.canonical.records import Patient
from hub.canonical.source import SourceRef
from hub.operations.book_visit import Booked, book_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.join_waitlist import join_waitlist
from hub.operations.match_people import match_all
from hub.operations.merge_people import Standing, Undone, Word, decide_pair, merge_people, unmerge_people
from hub.operations.review_people import show_pair
from hub.ports import Link
from hub.ports.people import Matcher, Merged
from hub.scheduling.decision import Refusal
from hub.scheduling.request import OpeningsRequest
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from tests.integration.operations.small_practice import NINE, open_practice, wanted

ANN = Patient(
    id=PatientId("pat-1"),
    given_name="Ann",
    family_name="Lee",
    born_on=date(1980, 1, 2),
    phone="+15125550101",
    registered_on=date(2020, 1, 1),
    texts_allowed=True,
    marketing_allowed=None,
)
ANNA = ANN.model_copy(
    update={
        "id": "pat-2",
        "email": "ann@example.com",
        "phone": None,
        "registered_on": date(2021, 1, 1),
        "texts_allowed": False,
        "marketing_allowed": True,
    }
)
PACKAGE = "INSERT INTO package (id, patient_id, service_id, credits) VALUES ('p', 'pat-2', 'consult', 3)"
TABLES = {
    "visit": "id, patient_id, state, contested",
    "hold": "id, patient_id",
    "package": "id, patient_id",
    "payment": "id, patient_id",
    "membership": "id, patient_id",
    "consent": "id, patient_id, state, voided_at",
    "source_link": "system, kind, source_id, canonical_id",
    "waitlist_entry": "id, parts",
    "claim": """
        coalesce(visit_id, hold_id), step, need, during, firm,
        (SELECT (owner_id, number) FROM resource_unit u WHERE u.id = unit_id)""",
    "patient": "id, given_name, born_on, phone, email, texts_allowed, marketing_allowed, active, merged_into",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _practice(store: SqlStore) -> None:
    open_practice(store, patients=5)
    with store.begin("test") as work:
        work.records.save([ANN, ANNA])
        work.links.save([Link(SourceRef("old", Kind.PATIENT, "C2"), "pat-2")])


def everything(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as db:
        return {
            table: sorted(map(str, db.execute(text(f"SELECT {columns} FROM {table}")).all()))
            for table, columns in TABLES.items()
        }


def merged(store: SqlStore, first: str = "pat-1", second: str = "pat-2") -> Merged:
    with store.begin("test") as work:
        found = work.records.load(Kind.PATIENT, [first, second])
        patients = {id_: one for id_, one in found.items() if isinstance(one, Patient)}
        match = Match(first, second, "name_birth_contact", ("given_same",))
        return merge_people(work, [match], patients, Word("test"))[second]


def booked(store: SqlStore, patient: int, minutes: int = 0, **named: str) -> str:
    done = book_visit(store, wanted(minutes=minutes, patient=patient, resources=named), actor="test")
    assert isinstance(done, Booked)
    return done.visits[0].id


def one(engine: Engine, query: str) -> Any:
    with engine.connect() as db:
        return db.execute(text(query)).scalar()


def surround(store: SqlStore, owner: Engine) -> None:
    """Something of every sort that is a patient's."""
    booked(store, 1)
    booked(store, 2)
    assert isinstance(hold_visit(store, wanted(minutes=60, patient=2), actor="test"), Held)
    asked = OpeningsRequest(wanted(patient=2).trip, NINE.date(), NINE.date() + timedelta(days=1))
    assert not isinstance(join_waitlist(store, asked, actor="test"), Refusal)
    with owner.begin() as db:
        db.execute(
            text("INSERT INTO package (id, patient_id, service_id, credits) VALUES ('p', 'pat-2', 'consult', 3)")
        )
    paid = {"amount": Money(amount_minor=500), "kind": PaymentKind.PAYMENT, "paid_on": date(2026, 3, 2)}
    with store.begin("test") as work:
        work.records.save([
            Payment(id="pay", patient_id="pat-2", **paid),
            Membership(id="mbr", patient_id="pat-2", plan="Glow", state=MembershipState.ACTIVE),
        ])  # fmt: skip
        work.consents.sign("pat-2", "form", "1", valid_until=None)
        work.consents.prepare("pat-1", "other", "1")
        work.consents.prepare("pat-2", "other", "1")


def test_everything_goes_to_the_survivor_and_comes_back_as_it_was(
    store: SqlStore, engine: Engine, owner: Engine
) -> None:
    surround(store, owner)
    before = everything(engine)
    merge = merged(store)
    held = everything(engine)
    for table in ("visit", "hold", "package", "payment", "membership", "source_link", "waitlist_entry", "claim"):
        assert not any("pat-2" in row for row in held[table]), table
    assert sum("pat-2" in row and "prepared" not in row for row in held["consent"]) == 0
    assert one(engine, "SELECT merged_into FROM patient WHERE id = 'pat-2'") == "pat-1"
    undone = unmerge_people(store, merge.id, Word("test", "not the same"))
    assert isinstance(undone, Undone)
    assert undone.kept == ()
    assert everything(engine) == before


def test_two_visits_at_one_time_become_one_patients_and_wait_for_a_person(store: SqlStore, engine: Engine) -> None:
    booked(store, 1)
    second = booked(store, 2)
    merge = merged(store)
    contested = "SELECT string_agg(id, ' ') FROM visit WHERE contested"
    assert one(engine, contested) == second
    assert one(engine, "SELECT subject_id FROM review_issue WHERE kind = 'overlap' AND state = 'open'") == second
    unmerge_people(store, merge.id, Word("test"))
    assert one(engine, contested) is None
    assert one(engine, "SELECT count(*) FROM review_issue WHERE kind = 'overlap' AND state = 'open'") == 0


def test_blanks_are_filled_and_the_strictest_word_holds(store: SqlStore, engine: Engine) -> None:
    merged(store)
    with store.begin("test") as work:
        ann = work.records.load(Kind.PATIENT, ["pat-1"])["pat-1"]
    assert isinstance(ann, Patient)
    assert (ann.email, ann.phone) == ("ann@example.com", "+15125550101")
    assert (ann.texts_allowed, ann.marketing_allowed) == (False, None)


def test_a_consent_that_was_taken_back_on_one_record_does_not_hold_by_the_other(
    store: SqlStore, engine: Engine
) -> None:
    with store.begin("test") as work:
        work.consents.sign("pat-1", "form", "1", valid_until=None)
        work.consents.sign("pat-2", "form", "1", valid_until=None)
    with store.begin("test") as work:
        work.consents.withdraw("pat-2", "form")
    signed = "SELECT count(*) FROM consent WHERE state = 'signed'"
    merge = merged(store)
    assert one(engine, signed) == 0
    unmerge_people(store, merge.id, Word("test"))
    assert one(engine, f"{signed} AND patient_id = 'pat-1'") == 1


def test_nobody_is_booked_under_the_record_that_was_merged(store: SqlStore) -> None:
    merged(store)
    assert book_visit(store, wanted(patient=2), actor="test") == Refusal(("unknown_patient",))


def test_what_was_changed_since_stays_and_is_named(store: SqlStore) -> None:
    merge = merged(store)
    with store.begin("test") as work:
        ann = work.records.load(Kind.PATIENT, ["pat-1"])["pat-1"]
        work.records.save([ann.model_copy(update={"email": "new@example.com"})])
    undone = unmerge_people(store, merge.id, Word("test"))
    assert isinstance(undone, Undone)
    assert undone.kept == ("email",)
    with store.begin("test") as work:
        ann = work.records.load(Kind.PATIENT, ["pat-1"])["pat-1"]
    assert isinstance(ann, Patient)
    assert (ann.email, ann.texts_allowed) == ("new@example.com", True)


def test_a_visit_made_since_stays_with_the_survivor(store: SqlStore, engine: Engine) -> None:
    merge = merged(store)
    later = booked(store, 1, 90)
    unmerge_people(store, merge.id, Word("test"))
    assert one(engine, f"SELECT patient_id FROM visit WHERE id = '{later}'") == "pat-1"


def test_a_merge_under_a_later_one_is_not_taken_back_and_the_later_one_is_named(
    store: SqlStore, engine: Engine
) -> None:
    first = merged(store)
    later = merged(store, "pat-3", "pat-1")
    before = everything(engine)
    assert unmerge_people(store, first.id, Word("test")) == Standing((f"merge:{later.id}",))
    assert everything(engine) == before
    assert isinstance(unmerge_people(store, later.id, Word("test")), Undone)
    assert isinstance(unmerge_people(store, first.id, Word("test")), Undone)


def test_a_package_that_the_survivor_used_since_holds_the_merge(store: SqlStore, owner: Engine) -> None:
    with owner.begin() as db:
        db.execute(
            text("INSERT INTO package (id, patient_id, service_id, credits) VALUES ('p', 'pat-2', 'consult', 3)")
        )
    merge = merged(store)
    visit = booked(store, 1)
    with owner.begin() as db:
        db.execute(text(f"INSERT INTO package_use (package_id, visit_id) VALUES ('p', '{visit}')"))
    assert unmerge_people(store, merge.id, Word("test")) == Standing((f"visit:{visit}",))


def test_taking_back_twice_is_taking_back_once(store: SqlStore) -> None:
    merge = merged(store)
    unmerge_people(store, merge.id, Word("test"))
    assert unmerge_people(store, merge.id, Word("test")) == Refusal(("unknown_merge",))


@pytest.fixture
def pair(store: SqlStore) -> int:
    """Ann and Anna in the queue."""
    with store.begin("test") as work:
        work.people.open_pairs([Match("pat-1", "pat-2", "name_birth", ("given_same", "born_same"))])
        return work.people.find_open()[0].id


def test_who_was_said_to_be_two_is_never_merged_nor_asked_about_again(
    store: SqlStore, engine: Engine, pair: int
) -> None:
    with store.begin("test") as work:
        work.records.save([ANNA.model_copy(update={"phone": ANN.phone})])
    decided = decide_pair(store, pair, "separate", Word("desk", "sisters"))
    assert not isinstance(decided, Refusal)
    assert decided.state == "separate"
    assert match_all(store, Matcher()).decided.merges == ()
    assert one(engine, "SELECT count(*) FROM person_pair WHERE state = 'open'") == 0


def test_a_merge_that_was_taken_back_is_not_made_again(store: SqlStore) -> None:
    with store.begin("test") as work:
        work.records.save([ANNA.model_copy(update={"phone": ANN.phone})])
    (done,) = match_all(store, Matcher()).decided.merges
    assert (done.first, done.second, done.rule) == ("pat-1", "pat-2", "name_birth_contact")
    with store.begin("test") as work:
        (merge,) = work.people.find_merges("pat-1")
    unmerge_people(store, merge.id, Word("desk"))
    assert match_all(store, Matcher()).decided.merges == ()


def test_two_who_decide_at_once_merge_once(engine: Engine, pair: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: decide_pair(SqlStore(engine), pair, "merge", Word("desk")), range(2)))
    assert [getattr(decided, "state", None) for decided in both] == ["merged", "merged"]
    assert one(engine, "SELECT count(*) FROM person_merge") == 1


def test_two_who_decide_otherwise_do_not_overrule_each_other(store: SqlStore, pair: int) -> None:
    decide_pair(store, pair, "separate", Word("desk"))
    assert decide_pair(store, pair, "merge", Word("desk")) == Refusal(("pair_decided",))


def test_a_decision_is_on_the_trail_with_who_and_why_and_nothing_personal(
    store: SqlStore, engine: Engine, pair: int
) -> None:
    decide_pair(store, pair, "merge", Word("mia", "called her", told={Kind.VISIT: ["ehr"]}))
    with engine.connect() as db:
        rows = db.execute(
            text("SELECT actor, action, reason, patient_id, detail::text FROM audit_entry WHERE actor = 'mia'")
        )
        trail = [tuple(row) for row in rows]
        events = db.execute(text("SELECT name, data::text FROM domain_event WHERE name LIKE 'person%'")).all()
    assert [row[:4] for row in trail] == [
        ("mia", "merge_people", "called her", "pat-1"),
        ("mia", "merge_people", "called her", "pat-2"),
    ]
    assert [row.name for row in events] == ["person_merged", "person_merged"]
    assert not any(word in str((trail, events)) for word in ("Ann", "Lee", "example.com", "5550101"))


def test_values_show_only_to_who_asks_and_that_is_audited(store: SqlStore, engine: Engine, pair: int) -> None:
    masked = show_pair(store, pair, actor="mia")
    assert not isinstance(masked, Refusal)
    assert not any(word in str(masked.lines) for word in ("Ann", "Lee", "1980", "example.com", "5550101"))
    assert one(engine, "SELECT count(*) FROM audit_entry WHERE actor = 'mia'") == 0
    shown = show_pair(store, pair, actor="mia", personal=True)
    assert not isinstance(shown, Refusal)
    assert ("Ann", "Ann", "same") in {(line.first, line.second, line.agrees) for line in shown.lines}
    assert one(engine, "SELECT count(*) FROM audit_entry WHERE action = 'show_person_pair' AND actor = 'mia'") == 2


def test_the_visits_that_change_hands_are_told_to_whoever_has_them(store: SqlStore, engine: Engine, pair: int) -> None:
    visit, _unknown = booked(store, 2), booked(store, 2, minutes=60)
    with store.begin("test") as work:
        work.links.save([Link(SourceRef("ehr", Kind.VISIT, "A1"), visit)])
    decide_pair(store, pair, "merge", Word("desk", told={Kind.VISIT: ["ehr", "crm"]}))
    told = "SELECT string_agg(connection || canonical_id, ' ') FROM outbox_delivery WHERE kind = 'visit'"
    assert one(engine, told) == f"ehr{visit}"


def test_a_merge_that_dies_before_its_end_changed_nothing(engine: Engine, store: SqlStore, pair: int) -> None:
    before = everything(engine)

    def die(point: str) -> None:
        if point == "decide_pair:before_commit":
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        decide_pair(SqlStore(engine, die), pair, "merge", Word("desk"))
    assert everything(engine) == before
