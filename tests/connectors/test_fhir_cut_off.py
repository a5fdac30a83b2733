"""A reading that was cut off goes on at its page, and skips nobody whatever happened there meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import OVERLAP, FhirSource
from hub.ports import Page
from tests.connectors.fhir_pages import PositionalServer, ids, patient, read
from tests.peers.scripted import Asked, answer, bundle, scripted

AT_ONCE = "2026-03-01T10:00:00.000Z"
CUTS = pytest.mark.parametrize("after", [1, 2, 3, 4])


def filled_at_once(count: int, *, says_total: bool = False) -> PositionalServer:
    """All of them have one stamp, as after an import."""
    server = PositionalServer(count, says_total=says_total)
    server.held = [patient(number, AT_ONCE) for number in range(1, count + 1)]
    return server


def cut_off(url: str, after: int, cursor: str | None = None, overlap: timedelta = OVERLAP) -> list[Page]:
    """The first pages of a reading, two records on each."""
    with FhirClient(url) as client:
        reading = FhirSource(client, "ehr", page_size=2, overlap=overlap).read(Kind.PATIENT, cursor)
        return [page for _, page in zip(range(after), reading, strict=False)]


@CUTS
@pytest.mark.parametrize("says_total", [True, False])
def test_records_that_all_have_one_stamp_are_read_once_though_the_reading_was_cut_off(after: int, says_total: bool):
    with scripted(filled_at_once(7, says_total=says_total).script) as server:
        kept = cut_off(server.url, after)
        assert ids(kept) + ids(read(server.url, kept[-1].cursor)) == [f"p{n}" for n in range(1, 8)]


def test_a_reading_that_dies_after_every_page_comes_to_its_end():
    read_so_far, cursor = [], None
    with scripted(filled_at_once(7).script) as server:
        for _ in range(5):
            [page] = cut_off(server.url, 1, cursor)
            read_so_far, cursor = [*read_so_far, page], page.cursor
        assert ids(read_so_far) == [f"p{n}" for n in range(1, 8)]
        assert cursor == read(server.url)[-1].cursor, "it is over"


@CUTS
@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_where_the_page_has_expired_the_reading_goes_on_at_the_last_change_seen(after: int, status: int):
    held = PositionalServer(7, says_total=False)
    with scripted(held.script) as server:
        kept = cut_off(server.url, after)
        held.expired, held.expired_status = {server.asked[-1].target}, status
        pages = read(server.url, kept[-1].cursor, overlap=timedelta(0))
        assert ids(pages) == [f"p{n}" for n in range(min(2 * after, 7), 8)]


@CUTS
@pytest.mark.parametrize("says_total", [True, False])
def test_what_is_gone_when_a_reading_goes_on_pulls_nobody_over_the_edge_of_its_page(after: int, says_total: bool):
    held = PositionalServer(9, says_total=says_total)
    with scripted(held.script) as server:
        kept = cut_off(server.url, after)
        held.held = held.held[1:]
        pages = read(server.url, kept[-1].cursor, overlap=timedelta(0))
    assert set(ids(kept) + ids(pages)) == {f"p{n}" for n in range(1, 10)}


@pytest.mark.parametrize("after", range(1, 11))
def test_who_is_held_back_is_read_wherever_the_reading_is_cut_off(after: int):
    """Also in the middle of the second time, which a record that went away between two pages calls for."""
    held = PositionalServer(9, says_total=True)
    turns = iter(range(9))

    def lose_first() -> None:
        if next(turns, None) == 2:
            held.held = held.held[1:]

    held.before_second_page = lose_first
    with scripted(held.script) as server:
        kept = cut_off(server.url, after, overlap=timedelta(0))
        assert "p7" not in ids(kept[:4])
        pages = read(server.url, kept[-1].cursor, overlap=timedelta(0))
    assert set(ids(kept) + ids(pages)) == {f"p{n}" for n in range(1, 10)}


@pytest.mark.parametrize("after", range(1, 9))
@pytest.mark.parametrize("is_gone_then", [True, False])
def test_who_was_pulled_over_an_edge_is_read_wherever_the_reading_is_cut_off(after: int, is_gone_then: bool):
    """Also where the change that pulled shows no more when the reading goes on."""
    held = PositionalServer(7, says_total=False)
    held.before_second_page = held.change_first
    with scripted(held.script) as server:
        kept = cut_off(server.url, after, overlap=timedelta(0))
        if is_gone_then and after >= 4:  # the change has shown
            held.held = held.held[:-1]
        pages = read(server.url, kept[-1].cursor, overlap=timedelta(0))
    assert set(ids(kept) + ids(pages)) == {f"p{n}" for n in range(1, 8)}


def test_the_next_pull_begins_where_the_whole_reading_did_and_not_where_it_was_taken_up():
    """What changes behind a page while nobody reads is stamped before the reading is taken up."""
    began = datetime(2026, 3, 1, 12, tzinfo=UTC)
    clock = iter([began, *[began + timedelta(hours=2)] * 3])
    pages = {"": bundle(patient(1), next_url="b"), "b": bundle(patient(2, "2026-03-01T13:30:00.000Z"))}

    def script(asked: Asked) -> bytes:
        return answer(pages["b" if asked.target == "/b" else ""], date=format_datetime(next(clock), usegmt=True))

    with scripted(script) as server:
        [kept] = cut_off(server.url, 1)
        reading = cut_off(server.url, 1, kept.cursor)
        assert ids(reading) == ["p2"]
        assert [one.target for one in server.asked[1:]] == [server.asked[0].target, "/b"]
        assert '"seen": "2026-03-01T12:00:02.000Z"' in str(reading[0].cursor)


class Troubled(PositionalServer):
    """Somebody works there, and pages expire."""

    def __init__(self, count: int, *, at_once: bool) -> None:
        super().__init__(count, says_total=True)
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.numbers = count
        if at_once:
            self.held = [patient(number, AT_ONCE) for number in range(1, count + 1)]

    def script(self, asked: Asked) -> bytes:
        self.now += timedelta(seconds=5)
        self.last = asked.target
        said = super().script(asked)
        self.expired = set()
        head, _, body = said.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"date:")]
        return b"\r\n".join([*lines, f"date: {format_datetime(self.now, usegmt=True)}".encode()]) + b"\r\n\r\n" + body

    def change(self, index: int) -> None:
        if self.held:
            one = self.held.pop(index % len(self.held))
            version = str(int(one["meta"]["versionId"]) + 1)
            self.held.append(patient(int(one["id"][1:]), self._stamp(), version))

    def add(self, _index: int) -> None:
        self.numbers += 1
        self.held.append(patient(self.numbers, self._stamp()))

    def delete(self, index: int) -> None:
        if self.held:
            del self.held[index % len(self.held)]

    def expire(self, _index: int) -> None:
        """The page behind a link, until a search gives it anew."""
        self.expired = {self.last} if "_offset" in self.last else set()

    def versions(self) -> dict[str, str]:
        return {one["id"]: one["meta"]["versionId"] for one in self.held}

    def _stamp(self) -> str:
        self.now += timedelta(seconds=5)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


WHAT = st.sampled_from(["change", "add", "delete", "expire", "", ""])
TROUBLE = st.lists(st.tuples(st.integers(1, 4), WHAT, st.integers(0, 20)), max_size=8)


@settings(max_examples=60)
@given(count=st.integers(0, 12), at_once=st.booleans(), trouble=TROUBLE)
def test_whatever_happens_between_two_pages_and_wherever_it_is_cut_off_nobody_is_missed(
    count: int, at_once: bool, trouble: list[tuple[int, str, int]]
):
    """After each trouble the reading goes on for some pages; who is gone there need not be known here."""
    held = Troubled(count, at_once=at_once)
    known: dict[str, str | None] = {}
    cursor: str | None = None

    def take(pages: list[Page]) -> None:
        nonlocal cursor
        known.update({record.ref.id: record.version for page in pages for record in page.records})
        cursor = pages[-1].cursor

    with scripted(held.script) as server:
        for pages, what, index in trouble:
            take(cut_off(server.url, pages, cursor, timedelta(0)))
            happen: Callable[[int], None] = getattr(held, what or "expire")
            happen(index)
        for _ in range(2):
            take(read(server.url, cursor, overlap=timedelta(0)))
    assert held.versions().items() <= known.items()
