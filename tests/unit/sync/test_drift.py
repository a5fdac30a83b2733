"""What has drifted is named by its place and type; nothing personal is in a contract or in what is said of it."""

from typing import Any

import pytest

from hub.sync.drift import Contract, Drift, DriftRules, Reaction, What, code_words, find_drifts, gravest

RULES = DriftRules(
    {What.NEW_FIELD: Reaction.NOTE, What.CHANGED_TYPE: Reaction.QUARANTINE, What.NEW_CODE: Reaction.STOP}
)
RECORD = {"id": 7, "name": {"first": "Ann"}, "tags": ["a"], "lines": [{"sku": "x", "n": 1}], "vip": True, "note": None}


def known(*records: dict[str, Any], rules: DriftRules = RULES) -> Contract:
    contract = Contract()
    for record in records:
        contract = contract.learn(find_drifts(contract, rules, record), records=1)
    return contract


def found(record: dict[str, Any], contract: Contract, rules: DriftRules = RULES) -> list[str]:
    return [str(one) for one in find_drifts(contract, rules, record)]


def test_what_was_learned_has_not_drifted_whatever_its_values_are():
    contract = known(RECORD)
    assert found({**RECORD, "id": 8.5, "vip": False, "name": {"first": "Zoe"}, "tags": [], "lines": []}, contract) == []
    assert contract.types["lines[].sku"] == {"text"}
    assert "Ann" not in repr(contract)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, ["new_field colour (text)"]),
        ({"name": {"first": "Ann", "middle": "B"}}, ["new_field name.middle (text)"]),
        ({"name": "Ann Ames"}, ["changed_type name (text)"]),
        ({"id": "7"}, ["changed_type id (text)"]),
        ({"vip": 1}, ["changed_type vip (number)"]),
        ({"lines": [{"sku": 1, "n": 1}, {"sku": 2, "n": 2}]}, ["changed_type lines[].sku (number)"]),
        ({"lines": None, "id": None}, []),
        ({"note": "hello"}, ["new_field note (text)"]),
    ],
)
def test_a_new_field_and_another_type_are_named_by_their_place(change: dict[str, Any], said: list[str]):
    assert found({**RECORD, **change}, known(RECORD)) == said


def test_keys_that_are_data_are_not_named():
    phones = {"+15125550100": {"kind": "cell"}, "ann@example.com": {"kind": "mail"}, "A1234567": {"kind": "id"}}
    assert found({**RECORD, "by": phones}, known(RECORD)) == [
        "new_field by (object)",
        "new_field by.* (object)",
        "new_field by.*.kind (text)",
    ]


def test_only_what_is_declared_to_be_a_code_is_one():
    rules = DriftRules(RULES.reactions, codes={"status": code_words(["booked", 7, True])})
    contract = known({"status": "booked", "who": "Ann"}, rules=rules)
    assert found({"status": "booked", "who": "Zoe"}, contract, rules) == []
    assert found({"status": "lost", "who": "Zoe"}, contract, rules) == ["new_code status (lost)"]
    assert found({"status": 7}, contract.learn([Drift(What.NEW_FIELD, "status", "number")]), rules) == []
    assert found({"status": "lost"}, contract.learn([Drift(What.NEW_CODE, "status", "lost")]), rules) == []


def test_a_declared_type_counts_whatever_was_seen():
    rules = DriftRules(RULES.reactions, types={"price": "number"})
    contract = known({"price": "12.00"}, rules=rules)
    assert found({"price": "12.00"}, contract, rules) == ["changed_type price (text)"]
    assert found({"price": 12}, contract, rules) == []


def test_the_gravest_reaction_counts():
    drifts = [Drift(What.NEW_FIELD, "a", "text"), Drift(What.CHANGED_TYPE, "b", "text")]
    assert gravest([], RULES) is None
    assert gravest(drifts[:1], RULES) is Reaction.NOTE
    assert gravest(drifts, RULES) is Reaction.QUARANTINE
    assert gravest([*drifts, Drift(What.NEW_CODE, "c", "x")], RULES) is Reaction.STOP
