"""`hub stock`, `hub waive`, `hub policy` and `hub audit`, as the desk and the owner use them."""

import json

import pytest

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from tests.integration.operations.small_practice import PRACTICE, open_practice, wanted

VIALS = PRACTICE.replace("unit: tube", "unit: tube, vial: {units: 2, open_hours: 24}").replace(
    "{id: consult,", "{id: consult, price: {amount_minor: 10000, currency: USD},"
)
POLICY = """
policy:
  deposit: {flat: 2000}
  overrides: {owner: [closed]}
  waivers: {front_desk: {up_to_minor: 1500}}
"""


@pytest.fixture
def desk(hub, store, database):
    (hub.practice / "practice.yaml").write_text(VIALS + POLICY, encoding="utf-8")
    open_practice(store)
    apply_practice(store, VIALS + POLICY, "practice.yaml")
    return lambda *said: hub.run(*said, HUB_DATABASE_URL=database.text_url)


@pytest.mark.slow
def test_a_vial_is_opened_wasted_counted_and_explained_at_the_desk(desk):
    assert "lot G1: 2 units" in desk("stock", "open", "gel", "--by", "dr-lee").stdout
    alone = desk("stock", "waste", "gel", "G1", "1", "--by", "dr-lee", "--reason", "spilled")
    assert (alone.returncode, alone.stderr.splitlines()[0]) == (1, "refused: witness_missing")
    wasted = desk("stock", "waste", "gel", "G1", "1", "--by", "dr-lee", "--witness", "dr-kim", "--reason", "spilled")
    assert wasted.stdout == "lot G1: 1 wasted\n"
    counted = desk("stock", "count", "gel", "G1", "1", "--by", "dr-ray")
    assert counted.returncode == 1
    assert counted.stdout.splitlines() == [
        "book 2, counted 1, variance -1",
        "  dr-lee: used 0, wasted 1 since the last count",
    ]
    report = desk("stock", "variance")
    assert report.returncode == 1
    assert report.stdout.splitlines() == [
        "gel/main/G1: received +3, used +0, wasted -1, adjusted -1; on hand 1, -1 unexplained",
        "dr-lee: used +0, wasted -1",
    ]
    assert desk("stock", "explain", "gel", "G1", "--by", "dr-ray", "--reason", "broken").returncode == 0
    assert desk("stock", "variance").returncode == 0
    assert len(desk("stock", "ledger", "gel").stdout.splitlines()) == 5
    kinds = [one["kind"] for one in json.loads(desk("stock", "ledger", "gel", "--json").stdout)["movements"]]
    assert kinds[:3] == ["received", "opened", "wasted"]
    assert desk("stock", "check").stdout == "0 vials written off, 0 products to reorder\n"


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["some", "NaN", "Infinity"])
def test_a_quantity_that_is_none_is_one_clear_message(desk, quantity):
    refused = desk("stock", "count", "gel", "G1", quantity, "--by", "dr-ray")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {quantity!r} is no quantity") or "is no quantity" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_what_was_waived_is_listed_for_the_owner(desk, store):
    booked = book_visit(store, wanted("consult"), actor="ann")
    assert isinstance(booked, Booked)
    visit = booked.visits[0].id
    refused = desk("waive", visit, "--what", "deposit", "--role", "front_desk", "--reason", "regular")
    assert refused.returncode == 1
    assert refused.stderr.startswith("refused: may_not_waive\n")
    asked = ("waive", visit, "--what", "deposit", "--amount", "1500", "--role", "front_desk")
    assert desk(*asked, "--reason", "regular").stdout == "waived 1500, deposit 500\n"
    (line,) = desk("audit", "overrides").stdout.splitlines()
    assert line.endswith(f"{visit}  waive_fee  waived deposit 1500  desk (front_desk): regular")
    assert desk("audit", "overrides", "--until", "2000-01-01").stdout == ""


def test_the_policy_is_printed_in_plain_sentences(desk):
    shown = desk("policy", "show").stdout
    assert "A deposit of 20.00 USD" in shown
    assert "waive" not in shown
