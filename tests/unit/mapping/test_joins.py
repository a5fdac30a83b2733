"""Records that say more of another one: found by its id, written with it, and whole without anything else."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import InvalidInput, RecordRejected, only_reasons
from hub.mapping.apply import TwoWay, decode, encode, key_joined, read_mapping
from hub.mapping.context import Context, KnownLinks

CONTEXT = Context(
    ZoneInfo("America/Denver"), date(2026, 3, 2), KnownLinks({Kind.PATIENT: {"7": "pat_7", "8": "pat_8"}})
)
FIELDS = "fields: {phone: {path: reach.mobile, codec: phone}, note: said}"


def table(joins: str, fields: str = FIELDS, record: str = "patient", more: str = "") -> TwoWay:
    return read_mapping(f"record: {record}\n{more}joins: {joins}\n{fields}\n", "cards.yaml", {})


def card(**payload: Any) -> SourceRecord:
    return SourceRecord(SourceRef("cards", Kind.PATIENT, "K1"), payload)


@pytest.mark.parametrize(
    ("joins", "owner"),
    [
        ("owner.id", {"owner": {"id": "7"}}),
        ("{path: owner, written: number}", {"owner": 7}),
        ("{path: owner, prefix: client/}", {"owner": "client/7"}),
        ("old | owner", {"owner": "7"}),
    ],
)
def test_a_record_is_of_whom_its_key_names_and_a_new_one_is_written_with_it(joins: str, owner: dict[str, Any]) -> None:
    mapping = table(joins)
    found = decode(mapping, card(**owner, said="x"), CONTEXT).record
    assert found == Patient(id="pat_7", note="x")
    written = encode(mapping, Patient(id="pat_7", note="x"), CONTEXT)
    assert decode(mapping, card(**written), CONTEXT).record == found
    assert encode(mapping, Patient(id="pat_7", note="y"), CONTEXT, onto={**owner, "more": 1}) == {
        **owner, "more": 1, "said": "y",
    }  # fmt: skip
    assert key_joined(mapping, card(**owner), CONTEXT) == "7"


def test_whose_record_a_known_one_is_the_hub_never_changes() -> None:
    mapping = table("owner")
    assert encode(mapping, Patient(id="pat_8", note="x"), CONTEXT, onto={"owner": "7"})["owner"] == "7"


def test_a_record_of_somebody_unknown_is_awaited_and_one_of_nobody_is_wrong() -> None:
    mapping = table("owner")
    assert only_reasons(decode(mapping, card(owner="9"), CONTEXT).problems) == ("awaited",)
    assert only_reasons(decode(mapping, card(said="x"), CONTEXT).problems) == ("missing",)
    with pytest.raises(RecordRejected) as refused:
        encode(mapping, Patient(id="pat_9"), CONTEXT)
    assert only_reasons(refused.value.problems) == ("awaited",)


def test_a_column_names_the_other_record_as_well() -> None:
    mapping = table("Client No", 'fields: {phone: {path: "Mobile", codec: phone}}', more="shape: row\n")
    written = encode(mapping, Patient(id="pat_7", phone="+13035550101"), CONTEXT)
    assert written == {"Client No": "7", "Mobile": "+13035550101"}


@given(
    owner=st.sampled_from(["7", "8", 7, "9", None, "", [], {}, True]),
    said=st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text(), max_size=2)),
)
def test_whatever_stands_there_is_read_without_an_error_and_what_is_written_reads_back_as_the_same(
    owner: Any, said: Any
) -> None:
    mapping = table("owner")
    found = decode(mapping, card(owner=owner, said=said), CONTEXT).record
    if found is not None:
        again = encode(mapping, found, CONTEXT, onto={"owner": owner, "said": said})  # type: ignore[arg-type]
        assert decode(mapping, card(**again), CONTEXT).record == found
        assert encode(mapping, found, CONTEXT, onto=again) == again  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("joins", "more", "record", "said"),
    [
        ("owner", "", "visit", r"cards\.yaml:2: joins: a visit is not put together .*only patients"),
        ("owner", 'each: "lines[*]"\n', "patient", r"joins: 'each' takes records apart, 'joins' puts them together"),
        ("owner[", "", "patient", r"cards\.yaml:2: joins: "),
        ("{path: owner, written: roman}", "", "patient", r"joins\.written"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_its_place(joins: str, more: str, record: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        table(joins, more=more, record=record)
