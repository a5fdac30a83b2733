"""What every connector promises, the same for all: read whole, go on, survive, write once, and see what is hidden.

Whatever is tested here is told to the system behind the connection's back; the hub is the real one, on PostgreSQL.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from typer.testing import CliRunner

from hub.bootstrap.checking import check_connection, surroundings_of
from hub.canonical.ids import Kind
from hub.canonical.records import VisitState
from hub.canonical.source import SourceRecord
from hub.cli import app
from hub.connectors.registry import open_source
from hub.errors import HubError, NeedsAttention, RetryLater, SafetyStop
from hub.operations.pull_changes import PullResult
from hub.ports import Page
from hub.ports.checks import Level
from hub.settings import Settings
from tests.conformance.faults import FAULTS, Fault
from tests.conformance.line import Sandbox
from tests.conformance.over_http import MirrorlakeBook, OstreaBook, OstreaSandbox, OstreaThatTells
from tests.conformance.sandboxes import HOOK, SANDBOXES, Opened, opened
from tests.database import Database
from tests.peers.scripted import answer

slow = pytest.mark.slow
SWEEP = {"sweep": {"every": 0}}
Enter = Callable[..., Opened]


def each(names: Iterable[str]) -> list[ParameterSet]:
    """Those behind a wire only in the long tests: their like are in the quick ones."""
    return [pytest.param(name, marks=slow if name in ("sql_server", "files_sftp") else ()) for name in names]


@pytest.fixture(params=each(SANDBOXES))
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each connector's system in turn, empty."""
    return SANDBOXES[request.param](request.getfixturevalue)


@pytest.fixture
def desk(sandbox: Sandbox, database: Database, tmp_path: Path) -> Iterator[Opened]:
    """Its practice; each pull lists everybody."""
    with opened(sandbox, database, tmp_path / "practice", SWEEP, writes=False) as entered:
        yield entered


@pytest.fixture
def bare_desk(sandbox: Sandbox, database: Database, tmp_path: Path) -> Iterator[Opened]:
    """Its practice; nothing is read but what changed."""
    with opened(sandbox, database, tmp_path / "practice", {}, writes=False) as entered:
        yield entered


def pull(desk: Opened) -> PullResult:
    return desk.pull(Kind.PATIENT)[Kind.PATIENT]


def populate(desk: Opened, count: int) -> list[str]:
    return [desk.sandbox.add(f"Ann{number:03}") for number in range(count)]


@contextmanager
def reading(desk: Opened) -> Iterator[Callable[[str | None], Iterator[Page]]]:
    folder = desk.hub.folder
    with open_source(folder.connection(desk.system), surroundings_of(folder)) as source:
        yield lambda cursor: source.read(Kind.PATIENT, cursor)


def ids(pages: list[Page]) -> set[str]:
    return {record.ref.id for page in pages for record in page.records if not record.is_end}


def _records(pages: list[Page]) -> dict[str, SourceRecord]:
    return {record.ref.id: record for page in pages for record in page.records}


# Check and read


@slow
def test_a_look_at_the_connection_finds_nothing_wrong(desk: Opened):
    populate(desk, 3)
    folder = desk.hub.folder
    found = list(check_connection(Settings(practice=folder.path), folder, desk.system, date(2026, 11, 22)))
    assert found
    assert [one for one in found if one.level is Level.FAIL] == []


@slow
@pytest.mark.parametrize("pages", [0, 1, 2])
@pytest.mark.parametrize("more", [0, 1])
def test_pages_that_are_empty_full_or_nearly_are_read_whole_and_twice_the_same(desk: Opened, pages: int, more: int):
    populate(desk, min(pages * desk.sandbox.page, desk.sandbox.most) + more)
    with reading(desk) as read:
        first, second = list(read(None)), list(read(None))
    assert ids(first) == ids(second) == set(desk.sandbox.people())
    assert _records(first) == _records(second)


@slow
def test_a_reading_that_is_cut_off_after_any_page_goes_on_there(desk: Opened):
    populate(desk, min(2 * desk.sandbox.page + 1, desk.sandbox.most))
    with reading(desk) as read:
        whole = list(read(None))
        for cut in range(1, len(whole)):
            assert ids(whole[:cut]) | ids(list(read(whole[cut - 1].cursor))) == set(desk.sandbox.people())


@slow
def test_it_goes_on_at_its_page_and_reads_nothing_twice_though_everybody_was_added_at_once(bare_desk: Opened):
    populate(bare_desk, min(2 * bare_desk.sandbox.page + 1, bare_desk.sandbox.most))
    bare_desk.line.skew_seconds = 60  # a minute ago by its clock: within every overlap, and before the reading
    with reading(bare_desk) as read:
        whole = [page for page in read(None) if page.records]
        for cut in range(1, len(whole)):
            again = ids(whole[:cut]) & ids(list(read(whole[cut - 1].cursor)))
            assert len(again) <= 1, "a counted list shows by its last record that nothing moved"


@slow
@pytest.mark.parametrize("sandbox", each(["rest_counted", "rest_keyed", "graphql", "fhir_r4"]), indirect=True)
@pytest.mark.parametrize("status", [404, 410])
def test_where_its_page_has_expired_it_goes_on_from_the_cursor(bare_desk: Opened, status: int):
    populate(bare_desk, min(2 * bare_desk.sandbox.page + 1, bare_desk.sandbox.most))
    bare_desk.line.skew_seconds = 60

    def gone(_said: bytes) -> bytes:
        bare_desk.line.fault = None
        return answer({}, status)

    with reading(bare_desk) as read:
        whole = [page for page in read(None) if page.records]
        for cut in range(1, len(whole)):
            bare_desk.line.fault = gone
            assert ids(whole[:cut]) | ids(list(read(whole[cut - 1].cursor))) == set(bare_desk.sandbox.people())
            assert bare_desk.line.fault is None


@slow
def test_what_changed_is_seen_with_the_next_pull_and_nothing_changes_twice(desk: Opened):
    first, *_ = populate(desk, 4)
    assert pull(desk).inserted == 4
    desk.sandbox.rename(first, "Zoe")
    new = desk.sandbox.add("Bea")
    done = pull(desk)
    assert (done.inserted, done.updated) == (1, 1)
    assert (desk.names()[first], desk.names()[new]) == ("Zoe", "Bea")
    again = pull(desk)
    assert (again.inserted, again.updated, again.gone) == (0, 0, 0)


@slow
@pytest.mark.parametrize("hours", [-26, -1, 1, 26])
def test_a_clock_that_is_wrong_hides_no_change(sandbox: Sandbox, database: Database, tmp_path: Path, hours: int):
    with opened(sandbox, database, tmp_path / "practice", {}, writes=False) as desk:
        wrong = hours * 3600
        desk.line.skew_seconds = min(wrong, 0)  # slow from the beginning, or suddenly fast
        first, second, *_ = populate(desk, 4)
        pull(desk)
        desk.line.skew_seconds = wrong
        desk.sandbox.rename(first, "Zoe")
        desk.sandbox.add("Bea")
        pull(desk)
        desk.line.skew_seconds = 0
        desk.sandbox.rename(second, "Kim")
        pull(desk)
        assert desk.names() == desk.sandbox.people()


# What goes wrong

IN_SHORT = {("rest_counted", "broken off"), ("sql_file", "damaged"), ("files", "cut short")}
"""What the quick tests look at."""


@pytest.mark.parametrize(
    ("sandbox", "fault"),
    [
        pytest.param(name, fault, id=f"{name}: {said}", marks=[] if (name, said) in IN_SHORT else slow)
        for name, known in FAULTS.items()
        for said, fault in known.items()
    ],
    indirect=["sandbox"],
)
def test_what_cannot_be_trusted_harms_nothing_and_is_made_up_for(desk: Opened, fault: Fault):
    first, second, *_ = populate(desk, {"tidewater": 40, "harborline": 300}.get(desk.sandbox.name, 5))
    pull(desk)
    before = desk.names()
    desk.sandbox.rename(first, "Zoe")
    desk.sandbox.delete(second)
    with fault.happen(desk):
        if fault.is_refused:
            with pytest.raises((RetryLater, NeedsAttention)) as refused:
                pull(desk)
            assert str(refused.value)
        else:
            pull(desk)
        told = desk.names()
    assert told | {first: ""} == before | {first: ""}, "nobody is lost, and nothing half"
    assert told[first] in ((before[first],) if fault.is_refused else (before[first], "Zoe"))
    pull(desk)
    assert desk.names() == desk.sandbox.people()


# Write


def test_a_lost_answer_makes_nobody_twice_and_the_echo_is_known(sandbox: Sandbox, database: Database, tmp_path: Path):
    with opened(sandbox, database, tmp_path / "practice", SWEEP) as desk:
        made = desk.tell("Bea")
        desk.line.lose_writes = 1
        with pytest.raises(HubError):
            desk.push()
        assert list(desk.sandbox.people().values()) == ["Bea"], "it was done"
        desk.make_due()
        desk.push()
        assert list(desk.sandbox.people().values()) == ["Bea"]
        assert desk.waiting() == 0
        done = pull(desk)
        assert (done.inserted, done.updated) == (0, 0)
        assert {one.id for one in desk.patients().values()} == {made.id}
        assert desk.push().sent == 0, "nothing goes back"


# Ends and events


@slow
def test_a_deletion_and_a_merge_are_followed_when_the_system_rings(desk: Opened):
    first, second, third = populate(desk, 3)
    pull(desk)
    desk.sandbox.delete(first)
    desk.ring("person.gone", first)
    assert set(desk.names()) == {second, third}
    desk.sandbox.delete(second)
    desk.ring("person.merged", second, into=third)
    stands = [desk.patients()[third].id]
    assert desk.active() == stands
    pull(desk)
    assert desk.active() == stands


def test_what_happens_behind_the_cursors_back_is_seen(desk: Opened):
    first, second, third = populate(desk, 3)
    pull(desk)
    desk.sandbox.rename(first, "Zoe", silently=True)
    desk.sandbox.delete(second)
    done = pull(desk)
    assert (done.updated, done.gone) == (1 + 1, 1), "renamed; and gone, which is a change as well"
    assert desk.names() == desk.sandbox.people()
    assert third in desk.names()


@slow
def test_what_a_system_rings_for_is_seen_without_a_pull(desk: Opened):
    first, second = populate(desk, 2)
    pull(desk)
    desk.sandbox.rename(first, "Zoe", silently=True)
    new = desk.sandbox.add("Bea")
    desk.ring("person.changed", first)
    desk.ring("person.made", new)
    assert desk.names() == desk.sandbox.people()
    desk.ring("person.changed", second)
    desk.ring("person.changed", first)
    assert desk.names() == desk.sandbox.people(), "an event that says nothing new, or comes again"


BOUNDS: Mapping[str, dict[str, Any]] = {
    "ostrea": {"first": {"param": "day_from"}, "last": {"param": "day_before"}},
    "mirrorlake": {
        "first": {"param": "startsFrom", "format": "iso"}, "last": {"param": "startsBefore", "format": "iso"},
    },
}  # fmt: skip


@slow
@pytest.mark.parametrize("book", [OstreaBook, MirrorlakeBook])
@pytest.mark.parametrize("turn", [None, 0, 1, 2, 3])
def test_the_days_to_come_are_read_again_however_silently_they_changed(
    book: type[OstreaBook] | type[MirrorlakeBook], turn: int | None, database: Database, tmp_path: Path
):
    sandbox = book()
    horizon = {"horizon": {"days": 20, "every": 0, **BOUNDS[sandbox.name]}}
    with opened(sandbox, database, tmp_path / "practice", {}, visits=horizon) as desk:
        desk.sandbox.add("Ann")
        today = desk.line.now().date()
        days = [today + timedelta(days=number) for number in (40, *range(3, 15))]
        visits = [sandbox.book(day) for day in days]
        desk.pull()

        def happen() -> None:
            sandbox.move(visits[0], today + timedelta(days=50))
            sandbox.move(visits[1], today + timedelta(days=16))
            sandbox.drop(visits[2])

        if turn is None:
            happen()
        desk.line.before = {} if turn is None else {desk.line.asked + turn: happen}
        desk.pull(Kind.VISIT)
        if desk.line.before:
            desk.line.before.popitem()[1]()  # the pull was over before
        desk.pull(Kind.VISIT)
        seen = desk.visits()
        assert seen[visits[0]].start.date() == days[0], "beyond the days that are read again"
        assert seen[visits[1]].start.date() == today + timedelta(days=16)
        assert seen[visits[2]].state is VisitState.CANCELLED
        assert seen[visits[3]].state is VisitState.BOOKED


@slow
@pytest.mark.parametrize("turn", range(6))
def test_what_happens_in_the_middle_of_a_pull_is_seen_then_or_with_the_next(desk: Opened, turn: int):
    people = populate(desk, 25)
    pull(desk)

    def happen() -> None:
        desk.sandbox.delete(people[0])
        desk.sandbox.delete(people[13])
        desk.sandbox.rename(people[24], "Zoe", silently=True)
        desk.sandbox.rename(people[7], "Kim")
        desk.sandbox.add("Bea")

    desk.line.before = {desk.line.asked + turn: happen}
    pull(desk)
    desk.line.before = {}
    if people[0] in desk.sandbox.people():
        happen()  # the pull was over before
    pull(desk)
    assert desk.names() == desk.sandbox.people()


REMOVED = {
    "path": "gone", "id": "person", "modified": "at", "modified_format": "unix_ms",
    "paging": {"by": "offset", "param": "skip", "size": 2},
    "since": {"param": "after", "format": "unix_ms", "overlap": "90s"},
}  # fmt: skip


@pytest.fixture
def telling(database: Database, tmp_path: Path) -> Iterator[Opened]:
    """A system that says whom it took away; nothing else shows it."""
    with opened(OstreaThatTells(), database, tmp_path / "practice", {"removed": REMOVED}, writes=False) as entered:
        yield entered


@pytest.mark.parametrize("turn", [pytest.param(turn, marks=slow) for turn in range(5)] + [99])
def test_whom_a_system_lists_as_taken_away_is_gone_unless_he_is_there_again(telling: Opened, turn: int):
    house = telling.sandbox
    assert isinstance(house, OstreaThatTells)
    people = populate(telling, 25)
    pull(telling)

    def happen() -> None:
        for number in (0, 13, 7):
            house.delete(people[number])
        house.restore(people[7], "Kim")

    telling.line.before = {telling.line.asked + turn: happen}
    pull(telling)
    if telling.line.before:
        telling.line.before.popitem()[1]()  # the pull was over before
    done = pull(telling)
    assert telling.names() == house.people()
    assert done.gone in (0, 2)
    before = len(telling.server.asked)
    assert pull(telling).gone == 0
    asked = [one.target for one in telling.server.asked[before:] if one.method == "GET"]
    assert {f"/v2/people/{people[0]}", f"/v2/people/{people[13]}"}.isdisjoint(asked), "who is gone is asked for once"


@slow
def test_a_list_that_takes_away_too_many_stops_and_keeps_everybody(telling: Opened):
    people = populate(telling, 20)
    pull(telling)
    for id_ in people[:12]:
        telling.sandbox.delete(id_)
    with pytest.raises(SafetyStop):
        pull(telling)
    assert len(telling.names()) == 20


# Secrets


def test_no_secret_is_ever_told(
    desk: Opened,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    populate(desk, 2)
    said = [repr(desk.hub.folder), repr(desk.hub.folder.connection(desk.system))]
    pull(desk)
    for name, fault in FAULTS[request.node.callspec.params["sandbox"]].items():
        if name == "silent":
            continue  # takes as long as the hub waits, and has said nothing
        with fault.happen(desk):
            try:
                pull(desk)
            except HubError as error:
                said += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    with reading(desk) as read:
        said.append(repr(read))
    told = CliRunner().invoke(app, ["config", "check"], env={"HUB_PRACTICE": str(desk.hub.folder.path)})
    said += [told.output, *desk.issues()]
    whole = "\n".join([*said, caplog.text, *capsys.readouterr()])
    assert len(said) > 3
    for secret in (*desk.sandbox.secret.splitlines(), HOOK, "Ann000"):
        assert secret not in whole


def test_a_stream_that_is_to_stop_for_drift_stops_alone_and_says_what_to_do(database: Database, tmp_path: Path):
    house = OstreaSandbox()
    drift = {"new_field": "stop", "learn": 3}
    with opened(house, database, tmp_path / "practice", {}, drift=drift) as entered:
        people = populate(entered, 3)
        pull(entered)
        house.house.people[int(people[0])]["vip"] = True
        house.rename(people[0], "Zoe")
        with pytest.raises(SafetyStop, match=r"new_field vip \(yes_no\).*hub drift accept ostrea patient"):
            pull(entered)
        assert entered.pull(Kind.VISIT)[Kind.VISIT].read == 0, "the other stream goes on"
        assert entered.names()[people[0]] == "Ann000"
