"""What is published says what is charged."""

from datetime import date

import pytest

from hub.canonical.practice import read_practice
from hub.scheduling.policy_text import policy_sentences

PRACTICE = """
zone: UTC
services:
  - {id: peel, name: Peel, price: {amount_minor: 20000, currency: CURRENCY}, steps: [{name: s, minutes: 9, needs: []}]}
policy: POLICY
"""
WINDOWS = "{cancellation: [{within_hours: 24, fee_share: 1}, {within_hours: 48, fee_share: 0.5}]}"


def text(policy: str, currency: str = "USD") -> str:
    practice = read_practice(PRACTICE.replace("CURRENCY", currency).replace("POLICY", policy), "p.yaml")
    return " ".join(policy_sentences(practice, practice.policy_on(date(2026, 3, 2))))


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{}", "Please call us to book. You can cancel free of charge. A visit that you miss costs nothing."),
        ("{self_booking: {lead_minutes: 120, horizon_days: 1}}", "at least 2 hours ahead. You can book up to 1 day"),
        ("{self_booking: {lead_minutes: 90, services: [peel]}}", "book online: Peel. Book online at least 90 minutes"),
        ("{self_booking: {known_only: true}}", "for patients who have been here before"),
        ("{deposit: {flat: 5000}}", "A deposit of 50.00 USD (at most the price)"),
        (
            "{deposit: {share: 0.25, at_least: 100, at_most: 250000}}",
            "price, at least 1.00 USD and at most 2,500.00 USD is",
        ),
        ("{deposit: {tiers: [{from_minor: 0, flat: 5}]}}", "0.05 USD from a price of 0.00 USD"),
        (
            WINDOWS,
            "free of charge until 48 hours before your arrival. With 48 hours or less left,",
        ),
        (WINDOWS, "costs 50% of the price. With 24 hours or less left, a cancellation costs 100% of the price. Moving"),
        ("{cancellation: [{no_show: true, fee_share: 0.333}]}", "A visit that you miss costs 33.3% of the price."),
    ],
)
def test_each_rule_is_said(policy: str, said: str) -> None:
    assert said in text(policy)


def test_amounts_are_written_as_their_currency_is() -> None:
    assert "5,000 JPY" in text("{deposit: {flat: 5000}}", "JPY")


def test_what_staff_may_do_is_not_published() -> None:
    quiet = text("{overrides: {owner: [closed]}, waivers: {owner: {up_to_minor: 12345}}}")
    assert quiet == text("{}")
