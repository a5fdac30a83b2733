"""`records.yaml`: whose word counts, and what is wrong with it by file, line and key."""

import pytest

from hub.canonical.ids import Kind
from hub.errors import InvalidInput
from hub.sync.system_of_record import LATEST, RecordRules, read_record_rules

SYSTEMS = ("ehr", "crm")


def test_a_field_has_its_own_rule_or_its_kinds():
    rules = read_record_rules("patient: {system_of_record: ehr, fields: {phone: latest}}", "records.yaml", SYSTEMS)
    assert (rules.of(Kind.PATIENT).of("phone"), rules.of(Kind.PATIENT).of("city")) == ("latest", "ehr")


@pytest.mark.parametrize("text", ["", "# nothing is declared\n\n"])
def test_without_a_word_the_newest_change_wins(text):
    rules = read_record_rules(text, "records.yaml", SYSTEMS)
    assert rules == RecordRules()
    assert rules.of(Kind.VISIT).of("start") == LATEST


@pytest.mark.parametrize(
    ("text", "line", "field", "said"),
    [
        ("patient:\n  system_of_record: emr\n", 2, "patient.system_of_record", "there is no system 'emr'"),
        ("patient:\n  fields:\n    fone: ehr\n", 3, "patient.fields.fone", "a patient has no field 'fone'"),
        ("patient:\n  fields: {id: ehr}\n", 2, "patient.fields.id", "a patient has no field 'id'"),
        ("patient:\n  fields:\n    phone: newest\n", 3, "patient.fields.phone", "there is no system 'newest'"),
        ("product: {system_of_record: ehr}\n", 1, "product", "the hub has no canonical product yet"),
        ("patient: {system: ehr}\n", 1, "patient.system", "unknown key 'system'"),
        ("visit:\n  fields: {start: ehr, end: crm}\n", 2, "visit.fields", "start and end have one rule together"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, line, field, said):
    with pytest.raises(InvalidInput) as caught:
        read_record_rules(text, "records.yaml", SYSTEMS)
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("records.yaml", line, field)
    assert said in problem.message


def test_both_ends_of_a_visit_may_have_a_rule_of_their_own_if_it_is_one():
    rules = read_record_rules("visit: {fields: {start: ehr, end: ehr}}", "records.yaml", SYSTEMS).of(Kind.VISIT)
    assert (rules.of("start"), rules.of("end")) == ("ehr", "ehr")
