"""The pages: what they show, what they hold back, and what they say to a bad request."""

import logging
import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from hub.errors import RetryLater
from hub.web.app import create_app
from tests.board_day import MAIN, MONDAY, NOW, MadeUpQueries, a_day, plain
from tests.browser import serving

SECRET = "Bartholomew"


def test_the_front_page_leads_to_today_when_there_are_visits(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/board?location=main&date=2026-03-02"


def test_the_front_page_leads_to_the_next_day_with_visits(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.at = NOW - timedelta(days=3)
    assert client.get("/").headers["location"].endswith("date=2026-03-02")


def test_the_front_page_leads_to_today_when_nothing_is_to_come(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.at = NOW + timedelta(days=3)
    assert client.get("/").headers["location"].endswith("date=2026-03-05")


def test_the_board_counts_visits_conflicts_and_what_waits(client: httpx.Client) -> None:
    page = client.get("/board").text
    counts = re.search(r'<p class="counts">(.*?)</p>', page, re.DOTALL)
    assert counts
    words = re.sub(r"<[^>]+>|\s+", " ", counts[1])
    for phrase in ("14 visits", "2 conflicts", "2 unplaced", "2 waiting for a person"):
        assert phrase in re.sub(r"\s+", " ", words)


def test_every_conflict_is_said_in_words(client: httpx.Client) -> None:
    page = client.get("/board").text
    assert "Tomas H. and Ivy C. overlap. Ivy C. is not confirmed." in page
    assert page.count('class="flag"') >= 5


def test_an_empty_day_and_a_place_without_resources_say_so(client: httpx.Client) -> None:
    assert "No providers, rooms or devices yet." in client.get("/board?location=south").text


def test_a_day_without_visits_still_shows_who_works(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.days[MAIN.id, MONDAY] = a_day(visits=(), blocks=())
    page = client.get("/board").text
    assert "No visits on this day." in page
    assert "Dr. Maya Lee" in page


def test_the_days_beside_keep_the_place_and_the_hours(client: httpx.Client) -> None:
    page = client.get("/board?location=main&date=2026-03-02&hours=all").text.replace("&amp;", "&")
    assert "/board?location=main&date=2026-03-01&hours=all" in page
    assert "/board?location=main&date=2026-03-03&hours=all" in page


def test_what_waits_is_listed_with_the_day_it_shows_on(client: httpx.Client) -> None:
    page = client.get("/issues").text
    assert "It takes time that something else already holds" in page
    assert "No room is free" in page
    assert "the field given is cut off" in page
    assert 'href="/board?location=main&amp;date=2026-03-02"' in page
    assert "On no board" in page


def test_when_nothing_waits_the_page_says_so(queries: MadeUpQueries, client: httpx.Client) -> None:
    queries.issues = ()
    assert "Nothing waits." in client.get("/issues").text


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "", "0001-01-01", "9999-12-31", "2026-03-02T09:00", "<b>"])
def test_a_bad_date_gets_a_page_that_says_how_to_write_one(client: httpx.Client, text: str) -> None:
    answer = client.get("/board", params={"date": text})
    assert answer.status_code == 400
    assert "2026-03-02" in answer.text
    assert "<b>" not in answer.text.replace('<b class="', "")


def test_an_unknown_location_is_not_found_and_the_known_ones_are_named(client: httpx.Client) -> None:
    answer = client.get("/board?location=nowhere")
    assert answer.status_code == 404
    assert "main and south" in answer.text


def test_an_unknown_page_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_names_are_text_and_never_markup(queries: MadeUpQueries, client: httpx.Client) -> None:
    nasty = replace(
        plain("x", "09:00", "10:00", "<img src=x onerror=alert(1)>", "room-1"), given_name="<script>alert(1)</script>"
    )
    queries.days[MAIN.id, MONDAY] = a_day(visits=(nasty,))
    page = client.get("/board").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_label_cannot_break_out_of_its_attribute(queries: MadeUpQueries, client: httpx.Client) -> None:
    nasty = replace(plain("x", "09:00", "10:00", "x", "room-1"), given_name='" onfocus="alert(1)" x="')
    queries.days[MAIN.id, MONDAY] = a_day(visits=(nasty,))
    assert 'onfocus="' not in client.get("/board").text


@pytest.mark.parametrize("path", ["/", "/board", "/issues", "/healthz", "/nothing", "/board?date=x", "/static/hub.css"])
def test_every_answer_is_guarded(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers


def test_a_page_has_no_inline_script_no_inline_style_and_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/board").text
    assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)", page)
    assert not re.search(r"\s(style|on\w+)=", page)
    assert not re.search(r"\s(src|href|action)=\"(?!/|#)", page)


def test_the_nonce_is_new_for_each_answer_and_the_page_carries_its_own(client: httpx.Client) -> None:
    first, second = client.get("/board"), client.get("/board")
    nonces = [re.findall(r"'nonce-([^']+)'", one.headers["content-security-policy"])[0] for one in (first, second)]
    assert nonces[0] != nonces[1]
    assert f'<style nonce="{nonces[0]}">' in first.text


def test_titles_and_addresses_hold_nothing_personal(queries: MadeUpQueries, client: httpx.Client) -> None:
    person = replace(plain("x", "09:00", "10:00", "Botox", "room-1"), given_name=SECRET, id=f"vis-{SECRET}")
    queries.days[MAIN.id, MONDAY] = a_day(visits=(person,))
    page = client.get("/board").text
    assert SECRET in page, "the board itself shows the given name"
    title = re.search(r"<title>(.*?)</title>", page)
    assert title
    assert SECRET not in title[1]
    assert not [link for link in re.findall(r"(?:href|action|id)=\"([^\"]*)\"", page) if SECRET in link]


@pytest.mark.parametrize("host", ["evil.example", "hub.practice.example:8080", "192.168.1.5"])
def test_a_request_by_any_other_name_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/board", headers={"Host": host})
    assert answer.status_code == 421
    assert "Maria" not in answer.text


def test_healthz_says_ok_and_down(queries: MadeUpQueries, client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}

    def gone() -> None:
        raise RetryLater("the database does not answer")

    queries.now = gone  # type: ignore[method-assign,assignment]
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


def test_a_database_that_is_away_gets_a_page_that_says_so(queries: MadeUpQueries, client: httpx.Client) -> None:
    def gone() -> None:
        raise RetryLater("the database does not answer")

    queries.load_locations = gone  # type: ignore[method-assign,assignment]
    answer = client.get("/board")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_before_any_location_is_set_up_the_page_says_what_to_do() -> None:
    with serving(create_app(MadeUpQueries())) as url:
        answer = httpx.get(f"{url}/board", timeout=180)
    assert answer.status_code == 503
    assert "Apply a practice folder" in answer.text


def test_a_crash_shows_a_number_and_nothing_personal_in_page_or_log(
    queries: MadeUpQueries, client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def crash(location: object, on: date) -> None:
        raise KeyError(SECRET)

    queries.load_day = crash  # type: ignore[method-assign,assignment]
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/board")
    assert answer.status_code == 500
    number = re.search(r"under ([0-9a-f]{8})", answer.text)
    assert number
    assert number[1] in caplog.text
    assert "KeyError" in caplog.text
    assert answer.headers["cache-control"] == "no-store"
    for place in (answer.text, caplog.text, *capfd.readouterr()):
        assert SECRET not in place


def test_no_request_is_logged(client: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    client.get("/board?location=main&date=2026-03-02&note=private")
    out, err = capfd.readouterr()
    assert "private" not in out + err
    assert "board" not in out + err
