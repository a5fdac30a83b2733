"""One synchronized system: a change anywhere is everywhere, once; the declared system of record wins, per field."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient, Visit, VisitState
from hub.errors import InvalidInput, RetryLater, SafetyStop
from hub.operations.decide_conflict import Decision, decide_conflict
from hub.operations.explain_record import explain_record
from hub.operations.guard_feed import MASS_CHANGE, Accepted
from hub.operations.merge_people import Word, unmerge_people
from hub.operations.push_changes import push_changes
from hub.operations.rehearse_sync import rehearse_sync
from hub.operations.replay import find_dead, find_landed, find_quarantined, replay_dead, replay_records
from hub.ports import BookableResource, Link, Site, Store
from hub.ports.conflicts import CONFLICT
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from hub.sync.mass_change import MassChangeLimit
from tests.integration.operations.scripted_systems import START, Vendor, linked, pull, push

ANN = {"first": "Ann", "last": "Ames", "phone": "+15125550100", "city": "Austin", "note": "n", "active": True}
ZOE = {"first": "Zoe", "last": "Quill", "phone": "+15125550188", "city": "Waco", "active": True}
TOLD = ("a", "b")
PRACTICE = "zone: UTC\nlocations: [{id: main}]\npolicy: {decides: [owner, provider]}\n"
A_RULES = "patient: {system_of_record: a, fields: {note: manual, city: latest}}"


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    opened = SqlStore(engine)
    with opened.begin("test") as work:
        work.practices.save_sites([Site("main", "Main", "UTC")])
        work.practices.save_resources([BookableResource("dr-lee", "provider", "Lee", "main", 1)])
        work.practices.save("practice.yaml", PRACTICE)
    return opened


def people(store: Store) -> dict[str, Patient]:
    """Given name → the patient."""
    with store.begin("test") as work:
        found = work.records.load_all(Kind.PATIENT).values()
    return {str(one.given_name): one for one in found if isinstance(one, Patient)}


def issues(store: Store, kind: str) -> dict[str, tuple[str, ...]]:
    with store.begin("test") as work:
        return {issue.subject_id: issue.codes for issue in work.issues.find_open(kind)}


def waiting(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT connection, count(*) AS n FROM outbox_delivery WHERE state = 'pending' GROUP BY 1")
        )
        return {row.connection: row.n for row in rows}


def both_know_ann(store: Store, rules: str = A_RULES) -> tuple[Vendor, Vendor, str]:
    """Ann as `a` made her, delivered to `b`; nothing waits."""
    a, b = Vendor("a"), Vendor("b")
    a.put("1", ANN)
    pull(a, linked("a", told=TOLD, rules=rules), store)
    push(b, linked("b", told=TOLD, rules=rules), store)
    pull(b, linked("b", told=TOLD, rules=rules), store)
    return a, b, people(store)["Ann"].id


def test_a_record_that_was_refused_in_between_is_no_issue_once_it_stands_again_as_it_was_taken(store):
    vendor = Vendor("a")
    vendor.put("1", ANN, at=START)
    pull(vendor, linked("a"), store)
    vendor.put("1", {**ANN, "active": "perhaps"}, at=START)
    assert pull(vendor, linked("a"), store).rejected == 1
    assert issues(store, "rejected_record") == {"a/1": ("unknown_code",)}
    vendor.put("1", ANN, at=START)
    assert pull(vendor, linked("a"), store).updated == 0
    assert issues(store, "rejected_record") == {}


def test_a_change_there_is_everywhere_once_and_not_sent_back(store, engine):
    a, b, _ = both_know_ann(store)
    assert b.records == {"b0n": ANN}
    assert waiting(engine) == {}
    a.put("1", {**ANN, "phone": "+15125550199"})
    pull(a, linked("a", told=TOLD), store)
    assert waiting(engine) == {"b": 1}
    assert push(b, linked("b", told=TOLD), store).sent == 1
    assert b.records["b0n"]["phone"] == "+15125550199"
    result = pull(b, linked("b", told=TOLD), store)
    assert (result.updated, result.recognised) == (0, 1)
    assert (waiting(engine), a.written) == ({}, [])


def test_what_one_system_changes_of_a_patient_made_here_makes_no_other_field_any_newer(store):
    made = Patient(id=PatientId("pat_1"), given_name="Ann", family_name="Ames", city="Austin", note="n")
    a, b = Vendor("a"), Vendor("b")
    with store.begin("test") as work:
        work.records.save([made])
        work.outbox.enqueue_all(TOLD, Kind.PATIENT, [made.id])
        now = work.now
    for vendor in (a, b):
        push(vendor, linked(vendor.system, told=TOLD), store)
        pull(vendor, linked(vendor.system, told=TOLD), store)
        [record] = vendor.records.values()
        vendor.put("a0n" if vendor is a else "b0n", {**record, ("city" if vendor is a else "note"): "new"}, at=now)
    with store.begin("test") as work:
        later = work.now
    for vendor in (a, b):
        vendor.feed[-1] = vendor.feed[-1]._replace(modified_at=now + (later - now) / 2)
    for vendor in (a, b):
        assert pull(vendor, linked(vendor.system, told=TOLD), store).conflicts == 0
    found = people(store)["Ann"]
    assert (found.city, found.note) == ("new", "new")


def test_what_was_changed_and_changed_back_between_two_readings_is_as_it_was_and_nobody_hears_of_it(store, engine):
    a, _b, id_ = both_know_ann(store)
    a.put("1", {**ANN, "city": "Dallas"})
    a.put("1", ANN)
    done = pull(a, linked("a", told=TOLD, rules=A_RULES), store)
    assert (done.read, done.updated, done.unchanged) == (1, 0, 1)
    assert people(store)["Ann"].city == "Austin"
    assert waiting(engine) == {}
    a.end("1")
    a.put("1", ANN)
    assert pull(a, linked("a", told=TOLD, rules=A_RULES), store).gone == 0
    assert people(store)["Ann"].id == id_
    assert people(store)["Ann"].active


def test_the_system_of_record_wins_and_the_loser_is_told(store, engine):
    a, b, _ = both_know_ann(store)
    b.put("b0n", {**ANN, "phone": "+15125550111", "city": "Dallas"})
    result = pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    ann = people(store)["Ann"]
    assert (ann.phone, ann.city) == ("+15125550100", "Dallas"), "the city's newest change wins"
    assert (result.updated, result.conflicts) == (1, 1)
    assert issues(store, CONFLICT) == {f"b/{ann.id}": ("phone",)}
    assert waiting(engine) == {"a": 1, "b": 1}
    push(b, linked("b", told=TOLD, rules=A_RULES), store)
    push(a, linked("a", told=TOLD, rules=A_RULES), store)
    assert (a.records["1"]["city"], b.records["b0n"]["phone"]) == ("Dallas", "+15125550100")
    assert issues(store, CONFLICT) == {}, "both are of one mind now"


def test_where_a_person_decides_nobodys_value_changes_until_then(store, engine):
    a, b, id_ = both_know_ann(store)
    b.put("b0n", {**ANN, "note": "theirs", "city": "Dallas"})
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    push(b, linked("b", told=TOLD, rules=A_RULES), store)
    push(a, linked("a", told=TOLD, rules=A_RULES), store)
    a.put("1", {**a.records["1"], "last": "Adams"})
    pull(a, linked("a", told=TOLD, rules=A_RULES), store)
    push(b, linked("b", told=TOLD, rules=A_RULES), store)
    assert (people(store)["Ann"].note, a.records["1"]["note"]) == ("n", "n")
    assert (b.records["b0n"]["note"], b.records["b0n"]["last"]) == ("theirs", "Adams")
    decision = Decision(Kind.PATIENT, id_, "note", "theirs", "kim", "provider", "asked her")
    decide_conflict(linked("b", told=TOLD, rules=A_RULES), decision, store)
    assert people(store)["Ann"].note == "theirs"
    assert issues(store, CONFLICT) == {}
    push(a, linked("a", told=TOLD, rules=A_RULES), store)
    push(b, linked("b", told=TOLD, rules=A_RULES), store)
    assert (a.records["1"]["note"], b.records["b0n"]["note"]) == ("theirs", "theirs")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM audit_entry WHERE action = 'decide_conflict'")).one()
    assert (row.actor, row.role, row.reason, row.patient_id) == ("kim", "provider", "asked her", id_)
    assert "theirs" not in str(row.detail["field"])


def test_a_decision_for_the_hub_overwrites_what_the_other_says(store):
    _, b, id_ = both_know_ann(store)
    b.put("b0n", {**ANN, "note": "theirs"})
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    decide_conflict(
        linked("b", told=TOLD, rules=A_RULES), Decision(Kind.PATIENT, id_, "note", "hub", "kim", "owner", "r"), store
    )
    push(b, linked("b", told=TOLD, rules=A_RULES), store)
    assert b.records["b0n"]["note"] == "n"
    assert {one.field: one.rule for one in explain_record(store, Kind.PATIENT, id_, actor="kim").fields}[
        "note"
    ] == "decided"


def test_only_a_role_that_the_policy_names_decides_and_with_a_reason(store, engine):
    _, b, id_ = both_know_ann(store)
    b.put("b0n", {**ANN, "note": "theirs"})
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)

    def say(role: str, reason: str) -> Refusal | None:
        decision = Decision(Kind.PATIENT, id_, "note", "theirs", "kim", role, reason)
        return decide_conflict(linked("b", told=TOLD, rules=A_RULES), decision, store)

    assert say("front_desk", "asked her") == Refusal(("may_not_decide",))
    assert say("owner", " ") == Refusal(("reason_missing",))
    assert (people(store)["Ann"].note, waiting(engine)) == ("n", {})
    assert issues(store, CONFLICT) == {f"b/{id_}": ("note",)}
    assert say("owner", "asked her") is None
    assert people(store)["Ann"].note == "theirs"


def test_there_is_nothing_to_decide_where_nobody_disagrees(store):
    _, _, id_ = both_know_ann(store)
    with pytest.raises(InvalidInput, match="do not disagree about note"):
        decide_conflict(linked("b"), Decision(Kind.PATIENT, id_, "note", "hub", "kim", "owner", "r"), store)


def test_no_issue_holds_a_value(store, engine):
    _, b, _ = both_know_ann(store)
    b.put("b0n", {**ANN, "phone": "+15125550111", "note": "sings"})
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    with engine.connect() as connection:
        said = connection.execute(text("SELECT string_agg(detail::text, ' ') FROM review_issue")).scalar_one()
        kept = set(connection.execute(text("SELECT theirs FROM field_conflict")).scalars())
    assert "sings" not in said
    assert "5550111" not in said
    assert kept == {"+15125550111", "sings"}


def test_every_value_says_where_it_comes_from(store):
    _, b, id_ = both_know_ann(store)
    b.put("b0n", {**ANN, "city": "Dallas"})
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    with store.begin("test") as work:
        ann = work.records.load(Kind.PATIENT, [id_])[id_]
        work.records.save([ann.model_copy(update={"email": "a@example.com"})])
    fields = {one.field: one for one in explain_record(store, Kind.PATIENT, id_, actor="kim").fields}
    assert (fields["phone"].system, fields["phone"].source_id, fields["phone"].rule) == ("a", "1", "only")
    assert fields["phone"].at == START + timedelta(seconds=1)
    assert (fields["city"].system, fields["city"].rule) == ("b", "latest")
    assert (fields["email"].system, fields["email"].rule) == ("hub", "hub"), "noted by the database itself"
    assert fields["phone"].is_personal


def test_an_import_says_where_its_values_come_from(store):
    with store.begin("test") as work:
        vendor = Vendor("a")
        vendor.put("1", ANN)
        [landed] = work.landing.land(vendor.feed)
        work.records.save([Patient(id=PatientId("pat_1"), given_name="Ann")], sources={"pat_1": landed.id})
        lineage = work.records.load_lineage(Kind.PATIENT, ["pat_1"])["pat_1"]
    assert (lineage.of("given_name").system, lineage.of("given_name").at) == ("a", START + timedelta(seconds=1))


def test_what_a_system_says_anew_of_its_old_state_changes_nothing(store):
    a, _, _ = both_know_ann(store)
    a.put("1", {**ANN, "city": "Dallas"})
    pull(a, linked("a"), store)
    a.put("1", {**ANN, "city": "Waco"}, at=START)
    assert pull(a, linked("a"), store).updated == 0
    assert people(store)["Ann"].city == "Dallas"


def test_a_lost_answer_makes_no_second_record_and_no_change_of_its_own(store, engine):
    a = Vendor("a")
    b = Vendor("b", normal=lambda payload: {**payload, "city": str(payload.get("city"))[:4]})
    a.put("1", ANN)
    pull(a, linked("a", told=TOLD), store)
    push(b, linked("b", told=TOLD), store)
    a.put("1", {**ANN, "city": "Dallas"})
    pull(a, linked("a", told=TOLD), store)
    b.lose_answers = 1
    with pytest.raises(Exception, match="the answer was lost"):
        push(b, linked("b", told=TOLD), store)
    assert b.records["b0n"]["city"] == "Dall"
    pull(b, linked("b", told=TOLD), store)
    assert people(store)["Ann"].city == "Dallas", "what came back is what the hub wrote, cut short"
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox_delivery SET next_try_at = now()"))
    push(b, linked("b", told=TOLD), store)
    pull(b, linked("b", told=TOLD), store)
    assert (waiting(engine), b.written, a.written) == ({}, ["b0n", "b0n"], [])


def lost(store: Store, a: Vendor, b: Vendor, **changed: str) -> None:
    """What `a` changed is written to `b`, whose answer is lost."""
    a.put("1", {**ANN, **changed})
    pull(a, linked("a", told=TOLD), store)
    b.lose_answers = 1
    with pytest.raises(RetryLater):
        push(b, linked("b", told=TOLD), store)


@pytest.mark.parametrize(
    ("rules", "stands", "rule"),
    [
        ("", "Dallas", "manual"),
        ("patient: {system_of_record: b}", "Waco", None),
        ("patient: {system_of_record: a}", "Dallas", "a"),
    ],
)
def test_what_somebody_changed_after_a_lost_answer_goes_by_the_rules_and_in_doubt_to_a_person(
    store, engine, rules, stands, rule
):
    a, b, _ = both_know_ann(store)
    lost(store, a, b, city="Dallas")
    [(id_, held)] = b.records.items()
    del b.feed[-1]  # nobody saw what the hub had written before somebody there changed it
    b.put(id_, {**held, "city": "Waco"})
    pull(b, linked("b", told=TOLD, rules=rules), store)
    assert people(store)["Ann"].city == stands
    with store.begin("test") as work:
        assert [(one.field, one.rule) for one in work.conflicts.find_all()] == ([("city", rule)] if rule else [])
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox_delivery SET next_try_at = now()"))
    push(b, linked("b", told=TOLD, rules=rules), store)
    assert b.records[id_]["city"] == ("Dallas" if rule == "a" else "Waco"), "in doubt nobody's word is overwritten"


def test_what_is_doubted_while_the_answer_is_on_its_way_is_settled_by_it(store):
    a = Vendor("a")
    b = Vendor("b", normal=lambda payload: {**payload, "city": {"Dallas": "DFW"}.get(str(payload.get("city")))})
    a.put("1", ANN)
    pull(a, linked("a", told=TOLD), store)
    push(b, linked("b", told=TOLD), store)
    a.put("1", {**ANN, "city": "Dallas"})
    pull(a, linked("a", told=TOLD), store)

    class RingsFirst(Vendor):
        def send(self, write):
            """It rings, and is asked, before its answer is there."""
            stored = b.send(write)
            pull(b, linked("b", told=TOLD), store)
            with store.begin("test") as work:
                assert [one.rule for one in work.conflicts.find_all()] == ["manual"]
            return stored

    push_changes(linked("b", told=TOLD), RingsFirst("b"), store)
    with store.begin("test") as work:
        assert work.conflicts.find_all() == ()
        assert work.issues.find_open() == ()


def test_nothing_is_sent_again_where_the_system_writes_it_in_its_own_way(store):
    a = Vendor("a")
    b = Vendor("b", normal=lambda payload: {**payload, "city": str(payload.get("city"))[:4]})
    a.put("1", ANN)
    pull(a, linked("a", told=TOLD), store)
    push(b, linked("b", told=TOLD), store)
    with store.begin("test") as work:
        work.outbox.enqueue("b", Kind.PATIENT, people(store)["Ann"].id)
    assert push(b, linked("b", told=TOLD), store).unchanged == 1
    assert b.written == ["b0n"]


# Mass changes


def a_hundred(store: Store, limit: MassChangeLimit) -> tuple[Vendor, dict[str, dict[str, str]]]:
    a = Vendor("a")
    for n in range(30):
        a.put(str(n), {**ANN, "first": f"P{n}"})
    pull(a, linked("a", limit=limit), store)
    return a, {id_: dict(record) for id_, record in a.records.items()}


LIMIT = MassChangeLimit(share=0.2, at_least=3)


def test_a_feed_that_changes_a_mass_of_records_stops_before_anything_is_applied(store):
    a, records = a_hundred(store, LIMIT)
    for id_ in list(records)[:7]:
        a.put(id_, {**records[id_], "city": "Gone"})
    with pytest.raises(SafetyStop, match="would change 7 and take away 0 of 30 known patient records"):
        pull(a, linked("a", limit=LIMIT), store)
    assert {one.city for one in people(store).values()} == {"Austin"}
    assert issues(store, MASS_CHANGE) == {"a": (MASS_CHANGE,)}
    with pytest.raises(SafetyStop, match="'front_desk' may not let a mass change through"):
        pull(a, linked("a", limit=LIMIT), store, accepted=Accepted("kim", "front_desk", "they moved"))
    assert issues(store, MASS_CHANGE) == {"a": (MASS_CHANGE,)}
    done = pull(a, linked("a", limit=LIMIT), store, accepted=Accepted("kim", "owner", "they moved"))
    assert done.updated == 7
    assert issues(store, MASS_CHANGE) == {}


def test_as_many_as_the_limit_says_go_through(store):
    a, records = a_hundred(store, LIMIT)
    for id_ in list(records)[:6]:
        a.put(id_, {**records[id_], "city": "Gone"})
    assert pull(a, linked("a", limit=LIMIT), store).updated == 6


def test_a_feed_that_writes_all_anew_and_changes_nothing_goes_through(store):
    a, records = a_hundred(store, LIMIT)
    for id_, record in records.items():
        a.put(id_, {**record, "colour": "green"})
    result = pull(a, linked("a", limit=LIMIT), store)
    assert (result.updated, result.unchanged) == (0, 30)


def test_a_system_that_lists_nobody_any_more_stops_it(store):
    a, _ = a_hundred(store, LIMIT)
    a.listed = frozenset()
    with pytest.raises(SafetyStop, match="take away"):
        pull(a, linked("a", limit=LIMIT), store)
    assert all(one.active for one in people(store).values())


def test_who_is_listed_no_more_is_gone_once(store):
    a, records = a_hundred(store, LIMIT)
    a.listed = frozenset(records) - {"3"}
    assert pull(a, linked("a", limit=LIMIT), store).gone == 1
    assert pull(a, linked("a", limit=LIMIT), store).gone == 0
    assert [name for name, one in people(store).items() if not one.active] == ["P3"]


# Records that end


def a_visit(patient: str, start: datetime, status: str = "booked") -> dict[str, str]:
    end = start + timedelta(minutes=30)
    return {
        "patient": patient, "site": "main", "with": "lee", "start": start.isoformat(), "end": end.isoformat(),
        "status": status,
    }  # fmt: skip


FUTURE = datetime(2097, 3, 3, 15, tzinfo=UTC)


def test_a_deleted_visit_to_come_frees_its_time_and_one_of_the_past_stays(store, engine):
    a = Vendor("a")
    a.put("1", ANN)
    a.put("v1", a_visit("1", FUTURE), kind=Kind.VISIT)
    a.put("v2", a_visit("1", START, "done"), kind=Kind.VISIT)
    for kind in (Kind.PATIENT, Kind.VISIT):
        pull(a, linked("a"), store, kind)
    a.end("v1", kind=Kind.VISIT)
    a.end("v2", kind=Kind.VISIT)
    assert pull(a, linked("a", told=("b",)), store, Kind.VISIT).gone == 2
    with store.begin("test") as work:
        states = {one.state for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit)}
    assert states == {VisitState.CANCELLED, VisitState.FULFILLED}
    assert waiting(engine) == {"b": 1}, "the others hear of the one that does not take place"
    with engine.connect() as connection:
        claims = connection.execute(text("SELECT count(*) FROM claim WHERE lower(during) > '2090-01-01'")).scalar_one()
        events = set(connection.execute(text("SELECT name FROM domain_event")).scalars())
        reasons = set(connection.execute(text("SELECT reason FROM audit_entry")).scalars())
    assert (claims, reasons) == (0, {"deleted_there"})
    assert events == {"visit_cancelled", "visit_deleted_there"}


def test_a_deleted_patient_is_not_active_and_never_erased_and_visits_to_come_ask_a_person(store):
    a = Vendor("a")
    a.put("1", ANN)
    a.put("v1", a_visit("1", FUTURE), kind=Kind.VISIT)
    for kind in (Kind.PATIENT, Kind.VISIT):
        pull(a, linked("a"), store, kind)
    a.end("1")
    pull(a, linked("a"), store)
    ann = people(store)["Ann"]
    assert (ann.active, ann.phone) == (False, "+15125550100")
    assert list(issues(store, "deleted_there")) == [ann.id]
    a.put("1", ANN)
    pull(a, linked("a"), store)
    assert people(store)["Ann"].active, "it came back"


def test_who_is_not_the_system_of_record_cannot_delete(store):
    _, b, id_ = both_know_ann(store)
    b.end("b0n")
    pull(b, linked("b", told=TOLD, rules=A_RULES), store)
    assert people(store)["Ann"].active
    assert issues(store, CONFLICT) == {f"b/{id_}": ("active",)}


def test_patients_whom_their_system_made_one_are_one_with_all_that_is_theirs_and_that_can_be_taken_back(store):
    a = Vendor("a")
    a.put("1", ANN)
    a.put("2", ZOE)
    a.put("v1", a_visit("2", FUTURE), kind=Kind.VISIT)
    for kind in (Kind.PATIENT, Kind.VISIT):
        pull(a, linked("a"), store, kind)
    ann, zoe = people(store)["Ann"].id, people(store)["Zoe"].id
    a.end("2", merged_into="1")
    assert [pull(a, linked("a"), store).gone for _ in range(2)] == [1, 0]

    def stands() -> tuple[dict[str, str], str]:
        with store.begin("test") as work:
            [visit] = work.records.load_all(Kind.VISIT).values()
            assert isinstance(visit, Visit)
            return work.links.find_all("a", Kind.PATIENT), visit.patient_id

    assert stands() == ({"1": ann, "2": ann}, ann)
    with store.begin("test") as work:
        [merge] = work.people.find_merges(ann)
    unmerge_people(store, merge.id, Word("kim", "they are two"))
    assert stands() == ({"1": ann, "2": zoe}, zoe)


def test_a_merge_of_patients_whom_another_system_tells_apart_is_for_a_person(store):
    a, _b, id_ = both_know_ann(store)
    a.put("2", ZOE)
    pull(a, linked("a", told=TOLD), store)
    a.end("1", merged_into="2")
    pull(a, linked("a", told=TOLD), store)
    with store.begin("test") as work:
        assert work.people.find_merges(id_) == ()
        [pair] = work.people.find_open()
    assert {pair.match.first, pair.match.second} == {id_, people(store)["Zoe"].id}


def test_a_merge_into_a_record_that_comes_later_waits_for_it(store):
    a = Vendor("a")
    a.put("2", ANN)
    pull(a, linked("a"), store)
    a.end("2", merged_into="9")
    assert pull(a, linked("a"), store).rejected == 1
    assert issues(store, "rejected_record") == {"a/2": ("orphan_merge",)}
    a.put("9", {**ANN, "first": "Nina"})
    pull(a, linked("a"), store)
    assert issues(store, "rejected_record") == {}
    with store.begin("test") as work:
        assert set(work.links.find_all("a", Kind.PATIENT).values()) == {people(store)["Nina"].id}


# Rehearsals and replays


def test_a_rehearsal_says_what_a_sync_would_do_and_writes_nothing(store, engine):
    _a, b, id_ = both_know_ann(store)
    tables = ("source_record", "source_link", "patient", "outbox_delivery", "review_issue", "field_conflict")
    with engine.connect() as connection:
        before = [connection.execute(text(f"SELECT count(*) FROM {one}")).scalar_one() for one in tables]
    b.put("b0n", {**ANN, "phone": "+15125550111", "city": "Dallas"})
    b.put("7", {**ANN, "first": "Bea"})
    system = linked("b", told=TOLD, rules=A_RULES)
    told: list[tuple[str, int]] = []
    plan = rehearse_sync(system, [Kind.PATIENT], b, store, progress=lambda *said: told.append(said))
    assert told[-1] == ("patient", plan.read[Kind.PATIENT].read)
    with engine.connect() as connection:
        after = [connection.execute(text(f"SELECT count(*) FROM {one}")).scalar_one() for one in tables]
    assert after == before
    assert {(one.what, one.fields) for one in plan.here} == {
        ("new", ()), ("changed", ("city",)), ("conflict", ("phone",)),
    }  # fmt: skip
    assert [(one.id, one.what, one.fields) for one in plan.there] == [(id_, "change", ("phone",))]
    done = pull(b, system, store)
    assert (done.inserted, done.updated, done.conflicts) == (1, 1, 1), "and the pull does exactly that"


def test_a_dead_delivery_is_listed_and_sent_again(store):
    _, b, _ = both_know_ann(store)
    with store.begin("test") as work:
        work.outbox.enqueue("b", Kind.PATIENT, "pat_gone")
    assert push(b, linked("b"), store).dead == 1
    [dead] = find_dead("b", store)
    assert (dead.kind, dead.subject_id) == (Kind.PATIENT, "pat_gone")
    assert replay_dead("b", store) == 1
    assert find_dead("b", store) == ()


def test_a_replay_takes_the_newest_state_of_what_landed_by_the_rules_of_today(store):
    _a, b, _ = both_know_ann(store)
    b.put("b0n", {**ANN, "phone": "+15125550111"})
    b.put("b0n", {**ANN, "phone": "+15125550122"})
    pull(b, linked("b", rules=A_RULES), store)
    system = linked("b", rules="patient: {system_of_record: b}")
    with store.begin("test") as work:
        now, hour = work.now, timedelta(hours=1)
    found = find_landed("b", Kind.PATIENT, now - hour, now + hour, store)
    assert len(found) == 1
    for updated in (1, 0):
        assert replay_records(system, Kind.PATIENT, [one.id for one in found], store).updated == updated
    assert people(store)["Ann"].phone == "+15125550122"


def test_a_replay_says_what_still_cannot_be_taken(store):
    a = Vendor("a")
    a.put("1", {**ANN, "active": "perhaps"})
    assert pull(a, linked("a"), store).rejected == 1
    [waiting] = find_quarantined("a", store)
    assert replay_records(linked("a"), Kind.PATIENT, [waiting.id], store).rejected == 1


def test_a_record_that_two_systems_know_is_judged_at_first_sight_too(store, engine):
    _a, _b, id_ = both_know_ann(store)
    c = Vendor("c")
    c.put("9", {"first": "Ann", "last": "Ames", "phone": "+15125550177", "active": True})
    with store.begin("test") as work:
        work.landing.land(c.feed)
        work.links.save([Link(c.feed[0].ref, id_)])
    result = pull(c, linked("c", told=("a", "b", "c"), rules=A_RULES), store)
    assert (result.inserted, result.updated, result.conflicts) == (0, 0, 1)
    push(c, linked("c", told=("a", "b", "c"), rules=A_RULES), store)
    assert c.records["9"] == ANN, "it is told what it lacks and what it has wrong"
