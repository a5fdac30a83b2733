"""Rules about money that disagree, or that come to nothing, are refused when the configuration is loaded."""

import pytest

from hub.canonical.practice import read_practice, read_sound_practice
from hub.canonical.practice_money import find_falling_fees
from hub.documents import parse
from hub.errors import InvalidInput

GOOD = """\
zone: America/Chicago
services:
  - {id: peel, price: {amount_minor: 10000, currency: USD}, steps: [{name: peel, minutes: 30}]}
policy:
  self_booking: {horizon_days: 30}
  deposit: {tiers: [{from_minor: 0, flat: 0}, {from_minor: 5000, flat: 2500}]}
  deposit_first: [desk, online]
  cancellation: [{within_hours: 48, fee_share: 0.5}, {within_hours: 24, fee_share: 1}, {no_show: true, fee_share: 1}]
"""
TIERS = "tiers: [{from_minor: 0, flat: 0}, {from_minor: 5000, flat: 2500}]"
NO_PRICE = ("price: {amount_minor: 10000, currency: USD}, ", "")


def test_money_rules_that_agree_are_read():
    assert read_sound_practice(GOOD, "practice.yaml") == read_practice(GOOD, "practice.yaml")
    only_at_the_desk = GOOD.replace("  self_booking: {horizon_days: 30}\n", "").replace(", online", "")
    read_sound_practice(only_at_the_desk, "practice.yaml")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ("  deposit: {tiers", "  # deposit: {tiers", 7, "policy.deposit_first", "asks for no deposit"),
        ("flat: 2500", "flat: 0", 7, "policy.deposit_first", "always nothing"),
        (TIERS, "share: 0", 7, "policy.deposit_first", "nothing"),
        (*NO_PRICE, 7, "policy.deposit_first", "no service has a price"),
        ("  self_booking: {", "  # {", 7, "policy.deposit_first", "nobody can book by the channel 'online'"),
        ("from_minor: 5000", "from_minor: 0", 6, "policy.deposit.tiers[1].from_minor", "never counts"),
        ("within_hours: 24", "within_hours: 48", 8, "policy.cancellation[1].within_hours", "disagree"),
        ("within_hours: 24", "no_show: true", 8, "policy.cancellation[2].no_show", "disagree"),
        ("currency: USD}", "currency: USD}, options: [{id: big, price: {amount_minor: 1, currency: CAD}}]", 3,
         "services[0].options[0].price", "in CAD, and the first one of the file in USD"),
    ],
)  # fmt: skip
def test_money_rules_that_disagree_are_refused_with_line_and_what_to_do(old, new, line, field, message):
    text = GOOD.replace(old, new)
    assert text != GOOD
    read_practice(text, "practice.yaml")  # a rehearsal may say it
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(text, "practice.yaml")
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("practice.yaml", line, field)
    assert message in problem.message
    assert problem.hint


@pytest.mark.parametrize("amount", ["100.00", "100.5", "'10000'", "true", "null"])
def test_a_price_that_is_not_written_in_whole_cents_is_refused(amount):
    with pytest.raises(InvalidInput) as caught:
        read_practice(GOOD.replace("amount_minor: 10000", f"amount_minor: {amount}"), "practice.yaml")
    [problem] = caught.value.problems
    assert (problem.line, problem.field) == (3, "services[0].price")
    assert "whole number of cents" in problem.message


def test_each_policy_with_a_date_is_looked_at():
    policy = "policy:\n  - {deposit: {flat: 9}, deposit_first: [desk]}\n  - {from: 2027-01-01, deposit_first: [desk]}\n"
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(GOOD[: GOOD.index("policy")] + policy, "practice.yaml")
    [problem] = caught.value.problems
    assert (problem.line, problem.field) == (6, "policy[1].deposit_first")


@pytest.mark.parametrize(
    ("windows", "noted"),
    [
        ("{within_hours: 48, fee_share: 0.5}, {within_hours: 24, fee_share: 1}", []),
        ("{within_hours: 24, fee_share: 1}, {within_hours: 48, fee_share: 0.5}", []),
        ("{within_hours: 24, fee_share: 0.5}, {within_hours: 48, fee_share: 0.5}", []),
        ("{within_hours: 9, fee_share: 1}, {within_hours: 2, fee_share: 0}", [(8, "policy.cancellation[1].fee_share")]),
    ],
)  # fmt: skip
def test_a_fee_that_falls_as_the_visit_comes_nearer_is_noted_in_whatever_order_the_windows_stand(windows, noted):
    text = GOOD.replace("{within_hours: 48, fee_share: 0.5}, {within_hours: 24, fee_share: 1}", windows)
    notes = list(find_falling_fees(read_sound_practice(text, "practice.yaml"), parse(text, "practice.yaml")))
    assert [(note.line, note.field) for note in notes] == noted
