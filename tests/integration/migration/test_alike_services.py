"""Services whose names are nearly one wait for a person, until an alias says what they are."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from sqlalchemy import Engine

from hub.cli.history_report import Report, render_report
from hub.operations.migration.note_alike import ALIKE
from hub.operations.migration.roll_back import TakenBack, list_batches, roll_back
from hub.ports import Issue
from hub.ports.migrations import Stage
from hub.store.history_report import load_history_details
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import FOLDER, dump_of, fates_of, one_row, run_of
from tests.legacy.generate import generate

NAMES = {"S801": "Qwerty facial 60 - bright", "S802": "Qwerty facal 60 - bright", "S803": "Qwerty facial 90 - bright"}
"""The second slips in a letter of the first; the third is another dose."""
Decide = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    generate(4, 20, folder)
    file = folder / "services.csv"
    head, *rows = csv.reader(file.read_text("utf-8").splitlines())
    at_id, at_name = head.index("Service ID"), head.index("Name")
    like = {id_: [*rows[0]] for id_ in NAMES}
    for id_, row in like.items():
        row[at_id], row[at_name] = id_, NAMES[id_]
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *rows, *like.values()])
    for name in ("appointments.csv", "payments.csv"):
        text = (folder / name).read_text("utf-8", errors="replace")
        (folder / name).write_text(text[: text.index("\n") + 1], encoding="utf-8")
    for name in ("packages.csv", "inventory.csv"):
        (folder / name).unlink()
    return folder


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """The example's folder with these aliases of services."""

    def write(aliases: Mapping[str, str]) -> Path:
        folder = tmp_path / "migration"
        copytree(FOLDER, folder, dirs_exist_ok=True)
        (folder / "decisions.yaml").write_text(yaml.safe_dump({"aliases": {"service": dict(aliases)}}), "utf-8")
        return folder

    return write


def waiting(store: SqlStore) -> list[Issue]:
    with store.begin("read") as work:
        return list(work.issues.find_open(ALIKE))


def report_of(store: SqlStore, engine: Engine) -> str:
    with store.begin("report") as work, engine.connect() as reading:
        (head,) = work.migrations.find_heads()
        details = load_history_details(reading, head, "1")
        files = work.migrations.account("legacy")
        return render_report(Report(head, files, None, details, None, work.verifications.hash_data(), work.now, "1"))


def services(engine: Engine) -> list[str]:
    return [line for line in dump_of(engine) if line.startswith(("service ", "source_link "))]


def test_a_name_that_is_nearly_another_is_asked_about_once_and_shown_to_the_owner(
    export: Path, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export).run()
    (issue,) = waiting(store)
    assert issue.subject_id == one_row(fates_of(store)["services.csv"]["S802"])["canonical_id"]
    assert (issue.detail["row"], issue.detail["like"]) == ("S802", {"S801": "one_letter"})
    shown = report_of(store, engine).partition("Open decisions")[2].partition("</section>")[0]
    (row,) = (line for line in shown.splitlines() if "one letter" in line)
    assert row.index(NAMES["S802"]) < row.index(">S802<") < row.index(NAMES["S801"]) < row.index(">S801<")
    assert "aliases.service" in shown
    before = dump_of(engine)
    run_of(store, export).run()
    assert dump_of(engine) == before


@pytest.mark.parametrize(
    "aliases",
    [{"S802": "S801"}, {"S801": "S802"}, {NAMES["S802"]: "S801"}, {"S801": "S801", "S802": "S802"}],
    ids=["one", "the other", "by name", "two"],
)
def test_an_alias_settles_it_whichever_it_says_and_without_it_the_question_is_back(
    aliases: Mapping[str, str], export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export).run()
    run_of(store, export, decide(aliases)).run()
    assert waiting(store) == []
    run_of(store, export, decide({})).run()
    assert [one.detail["row"] for one in waiting(store)] == ["S802"]


def test_a_row_that_an_alias_leads_to_another_is_archived_as_a_duplicate_of_its_sku(
    export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export).run()
    before = services(engine)
    run_of(store, export, decide({"S802": "S801"})).run()
    first, second = (one_row(fates_of(store)["services.csv"][row]) for row in ("S801", "S802"))
    assert (first["sku"], first["archive"]) == (second["sku"], not second["archive"]) == (NAMES["S801"], False)
    run_of(store, export, decide({})).run()
    assert services(engine) == before != []


def test_that_one_of_two_is_a_service_of_its_own_says_nothing_of_the_other(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export, decide({"S801": "S801"})).run()
    assert [one.detail["row"] for one in waiting(store)] == ["S802"]


def test_the_question_is_taken_back_with_its_batch_and_so_is_the_answer(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export).run()
    asked = waiting(store)
    assert asked
    run_of(store, export, decide({"S801": "S801", "S802": "S802"})).run()
    for expected in (asked, []):
        (loaded,) = (
            one
            for one in list_batches(store)
            if (one.partition.stage, one.partition.kind, one.state) == (Stage.LOAD, "service", "loaded")
        )
        assert isinstance(_take_back(store, loaded.id), TakenBack)
        assert waiting(store) == expected


def _take_back(store: SqlStore, batch_id: int) -> object:
    """With what stands on it."""
    done = roll_back(store, [batch_id], "Dr. Lee", "wrong")
    if isinstance(done, TakenBack):
        return done
    return roll_back(store, [batch_id, *(int(one.id) for one in done.dependants)], "Dr. Lee", "wrong")
