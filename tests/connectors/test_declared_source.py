"""A declared stream is read whole: every way of paging, while records move, and after a reading was cut off."""

import json
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.source import DeclaredSource
from hub.connectors.kit.http import HttpClient, Limits
from hub.connectors.rest.caller import RestCaller
from hub.errors import InvalidInput, NeedsAttention, RetryLater, only_reasons
from tests.connectors.paged_clinic import NOW, WAYS, ZONE, Clinic, connection, everyone, ids, reading, row
from tests.peers.scripted import Asked, answer, scripted


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_paging_gives_every_record_and_then_only_what_changed(way):
    clinic = Clinic(way, [row(n) for n in range(23)])
    with reading(clinic) as (source, _):
        first = list(source.read(Kind.PATIENT, None))
        assert ids(first) == everyone(clinic)
        clinic.rows[3]["changed"] = 2_000_000
        clinic.rows.append(row(90, 2_000_001))
        second = list(source.read(Kind.PATIENT, first[-1].cursor))
        assert ids(second) == {"c003", "c090", "c021", "c022"}, "and the last ones, which the overlap brings again"


@pytest.mark.parametrize("way", WAYS)
def test_a_reading_that_is_cut_off_goes_on_at_its_page_and_misses_nothing(way):
    for cut in range(1, 6):
        clinic = Clinic(way, [row(n) for n in range(23)])
        with reading(clinic) as (source, server):
            began = source.read(Kind.PATIENT, None)
            taken = [next(began) for _ in range(cut)]
            asked = len(server.asked)
            rest = list(source.read(Kind.PATIENT, taken[-1].cursor))
            assert ids(taken) | ids(rest) == everyone(clinic)
            if way not in ("page", "link", "next_url") and cut < 5:
                assert len(server.asked) - asked < 6 - cut + (way == "offset"), (
                    "pages that are stored are not read again"
                )
            again = list(source.read(Kind.PATIENT, rest[-1].cursor))
            assert ids(again) == {"c021", "c022"}


@settings(max_examples=80)
@given(
    way=st.sampled_from(sorted(WAYS)),
    count=st.integers(0, 24),
    happenings=st.lists(
        st.tuples(st.sampled_from(["change", "delete", "insert", "none"]), st.integers(0, 30)), max_size=8
    ),
)
@example("link", 6, [("change", 0), ("change", 5), ("change", 0)])
@example("link", 6, [("change", 0)] * 8)
@example("page", 12, [("change", 0)] * 8)
def test_no_record_is_ever_skipped_whatever_happens_between_the_pages(way, count, happenings):
    """Whoever stood there before, during and after the reading was given.

    A list by links that tells neither a total nor a change shows no deletion: docs/connections.md says so.
    """
    clinic = Clinic(way, [row(n) for n in range(count)])
    stayed = everyone(clinic)

    def happen(what: str, number: int) -> None:
        what = "change" if what == "delete" and way in ("link", "next_url") else what
        if what == "insert":
            clinic.rows.append(row(100 + clinic.pages, int(NOW) + clinic.pages))
        elif clinic.rows and what in ("change", "delete"):
            chosen = clinic.rows[number % len(clinic.rows)]
            if what == "delete":
                clinic.rows.remove(chosen)
                stayed.discard(chosen["id"])
            else:
                chosen["changed"] = int(NOW) + clinic.pages

    clinic.between = [lambda: None, *(lambda w=what, n=number: happen(w, n) for what, number in happenings)]
    with reading(clinic) as (source, _):
        pages = list(source.read(Kind.PATIENT, None))
        later = list(source.read(Kind.PATIENT, pages[-1].cursor))
    assert stayed <= ids(pages)
    assert everyone(clinic) <= ids(pages) | ids(later), "and what came meanwhile is seen with the next pull"


@pytest.mark.parametrize("way", ["page", "link", "next_url"])
def test_a_long_list_of_which_records_keep_changing_is_read_whole(way):
    clinic = Clinic(way, [row(n) for n in range(120)])

    def change() -> None:
        clinic.rows[clinic.pages % 60]["changed"] = int(NOW) + clinic.pages

    clinic.between = [change if n % 7 == 3 else lambda: None for n in range(140)]
    with reading(clinic) as (source, _):
        assert ids(list(source.read(Kind.PATIENT, None))) == everyone(clinic)


@pytest.mark.parametrize("way", ["page", "link", "next_url"])
def test_a_list_that_moves_with_every_page_is_left_and_tried_again(way):
    clinic = Clinic(way, [row(n) for n in range(120)])

    def change() -> None:
        clinic.rows[0]["changed"] = int(NOW) + clinic.pages
        clinic.rows.append(clinic.rows.pop(0))

    clinic.between = [change] * 2000
    with reading(clinic) as (source, _), pytest.raises(RetryLater) as caught:
        list(source.read(Kind.PATIENT, None))
    assert only_reasons(caught.value.problems) == ("restless",)


@pytest.mark.parametrize("number", [0, 1, 2, 5, 6])
def test_a_counted_list_that_does_not_say_how_many_there_are_ends_after_its_last_record(number: int):
    clinic = Clinic("offset", [row(n) for n in range(number)])
    uncounted = {"by": "offset", "size": 5}
    with reading(clinic, paging=uncounted) as (source, _):
        assert ids(list(source.read(Kind.PATIENT, None))) == everyone(clinic)


def test_a_link_to_another_server_is_refused():
    clinic = Clinic("next_url")
    clinic._next_url = lambda rows, _q, _s: ({"rows": [row(1)], "links": {"next": "http://evil.example/x"}}, None)  # type: ignore[method-assign]
    with reading(clinic) as (source, server), pytest.raises(NeedsAttention, match="another server"):
        list(source.read(Kind.PATIENT, None))
    assert len(server.asked) == 1


def test_a_mark_that_is_no_longer_good_starts_the_stretch_again():
    clinic = Clinic("cursor", [row(n) for n in range(12)])
    expired = [answer({"code": "cursor_expired"}, 410)]

    def forgetful(asked: Asked) -> bytes:
        return expired.pop() if expired and "cursor=" in asked.target else clinic.serve(asked)

    with reading(clinic, forgetful) as (source, _):
        first = next(source.read(Kind.PATIENT, None))
        assert ids(list(source.read(Kind.PATIENT, first.cursor))) == everyone(clinic)
        expired.append(answer({"code": "cursor_expired"}, 410))
        with pytest.raises(NeedsAttention, match="410"):
            list(source.read(Kind.PATIENT, None))


@pytest.mark.parametrize(
    ("body", "said"),
    [({"items": []}, "no list stands at rows"), ({"rows": {}}, "no list"), ([], "no list"), (7, "no list")],
)
def test_an_answer_without_the_list_is_not_taken_for_an_empty_one(body, said):
    clinic = Clinic("cursor")
    clinic._cursor = lambda *_: (json.loads(json.dumps(body)), None)  # type: ignore[method-assign]
    with reading(clinic) as (source, _), pytest.raises(NeedsAttention, match=said):
        list(source.read(Kind.PATIENT, None))


def test_a_null_where_the_list_stands_is_an_empty_one():
    clinic = Clinic("cursor")
    clinic._cursor = lambda *_: ({"rows": None}, None)  # type: ignore[method-assign]
    with reading(clinic) as (source, _):
        assert ids(list(source.read(Kind.PATIENT, None))) == set()


def test_what_is_no_record_or_says_not_who_it_is_is_kept_with_that_problem():
    clinic = Clinic("link")
    clinic._link = lambda *_: ([row(1), {"changed": 1}, "junk", {"id": None}, {"id": True}], None)  # type: ignore[method-assign]
    with reading(clinic) as (source, _):
        page = next(source.read(Kind.PATIENT, None))
    assert [record.ref.id for record in page.records] == ["c001"]
    assert [rejected.problems[0].code for rejected in page.rejected] == ["no_id"] * 4
    assert len({rejected.record.ref for rejected in page.rejected}) == 4


def test_one_record_of_the_system_may_hold_several_of_ours():
    clinic = Clinic("link", [])
    sheet = {"sheet": {"no": 7, "lines": [{"line": 1, "what": "a"}, {"line": 2, "what": "b"}]}, "client": "c1"}
    clinic._link = lambda *_: ([sheet, {"client": "empty"}], None)  # type: ignore[method-assign]
    each = {"path": "sheet.lines", "parent": "booking"}
    with reading(clinic, each=each, id=["booking.sheet.no", "line"]) as (source, _):
        page = next(source.read(Kind.PATIENT, None))
    assert {record.ref.id: record.payload["what"] for record in page.records} == {"7/1": "a", "7/2": "b"}
    assert page.records[0].payload["booking"] == {"sheet": {"no": 7}, "client": "c1"}


def test_records_that_stand_under_their_names_are_a_list_of_them():
    clinic = Clinic("cursor")
    pages = [
        ({"rows": {"c1": {"changed": 1}, "c2": {"changed": 2}, "c3": "junk"}, "next": "c3"}, None),
        ({"rows": []}, None),
    ]
    clinic._cursor = lambda *_: pages[clinic.pages - 1]  # type: ignore[method-assign]
    with reading(clinic, keyed_as="id") as (source, _):
        first, *_ = list(source.read(Kind.PATIENT, None))
    assert [record.payload for record in first.records] == [{"changed": 1, "id": "c1"}, {"changed": 2, "id": "c2"}]
    assert [rejected.problems[0].code for rejected in first.rejected] == ["no_id"]


def test_a_change_stamped_in_the_future_does_not_hide_those_that_come_before_it():
    clinic = Clinic("cursor", [row(1), row(2, int(NOW) + 86_400 * 365)])
    with reading(clinic) as (source, _):
        first = list(source.read(Kind.PATIENT, None))
        clinic.rows.append(row(3, int(NOW) + 60))
        assert "c003" in ids(list(source.read(Kind.PATIENT, first[-1].cursor)))


def test_a_list_that_did_not_change_is_not_sent_again():
    rows = [row(1), row(2)]

    def serve(asked: Asked) -> bytes:
        if asked.headers.get("if-none-match") == '"v1"':
            return answer("", 304, etag='"v1"')
        return answer(rows, content_type="application/json", etag='"v1"')

    read = {"path": "/clients", "id": "id"}
    with scripted(serve) as server, HttpClient(server.url) as http:
        source = DeclaredSource("g", connection(server.url, read).streams, RestCaller(http), ZONE)
        pages = list(source.read(Kind.PATIENT, None))
        assert ids(pages) == {"c001", "c002"}
        for _ in range(2):
            pages = list(source.read(Kind.PATIENT, pages[-1].cursor))
            assert ids(pages) == set()
    assert len(server.asked) == 3


def test_a_cursor_of_another_source_and_a_stream_that_is_not_declared_are_refused():
    with reading(Clinic("link")) as (source, _):
        for cursor in ("x", "[]", '{"at": 3}', '{"seen": 5}'):
            with pytest.raises(InvalidInput, match="cursor"):
                list(source.read(Kind.PATIENT, cursor))
        with pytest.raises(InvalidInput, match="visit"):
            list(source.read(Kind.VISIT, None))


def test_what_changes_behind_a_long_reading_is_asked_for_by_the_next_one():
    read = {
        "path": "/clients", "id": "id", "modified": "changed", "modified_format": "unix",
        "since": {"param": "since", "format": "unix", "overlap": "2m"},
        "paging": {"by": "keyset", "param": "after", "value": "id"},
    }  # fmt: skip
    began, asked = 1_772_000_000, []

    def serve(one: Asked) -> bytes:
        query = parse_qs(urlsplit(one.target).query)
        asked.append(query)
        turn = len(asked) - 1
        pages = [[{"id": "a", "changed": began - 9999}], [{"id": "b", "changed": began + 3 * 3600}], []]
        date = formatdate(began + turn * 3 * 3600, usegmt=True)
        body = json.dumps(pages[turn] if turn < len(pages) else []).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n" + (
            f"date: {date}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        )

    whole = {"system": "glow", "connector": "rest", "base_url": "http://127.0.0.1:1", "mappings": "g"}
    streams = Connection.model_validate({**whole, "streams": {"patient": {"read": read}}}).streams
    with scripted(serve) as server, HttpClient(server.url, limits=Limits(attempts=1)) as http:
        source = DeclaredSource("glow", streams, RestCaller(http), ZoneInfo("UTC"))
        *_, last = source.read(Kind.PATIENT, None)
        asked.clear()
        list(source.read(Kind.PATIENT, last.cursor))
    assert [int(moment) for moment in asked[0]["since"]] == [began - 120], "an hour after it began `a` was changed"


def test_a_system_whose_clock_went_back_is_read_whole_once():
    read = {
        "path": "/clients", "id": "id", "modified": "changed", "modified_format": "unix",
        "since": {"param": "since", "format": "unix", "overlap": "2m"},
    }  # fmt: skip
    noon, hour = 1_772_000_000, 3600
    clocks, asked = iter([noon, noon - hour, noon - hour, noon - hour + 60]), []
    held = [{"id": "a", "changed": noon}, {"id": "b", "changed": noon - hour - 5}]

    def serve(one: Asked) -> bytes:
        since = int(parse_qs(urlsplit(one.target).query).get("since", ["0"])[0])
        asked.append(since)
        found = [each for each in held[: len(asked)] if each["changed"] >= since]
        return answer(found, content_type="application/json", date=formatdate(next(clocks), usegmt=True))

    whole = {"system": "glow", "connector": "rest", "base_url": "http://127.0.0.1:1", "mappings": "g"}
    streams = Connection.model_validate({**whole, "streams": {"patient": {"read": read}}}).streams
    with scripted(serve) as server, HttpClient(server.url, limits=Limits(attempts=1)) as http:
        source = DeclaredSource("glow", streams, RestCaller(http), ZoneInfo("UTC"))
        cursor, seen = None, []
        for _ in range(3):
            pages = list(source.read(Kind.PATIENT, cursor))
            cursor = pages[-1].cursor
            seen.append({record.ref.id for page in pages for record in page.records})
    assert seen[1] == {"a", "b"}, "`b` was changed after its clock had been put back"
    assert asked == [0, noon - 120, 0, noon - hour - 120], "and from then on what changed is asked for by its new clock"
