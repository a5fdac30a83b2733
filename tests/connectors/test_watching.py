"""What a reading by change cannot show is read again: the days to come, and from time to time all there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.source import DeclaredSource
from hub.connectors.kit.http import HttpClient, Limits
from hub.connectors.kit.watching import WatchingSource
from hub.connectors.kit.ways import find_blind_spots, find_ways
from hub.connectors.rest.caller import RestCaller
from hub.ports import Page
from tests.peers.scripted import Asked, Scripted, answer, scripted

ZONE = ZoneInfo("America/Chicago")
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)
READ = {
    "path": "/visits", "id": "id", "modified": "changed", "modified_format": "unix",
    "since": {"param": "since", "format": "unix"}, "paging": {"by": "keyset", "param": "after", "value": "id"},
}  # fmt: skip
HORIZON = {"days": 7, "every": "1h", "first": {"param": "from"}, "last": {"param": "to"}}


BARE = {"path": "/ids", "records": "ids", "id": "value"}


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


class Calendar:
    """Twelve visits, one a day, of which it shows five at a time; its stamps never change."""

    def __init__(self) -> None:
        self.rows = {
            f"v{n:02}": {"id": f"v{n:02}", "changed": 1000 + n, "day": f"2026-03-{n + 1:02}"} for n in range(12)
        }

    def serve(self, asked: Asked) -> bytes:
        query = {key: values[-1] for key, values in parse_qs(urlsplit(asked.target).query).items()}
        if asked.target.startswith("/ids"):
            return answer({"ids": sorted(self.rows)}, content_type="application/json")
        rows = [row for key, row in sorted(self.rows.items()) if key > query.get("after", "")]
        rows = [row for row in rows if row["changed"] >= int(query.get("since", 0))]
        rows = [row for row in rows if query.get("from", "") <= row["day"] < query.get("to", "9")]
        return answer(rows[:5], content_type="application/json")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def watching(calendar: Calendar, sees: dict[str, Any], clock: Clock) -> Iterator[tuple[WatchingSource, Scripted]]:
    with scripted(calendar.serve) as server, HttpClient(server.url, limits=Limits(attempts=1)) as http:
        declared = connection(sees)
        assert not list(declared.find_problems())
        source = DeclaredSource("glow", declared.streams, RestCaller(http), ZONE)
        yield WatchingSource(source, declared.streams, ZONE, clock), server


def connection(sees: dict[str, Any], kind: str = "visit", **more: Any) -> Connection:
    stream = {"read": READ, "one": {"path": "/visits/{id}"}, "sees": sees, **more}
    whole = {"system": "glow", "connector": "rest", "base_url": "http://127.0.0.1:1", "mappings": "g"}
    return Connection.model_validate({**whole, "streams": {kind: stream}})


def names(pages: list[Page]) -> set[str]:
    return {name for page in pages if page.roll for name in page.roll.names}


def test_the_first_reading_is_both_and_then_each_waits_its_time(clock: Clock):
    calendar = Calendar()
    with watching(calendar, {"horizon": HORIZON, "sweep": {"every": "1d"}}, clock) as (source, server):
        first = list(source.read(Kind.VISIT, None))
        assert names(first) == set(), "everything was read just now"
        clock.now += timedelta(minutes=59)
        second = list(source.read(Kind.VISIT, first[-1].cursor))
        assert names(second) == set()
        clock.now += timedelta(minutes=1)
        third = list(source.read(Kind.VISIT, second[-1].cursor))
        assert names(third) == {f"v{n:02}" for n in range(1, 8)}, "from 2 March on, seven days"
        [over] = [page.roll for page in third if page.roll and page.roll.is_over]
        assert over.within is not None
        assert over.within.start == datetime(2026, 3, 2, 6, tzinfo=UTC), "midnight in Chicago"
        assert over.within.end == datetime(2026, 3, 9, 5, tzinfo=UTC), "seven days later, an hour less by the clocks"
        asked = len(server.asked)
        fourth = list(source.read(Kind.VISIT, third[-1].cursor))
        assert names(fourth) == set()
        assert not any("from=" in one.target for one in server.asked[asked:])
        clock.now += timedelta(days=1)
        fifth = list(source.read(Kind.VISIT, fourth[-1].cursor))
        assert names(fifth) == set(calendar.rows)


def test_a_list_that_is_cut_off_goes_on_at_its_page_under_the_same_name(clock: Clock):
    calendar = Calendar()
    with watching(calendar, {"sweep": {"every": "1d"}}, clock) as (source, server):
        cursor = list(source.read(Kind.VISIT, None))[-1].cursor
        clock.now += timedelta(days=1)
        whole = list(source.read(Kind.VISIT, cursor))
        [name] = {page.roll.id for page in whole if page.roll}
        for cut in range(1, len(whole)):
            clock.now += timedelta(hours=3)  # later than it began
            asked = len(server.asked)
            rest = list(source.read(Kind.VISIT, whole[cut - 1].cursor))
            if whole[cut - 1].roll is None and not any(page.roll for page in whole[:cut]):
                continue  # the sweep had not begun, and begins later
            assert {page.roll.id for page in rest if page.roll} == {name}
            assert names(whole[:cut]) | names(rest) == set(calendar.rows)
            assert rest[-1].roll is not None
            assert rest[-1].roll.is_over
            swept = [one.target for one in server.asked[asked:] if "since=" not in one.target]
            assert len(swept) <= len([page for page in whole[cut:] if page.roll]), "what was listed is not listed again"


def test_a_list_of_bare_ids_names_and_brings_no_records(clock: Clock):
    calendar = Calendar()
    with watching(calendar, {"sweep": {"every": "1s", "list": BARE}}, clock) as (source, _):
        cursor = list(source.read(Kind.VISIT, None))[-1].cursor
        clock.now += timedelta(seconds=1)
        later = [page for page in source.read(Kind.VISIT, cursor) if page.roll]
        assert names(later) == set(calendar.rows)
        assert not any(page.records for page in later)


def test_what_was_removed_is_named_with_each_pull_and_brings_no_records(clock: Clock):
    calendar = Calendar()
    with watching(calendar, {"removed": BARE}, clock) as (source, _):
        first = list(source.read(Kind.VISIT, None))
        assert {name for page in first for name in page.removed} == set(calendar.rows)
        assert {record.ref.id for page in first for record in page.records} == set(calendar.rows), "by its reading"
        again = list(source.read(Kind.VISIT, first[-1].cursor))
        assert {name for page in again for name in page.removed} == set(calendar.rows)
        assert not any(page.records for page in again if page.removed)


def test_what_is_declared_anew_is_due_at_once_and_a_place_kept_before_goes_on(clock: Clock):
    calendar = Calendar()
    with watching(calendar, {}, clock) as (source, _):
        plain = list(source.read(Kind.VISIT, None))[-1].cursor
    assert plain is not None
    assert "watch" not in plain
    with watching(calendar, {"sweep": {"every": "1d"}}, clock) as (source, server):
        later = list(source.read(Kind.VISIT, plain))
        assert names(later) == set(calendar.rows)
        assert "since=" in server.asked[0].target
        kept = later[-1].cursor
    with watching(calendar, {}, clock) as (source, server):
        list(source.read(Kind.VISIT, kept))
        assert "since=" in server.asked[0].target, "the sweep was taken out again, its place does no harm"


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ({"kind": "patient", "sees": {"horizon": HORIZON}}, "sees.horizon", "a patient has no date"),
        ({"sees": {"horizon": {"days": 7}}}, "sees.horizon.first", "the key 'first' is missing"),
        ({"sees": {"sweep": {}}, "one": None}, "sees.sweep", "asked for singly, and how is not said"),
        ({"sees": {"sweep": {}, "deletions": "none"}}, "sees.deletions", "the sweep sees deletions"),
        ({"sees": {"removed": BARE, "deletions": "none"}}, "sees.deletions", "'removed' sees deletions"),
        ({"sees": {"removed": BARE}, "direction": "push"}, "sees.removed", "the stream is not pulled"),
        (
            {"sees": {"deletions": "none"}, "read": {**READ, "deleted": {"path": "off"}}},
            "sees.deletions",
            "'deleted' of the reading sees deletions",
        ),
        ({"sees": {"horizon": HORIZON}, "read": {"path": "/v", "id": "id"}}, "sees.horizon", "everything is read each"),
        ({"sees": {"sweep": {}}, "direction": "push"}, "sees.sweep", "the stream is not pulled"),
        (
            {"sees": {"horizon": {**HORIZON, "first": {"param": "f", "template": "ge"}}}},
            "sees.horizon.first.template",
            "does not hold {at}",
        ),
    ],
)
def test_what_a_stream_says_of_its_sight_and_cannot_be_is_a_problem(change: dict[str, Any], where: str, said: str):
    declared = connection(**{"sees": {}, **change})
    found = [(".".join(map(str, at[2:])), message) for at, message, _ in declared.find_problems()]
    assert any(at == where and said in message for at, message in found), found


def test_the_ways_of_a_stream_are_known_and_a_blind_one_is_named():
    blind = connection({})
    assert find_ways(blind, Kind.VISIT).changes == ("modified",)
    [(where, said, hint)] = find_blind_spots(blind)
    assert (where, said) == (("streams",), "what is deleted there shows nowhere: visit")
    assert "deletions: none" in str(hint)
    assert list(find_blind_spots(connection({"deletions": "none"}))) == []
    told = connection({"removed": BARE})
    assert find_ways(told, Kind.VISIT).deletions == ("removed",)
    assert list(find_blind_spots(told)) == []
    both = find_ways(connection({"horizon": HORIZON, "sweep": {"list": {"path": "/i", "id": "value"}}}), Kind.VISIT)
    assert both.inserts == ("modified", "horizon", "sweep")
    assert both.changes == ("modified", "horizon"), "a list of ids shows no change"
    assert both.deletions == ("horizon", "sweep")
