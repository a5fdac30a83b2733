"""A pull takes what its table takes: records of its kind, the parts of those that are several; and stops by it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Problem, RecordRejected, SafetyStop
from hub.mapping.apply import read_mapping
from hub.mapping.spec import read_codes
from hub.operations.linked_system import LinkedSystem
from hub.operations.pages_of_kind import pages_of_kind
from hub.operations.prepare_write import prepare_writes
from hub.operations.pull_changes import pull_changes
from hub.operations.receive_webhook import receive_webhook
from hub.operations.rehearse_sync import rehearse_sync
from hub.operations.work_inbox import work_inbox
from hub.ports import Delivery, Page, Rejected, Store
from hub.ports.inbox import WebhookEvent

CODES = {"words": read_codes("codes: {Austin: [a], Dallas: [d]}", "words.yaml")}
FAMILY = """
record: patient
only: {family: {present: true}}
each: {path: "people[*]", id: "people[*].id"}
fields:
  given_name: people[*].name
  family_name: family
  city: {path: office, codec: code, table: words, unknown: stop}
"""


class Source:
    """Gives one page, whatever it is asked for."""

    system = "v"

    def __init__(self, *payloads: dict[str, Any]) -> None:
        self.page = Page(tuple(record(payload) for payload in payloads), "1")

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        yield self.page

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        return Page(tuple(one for one in self.page.records if one.ref.id == record_id), None)


def record(payload: dict[str, Any]) -> SourceRecord:
    return SourceRecord(SourceRef("v", Kind.PATIENT, payload["id"]), payload)


def household(number: int, *people: str, **more: Any) -> dict[str, Any]:
    named = [{"id": name[:1], "name": name} for name in people]
    return {"id": f"f{number}", "family": "Lopez", "office": "a", "people": named, **more}


@pytest.fixture(scope="module")
def system() -> LinkedSystem:
    return LinkedSystem("v", {"patient": read_mapping(FAMILY, "patient.yaml", CODES)}, ZoneInfo("UTC"))


def names(store: Store) -> set[str | None]:
    with store.begin("test") as work:
        links = work.links.find_all("v", Kind.PATIENT)
        found = work.records.load(Kind.PATIENT, set(links.values()))
    return {
        f"{ref} {one.given_name} {one.family_name} {one.city}"
        for ref, id_ in links.items()
        if isinstance(one := found[id_], Patient)
    }


def test_a_record_of_several_is_several_and_one_of_another_kind_is_none(system: LinkedSystem, store: Store) -> None:
    source = Source(household(1, "Ana", "Ben"), {"id": "x", "block": True}, household(2, "Cleo", office="d"))
    done = pull_changes(system, Kind.PATIENT, source, store)
    assert (done.read, done.inserted, done.rejected) == (3, 3, 0)
    assert names(store) == {"f1#A Ana Lopez Austin", "f1#B Ben Lopez Austin", "f2#C Cleo Lopez Dallas"}


def test_what_a_system_rings_for_is_taken_as_a_pull_takes_it(system: LinkedSystem, store: Store) -> None:
    source = Source(household(1, "Ana", "Ben"), {"id": "x", "block": True}, household(2, "Cleo", office="d"))
    events = [WebhookEvent(None, "changed", Kind.PATIENT, one.ref.id) for one in source.page.records]
    receive_webhook("v", events, store)
    done = work_inbox(system, source, store)
    assert (done.records, done.taken.inserted, done.taken.rejected) == (3, 3, 0)
    assert names(store) == {"f1#A Ana Lopez Austin", "f1#B Ben Lopez Austin", "f2#C Cleo Lopez Dallas"}
    again = pull_changes(system, Kind.PATIENT, source, store)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
    moved = household(1, "Ana", "Ben")
    moved["people"][1]["name"] = "Bennet"
    changed = pull_changes(system, Kind.PATIENT, Source(moved), store)
    assert (changed.updated, changed.unchanged) == (1, 1)
    assert "f1#B Bennet Lopez Austin" in names(store)


def test_a_list_names_whole_records_and_says_nothing_about_their_parts(system: LinkedSystem, store: Store) -> None:
    source = Source(household(1, "Ana", "Ben"))
    pull_changes(system, Kind.PATIENT, source, store)
    source.page = replace(source.page, listed=frozenset({"f1"}))
    pull_changes(system, Kind.PATIENT, source, store)
    with store.begin("test") as work:
        found = work.records.load_all(Kind.PATIENT).values()
        assert [one.active for one in found if isinstance(one, Patient)] == [True, True]


def test_a_part_whose_table_would_change_the_others_is_not_pushed(system: LinkedSystem, store: Store) -> None:
    pull_changes(system, Kind.PATIENT, Source(household(1, "Ana", "Ben")), store)
    with store.begin("test") as work:
        id_ = work.links.find_all("v", Kind.PATIENT)["f1#A"]
        work.outbox.enqueue_all(["v"], Kind.PATIENT, [id_])
        [delivery] = work.outbox.lease("v", limit=1, seconds=60)
        assert isinstance(delivery, Delivery)
        with pytest.raises(RecordRejected, match=r"fields\.family_name: it stands once for all parts"):
            prepare_writes(delivery, system, work)


def test_a_code_that_stops_takes_nothing_of_its_page(system: LinkedSystem, store: Store) -> None:
    with pytest.raises(SafetyStop, match="office: is a code that nobody has given a meaning") as caught:
        pull_changes(system, Kind.PATIENT, Source(household(1, "Ana"), household(2, "Ben", office="zz")), store)
    assert "zz" not in str(caught.value)  # where somebody lives is personal
    assert names(store) == set()


def test_what_ends_and_what_is_broken_is_told_apart_by_kind_too(system: LinkedSystem) -> None:
    other, mine = record({"id": "x"}), record(household(1, "Ana"))
    end = other._replace(payload={}, gone=True)
    rejected = tuple(Rejected(one, (Problem("broken"),)) for one in (other, mine))
    page = Page((end, other, mine), "1", rejected, frozenset({"x", "f1"}))
    [taken] = pages_of_kind([page], system.mapping(Kind.PATIENT))
    assert [one.ref.id for one in taken.records] == ["x", "f1#A"]
    assert [one.record.ref.id for one in taken.rejected] == ["f1"]
    assert (taken.cursor, taken.listed) == ("1", frozenset({"x", "f1"}))


def test_a_record_that_is_rung_for_as_gone_ends_all_its_parts(system: LinkedSystem, store: Store) -> None:
    pull_changes(system, Kind.PATIENT, Source(household(1, "Ana", "Ben"), household(2, "Cleo")), store)
    source = Source()
    source.page = Page((record({"id": "f1"})._replace(payload={}, gone=True),), None)
    receive_webhook("v", [WebhookEvent(None, "gone", Kind.PATIENT, "f1", gone=True)], store)
    assert work_inbox(system, source, store).taken.gone == 2
    with store.begin("test") as work:
        found = work.records.load_all(Kind.PATIENT).values()
    assert {one.given_name: one.active for one in found if isinstance(one, Patient)} == {
        "Ana": False,
        "Ben": False,
        "Cleo": True,
    }


def test_a_rehearsal_counts_the_parts_that_vanished(system: LinkedSystem, store: Store) -> None:
    pull_changes(system, Kind.PATIENT, Source(household(1, "Ana", "Ben")), store)
    plan = rehearse_sync(system, [Kind.PATIENT], Source(household(1, "Ana")), store)
    assert [one.what for one in plan.here] == ["gone"]
    assert pull_changes(system, Kind.PATIENT, Source(household(1, "Ana")), store).gone == 1
