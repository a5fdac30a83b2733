"""What a system lists no more is asked for singly before it counts as gone; a cut-off list goes on; a mass stops."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.time import Span
from hub.errors import RetryLater, SafetyStop
from hub.operations.guard_feed import Accepted
from hub.operations.pull_changes import PullResult
from hub.operations.rehearse_sync import rehearse_sync
from hub.ports import BookableResource, Page, Roll, Site, Store
from hub.store.unit_of_work import SqlStore
from hub.sync.mass_change import MassChangeLimit
from tests.integration.operations.scripted_systems import Vendor, linked, pull

FUTURE = datetime(2097, 3, 3, 15, tzinfo=UTC)
PRACTICE = "zone: UTC\nlocations: [{id: main}]\npolicy: {decides: [owner]}\n"
LIMIT = MassChangeLimit(share=0.5, at_least=3)


@dataclass
class Rolling(Vendor):
    """Lists what a test says, beside what changed; it can be asked for one record."""

    answers: bool = True
    pages: list[Page] = field(default_factory=list)
    breaks: bool = False

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        if not self.pages:
            yield from super().read(kind, cursor)
        yield from self.pages
        if self.breaks:
            raise RetryLater("it broke off")

    def call(self, *lists: str, over: bool = True, within: Span | None = None, id_: str = "r1") -> None:
        """A roll of these pages, each a text of ids."""
        rolls = [Roll(id_, frozenset(names.split()), within=within) for names in lists]
        rolls += [Roll(id_, is_over=True, within=within)] if over else []
        self.pages = [Page((), str(len(self.feed)), roll=roll) for roll in rolls]


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    opened = SqlStore(engine)
    with opened.begin("test") as work:
        work.practices.save_sites([Site("main", "Main", "UTC")])
        work.practices.save_resources([BookableResource("dr-lee", "provider", "Lee", "main", 1)])
        work.practices.save("practice.yaml", PRACTICE)
    return opened


@pytest.fixture
def vendor(store: SqlStore) -> Rolling:
    """Five people, all known here."""
    made = Rolling("a")
    for number in range(1, 6):
        made.put(str(number), {"first": f"P{number}", "last": "Ames", "active": True})
    pull(made, linked("a"), store)
    return made


def take(vendor: Rolling, store: Store, kind: Kind = Kind.PATIENT) -> PullResult:
    return pull(vendor, linked("a", limit=LIMIT), store, kind)


def active(store: Store) -> set[str]:
    with store.begin("test") as work:
        found = work.records.load_all(Kind.PATIENT).values()
    return {str(one.given_name) for one in found if isinstance(one, Patient) and one.active}


def test_what_a_sweep_reads_again_is_counted_once(store: SqlStore, vendor: Rolling):
    vendor.put("6", {"first": "P6", "last": "Ames", "active": True})
    everything = tuple(vendor.feed)
    named = Roll("r1", frozenset(str(number) for number in range(1, 7)))
    vendor.pages = [
        Page(everything[-1:], "6"),
        Page(everything[:3], "6", roll=named),
        Page(everything[3:], "6", roll=named),
    ]
    plan = rehearse_sync(linked("a", limit=LIMIT), [Kind.PATIENT], vendor, store)
    done = take(vendor, store)
    for counted in (plan.read[Kind.PATIENT], done):
        assert (counted.read, counted.inserted, counted.unchanged) == (6, 1, 5)


def test_who_is_named_no_more_and_is_gone_is_gone_once(store: SqlStore, vendor: Rolling):
    del vendor.records["3"]
    vendor.call("1 2", "4 5")
    assert take(vendor, store).gone == 1
    assert (vendor.asked, active(store)) == (["3"], {"P1", "P2", "P4", "P5"})
    vendor.call("1 2", "4 5", id_="r2")
    assert take(vendor, store).gone == 0
    assert vendor.asked == ["3"], "who is known to be gone is not asked for again"


def test_who_is_named_no_more_and_answers_is_not_gone_and_taken_as_it_stands(store: SqlStore, vendor: Rolling):
    vendor.records["3"]["first"] = "Pat"
    vendor.call("1 2", "4 5")
    done = take(vendor, store)
    assert (done.gone, done.updated) == (0, 1)
    assert active(store) == {"P1", "P2", "Pat", "P4", "P5"}


def test_a_list_of_bare_ids_shows_who_was_never_seen_and_who_is_back(store: SqlStore, vendor: Rolling):
    standing = vendor.records.pop("3")
    vendor.call("1 2 4 5")
    take(vendor, store)
    vendor.records |= {"3": standing, "6": {"first": "P6", "last": "Ames", "active": True}}
    vendor.call("1 2 3 4 5 6", id_="r2")
    assert take(vendor, store).inserted == 1
    assert active(store) == {"P1", "P2", "P3", "P4", "P5", "P6"}
    asked = len(vendor.asked)
    vendor.call("1 2 3 4 5 6", id_="r3")
    take(vendor, store)
    assert vendor.asked[asked:] == []


def test_a_list_that_was_cut_off_counts_whom_it_named_before(store: SqlStore, vendor: Rolling):
    del vendor.records["5"]
    vendor.call("1 2", over=False)
    vendor.breaks = True
    with pytest.raises(RetryLater):
        take(vendor, store)
    vendor.breaks = False
    vendor.call("3 4")
    assert take(vendor, store).gone == 1
    assert vendor.asked == ["5"]


def test_whoever_was_asked_for_before_the_end_of_a_list_broke_off_is_not_asked_again(store: SqlStore, vendor: Rolling):
    for number in range(6, 90):
        vendor.put(str(number), {"first": f"P{number}", "last": "Ames", "active": True})
    take(vendor, store)
    vendor.call("1")
    answer, vendor.fetch = vendor.fetch, lambda kind, id_: answer(kind, id_) if id_ < "8" else _refuse()  # type: ignore[method-assign]
    with pytest.raises(RetryLater):
        pull(vendor, linked("a", limit=MassChangeLimit(share=1.0)), store)
    asked = len(vendor.asked)
    vendor.fetch = answer  # type: ignore[method-assign]
    pull(vendor, linked("a", limit=MassChangeLimit(share=1.0)), store)
    assert asked > 50
    assert len(vendor.asked) == asked + 88 - 50, "fifty answers were kept together"


def _refuse() -> Page:
    raise RetryLater("not now")


def test_a_list_that_names_nearly_nobody_stops_before_anybody_is_asked_for(store: SqlStore, vendor: Rolling):
    vendor.records.clear()
    vendor.call("1")
    with pytest.raises(SafetyStop, match=r"take away 4 of 5.*nothing of it was applied"):
        take(vendor, store)
    assert (vendor.asked, len(active(store))) == ([], 5)
    plan = rehearse_sync(linked("a", limit=LIMIT), [Kind.PATIENT], vendor, store)
    assert plan.mass == (Kind.PATIENT,)
    assert vendor.asked == []
    accepted = Accepted("kim", "owner", "they closed")
    assert pull(vendor, linked("a", limit=LIMIT), store, accepted=accepted).gone == 4


def test_of_a_stretch_only_visits_that_begin_in_it_are_missed(store: SqlStore, vendor: Rolling):
    for number, days in ((1, 0), (2, 1), (3, 40)):
        start = FUTURE + timedelta(days=days)
        times = {"start": start.isoformat(), "end": (start + timedelta(minutes=30)).isoformat()}
        vendor.put(f"v{number}", {"patient": "1", "site": "main", "status": "booked", **times}, kind=Kind.VISIT)
    vendor.pages = []
    take(vendor, store, Kind.VISIT)
    moved = FUTURE + timedelta(days=50)
    vendor.records["v1"] |= {"start": moved.isoformat(), "end": (moved + timedelta(hours=1)).isoformat()}
    for gone in ("v2", "v3"):
        del vendor.records[gone]
    vendor.call("", within=Span(FUTURE - timedelta(days=1), FUTURE + timedelta(days=30)))
    take(vendor, store, Kind.VISIT)
    assert vendor.asked == ["v1", "v2"], "the third begins later, and was not to be listed"
    with store.begin("test") as work:
        found = {one.start: one.state for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit)}
    assert found == {
        moved: VisitState.BOOKED,
        FUTURE + timedelta(days=1): VisitState.CANCELLED,
        FUTURE + timedelta(days=40): VisitState.BOOKED,
    }
