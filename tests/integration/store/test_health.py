"""What `hub doctor` sees in the database, and what it makes of it."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from hub.bootstrap.doctor import examine
from hub.ports import Issue, Store
from hub.ports.checks import Check
from hub.settings import Settings
from hub.store.health import load_health, look_at_server
from tests.database import Database
from tests.peers.redis_broker import redis_broker


@pytest.fixture
def seen(database: Database, tmp_path):
    """What is not well, by what was looked at."""

    def look(**changes) -> dict[str, Check]:
        settings = Settings(home=tmp_path, database_url=database.text_url, **changes)
        return {one.about: one for one in examine(settings, ask=False) if one.level != "ok"}

    return look


def deliver(owner: Engine, **values: str) -> None:
    names = {
        "connection": "'glow'",
        "kind": "'visit'",
        "canonical_id": "'v'",
        "sequence": "1",
        "idempotency_key": "'k'",
    }
    said = names | values
    with owner.begin() as connection:
        connection.execute(text(f"INSERT INTO outbox_delivery ({', '.join(said)}) VALUES ({', '.join(said.values())})"))


def test_a_fresh_hub_only_asks_for_its_practice_to_be_applied(seen):
    assert {about: one.level for about, one in seen().items()} == {"practice in force": "warn"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"state": "'dead'"}, "glow: 1 given up"),
        ({"state": "'leased'", "lease_until": "now() - interval '1 hour'"}, "glow: 1 taken and never finished"),
        ({"next_try_at": "now() - interval '1 hour'"}, "glow: 1 due for more than 15 minutes"),
        ({"state": "'leased'", "lease_until": "now() + interval '1 minute'"}, None),
        ({"next_try_at": "now() + interval '1 hour'"}, None),
    ],
)
def test_a_delivery_that_nobody_sees_to_is_named_and_one_on_its_way_is_not(seen, owner, values, message):
    deliver(owner, **values)
    found = seen().get("outbox")
    assert (found.message if found else None) == message


def test_a_feed_that_was_stopped_is_wrong_and_what_waits_for_a_person_is_counted(seen, store: Store):
    with store.begin("test") as work:
        work.issues.open([Issue("mass_change", "patient", "glow", ("mass_change",), {})])
        work.issues.open(
            [Issue("rejected_record", "visit", "glow/1", ("bad_date",), {}), Issue("overlap", "visit", "v")]
        )
    found = seen()
    assert (found["feeds"].level, found["feeds"].message[:13]) == ("fail", "glow patient:")
    assert found["quarantine"].message == "1 record could not be taken"
    assert found["issues"].message == "1 wait for a person"


def test_an_application_that_could_rewrite_the_audit_is_told_so(database, engine, owner, seen):
    assert look_at_server(engine).role == "hub_app"
    assert not look_at_server(engine).may_rewrite
    with owner.begin() as connection:
        connection.execute(text("GRANT UPDATE ON audit_entry TO hub_app"))
    assert seen()["role"].message == "hub_app may change what the audit says"
    assert load_health(engine).waiting == ()


def test_secrets_that_others_may_read_a_wrong_file_and_no_database_are_all_said_at_once(tmp_path):
    practice = tmp_path / "practice"
    practice.mkdir()
    (practice / "practice.yaml").write_text("zone: Nowhere/At-all\n", encoding="utf-8")
    url = "postgresql+psycopg://nobody:hush-hush@127.0.0.1:1/none"
    found = list(examine(Settings(home=tmp_path / "home", practice=practice, database_url=url), ask=False))
    wrong = {one.about for one in found if one.level == "fail"}
    assert wrong == {"practice folder", "database"}
    assert all(one.hint for one in found if one.about == "database")
    assert "hush-hush" not in str(found)


def test_a_secrets_file_that_others_may_read_is_wrong_even_if_no_connection_names_it(seen, tmp_path):
    import shutil
    from pathlib import Path

    practice = tmp_path / "practice"
    shutil.copytree(Path(__file__).parents[3] / "examples" / "juniper", practice)
    (practice / "secrets.yaml").write_text("a: b", encoding="utf-8")
    (practice / "secrets.yaml").chmod(0o644)
    assert seen(practice=practice)["secrets' files"].hint == f"chmod 600 {practice / 'secrets.yaml'}"
    (practice / "secrets.yaml").chmod(0o600)
    assert "secrets' files" not in seen(practice=practice)


def broker(found: Iterable[Check]) -> tuple[str, str]:
    [one] = [one for one in found if one.about == "broker"]
    assert "p4ss" not in f"{one.message} {one.hint}"
    return one.level, one.message


def test_a_broker_that_is_named_is_asked_and_its_password_is_not_told(tmp_path: Path):
    def asked(url: str | None) -> list[Check]:
        settings = Settings(home=tmp_path, practice=tmp_path, database_url="postgresql+psycopg://x@127.0.0.1:1/x")
        return list(examine(settings.model_copy(update={"broker_url": url}), ask=False))

    assert [one for one in asked(None) if one.about == "broker"] == []
    with redis_broker(tmp_path) as url, Redis.from_url(url) as redis:
        assert broker(asked(url)) == ("ok", "that of HUB_BROKER_URL answers")
        redis.config_set("requirepass", "p4ss")
        assert broker(asked(url)) == ("fail", "that of HUB_BROKER_URL refuses the password")
        assert broker(asked(url.replace("//", "//:p4ss-not@"))) == (
            "fail",
            "that of HUB_BROKER_URL refuses the password",
        )
        assert broker(asked(url.replace("//", "//:p4ss@")))[0] == "ok"
    level, message = broker(asked(url.replace("//", "//:p4ss@")))
    assert (level, message.partition(" (")[0]) == ("fail", "that of HUB_BROKER_URL does not answer")


def let_wait(owner: Engine, number: int, since: str) -> None:
    with owner.begin() as db:
        landed = "INSERT INTO source_record (system, kind, source_id, payload, content_hash) "
        landed += f"SELECT 'cards', 'patient', 'K' || n, '{{}}', n::text FROM generate_series(1, {number}) n"
        db.execute(text(landed))
        waits = "INSERT INTO awaiting_record (system, kind, source_id, source_record_id, awaited_id, since) "
        db.execute(text(f"{waits} SELECT system, kind, source_id, id, 'C' || id, {since} FROM source_record"))


def test_records_whose_other_half_never_came_are_counted_with_since_when_and_what_to_do(seen, owner):
    let_wait(owner, 4, "timestamptz '2026-01-02 12:00Z' + id * interval '1 hour'")
    found = seen()["joined records"]
    assert found.message == "cards patient: 4 since 2026-01-02 (K1, K2, K3, …)"
    assert "hub sync" in str(found.hint)


def test_a_half_that_came_a_little_before_its_other_is_nothing_to_see_to(seen, owner, engine):
    let_wait(owner, 2, "now() - interval '1 hour'")
    assert "joined records" not in seen()
    assert [(one.number, one.is_old) for one in load_health(engine).awaiting] == [(2, False)]
