"""The board in a real Chromium: what a person at the front desk sees and can do with a keyboard."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.board_day import MAIN, MONDAY, NOW, MadeUpQueries, a_day, laser, plain
from tests.screenshot import SIZE

ROOT = Path(__file__).parents[3]


@dataclass
class Watched:
    """A page, with everything it asked for and complained of."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def watch(cls, page: Page) -> "Watched":
        watched = cls(page)
        page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).hostname or ""))
        page.on("console", lambda message: watched.complaints.append(message.text))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        return watched


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Watched]:
    """A page that is closed before its server is (hence `address`), and had nothing to complain of."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    watched = Watched.watch(page)
    yield watched
    page.close()
    assert watched.complaints == []
    assert watched.hosts == {"127.0.0.1"}


def _box(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box
    return dict(box)


def test_the_board_shows_a_column_for_each_provider_room_and_device(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    assert seen.page.locator(".head .name").all_inner_texts() == [
        "Dr. Maya Lee",
        "Sam Ortiz",
        "Jo Kim",
        "Room 1",
        "Room 2",
        "Recovery lounge",
        "GentleMax Pro",
        "HydraFacial",
    ]
    kinds = [text.lower() for text in seen.page.locator(".head .kind").all_inner_texts()]
    assert kinds == ["provider"] * 3 + ["room"] * 3 + ["device"] * 2


def test_a_conflict_is_marked_with_a_word_on_the_block_and_a_reason_above(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    marked = seen.page.locator(".block.conflict")
    assert marked.count() == 5
    for block in marked.all():
        assert block.locator(".flag").inner_text() == "Conflict"
        assert "overlap" in (block.get_attribute("aria-label") or "") or "that fit" in (
            block.get_attribute("aria-label") or ""
        )
    assert "Tomas H. and Ivy C. overlap" in seen.page.locator("#conflicts").inner_text()


def test_a_conflict_leads_to_its_block(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    seen.page.locator("#conflicts a").last.click()
    target = seen.page.locator(".block:target")
    assert "Lena K." in target.inner_text()
    heads = _box(seen.page.locator(".heads"))
    assert _box(target)["y"] >= heads["y"] + heads["height"], "it is not hidden under the sticky names"


def test_blocks_stand_where_their_times_say_and_side_by_side_where_they_overlap(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    lines = {tick: _box(seen.page.locator(".hours span", has_text=tick)) for tick in ("9 am", "1 pm")}
    hour = (lines["1 pm"]["y"] - lines["9 am"]["y"]) / 4
    nine = lines["9 am"]["y"] + lines["9 am"]["height"] / 2
    tomas = _box(seen.page.locator("button.block.conflict", has_text="Tomas H."))
    ivy = _box(seen.page.locator("button.block.conflict", has_text="Ivy C."))
    assert tomas["y"] == pytest.approx(nine + 2 * hour, abs=1.5)
    assert tomas["height"] == pytest.approx(0.75 * hour, abs=1.5)
    assert ivy["y"] == pytest.approx(nine + 2.25 * hour, abs=1.5)
    assert tomas["x"] + tomas["width"] <= ivy["x"] + 0.5


def test_steps_differ_in_more_than_colour(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    block = seen.page.locator("button.block", has_text="Noor A.").filter(has_text="numbing")
    looks = {
        phase: block.locator(f".step.{phase}").first.evaluate("e => getComputedStyle(e).backgroundImage.slice(0, 20)")
        for phase in ("alone", "without-patient", "treatment")
    }
    assert len(set(looks.values())) == 3
    assert block.locator(".label").all_inner_texts() == ["numbing", "turnover"]


def test_the_next_day_is_reached_by_keyboard_alone(seen: Watched, queries: MadeUpQueries, address: str) -> None:
    tuesday = MONDAY.replace(day=3)
    queries.days[MAIN.id, tuesday] = a_day(on=tuesday, visits=(), blocks=())
    seen.page.goto(address)
    for _ in range(20):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate("document.activeElement.rel") == "next":
            break
    with seen.page.expect_navigation():
        seen.page.keyboard.press("Enter")
    assert seen.page.locator("h1").inner_text() == "Tuesday, March 3, 2026"
    assert seen.page.title() == "Day board, Tuesday, March 3, 2026 · Hub"
    assert "No visits on this day" in seen.page.locator("main").inner_text()


def test_a_date_is_picked_and_shown(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    seen.page.get_by_label("Date").fill("2026-03-09")
    seen.page.get_by_role("button", name="Go").click()
    assert seen.page.locator("h1").inner_text() == "Monday, March 9, 2026"


def test_a_visit_opens_its_card_by_keyboard_and_escape_closes_it(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    seen.page.locator("button.block", has_text="Noor A.").filter(has_text="numbing").focus()
    seen.page.keyboard.press("Enter")
    card = seen.page.get_by_role("dialog")
    assert card.count() == 1
    text = card.inner_text()
    for expected in ("Noor A.", "Laser hair removal, legs", "Set-up", "Numbing", "Turnover", "GentleMax Pro"):
        assert expected in text
    seen.page.keyboard.press("Escape")
    assert seen.page.get_by_role("dialog").count() == 0


def test_what_is_to_be_signed_is_marked_on_the_block_spoken_and_named_on_the_card(seen: Watched, address: str) -> None:
    seen.page.goto(address)
    block = seen.page.locator("button.block", has_text="Noor A.").first
    assert block.locator(".to-sign").is_visible()
    assert "To sign: Laser consent and Photo release" in (block.get_attribute("aria-label") or "")
    assert seen.page.locator("button.block", has_text="Wei Z.").locator(".to-sign").count() == 0
    block.click()
    assert "To sign Laser consent and Photo release" in seen.page.get_by_role("dialog").inner_text()


def test_names_stay_in_view_while_the_board_is_scrolled(seen: Watched, address: str) -> None:
    seen.page.set_viewport_size({"width": 820, "height": 600})
    seen.page.goto(address)
    seen.page.evaluate("scrollTo(300, 700)")
    assert _box(seen.page.locator(".heads"))["y"] == pytest.approx(0, abs=1)
    assert _box(seen.page.locator(".hours"))["x"] == pytest.approx(0, abs=1)


def test_at_1280_pixels_a_usual_board_needs_no_sideways_scrolling(seen: Watched, queries, address: str) -> None:
    calm = (laser("Ana P", 9), plain("Ben Q", "10:00", "11:00", "Peel", "dr-lee", "room-1"))
    queries.days[MAIN.id, MONDAY] = a_day(visits=calm)
    seen.page.goto(address)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= SIZE[0]


def test_the_board_works_without_its_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_text("Next day").click()
    assert page.locator("h1").inner_text() == "Tuesday, March 3, 2026"
    context.close()


def test_todays_board_keeps_itself_current_but_not_while_a_card_is_open(
    seen: Watched, queries: MadeUpQueries, address: str
) -> None:
    seen.page.clock.install()
    seen.page.goto(address)
    seen.page.locator("button.block").first.click()
    queries.at = NOW + timedelta(minutes=5)
    seen.page.clock.run_for(61_000)
    assert "As of 10:52 am" in seen.page.locator(".asof").inner_text()
    seen.page.keyboard.press("Escape")
    with seen.page.expect_navigation():
        seen.page.clock.run_for(60_000)
    assert "As of 10:57 am" in seen.page.locator(".asof").inner_text()


def test_a_script_in_a_name_is_shown_and_not_run(seen: Watched, queries: MadeUpQueries, address: str) -> None:
    nasty = plain("<img src=/x onerror=document.title='run'> Q", "09:00", "10:00", "Peel", "room-1", "dr-lee")
    queries.days[MAIN.id, MONDAY] = a_day(visits=(nasty,))
    seen.page.goto(address)
    assert seen.page.title().startswith("Day board")
    assert "onerror" in seen.page.locator("button.block .name").first.inner_text()


def test_all_other_pages_are_without_complaint(seen: Watched, address: str) -> None:
    for path in ("/issues", "/board?location=south", "/board?hours=all"):
        answer = seen.page.goto(address + path)
        assert answer
        assert answer.status == 200


def test_a_picture_of_the_board_is_taken_by_one_command(browser: Browser, address: str, tmp_path: Path) -> None:
    picture = tmp_path / "pictures" / "board.png"
    command = [sys.executable, "-m", "tests.screenshot", address, str(picture)]
    subprocess.run(command, check=True, cwd=ROOT)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == SIZE
