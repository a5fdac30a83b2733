"""The laws of hub/mapping/__init__.py, for every table of the repository and those of vendors' shapes in the tests."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.ids import derive
from hub.canonical.records import Canonical
from hub.mapping.apply import Decoded, TwoWay, decode, encode
from hub.mapping.spec import Direction, FieldPlan, WriteMode
from hub.mapping.split import split
from tests.properties.mapping_strategies import CONTEXT, records, shipped, source, wild_payloads
from tests.unit.mapping.vendor_shapes import vendor_tables

TABLES = {**shipped(), **vendor_tables()}
LAW = settings(max_examples=15)


def _is_whole(mapping: TwoWay) -> bool:
    """Whether a record that the table makes can be read by it: all that is required is written."""
    return not any(
        p.spec.required and p.spec.direction is Direction.READ and not _shared(p, mapping) for p in _fields(mapping)
    )


def _fields(mapping: TwoWay) -> tuple[FieldPlan, ...]:
    return mapping.table.fields


def _shared(plan: FieldPlan, mapping: TwoWay) -> bool:
    return any(other is not plan and other.places == plan.places for other in _fields(mapping))


def _read(mapping: TwoWay, payload: dict[str, Any]) -> Decoded:
    """What the table makes of it; one that splits, of its first part, which goes by the id of the whole here."""
    each, whole = mapping.table.each, source(mapping, payload)
    if each is None:
        return decode(mapping, whole, CONTEXT)
    decoded = decode(mapping, split(each, whole)[0], CONTEXT)
    if decoded.record is None:
        return decoded
    own = derive(mapping.kind, whole.ref.system, whole.ref.id)
    return decoded._replace(record=decoded.record.model_copy(update={"id": own}))


@pytest.fixture(params=sorted(TABLES), scope="module")
def mapping(request: pytest.FixtureRequest) -> TwoWay:
    return TABLES[request.param]


@pytest.fixture(params=sorted(name for name, table in TABLES.items() if _is_whole(table)), scope="module")
def whole(request: pytest.FixtureRequest) -> TwoWay:
    return TABLES[request.param]


def test_both_systems_are_covered() -> None:
    assert {name.split("/")[0] for name in TABLES} >= {"legacy-export", "fhir-r4"}


@LAW
@given(data=st.data())
def test_what_is_written_reads_back_as_the_same(whole: TwoWay, data: st.DataObject) -> None:
    record = data.draw(records(whole))
    decoded = _read(whole, encode(whole, record, CONTEXT))
    assert decoded.problems == ()
    assert decoded.record == record


@LAW
@given(data=st.data())
def test_a_second_round_changes_nothing(whole: TwoWay, data: st.DataObject) -> None:
    record = data.draw(_readable(whole))[1]
    written = encode(whole, record, CONTEXT)
    again = _read(whole, written)
    assert again.record is not None
    assert encode(whole, again.record, CONTEXT) == written


@LAW
@given(data=st.data())
def test_writing_back_what_was_read_changes_nothing_of_the_vendors(whole: TwoWay, data: st.DataObject) -> None:
    payload, record = data.draw(_readable(whole))
    always = {place.text: each.value for place, each in whole.table.constants if each.write == "overwrite"}
    payload |= {**always, "theirs": [1]}
    before = copy.deepcopy(payload)
    assert encode(whole, record, CONTEXT, onto=payload) == before
    assert payload == before


@LAW
@given(data=st.data())
def test_a_change_is_written_and_what_is_not_mapped_stays(whole: TwoWay, data: st.DataObject) -> None:
    old, new = data.draw(records(whole)), data.draw(records(whole))
    modes = {name: plan.spec.write for plan in _fields(whole) for name in plan.names}
    kept = {name: getattr(old, name) for name, mode in modes.items() if mode is not WriteMode.OVERWRITE}
    new = new.model_copy(update=kept)
    payload = {**encode(whole, old, CONTEXT), "theirs": {"deep": [{"x": 1}]}}
    written = encode(whole, new, CONTEXT, onto=payload)
    assert _read(whole, written).record == new
    assert written["theirs"] == {"deep": [{"x": 1}]}


@LAW
@given(data=st.data())
def test_no_payload_makes_decode_raise_and_no_problem_holds_a_value(mapping: TwoWay, data: st.DataObject) -> None:
    payload = data.draw(wild_payloads(mapping))
    decoded = _read(mapping, payload)
    assert (decoded.record is None) == bool(decoded.problems)
    for problem in decoded.problems + decoded.warnings:
        assert (problem.file, problem.line) == ("file.csv", 2)
        assert problem.field
        assert problem.code


@LAW
@given(data=st.data())
def test_a_problem_never_holds_a_personal_value_or_free_text(mapping: TwoWay, data: st.DataObject) -> None:
    secret = "Xyzzy-Plugh-8134"
    keys: dict[bool, set[str]] = {True: set(), False: set()}
    for plan in mapping.table.fields:
        keys[plan.shows_value] |= {place.steps[0].key for part in plan.places for place in part}
    payload = data.draw(_dirty(mapping))
    hidden = {key: _filled(value, secret) for key, value in payload.items() if key in keys[False] - keys[True]}
    decoded = _read(mapping, {**payload, **hidden})
    assert secret not in "".join(map(str, decoded.problems + decoded.warnings))


def _filled(payload: Any, secret: str) -> Any:
    if isinstance(payload, dict):
        return {key: _filled(value, secret) for key, value in payload.items()}
    return [_filled(each, secret) for each in payload] if isinstance(payload, list) else secret


def _readable(mapping: TwoWay) -> st.SearchStrategy[tuple[dict[str, Any], Canonical]]:
    """Payloads in the vendor's own ways of writing that can be read, and what they mean."""
    read = _dirty(mapping).map(lambda payload: (payload, _read(mapping, payload).record))
    return read.filter(lambda pair: pair[1] is not None)  # type: ignore[return-value]


def _dirty(mapping: TwoWay) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads that read well, some of whose parts were replaced by ones that may not."""
    return st.builds(_mixed, st.just(mapping), records(mapping), wild_payloads(mapping), st.integers(0, 3))


def _mixed(mapping: TwoWay, record: Canonical, wild: dict[str, Any], count: int) -> dict[str, Any]:
    payload = encode(mapping, record, CONTEXT)
    chosen = sorted(set(payload) & set(wild), key=lambda key: repr(wild[key]))[:count]
    return {**payload, **{key: wild[key] for key in chosen}}
