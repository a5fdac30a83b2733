"""A merge that was decided in the migration folder is taken back when the decision is taken out."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.errors import InvalidInput
from hub.operations.merge_people import Word, merge_people
from hub.operations.migration.roll_back import WRITE, TakenBack, list_batches, roll_back
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from tests.integration.migration.moved import Decide, dump_of, fates_of, one_row, run_of
from tests.legacy.generate import generate


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


def what_stands(engine: Engine) -> list[str]:
    """Everything but the note that somebody once decided so."""
    notes = ('"undone_by": "migration:legacy"', 'person_pair {"rule": "decided"')
    return [line for line in dump_of(engine) if not any(note in line for note in notes)]


def persons(store: SqlStore, *keys: str) -> list[str]:
    clients = fates_of(store)["clients.csv"]
    return [str(one_row(clients[key])["person"]) for key in keys]


def loaded(store: SqlStore, count: int) -> list[str]:
    rows = [one_row(found) for found in fates_of(store)["clients.csv"].values()]
    return [str(row["key"]) for row in rows if row["verdict"] == "loaded"][:count]


@pytest.mark.parametrize("is_first", [False, True])
def test_a_merge_that_is_decided_no_more_leaves_nothing_behind(
    is_first: bool, export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export, decide()).run()
    before, pair = what_stands(engine), loaded(store, 2)
    if is_first:
        roll_back(store, [one.id for one in list_batches(store) if one.partition.stage in WRITE], "Dr. Lee", "again")
    run_of(store, export, decide(merge=[pair])).run()
    assert len(set(persons(store, *pair))) == 1
    run_of(store, export, decide()).run()
    assert what_stands(engine) == before
    run_of(store, export, decide(merge=[pair])).run()
    assert len(set(persons(store, *pair))) == 1


@pytest.mark.parametrize("taken_out", range(2))
def test_of_three_who_were_called_one_those_stay_one_who_are_still_called_so(
    taken_out: int, export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export, decide()).run()
    first, second, third = loaded(store, 3)
    pairs = [[first, second], [second, third]]
    run_of(store, export, decide(merge=pairs)).run()
    assert len(set(persons(store, first, second, third))) == 1
    del pairs[taken_out]
    run_of(store, export, decide(merge=pairs)).run()
    found = dict(zip((first, second, third), persons(store, first, second, third), strict=True))
    ((one, other),) = pairs
    assert found[one] == found[other]
    assert len(set(found.values())) == 2


def test_two_who_may_be_one_are_asked_about_again_when_their_merge_is_decided_no_more(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export, decide()).run()
    with store.begin("read") as work:
        asked = {pair.match.pair for pair in work.people.find_open()}
        rows = {id_: row for row, id_ in work.links.find_all("legacy", Kind.PATIENT).items()}
    pair = min(asked)
    run_of(store, export, decide(merge=[[rows[id_] for id_ in pair]])).run()
    with store.begin("read") as work:
        assert pair not in {one.match.pair for one in work.people.find_open()}
    run_of(store, export, decide()).run()
    with store.begin("read") as work:
        assert {one.match.pair for one in work.people.find_open()} == asked


def test_two_whom_a_decision_made_one_are_two_when_it_says_so_instead(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export, decide()).run()
    pair = loaded(store, 2)
    run_of(store, export, decide(merge=[pair])).run()
    run_of(store, export, decide(never_merge=[pair])).run()
    assert len(set(persons(store, *pair))) == 2


def test_a_merge_on_which_another_stands_stops_the_run_with_what_to_do(
    export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export, decide()).run()
    pair, (*_, other) = loaded(store, 2), loaded(store, 3)
    folder = decide(merge=[pair])
    run_of(store, export, folder).run()
    survivor, into = persons(store, pair[0], other)
    with store.begin("merge") as work:
        both = work.records.load(Kind.PATIENT, [survivor, into])
        people = {id_: one for id_, one in both.items() if isinstance(one, Patient)}
        merge_people(work, [Match(into, survivor, "decided", ())], people, Word("desk"))
    before = dump_of(engine)
    with pytest.raises(InvalidInput, match=rf"merge \d+ is decided no more, but merge:\d+ stand.*merges {survivor}"):
        run_of(store, export, decide()).run()
    assert dump_of(engine) == before
    run_of(store, export, decide(merge=[pair])).run()


def test_whoever_takes_the_parting_batch_back_has_the_merge_again(
    export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export, decide()).run()
    pair = loaded(store, 2)
    folder = decide(merge=[pair])
    run_of(store, export, folder).run()
    merged, done = dump_of(engine), {one.id for one in list_batches(store)}
    run_of(store, export, decide()).run()
    batches = [one.id for one in list_batches(store) if one.id not in done and one.partition.stage in WRITE]
    assert isinstance(roll_back(store, batches, "Dr. Lee", "they were one"), TakenBack)
    run_of(store, export, decide(merge=[pair])).run()
    assert dump_of(engine) == merged
    run_of(store, export, decide()).run()
    assert len(set(persons(store, *pair))) == 2
