"""How pages are followed: nothing skipped, nothing endless, nothing sent elsewhere. The servers are scripted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.connectors.kit.mapping_files import load_mappings
from hub.errors import InvalidInput, NeedsAttention, RetryLater
from hub.operations.pages_of_kind import pages_of_kind
from hub.settings import PROJECT
from tests.connectors.fhir_pages import PositionalServer, ids, patient, query, read
from tests.peers.scripted import Asked, answer, bundle, scripted


def by_target(answers: dict[str, Any]) -> Callable[[Asked], bytes]:
    """Answers by what the target ends with; else the first page."""
    return lambda asked: answer(
        next((a for end, a in answers.items() if end and asked.target.endswith(end)), answers[""])
    )


def test_links_are_followed_whether_absolute_or_relative():
    def script(asked: Asked) -> bytes:
        absolute = f"http://{asked.headers['host']}/deep/page3?token=x"
        pages = {"page2": bundle(patient(2), next_url=absolute), "token=x": bundle(patient(3))}
        return by_target({"": bundle(patient(1), next_url="page2"), **pages})(asked)

    with scripted(script) as server:
        assert ids(read(f"{server.url}/base")) == ["p1", "p2", "p3"]
        assert [urlsplit(a.target).path for a in server.asked] == ["/base/Patient", "/base/page2", "/deep/page3"]


def test_the_first_request_asks_for_everything_in_the_order_of_change():
    with scripted(by_target({"": bundle()})) as server:
        read(server.url)
        assert query(server.asked[0]) == {"_sort": "_lastUpdated", "_count": "2"}


def test_the_next_pull_begins_a_little_before_the_last_record_seen():
    with scripted(by_target({"": bundle(patient(7))})) as server:
        cursor = read(server.url)[-1].cursor
        read(server.url, cursor)
        assert query(server.asked[-1])["_lastUpdated"] == "ge2026-03-01T09:58:07.000Z"


def test_nothing_new_keeps_the_place():
    with scripted(by_target({"": bundle(patient(7))})) as server:
        cursor = read(server.url)[-1].cursor
    with scripted(by_target({"": bundle()})) as server:
        assert read(server.url, cursor)[-1].cursor == cursor


def test_a_link_to_another_host_is_not_followed():
    with scripted(lambda _asked: answer(bundle())) as stranger:
        first = bundle(patient(1), next_url=f"{stranger.url}/Patient?page=2")
        with scripted(by_target({"": first})) as server, pytest.raises(NeedsAttention, match="another server"):
            read(server.url)
        assert stranger.asked == []


def test_links_that_run_in_a_circle_end_with_one_message():
    pages = {"": bundle(patient(1), next_url="a"), "a": bundle(patient(2), next_url="b"), "b": bundle(next_url="a")}
    with scripted(by_target(pages)) as server, pytest.raises(NeedsAttention, match="circle"):
        read(server.url)
    assert len(server.asked) == 3


def test_the_same_page_under_ever_new_links_ends_with_one_message():
    def script(asked: Asked) -> bytes:
        number = int(query(asked).get("n", "0")) + 1
        return answer(bundle(patient(1), next_url=f"Patient?n={number}"))

    with scripted(script) as server, pytest.raises(NeedsAttention, match="circle"):
        read(server.url)
    assert len(server.asked) < 20


@pytest.mark.parametrize("leads_to", [[], [patient(1)]], ids=["empty pages", "the same page"])
def test_links_that_lead_nowhere_in_the_second_round_end_with_one_message(leads_to: list[dict[str, Any]]):
    """The first round ends, and a total that was never reached calls for the second."""
    at_once = [patient(n, "2026-03-01T10:00:00.000Z") for n in (1, 2)]
    answered = 0

    def script(asked: Asked) -> bytes:
        nonlocal answered
        answered += 1
        number = int(query(asked).get("n", "0")) + 1
        is_over = answered == 1 or answered > 60
        following = None if is_over else f"Patient?n={number}"
        return answer(bundle(*(leads_to if number > 1 else at_once), next_url=following, total=3))

    with scripted(script) as server, pytest.raises(NeedsAttention, match="circle"):
        read(server.url)
    assert len(server.asked) < 40


def test_what_was_read_before_a_failure_can_be_kept_and_the_next_pull_goes_on_from_there():
    def failing(asked: Asked) -> bytes:
        return answer({}, 500) if "page2" in asked.target else answer(bundle(patient(1), patient(2), next_url="page2"))

    with scripted(failing) as server, FhirClient(server.url) as client:
        pages = FhirSource(client, "ehr", page_size=2).read(Kind.PATIENT, None)
        kept = next(pages)
        with pytest.raises(RetryLater, match="status 500"):
            next(pages)
    assert ids([kept]) == ["p1", "p2"]
    with scripted(by_target({"": bundle(patient(2), patient(3))})) as server:
        assert ids(read(server.url, kept.cursor)) == ["p2", "p3"]
        assert query(server.asked[0])["_lastUpdated"] == "ge2026-03-01T09:58:02.000Z"


@pytest.mark.parametrize("says_total", [True, False])
def test_a_record_that_changes_while_pages_are_read_makes_no_other_one_slip_through(says_total):
    positional = PositionalServer(7, says_total=says_total)
    positional.before_second_page = positional.change_first
    with scripted(positional.script) as server:
        pages = read(server.url)
    assert set(ids(pages)) == {f"p{n}" for n in range(1, 8)}
    assert any(r.ref.id == "p1" and r.version == "2" for page in pages for r in page.records)


@pytest.mark.parametrize("page_size", [2, 100])
def test_a_pull_that_dies_after_such_a_change_still_lets_none_slip_through(page_size):
    positional = PositionalServer(7, says_total=False)
    positional.before_second_page = positional.change_first
    with scripted(positional.script) as server:
        with FhirClient(server.url) as client:
            reading = FhirSource(client, "ehr", page_size=2).read(Kind.PATIENT, None)
            kept = [next(reading), next(reading)]
        assert "p3" not in ids(kept), "the change pulled p3 over the edge of the page"
        assert "p3" in ids(read(server.url, kept[-1].cursor, page_size, timedelta(0)))


def test_a_quiet_server_is_read_only_once():
    with scripted(PositionalServer(7, says_total=True).script) as server:
        assert ids(read(server.url)) == [f"p{n}" for n in range(1, 8)]
        assert len(server.asked) == 4


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_a_server_without_links_is_read_by_value(count):
    def script(asked: Asked) -> bytes:
        wanted = query(asked)
        since = wanted.get("_lastUpdated", "ge").removeprefix("ge")
        matching = [p for p in map(patient, range(1, count + 1)) if p["meta"]["lastUpdated"] >= since]
        return answer(bundle(*matching[: int(wanted["_count"])], total=len(matching)))

    with scripted(script) as server:
        assert set(ids(read(server.url))) == {f"p{n}" for n in range(1, count + 1)}


def test_many_records_of_one_instant_without_links_are_read_with_larger_pages():
    same = [patient(n, "2026-03-01T10:00:00.000Z") for n in range(1, 8)]
    with scripted(lambda asked: answer(bundle(*same[: int(query(asked)["_count"])], total=7))) as server:
        assert set(ids(read(server.url))) == {f"p{n}" for n in range(1, 8)}


@given(moves=st.lists(st.integers(0, 8), max_size=9))
@example(moves=[0, 4, 0, 0])
def test_of_many_records_of_one_instant_none_slips_through_while_others_change(moves):
    positional = PositionalServer(9, says_total=False)
    positional.held = [patient(n, "2026-03-01T10:00:00.000Z") for n in range(1, 10)]
    positional.most = 2
    waiting = list(moves)

    def change() -> None:
        if waiting:
            moved = positional.held.pop(waiting.pop(0))
            positional.held.append(patient(int(moved["id"][1:]), "2099-01-01T00:00:00.000Z", version="2"))

    positional.before_second_page = change
    with scripted(positional.script) as server:
        assert set(ids(read(server.url))) == {f"p{n}" for n in range(1, 10)}


def test_a_server_that_keeps_records_back_is_named():
    given = by_target({"": bundle(patient(1), total=5)})
    with scripted(given) as server, pytest.raises(NeedsAttention, match="more Patient match than it gives"):
        read(server.url)


def test_a_record_that_breaks_fhir_is_rejected_and_the_others_come():
    broken = {**patient(2), "gender": "f"}
    with scripted(by_target({"": bundle(patient(1), broken, {"resourceType": "Patient"}, patient(3))})) as server:
        pages = read(server.url, page_size=10)
    assert ids(pages) == ["p1", "p3"]
    rejected = {r.record.ref.id: [p.field for p in r.problems] for page in pages for r in page.rejected}
    assert rejected.pop("p2") == ["Patient.gender"]
    assert [name.startswith("no-id-") for name in rejected] == [True]


@pytest.mark.parametrize(("code", "expected"), [("throttled", RetryLater), ("forbidden", NeedsAttention)])
def test_an_outcome_that_says_error_stops_the_pull(code, expected):
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": "Jane"}],
    }
    with (
        scripted(by_target({"": bundle(patient(1), outcome)})) as server,
        pytest.raises(expected, match=code) as caught,
    ):
        read(server.url)
    assert "Jane" not in str(caught.value)


def test_an_outcome_that_only_warns_does_not():
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "informational"}]}
    with scripted(by_target({"": bundle(warning, patient(1))})) as server:
        assert ids(read(server.url)) == ["p1"]


@pytest.mark.parametrize(
    "body", [[], {"resourceType": "Patient"}, {"entry": []}, {"resourceType": "Bundle", "entry": 5}]
)
def test_json_that_is_no_searchset_needs_a_person(body):
    with scripted(by_target({"": body})) as server, pytest.raises(NeedsAttention, match=r"FHIR|Bundle"):
        read(server.url)


def test_a_cursor_of_something_else_is_refused():
    with scripted(by_target({"": bundle()})) as server, pytest.raises(InvalidInput, match="cursor"):
        read(server.url, "page 3")


def test_a_location_is_a_room_or_a_site_by_the_tables():
    def place(name: str, code: str | None, *, inside: bool = False) -> dict[str, Any]:
        physical = {"physicalType": {"coding": [{"code": code}]}} if code else {}
        part_of = {"partOf": {"reference": "Location/main"}} if inside else {}
        return {"resourceType": "Location", "id": name, **physical, **part_of}

    rooms = (place("room", "ro", inside=True), place("nook", None, inside=True))
    places = (place("main", "si"), *rooms, place("bare", None), place("branch", "si", inside=True))
    with scripted(by_target({"": bundle(*places)})) as server, FhirClient(server.url) as client:
        source = FhirSource(client, "ehr", page_size=10)
        tables = load_mappings(PROJECT / "mappings", "fhir-r4")
        sites, rooms = (
            list(pages_of_kind(source.read(kind, None), tables[kind])) for kind in (Kind.LOCATION, Kind.RESOURCE)
        )
        assert ids(sites) == ["main", "bare", "branch"]
        assert ids(rooms) == ["room", "nook"]


def test_a_server_whose_clock_went_back_is_read_whole_once():
    clocks = iter(["12:00:00", "11:00:00", "11:00:00", "11:01:00"])
    held = [patient(1, "2026-03-01T12:00:00.000Z"), patient(2, "2026-03-01T10:59:55.000Z")]

    def script(asked: Asked) -> bytes:
        return answer(bundle(*held), date=f"Sun, 01 Mar 2026 {next(clocks)} GMT")

    with scripted(script) as server:
        cursor = None
        for _ in range(3):
            cursor = read(server.url, cursor)[-1].cursor
        asked = [query(one).get("_lastUpdated") for one in server.asked]
    assert asked == [None, "ge2026-03-01T11:58:00.000Z", None, "ge2026-03-01T10:58:02.000Z"]
