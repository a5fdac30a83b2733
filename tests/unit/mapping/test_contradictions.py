"""A record run back through its table: the columns that it contradicts, and nothing that was remembered wrongly."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.records import Patient
from hub.mapping import contradictions
from hub.mapping.apply import TwoWay, encode, read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context, KnownLinks
from hub.mapping.contradictions import Contradictions
from hub.operations.export_links import ExportLinks

ZONE, TODAY = ZoneInfo("America/Chicago"), date(2026, 3, 2)
LINKS = KnownLinks({Kind.PATIENT: {"1": "pat_1", "2": "pat_2"}})
CODES = {"status": CodeTable(codes={"booked": ("Booked", "open"), "no_show": ("No show",)})}
TEXT = """
record: visit
shape: row
fields:
  patient_id: {path: Client, codec: reference, kind: patient, required: true}
  start: {paths: {date: Date, time: Start}, codec: wall_time, dates: ["%Y-%m-%d", "%m/%d/%Y"], required: true}
  end: {paths: {date: Date, time: End}, codec: wall_time, dates: ["%Y-%m-%d", "%m/%d/%Y"], required: true}
  state: {path: Status, codec: code, table: status, required: true}
  price: {path: Price, codec: money}
  booked_via: {path: Via, direction: read}
  note: Note
"""
ROW = {
    "Client": " 1", "Date": "03/02/2026", "Start": "9:00", "End": "09:30", "Status": "OPEN", "Price": "$1,225.00 ",
    "Via": "x", "Note": "", "Other": "y",
}  # fmt: skip
RECORD = {
    "patient_id": "pat_1",
    "start": datetime(2026, 3, 2, 15, tzinfo=UTC),
    "end": datetime(2026, 3, 2, 15, 30, tzinfo=UTC),
    "state": "booked",
    "price": Money(amount_minor=122500),
    "booked_via": "another",
    "note": None,
}


@pytest.fixture
def visits() -> Contradictions:
    return Contradictions(table(), Context(ZONE, TODAY, LINKS))


def table() -> TwoWay:
    return read_mapping(TEXT, "visit.yaml", CODES)


def found(of: Contradictions, row: dict[str, Any], **changes: object) -> set[str]:
    return set(alone(of, row, [*(RECORD | changes).values()]))


def alone(of: Contradictions, row: dict[str, Any], record: Sequence[Any], among: str = "") -> frozenset[str]:
    return of.find([row], [record], among).get(0, frozenset())


def test_a_record_contradicts_no_row_that_says_the_same_in_its_own_way(visits: Contradictions) -> None:
    assert found(visits, ROW) == set()
    assert len(visits.fields) == 6


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({"patient_id": "pat_2"}, {"Client"}),
        ({"patient_id": "pat_9"}, {"patient_id"}),
        ({"start": datetime(2026, 3, 2, 15, 1, tzinfo=UTC)}, {"Date", "Start"}),
        ({"end": datetime(2026, 3, 3, 15, 30, tzinfo=UTC)}, {"end"}),
        ({"state": "no_show"}, {"Status"}),
        ({"state": "gone"}, {"state"}),
        ({"price": Money(amount_minor=122501)}, {"Price"}),
        ({"price": Money(amount_minor=122500, currency="EUR")}, {"Price"}),
        ({"price": None}, {"Price"}),
        ({"note": "said"}, {"Note"}),
        ({"note": "said", "price": None}, {"Note", "Price"}),
        ({"patient_id": None}, {"patient_id"}),
    ],
)
def test_whatever_a_record_says_otherwise_contradicts_its_column_each_time(
    changes: dict[str, object], columns: set[str], visits: Contradictions
) -> None:
    for _ in range(2):
        assert found(visits, ROW, **changes) == columns
        assert found(visits, ROW) == set()


def test_what_a_row_lacks_is_nothing() -> None:
    notes = Contradictions(
        read_mapping("record: patient\nshape: row\nfields: {note: Note, city: City}", "p", {}), Context(ZONE, TODAY)
    )
    assert alone(notes, {"City": "Austin"}, [None, "Austin"]) == frozenset()
    assert alone(notes, {"City": "Austin"}, ["said", "Austin"]) == {"Note"}


def test_a_truth_is_not_taken_for_the_number_that_was_judged_before() -> None:
    notes = Contradictions(read_mapping("record: patient\nfields: {note: note}", "p.yaml", {}), Context(ZONE, TODAY))
    assert alone(notes, {"note": 1}, ["1"]) == frozenset()
    assert alone(notes, {"note": True}, ["1"]) == {"note"}
    assert alone(notes, {"note": ["?"]}, ["1"]) == {"note"}


def test_among_many_rows_the_one_that_is_contradicted_is_found_whatever_stands_beside_it() -> None:
    notes = Contradictions(read_mapping("record: patient\nfields: {note: note}", "p.yaml", {}), Context(ZONE, TODAY))
    rows = [{"note": "a"}, {"note": 1}, {"note": True}, {"note": ["?"]}, {}]
    assert notes.find(rows, [["a"], ["1"], ["1"], ["1"], [None]]) == {2: {"note"}, 3: {"note"}}
    assert notes.find(rows[:1] * 3, [["a"], ["b"], ["a"]]) == {1: {"note"}}
    assert notes.find([], []) == {}


def test_a_constant_that_a_record_does_not_say_is_contradicted() -> None:
    text = "record: patient\nconstants: {type: P}\nfields: {note: note}"
    notes = Contradictions(read_mapping(text, "p.yaml", {}), Context(ZONE, TODAY))
    assert alone(notes, {"type": "P", "note": "a"}, ["a"]) == frozenset()
    assert alone(notes, {"type": "Q", "note": "a"}, ["a"]) == {"type"}


def test_a_room_is_its_locations_own_however_often_its_name_was_met() -> None:
    text = "record: visit\nshape: row\nfields: {room_id: {path: Room, codec: reference, kind: resource, by: name}}"
    links = ExportLinks("s", {}, {Kind.RESOURCE: {"main/room 1": "res_1", "north/room 1": "res_2"}})
    rooms = Contradictions(read_mapping(text, "v.yaml", {}), Context(ZONE, TODAY, links))
    for site, room, other in (("Main", "res_1", "res_2"), ("North", "res_2", "res_1")):
        links.enter(site)
        assert alone(rooms, {"Room": "Room 1"}, [room], site) == frozenset()
        assert alone(rooms, {"Room": "Room 1"}, [other], site)


def test_more_is_met_than_is_remembered(visits: Contradictions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contradictions, "_REMEMBERED", 2)
    for cents in [*range(9), *range(9)]:
        row = ROW | {"Price": f"0.0{cents}"}
        assert found(visits, row, price=Money(amount_minor=cents)) == set()
        assert found(visits, row, price=Money(amount_minor=cents + 1)) == {"Price"}


NOTES = read_mapping("record: patient\nshape: row\nfields: {note: Note, city: City, given_name: Name}", "p.yaml", {})
WORDS = st.sampled_from([None, "", " ", "a", " a", "b", "A"])


@settings(max_examples=60)
@given(st.lists(st.tuples(*[WORDS] * 6), max_size=8))
def test_what_is_found_is_what_encoding_onto_the_row_changes(said: list[tuple[str | None, ...]]) -> None:
    context = Context(ZONE, TODAY)
    of = Contradictions(NOTES, context)
    rows = [dict(zip(("Note", "City", "Name"), words, strict=False)) for words in said]
    told = [[value.strip() or None if value else None for value in words[3:]] for words in said]
    changed = {}
    for place, (row, values) in enumerate(zip(rows, told, strict=True)):
        patient = Patient.model_validate(dict(zip(NOTES.names, values, strict=True)) | {"id": "pat_1"})
        written = encode(NOTES, patient, context, row)
        changed[place] = frozenset(key for key, value in written.items() if row.get(key) != value)
    expected = {place: keys for place, keys in changed.items() if keys}
    assert of.find(rows, told) == of.find(rows, told) == expected
    assert [alone(of, *one) for one in zip(rows, told, strict=True)] == [*changed.values()]
    for place, (row, values) in enumerate(zip(rows, told, strict=True)):
        said = [of.is_said(at, {keys[0]: row[keys[0]]}, [values[at]]) for at, (keys, _) in enumerate(of.fields)]
        assert all(said) == (place not in expected)
