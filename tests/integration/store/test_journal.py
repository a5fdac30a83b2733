"""Events and audit rows are kept, issues wait for a person, imports account for their rows."""

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.errors import HubError
from hub.ports import AuditEntry, Disposition, Issue, Verdict
from hub.ports.migrations import Partition, Stage
from hub.store.unit_of_work import SqlStore

LOADING = Partition(Stage.LOAD, Kind.VISIT)


def test_events_and_audit_rows_are_kept_in_order(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        work.journal.record_event("visit_booked", Kind.VISIT, "v1", {"n": 1})
        work.journal.record_event("visit_cancelled", Kind.VISIT, "v1")
        work.journal.record_audit(
            AuditEntry("desk", "book", Kind.VISIT, "v1", patient_id="p", role="front_desk", reason="r", detail={"k": 1})
        )
    with engine.connect() as connection:
        events = connection.execute(text("SELECT name, subject_kind, subject_id, data FROM domain_event ORDER BY id"))
        assert [tuple(row) for row in events] == [
            ("visit_booked", "visit", "v1", {"n": 1}),
            ("visit_cancelled", "visit", "v1", {}),
        ]
        audit = connection.execute(
            text("SELECT actor, role, action, subject_id, patient_id, reason, detail FROM audit_entry")
        )
        assert tuple(audit.one()) == ("desk", "front_desk", "book", "v1", "p", "r", {"k": 1})


def test_an_issue_is_open_once_and_opens_again_after_it_was_closed(store: SqlStore) -> None:
    first, second = Issue("overlap", "visit", "v1", ("room",)), Issue("overlap", "visit", "v1", ("provider", "room"))
    with store.begin("test") as work:
        assert work.issues.open([first, Issue("overlap", "visit", "v2")]) == 2
        assert work.issues.open([first]) == 0
        assert work.issues.open([second]) == 0
        assert work.issues.find_open("overlap") == (second, Issue("overlap", "visit", "v2"))
        work.issues.close("overlap", "visit", ["v1", "v9"])
        assert work.issues.find_open() == (Issue("overlap", "visit", "v2"),)
        assert work.issues.open([first]) == 1
        assert work.issues.find_open("other") == ()


def test_a_batch_accounts_for_its_rows(store: SqlStore, engine: Engine) -> None:
    rows = [
        Disposition("a.csv", 2, Verdict.LOADED, canonical_id="v1"),
        Disposition("a.csv", 3, Verdict.QUARANTINED, reason="bad_date", source_key="A3"),
    ]
    with store.begin("test") as work:
        batch = work.migrations.open_attempt("legacy", "folder", LOADING, "x")
        work.imports.save_dispositions(batch, rows)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT line, verdict, reason FROM disposition ORDER BY line"))
        assert [tuple(row) for row in stored] == [(2, "loaded", None), (3, "quarantined", "bad_date")]


@pytest.mark.parametrize(
    ("rows", "constraint"),
    [
        ([Disposition("a", 2, Verdict.LOADED), Disposition("a", 2, Verdict.MERGED)], "uq_disposition"),
        ([Disposition("a", 2, Verdict.QUARANTINED)], "ck_disposition_reason"),
    ],
)
def test_a_row_has_one_verdict_and_a_quarantined_one_a_reason(store: SqlStore, rows, constraint: str) -> None:
    with pytest.raises(HubError, match=constraint), store.begin("test") as work:
        work.imports.save_dispositions(work.migrations.open_attempt("legacy", "folder", LOADING, "x"), rows)
