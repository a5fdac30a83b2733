"""Every expectation finds the defect it is there for, and nothing is told to anybody until it is mended."""

import csv
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from hub.bootstrap import PracticeFolder
from hub.pipelines.expectations import Telling, history_expectations, reading_queries, telling
from hub.ports.verifications import CheckState
from hub.settings import PROJECT
from tests.database import Database
from tests.integration.pipelines.conftest import LEGACY, Pipelines, failed_checks, hub_on, materialized
from tests.legacy.generate import generate

A_CANCELLED = "(SELECT min(id) FROM visit WHERE state = 'cancelled' AND origin = 'juniper-legacy')"
A_FULFILLED = "(SELECT min(id) FROM visit WHERE state = 'fulfilled' AND NOT contested AND origin = 'juniper-legacy')"
A_CONTESTED = "(SELECT min(id) FROM visit WHERE contested AND origin = 'juniper-legacy')"
A_REPEATED = "(SELECT min(id) FROM disposition WHERE reason = 'repeated')"
CHANGED_BY_THE_HUB = "updated_at = now() + interval '1 hour'"
MOVED = f"""
    UPDATE visit SET start = start + interval '40 days', "end" = "end" + interval '40 days', {CHANGED_BY_THE_HUB}
    WHERE id = {A_CANCELLED}"""

DEFECTS = {
    "a_service_name_means_one_sku": f"""
        UPDATE visit SET service_id = (
            SELECT s.id FROM service s WHERE NOT archived AND s.id <> visit.service_id LIMIT 1)
        WHERE id = {A_FULFILLED}""",
    "a_status_word_means_one_state": f"UPDATE visit SET state = 'no_show' WHERE id = {A_CANCELLED}",
    "an_import_ended_well": f"""
        INSERT INTO import_batch (system, folder, file_hashes, state) VALUES ('{LEGACY}', 'again', '{{}}', 'failed')""",
    "contacts_are_in_their_normal_form": """
        UPDATE patient SET phone = '512 555 0100' WHERE id = (SELECT min(id) FROM patient WHERE phone IS NOT NULL)""",
    "contested_visits_wait_for_a_person": f"""
        UPDATE review_issue SET state = 'dismissed' WHERE subject_id = {A_CONTESTED}""",
    "deposits_of_visits_to_come_agree": f"""
        UPDATE visit SET state = 'booked', start = now() + interval '40 days', "end" = now() + interval '41 days',
            {CHANGED_BY_THE_HUB} WHERE id = {A_FULFILLED};
        INSERT INTO source_record (system, kind, source_id, content_hash, payload)
        SELECT '{LEGACY}', 'payment', 'X1', 'x', jsonb_build_object('ApptID', link.source_id, 'Date', '2026-01-05',
            'Amount', '50,00', 'Type', 'Deposit', 'Method', 'Visa')
        FROM source_link AS link JOIN visit ON visit.id = link.canonical_id
        WHERE link.kind = 'visit' AND visit."end" - visit.start = interval '1 day';
        INSERT INTO payment (id, visit_id, kind, amount_minor, amount_currency, method, paid_on, state)
        SELECT 'pay_1', link.canonical_id, 'deposit', 5000, 'USD', 'visa', '2026-01-05', 'settled'
        FROM source_record JOIN source_link AS link ON link.kind = 'visit' AND link.source_id = payload ->> 'ApptID'
        WHERE content_hash = 'x';
        INSERT INTO source_link (system, kind, source_id, canonical_id, source_record_id)
        SELECT '{LEGACY}', 'payment', 'X1', 'pay_1', max(id) FROM source_record""",
    "every_landed_row_has_a_verdict": f"""
        INSERT INTO source_record (system, kind, source_id, content_hash, payload, file, line)
        VALUES ('{LEGACY}', 'visit', 'A1', 'x', '{{}}', 'appointments.csv', 100000)""",
    "every_link_leads_to_a_record": f"""
        INSERT INTO source_link (system, kind, source_id, canonical_id) VALUES ('{LEGACY}', 'visit', 'A1', 'vis_0')""",
    "every_row_has_one_verdict": f"DELETE FROM disposition WHERE id = {A_REPEATED}",
    "every_taken_row_is_linked": f"""
        DELETE FROM source_link WHERE system = '{LEGACY}' AND kind = 'provider'""",
    "imported_visits_end_after_they_start": f"""
        ALTER TABLE visit DROP CONSTRAINT ck_visit_ends_after_it_starts;
        UPDATE visit SET "end" = start - interval '1 hour', {CHANGED_BY_THE_HUB} WHERE id = {A_CANCELLED}""",
    "imported_visits_have_a_known_state": f"""
        ALTER TABLE visit DROP CONSTRAINT ck_visit_state;
        UPDATE visit SET state = 'gone', {CHANGED_BY_THE_HUB} WHERE id = {A_CANCELLED}""",
    "imported_visits_lie_in_plausible_years": f"""
        UPDATE visit SET start = start - interval '100 years', "end" = "end" - interval '100 years',
            {CHANGED_BY_THE_HUB} WHERE id = {A_CANCELLED}""",
    "imported_visits_say_who_what_and_where": f"UPDATE visit SET service_id = NULL WHERE id = {A_FULFILLED}",
    "imported_visits_start_and_end_when_the_row_says": f"""
        UPDATE visit SET start = start + interval '1 minute' WHERE id = {A_CANCELLED}""",
    "no_price_is_negative": f"UPDATE visit SET price_minor = -100, price_currency = 'USD' WHERE id = {A_FULFILLED}",
    "no_visit_points_to_an_archived_service": f"""
        UPDATE visit SET service_id = (SELECT min(id) FROM service WHERE archived) WHERE id = {A_FULFILLED}""",
    "occupying_visits_claim_their_time": f"DELETE FROM claim WHERE visit_id = {A_FULFILLED}",
    "one_service_stands_for_a_sku": """
        UPDATE service SET archived = false WHERE id = (SELECT min(id) FROM service WHERE archived)""",
    "overlapping_visits_are_contested": f"""
        UPDATE review_issue SET state = 'resolved' WHERE subject_id = {A_CONTESTED};
        UPDATE visit SET contested = false WHERE id = {A_CONTESTED}""",
    "payment_totals_by_method_agree": """
        UPDATE payment SET method = 'check' WHERE id = (SELECT min(id) FROM payment WHERE method = 'visa')""",
    "payment_totals_by_month_and_kind_agree": """
        UPDATE payment SET paid_on = paid_on + 40 WHERE id = (SELECT min(id) FROM payment)""",
    "payment_totals_by_provider_and_service_agree": """
        UPDATE payment SET visit_id = (SELECT min(other.id) FROM visit, visit AS other
            WHERE visit.id = payment.visit_id AND other.provider_id <> visit.provider_id AND other.price_minor > 0)
        WHERE id = (SELECT min(id) FROM payment)""",
    "payments_without_a_visit_are_in_quarantine": """
        UPDATE disposition SET verdict = 'quarantined', reason = 'orphan_visit', canonical_id = NULL
        WHERE id = (SELECT min(id) FROM disposition WHERE file = 'payments.csv' AND verdict = 'loaded')""",
    "quarantined_rows_became_nothing": f"""
        UPDATE disposition SET canonical_id = {A_CANCELLED}
        WHERE id = (SELECT min(id) FROM disposition WHERE verdict = 'quarantined')""",
    "quarantined_rows_name_a_known_reason": """
        UPDATE disposition SET reason = 'looked_odd'
        WHERE id = (SELECT min(id) FROM disposition WHERE verdict = 'quarantined')""",
    "sessions_left_agree": """
        UPDATE package SET used_before = 4 WHERE id IN (
            SELECT canonical_id FROM source_link WHERE kind = 'package' AND source_id IN ('K17', 'K53'))""",
    "sessions_left_in_all_agree": """
        UPDATE package SET service_id = (SELECT min(id) FROM service WHERE NOT archived AND id <> package.service_id)
        WHERE id = (SELECT min(id) FROM package)""",
    "the_newest_version_of_a_row_won": f"""
        INSERT INTO source_record (system, kind, source_id, content_hash, payload, file, line)
        SELECT system, kind, source_id, 'x', payload || '{{"Modified": "2099-01-01 00:00"}}', file, line
        FROM source_record WHERE id = (SELECT source_record_id FROM disposition WHERE id = {A_REPEATED});
        UPDATE disposition SET source_record_id = (SELECT max(id) FROM source_record) WHERE id = {A_REPEATED}""",
    "visit_totals_agree": f"""
        CREATE TEMPORARY TABLE copy AS SELECT * FROM visit WHERE id = {A_CANCELLED};
        UPDATE copy SET id = 'vis_second';
        INSERT INTO visit SELECT * FROM copy""",
    "units_on_hand_agree": f"""
        INSERT INTO lot_movement (lot_id, kind, at, change, actor)
        SELECT min(id), 'adjusted', now(), 5, 'import:{LEGACY}' FROM lot WHERE record_id IS NOT NULL""",
}
"""By expectation: what somebody with the owner's rights does to a clean history."""


def told() -> Telling:
    return telling(LEGACY, "America/Chicago", (PROJECT / "mappings" / "legacy-export", None))


OF_VALUE = {f"{one}_totals_agree" for one in ("payment", "package", "lot", "gift_card", "membership", "invoice")}
"""Broken in tests of their own."""
TOTALS = {one for one in DEFECTS if "totals" in one} | OF_VALUE
"""Second witnesses: they may see the defect of another, too."""
ALSO = {"no_visit_points_to_an_archived_service": {"a_service_name_means_one_sku"}}


def test_every_expectation_has_its_defect() -> None:
    assert set(DEFECTS) == {each.name for each in history_expectations(told())} - OF_VALUE


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_defect_fails_its_expectation_and_besides_it_only_totals_and_stops_what_is_downstream(
    name: str, imported: Database, pipelines: Pipelines
) -> None:
    with imported.owner.begin() as connection:
        assert connection.exec_driver_sql(DEFECTS[name]).rowcount != 0
    with dg.DagsterInstance.ephemeral() as instance:
        ran = pipelines.run(imported, instance)
        assert not ran.success
        failed = failed_checks(instance, ran.run_id)
        assert name in failed
        assert failed - {name} <= TOTALS | ALSO.get(name, set())
        made = materialized(instance, ran.run_id)
    assert "juniper-legacy/visits" in made
    assert "juniper-ehr/deliveries" not in made
    assert f"    FAIL {name}" in pipelines.lines


def test_clean_history_meets_every_expectation_and_lets_the_push_go_on(
    imported: Database, pipelines: Pipelines
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        ran = pipelines.run(imported, instance)
        assert failed_checks(instance, ran.run_id) == set()
        assert ran.success
        assert "juniper-ehr/deliveries" in materialized(instance, ran.run_id)
    assert "    ok   visit_totals_agree" in pipelines.lines


def unmet(database: Database) -> set[str]:
    from hub.pipelines.validation import Judge

    with Judge(database.url, reading_queries(told())) as judge:
        outcomes = judge.validate(history_expectations(told()))
    return {name for name, outcome in outcomes.items() if outcome.state is not CheckState.OK}


def import_from(export: Path, database: Database, folder: PracticeFolder) -> None:
    here = folder.connection(LEGACY).model_copy(update={"folder": export, "aliases": {}})
    hub_on(database, replace(folder, connections={LEGACY: here})).import_export(LEGACY)


@pytest.mark.parametrize("seed", [3, 20])
def test_other_exports_with_other_dirt_meet_every_expectation(
    seed: int, database: Database, folder: PracticeFolder, tmp_path: Path
) -> None:
    generate(seed, 900, tmp_path)
    import_from(tmp_path, database, folder)
    assert unmet(database) == set()


def test_later_export_of_fewer_rows_meets_every_expectation_beside_what_the_hub_moved(
    database: Database, folder: PracticeFolder, tmp_path: Path
) -> None:
    generate(5, 300, tmp_path)
    import_from(tmp_path, database, folder)
    with database.owner.begin() as connection:
        connection.execute(text(MOVED.replace(CHANGED_BY_THE_HUB, "updated_at = now()")))
        moved = connection.execute(
            text(f"SELECT source_id FROM source_link WHERE canonical_id = {A_CANCELLED}")
        ).scalar()
    appointments = tmp_path / "appointments.csv"
    with appointments.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    kept = {row[0] for row in rows[:200]} - {moved}  # with all their versions
    with appointments.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row for row in rows if row[0] in kept)])
    import_from(tmp_path, database, folder)
    assert unmet(database) == set()


def test_history_that_was_never_imported_is_no_clean_history(database: Database) -> None:
    assert unmet(database) == {"an_import_ended_well"}


def test_visit_that_the_hub_moved_is_not_held_against_the_import(imported: Database) -> None:
    with imported.owner.begin() as connection:
        connection.execute(text(MOVED))
    assert unmet(imported) == set()
