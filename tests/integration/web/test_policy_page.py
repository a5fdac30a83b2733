"""The policy is published: what patients agree to, from when on, at the address that the confirmation says."""

import re
from datetime import timedelta

import httpx

from hub.settings import Settings
from tests.board_day import MAIN, NOW, MadeUpQueries

POLICY = """
services: [{id: peel, price: {amount_minor: 20000, currency: USD}, steps: [{name: peel, minutes: 30}]}]
policy:
  - {cancellation: [{within_hours: 24, fee_share: 0.5}]}
  - {from: 2026-03-02, deposit: {share: 0.5}, waivers: {owner: {}}}
  - {from: 2026-06-01, deposit: {flat: 9900}}
"""


def read(client: httpx.Client) -> list[str]:
    """Headings and sentences, in order."""
    answer = client.get(Settings(public_url=None).policy_address(MAIN.id).partition("8300")[2])
    assert answer.status_code == 200
    return re.findall(r"<(?:h2|li)>(.*?)</", answer.text)


def test_the_policy_of_today_is_published_with_what_comes_later(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.policy = POLICY
    page = read(client)
    headings = [words for words in page if words.startswith(("In force", "From "))]
    assert headings == ["In force since Mon, Mar 2, 2026", "From Mon, Jun 1, 2026 on"]
    assert any(words.startswith("A deposit of 50% of the price is taken") for words in page)
    assert not any("waive" in words or "owner" in words for words in page)
    queries.at = NOW - timedelta(days=1)
    assert read(client)[:2] == ["In force", "Please call us to book."]


def test_the_page_says_its_version_and_leads_nobody_to_the_book(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.policy = POLICY
    page = client.get("/policy").text
    assert "Version 7" in page
    assert "/board" not in page
    assert "/issues" not in page


def test_without_a_policy_or_at_no_such_place_the_page_is_not_there(
    queries: MadeUpQueries, client: httpx.Client
) -> None:
    answer = client.get("/policy")
    assert answer.status_code == 404
    assert "no policy is published yet" in answer.text.lower()
    queries.policy = POLICY
    assert client.get("/policy?location=nowhere").status_code == 404


def test_the_address_is_the_public_one_where_it_is_said() -> None:
    settings = Settings(public_url="https://book.example/spa/")
    assert settings.policy_address("down town") == "https://book.example/spa/policy?location=down+town"
