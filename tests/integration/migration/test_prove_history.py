"""Every check of a moved history finds the defect it is there for; a finding blocks until somebody accepts it."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from hub.bootstrap.migration_folder import MigrationFolder, read_migration_folder
from hub.cli.history_report import Report, render_report
from hub.errors import InvalidInput, NeedsAttention, SafetyStop
from hub.operations.migration.judge_history import sign_history
from hub.pipelines.expectations import history_expectations, telling
from hub.pipelines.proving import Proving
from hub.pipelines.validation import Judge
from hub.ports.verifications import CheckState, Total, Verification
from hub.settings import PROJECT, Settings
from hub.store.embedded import EmbeddedServer
from hub.store.history_report import load_history_details
from hub.store.unit_of_work import SqlStore
from hub.store.verifications import SqlVerifications
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, fates_of, one_row, run_of
from tests.legacy.generate import generate

MAPPINGS = PROJECT / "mappings"
HUB_CHANGED = "updated_at = now() + interval '1 hour'"
PAST = "(SELECT min(id) FROM visit WHERE state = 'fulfilled')"
TO_COME = "(SELECT min(id) FROM visit WHERE state = 'booked' AND NOT contested AND provider_id IS NOT NULL)"
MERGED_ROW = "(SELECT min(id) FROM disposition WHERE reason = 'repeated')"

DEFECTS = {
    "a_service_name_means_one_sku": f"""
        UPDATE visit SET service_id = (
            SELECT s.id FROM service s WHERE NOT archived AND s.id <> visit.service_id LIMIT 1)
        WHERE id = {PAST}""",
    "a_status_word_means_one_state": f"UPDATE visit SET state = 'arrived' WHERE id = {PAST}",
    "an_import_ended_well": """
        INSERT INTO import_batch (system, folder, file_hashes, state) VALUES ('legacy', 'again', '{}', 'failed')""",
    "contacts_are_in_their_normal_form": """
        UPDATE patient SET phone = '512 555 0100' WHERE id = (SELECT min(id) FROM patient WHERE phone IS NOT NULL)""",
    "contested_visits_wait_for_a_person": f"UPDATE visit SET contested = true WHERE id = {PAST}",
    "every_field_says_what_its_row_says": f"UPDATE visit SET note = 'not so' WHERE id = {PAST}",
    "every_landed_row_has_a_verdict": f"DELETE FROM disposition WHERE canonical_id = {PAST}",
    "every_link_leads_to_a_record": """
        INSERT INTO source_link (system, kind, source_id, canonical_id) VALUES ('legacy', 'visit', 'A1', 'vis_0')""",
    "every_row_has_one_verdict": f"DELETE FROM disposition WHERE id = {MERGED_ROW}",
    "every_taken_row_is_linked": "DELETE FROM source_link WHERE kind = 'provider'",
    "imported_visits_end_after_they_start": f"""
        ALTER TABLE visit DROP CONSTRAINT ck_visit_ends_after_it_starts;
        UPDATE visit SET "end" = start - interval '1 hour' WHERE id = {PAST}""",
    "imported_visits_have_a_known_state": f"""
        ALTER TABLE visit DROP CONSTRAINT ck_visit_state; UPDATE visit SET state = 'gone' WHERE id = {PAST}""",
    "imported_visits_lie_in_plausible_years": f"""
        UPDATE visit SET start = start - interval '100 years', "end" = "end" - interval '100 years'
        WHERE id = {PAST}""",
    "imported_visits_say_who_what_and_where": f"UPDATE visit SET service_id = NULL WHERE id = {PAST}",
    "imported_visits_start_and_end_when_the_row_says": f"""
        UPDATE visit SET start = start + interval '1 minute' WHERE id = {PAST}""",
    "no_price_is_negative": f"UPDATE visit SET price_minor = -100, price_currency = 'USD' WHERE id = {PAST}",
    "no_visit_points_to_an_archived_service": f"""
        UPDATE visit SET service_id = (SELECT min(id) FROM service WHERE archived) WHERE id = {PAST}""",
    "occupying_visits_claim_their_time": f"DELETE FROM claim WHERE visit_id = {TO_COME}",
    "one_service_stands_for_a_sku": """
        UPDATE service SET archived = false WHERE id = (SELECT min(id) FROM service WHERE archived)""",
    "overlapping_visits_are_contested": "DELETE FROM history_conflict",
    "payment_totals_agree": """
        UPDATE payment SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payment)""",
    "quarantined_rows_became_nothing": f"""
        UPDATE disposition SET canonical_id = {PAST}
        WHERE id = (SELECT min(id) FROM disposition WHERE verdict = 'quarantined')""",
    "quarantined_rows_name_a_known_reason": """
        UPDATE disposition SET reason = 'looked_odd'
        WHERE id = (SELECT min(id) FROM disposition WHERE verdict = 'quarantined')""",
    "the_newest_version_of_a_row_won": f"""
        INSERT INTO source_record (system, kind, source_id, content_hash, payload, file, line)
        SELECT system, kind, source_id, 'x', payload || '{{"Modified": "2099-01-01 00:00"}}', file, line
        FROM source_record WHERE id = (SELECT max(source_record_id) FROM disposition WHERE canonical_id = {PAST});
        INSERT INTO disposition (batch_id, file, line, source_key, verdict, reason, source_record_id, canonical_id)
        SELECT batch_id, file, 100000, source_key, 'merged', 'superseded', (SELECT max(id) FROM source_record), {PAST}
        FROM disposition WHERE id = (SELECT max(id) FROM disposition WHERE canonical_id = {PAST})""",
    "visit_totals_agree": f"UPDATE visit SET price_minor = price_minor + 1 WHERE id = {PAST}",
}
"""By check: what somebody with the owner's rights does to a history that was moved well."""


OF_MONEY = {
    "deposits_of_visits_to_come_agree",
    "gift_card_totals_agree",
    "invoice_totals_agree",
    "lot_totals_agree",
    "membership_totals_agree",
    "package_totals_agree",
    "payment_totals_by_method_agree",
    "payment_totals_by_month_and_kind_agree",
    "payment_totals_by_provider_and_service_agree",
    "payments_without_a_visit_are_in_quarantine",
    "sessions_left_agree",
    "sessions_left_in_all_agree",
    "units_on_hand_agree",
}
"""Broken in tests of their own."""


@pytest.fixture(scope="module")
def moved_template(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a moved history in it."""
    export = tmp_path_factory.mktemp("export")
    generate(4, 60, export)
    with fresh_database(database_server) as database:
        run_of(SqlStore(database.engine), export).run()
        database.engine.dispose()
        database.owner.dispose()
        assert database.url.database
        yield database.url.database


@pytest.fixture
def moved(database_server: EmbeddedServer, moved_template: str) -> Iterator[Database]:
    with fresh_database(database_server, moved_template) as database:
        yield database


def folder_that_says(decisions: str, tmp_path: Path) -> MigrationFolder:
    (tmp_path / "migration.yaml").write_text((FOLDER / "migration.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "decisions.yaml").write_text(decisions, "utf-8")
    return read_migration_folder(tmp_path, Settings())


def prove(database: Database, folder: MigrationFolder | None = None) -> Verification:
    read = folder or read_migration_folder(FOLDER, Settings())
    return Proving(read, SqlStore(database.engine), database.engine, Settings()).prove()


def spoil(database: Database, name: str) -> None:
    with database.owner.begin() as connection:
        assert connection.exec_driver_sql(DEFECTS[name]).rowcount != 0


def test_every_check_has_its_defect() -> None:
    told = telling("legacy", "UTC", (MAPPINGS / "legacy-export", None))
    of_sql = {each.name for each in history_expectations(told)}
    assert of_sql | {"every_field_says_what_its_row_says"} == set(DEFECTS) | OF_MONEY


def test_history_that_was_moved_well_meets_every_check_and_can_be_signed(moved: Database) -> None:
    proof = prove(moved)
    assert [(one.name, one.examples) for one in proof.checks if one.state is not CheckState.OK] == []
    dimensions = {total.dimension for total in proof.totals if total.kind == "visit"}
    assert dimensions == {"month", "provider", "service", "status"}
    with moved.owner.connect() as connection:
        visits = connection.execute(text("SELECT count(*) FROM visit")).scalar_one()
    assert (
        sum(total.found for total in proof.totals if (total.kind, total.dimension) == ("visit", "month")) == visits > 0
    )
    with SqlStore(moved.engine).begin("sign") as work:
        assert sign_history(work, "legacy", "Dr. Hannah  Lee").name == "Dr. Hannah Lee"


@pytest.mark.slow
def test_services_that_differ_in_a_point_alone_are_two_in_hub_and_totals(database: Database, tmp_path: Path) -> None:
    truth = generate(4, 60, tmp_path)
    doses = ["Tirzepatide 2.5mg - weekly", "Tirzepatide 25mg - weekly"]
    with (tmp_path / "services.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"S90{n},{name},Weight loss,15,99.00,Y\r\n" for n, name in enumerate(doses))
    taken = [id_ for id_, told in truth["appointments"].items() if told["verdict"] == "loaded"][:5]
    with (tmp_path / "appointments.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    for row in rows:
        if row[0] in taken:
            row[head.index("Service")] = doses[row[0] != taken[0]]
    with (tmp_path / "appointments.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    store = SqlStore(database.engine)
    run_of(store, tmp_path).run()
    fates = fates_of(store)["appointments.csv"]
    assert [one_row(fates[id_])["sku"] for id_ in taken] == [doses[0], *[doses[1]] * 4]
    proof = prove(database)
    assert proof.blocking == ()
    counted = {one.value: (one.said, one.found) for one in proof.totals if one.value in doses}
    assert counted == {doses[0]: (1, 1), doses[1]: (4, 4)}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_what_is_broken_by_hand_fails_its_check_and_blocks_the_signature(name: str, moved: Database) -> None:
    spoil(moved, name)
    proof = prove(moved)
    assert name in {check.name for check in proof.blocking}
    with SqlStore(moved.engine).begin("sign") as work, pytest.raises(SafetyStop, match=name):
        sign_history(work, "legacy", "Dr. Lee")


def test_hash_is_of_the_data_as_it_was_before_the_first_check(moved: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.pipelines import validation

    changed, hash_data = Event(), SqlVerifications.hash_data

    class Late(validation.Judge):
        def add_up(self, queries: Mapping[str, str]) -> tuple[Total, ...]:
            with moved.owner.begin() as connection:
                connection.exec_driver_sql(f"UPDATE visit SET note = 'later' WHERE id = {PAST}")
            changed.set()
            return super().add_up(queries)

    def hash_later(verifications: SqlVerifications) -> str:
        assert changed.wait(180)
        return hash_data(verifications)

    with SqlStore(moved.engine).begin("before") as work:
        before = work.verifications.hash_data()
    monkeypatch.setattr(validation, "Judge", Late)
    monkeypatch.setattr(SqlVerifications, "hash_data", hash_later)
    assert prove(moved).data_hash == before
    with SqlStore(moved.engine).begin("after") as work:
        assert work.verifications.hash_data() != before


def test_accepted_finding_is_listed_and_lets_through_and_no_attempt_is_overwritten(
    moved: Database, tmp_path: Path
) -> None:
    spoil(moved, "contacts_are_in_their_normal_form")
    first = prove(moved)
    accepted = "".join(
        f"  - {{check: {check.name}, because: typed by hand, by: Dr. Lee}}\n" for check in first.blocking
    )
    proof = prove(moved, folder_that_says(f"accepted:\n{accepted}", tmp_path))
    assert proof.blocking == ()
    found = {check.name: check for check in proof.checks}["contacts_are_in_their_normal_form"]
    assert (found.state, found.findings, found.because, found.accepted_by) == (
        CheckState.ACCEPTED, 1, "typed by hand", "Dr. Lee",
    )  # fmt: skip
    with moved.owner.connect() as connection:
        kept = connection.execute(
            text("SELECT count(*) FROM verification WHERE id IN (:a, :b)"), {"a": first.id, "b": proof.id}
        )
        assert kept.scalar_one() == 2


def test_decision_that_accepts_what_is_no_check_is_refused(moved: Database, tmp_path: Path) -> None:
    folder = folder_that_says("accepted: [{check: all_is_well, because: so, by: me}]", tmp_path)
    with pytest.raises(InvalidInput, match="'all_is_well' is no check"):
        prove(moved, folder)


def test_history_that_is_not_here_cannot_be_proven_nor_signed(database: Database) -> None:
    with pytest.raises(NeedsAttention, match="not here yet"):
        prove(database)
    with SqlStore(database.engine).begin("sign") as work, pytest.raises(NeedsAttention, match="not verified yet"):
        sign_history(work, "legacy", "Dr. Lee")


def test_signature_speaks_of_no_data_that_changed_since(moved: Database) -> None:
    prove(moved)
    with moved.owner.begin() as connection:
        connection.exec_driver_sql(f"UPDATE visit SET note = 'later' WHERE id = {PAST}")
    with SqlStore(moved.engine).begin("sign") as work, pytest.raises(NeedsAttention, match="changed since"):
        sign_history(work, "legacy", "Dr. Lee")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE patient SET note = coalesce(note, '') || '.' WHERE id = (SELECT min(id) FROM patient)",
        "UPDATE payment SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payment)",
        "UPDATE source_link SET canonical_id = 'vis_0' WHERE source_id = (SELECT min(source_id) FROM source_link)",
        "UPDATE source_record SET content_hash = 'x' WHERE id = (SELECT min(id) FROM source_record)",
        "UPDATE disposition SET reason = 'x' WHERE id = (SELECT max(id) FROM disposition)",
        "DELETE FROM history_conflict WHERE first_id = (SELECT min(first_id) FROM history_conflict)",
        "UPDATE claim SET need = 'x' WHERE id = (SELECT min(id) FROM claim)",
    ],
)
def test_hash_of_the_data_is_another_once_a_row_is(change: str, moved: Database) -> None:
    with moved.owner.connect() as connection:
        hashing = SqlVerifications(connection)
        before = hashing.hash_data()
        connection.exec_driver_sql("ANALYZE")  # however the rows come
        assert hashing.hash_data() == before
        assert connection.exec_driver_sql(change).rowcount == 1
        assert hashing.hash_data() != before


def test_database_looks_at_tables_that_changed_much_before_a_proof_plans_by_them(database: Database) -> None:
    made = "INSERT INTO location (id, name) SELECT 'loc_' || n, 'x' FROM generate_series(1, 3000) AS n"
    seen = "SELECT relname FROM pg_class WHERE reltuples > 0 AND relname IN ('location', 'provider') ORDER BY 1"
    with database.owner.begin() as connection:
        connection.exec_driver_sql(made)
        connection.exec_driver_sql("INSERT INTO provider (id, name) VALUES ('prv_1', 'x')")
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with SqlStore(database.engine).begin("take_stock") as work:
        work.verifications.take_stock()
    with database.owner.connect() as connection:
        assert connection.exec_driver_sql(seen).scalars().all() == ["location"]


def test_totals_that_were_added_up_are_judged_as_if_they_were_added_up_again(database: Database) -> None:
    told = telling("legacy", "UTC", (MAPPINGS / "legacy-export", None))
    odd = "12:30 :name {x} 100% 'Botox\\'"
    for said, state in ((2, CheckState.OK), (3, CheckState.FAILED)):
        total = Total("visit", "service", odd, said, 2, None, None)
        (expectation,) = (one for one in history_expectations(told, [total]) if one.name == "visit_totals_agree")
        with Judge(database.url, {}) as judge:
            outcome = judge.validate([expectation])["visit_totals_agree"]
        assert outcome.state is state
    assert outcome.examples == (f"dimension service value {odd} said 3 found 2",)


def test_report_shows_the_totals_of_the_database_names_no_patient_and_says_when_a_signature_no_longer_matches(
    moved: Database,
) -> None:
    prove(moved)
    with SqlStore(moved.engine).begin("sign") as work:
        sign_history(work, "legacy", "Dr. Lee")
    page = report_of(moved)
    with moved.owner.connect() as connection:
        visits = connection.execute(text("SELECT count(*) FROM visit WHERE state = 'fulfilled'")).scalar_one()
        told = connection.execute(text("SELECT family_name, phone, email FROM patient")).all()
    assert f'<td>fulfilled</td><td class="n">{visits:,}</td><td class="n">{visits:,}</td>' in page
    assert [one for row in told for one in row if one and f">{one}" in page] == []
    assert "Signed by Dr. Lee" in page
    with moved.owner.begin() as connection:
        connection.exec_driver_sql(f"UPDATE visit SET note = 'later' WHERE id = {PAST}")
    assert "no longer matches" in report_of(moved)


def test_report_names_the_checks_that_failed_at_its_head_and_tells_of_them_before_the_others(moved: Database) -> None:
    spoil(moved, "visit_totals_agree")
    failed = [check.name for check in prove(moved).blocking]
    page = report_of(moved)
    said = re.findall(r'<tr id="(\w+)">', page)
    assert re.findall(r'<li><a href="#(\w+)">', page) == failed == said[: len(failed)]
    assert "visit_totals_agree" in failed
    assert len(said) > len(failed)


def test_samples_to_look_up_by_hand_are_the_same_for_the_same_seed_and_of_every_risk_there_is(moved: Database) -> None:
    with SqlStore(moved.engine).begin("look") as work, moved.engine.connect() as reading:
        (head,) = work.migrations.find_heads()
        first, again, other = (load_history_details(reading, head, seed).samples for seed in ("7", "7", "8"))
        stand = set(
            reading.execute(text("SELECT canonical_id FROM current_disposition WHERE kind = 'visit'")).scalars()
        )
    assert first == again
    assert {one.canonical_id for one in first} != {one.canonical_id for one in other}
    assert {one.canonical_id for one in first} <= stand
    assert {
        "drawn by lot",
        "beside a row that stayed behind",
        "of a person who stood there twice",
        "of the highest prices",
        "of those that overlap another",
    } <= {one.why for one in first}
    dearest = max(one.price_minor or 0 for one in (*first, *other))
    assert max(one.price_minor or 0 for one in first if one.why == "of the highest prices") == dearest


def report_of(database: Database) -> str:
    with SqlStore(database.engine).begin("report") as work, database.engine.connect() as reading:
        (head,) = work.migrations.find_heads()
        report = Report(
            head,
            work.migrations.account("legacy"),
            work.verifications.find_last("legacy"),
            load_history_details(reading, head, "1"),
            next(iter(work.verifications.find_signatures("legacy")), None),
            work.verifications.hash_data(),
            work.now,
            "1",
        )
    return render_report(report)


def test_nothing_personal_stands_in_what_a_proof_keeps(moved: Database) -> None:
    for name in ("contacts_are_in_their_normal_form", "every_field_says_what_its_row_says", "visit_totals_agree"):
        spoil(moved, name)
    prove(moved)
    with moved.owner.connect() as connection:
        kept = " ".join(connection.execute(text("SELECT to_jsonb(c)::text FROM verification_check c")).scalars())
        kept += " ".join(connection.execute(text("SELECT to_jsonb(t)::text FROM verification_total t")).scalars())
        told = connection.execute(text("SELECT given_name, family_name, phone, email, note FROM patient")).all()
    assert "512 555 0100" not in kept
    assert "not so" not in kept
    assert [one for row in told for one in row if one and len(one) > 4 and f'"{one}' in kept] == []
