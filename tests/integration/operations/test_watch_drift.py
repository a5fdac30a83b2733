"""A stream is held to its contract: drift is told once, kept back, or stops the stream, until a person accepts it."""

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.errors import InvalidInput, SafetyStop
from hub.operations.accept_drift import accept_drift
from hub.operations.guard_feed import Accepted
from hub.operations.pull_changes import REJECTED
from hub.operations.rehearse_sync import rehearse_sync
from hub.operations.watch_drift import DRIFT, read_drifts
from hub.ports import Issue, Store
from hub.store.unit_of_work import SqlStore
from hub.sync.drift import DriftRules, Reaction, What
from tests.integration.operations.scripted_systems import Vendor, linked, pull

PRACTICE = "zone: UTC\nlocations: [{id: main}]\npolicy: {decides: [owner]}\n"
OWNER = Accepted("kim", "owner", "they said so")


def rules(**reactions: Reaction) -> DriftRules:
    said = {What.NEW_FIELD: Reaction.NOTE, What.CHANGED_TYPE: Reaction.QUARANTINE, What.NEW_CODE: Reaction.STOP}
    return DriftRules({**said, **{What(what): one for what, one in reactions.items()}}, learn=3)


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    opened = SqlStore(engine)
    with opened.begin("test") as work:
        work.practices.save("practice.yaml", PRACTICE)
    return opened


@pytest.fixture
def vendor(store: SqlStore) -> Vendor:
    """Its contract is learned."""
    made = Vendor("a")
    for number in range(1, 4):
        made.put(str(number), {"first": f"P{number}", "last": "Ames", "city": "Austin"})
    pull(made, linked("a", aliases=False, drift=rules()), store)
    assert issues(store, DRIFT) == []
    return made


def issues(store: Store, kind: str) -> list[Issue]:
    with store.begin("test") as work:
        return list(work.issues.find_open(kind))


def names(store: Store) -> set[str]:
    with store.begin("test") as work:
        found = work.records.load_all(Kind.PATIENT).values()
    return {str(one.given_name) for one in found if isinstance(one, Patient)}


def test_a_new_field_is_told_once_and_the_records_are_taken(store: SqlStore, vendor: Vendor, owner: Engine):
    for number in range(4, 40):
        vendor.put(str(number), {"first": f"P{number}", "last": "Ames", "colour": f"secret-{number}"})
    assert pull(vendor, linked("a", aliases=False, drift=rules()), store).inserted == 36
    [issue] = issues(store, DRIFT)
    assert ([str(one) for one in read_drifts(issue)], issue.codes) == (["new_field colour (text)"], ("new_field",))
    with store.begin("test") as work:
        contract = work.cursors.find_contract("a", Kind.PATIENT)
    assert contract is not None
    assert contract.types["colour"] == {"text"}, "it belongs to the contract from then on"
    accept_drift(linked("a", aliases=False, drift=rules()), Kind.PATIENT, OWNER, store)
    vendor.put("41", {"first": "P41", "last": "Ames", "colour": "secret"})
    pull(vendor, linked("a", aliases=False, drift=rules()), store)
    assert issues(store, DRIFT) == []
    with owner.connect() as connection:
        kept = str(connection.execute(text("SELECT detail, codes FROM review_issue")).all())
        kept += str(connection.execute(text("SELECT contract FROM stream_cursor")).all())
    assert "secret" not in kept
    assert "P4" not in kept


def test_a_changed_type_waits_alone_until_it_is_accepted(store: SqlStore, vendor: Vendor):
    vendor.put("1", {"first": "P1", "last": "Ames", "city": ["Austin", "Waco"]})
    vendor.put("4", {"first": "P4", "last": "Ames", "city": 7})
    vendor.put("5", {"first": "P5", "last": "Ames", "city": "Waco"})
    done = pull(vendor, linked("a", aliases=False, drift=rules()), store)
    assert (done.inserted, done.rejected) == (1, 2)
    assert names(store) == {"P1", "P2", "P3", "P5"}
    assert {one.subject_id: one.codes for one in issues(store, REJECTED)} == {"a/1": (DRIFT,), "a/4": (DRIFT,)}
    with pytest.raises(SafetyStop, match="the role 'desk' may not"):
        accept_drift(linked("a", aliases=False), Kind.PATIENT, Accepted("kim", "desk", "r"), store)
    done = accept_drift(linked("a", aliases=False, drift=rules()), Kind.PATIENT, OWNER, store)
    assert "P4" in names(store)
    assert (done.inserted, issues(store, DRIFT)) == (1, [])
    vendor.put("6", {"first": "P6", "last": "Ames", "city": 8})
    assert pull(vendor, linked("a", aliases=False, drift=rules()), store).rejected == 0
    with pytest.raises(InvalidInput, match="nothing of a patient has drifted"):
        accept_drift(linked("a", aliases=False), Kind.PATIENT, OWNER, store)


def test_a_stream_that_stops_keeps_its_place_and_goes_on_once_it_is_accepted(store: SqlStore, vendor: Vendor):
    strict = linked("a", aliases=False, drift=rules(new_field=Reaction.STOP))
    vendor.put("4", {"first": "P4", "last": "Ames", "vip": True})
    for _ in range(2):
        with pytest.raises(SafetyStop, match=r"new_field vip \(yes_no\). Look there.*hub drift accept a patient"):
            pull(vendor, strict, store)
    assert names(store) == {"P1", "P2", "P3"}
    assert len(issues(store, DRIFT)) == 1
    accept_drift(strict, Kind.PATIENT, OWNER, store)
    assert pull(vendor, strict, store).inserted == 1


def test_a_record_that_is_put_right_there_is_taken_without_a_word(store: SqlStore, vendor: Vendor):
    vendor.put("4", {"first": "P4", "last": "Ames", "city": 7})
    pull(vendor, linked("a", aliases=False, drift=rules()), store)
    vendor.put("4", {"first": "P4", "last": "Ames", "city": "Waco"})
    assert pull(vendor, linked("a", aliases=False, drift=rules()), store).inserted == 1
    assert issues(store, REJECTED) == []


def test_a_rehearsal_says_what_the_contract_would_do_and_keeps_nothing_of_it(store: SqlStore, vendor: Vendor):
    system = linked("a", aliases=False, drift=rules())
    vendor.put("4", {"first": "P4", "last": "Ames", "colour": "red"})
    vendor.put("5", {"first": "P5", "last": "Ames", "city": 7})
    for _ in range(2):
        plan = rehearse_sync(system, [Kind.PATIENT], vendor, store)
        assert {(str(one.drift), one.reaction) for one in plan.drifts} == {
            ("new_field colour (text)", Reaction.NOTE),
            ("changed_type city (number)", Reaction.QUARANTINE),
        }
        assert [(one.what, one.fields) for one in plan.here] == [("new", ()), ("rejected", (DRIFT,))]
        assert (plan.stops, issues(store, DRIFT)) == ((), [])
        assert (plan.is_stopped, plan.waits) == (False, True)
    done = pull(vendor, system, store)
    assert (done.inserted, done.rejected) == (1, 1), "and the pull does exactly that"


def test_a_rehearsal_says_which_stream_would_stop_and_goes_on_with_the_others(store: SqlStore, vendor: Vendor):
    strict = linked("a", aliases=False, drift=rules(new_field=Reaction.STOP))
    vendor.put("4", {"first": "P4", "last": "Ames", "vip": True})
    plan = rehearse_sync(strict, [Kind.PATIENT, Kind.VISIT], vendor, store)
    assert [str(one.drift) for one in plan.drifts] == ["new_field vip (yes_no)"]
    assert "hub drift accept a patient" in str(plan.stops[0])
    assert plan.is_stopped
    assert (plan.here, list(plan.read)) == ((), [Kind.PATIENT, Kind.VISIT])
    with pytest.raises(SafetyStop, match="new_field vip"):
        pull(vendor, strict, store)
