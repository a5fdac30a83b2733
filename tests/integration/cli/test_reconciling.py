"""A calendar that a vendor owns, from the command line: refused when loaded, undecided when told so, settled later."""

import json

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from tests.integration.operations.shared_practice import ALIASES, PRACTICE
from tests.peers.scripted import scripted
from tests.peers.vendor import VendorServer

CONNECTION = {
    "system": "ehr",
    "connector": "fhir_r4",
    "mappings": "fhir-r4",
    "base_url": "http://127.0.0.1:9",
    "streams": {"visit": {"direction": "both"}},
    "aliases": ALIASES,
}


def write(hub, practice=PRACTICE, **connection):
    for file in (hub.practice / "connections").iterdir():
        file.unlink()
    (hub.practice / "practice.yaml").write_text(practice, encoding="utf-8")
    text, system = json.dumps(CONNECTION | connection), connection.get("system", "ehr")
    (hub.practice / "connections" / f"{system}.yaml").write_text(text, encoding="utf-8")
    agreement = {"vendor": "EHR, Inc.", "systems": [system], "signed_on": "2026-02-02", "document": "Binder 1"}
    (hub.practice / "agreements.yaml").write_text(json.dumps({"agreements": [agreement]}), encoding="utf-8")


@pytest.mark.parametrize(
    ("practice", "connection", "said"),
    [
        (PRACTICE, {"system": "emr"}, "authority.vendor: there is no connection 'ehr'. There are: emr"),
        (
            PRACTICE,
            {"streams": {"visit": {"direction": "push"}}},
            "authority.vendor: the visits of 'ehr' are not pulled",
        ),
        (PRACTICE, {"streams": {"visit": {"direction": "pull"}}}, "authority.vendor: 'ehr' is not told of visits"),
        (
            PRACTICE,
            {"connector": "legacy_export", "folder": "old"},
            "the connector legacy_export cannot confirm visits",
        ),
        (
            PRACTICE.replace("{vendor: ehr}", "vendor"),
            {},
            "authority: the authority is `hub` or `{vendor: CONNECTION}`",
        ),
        (PRACTICE.replace("{vendor: ehr}", "{vendr: ehr}"), {}, "unknown key 'vendr'"),
    ],
)
def test_an_authority_that_cannot_be_is_refused_with_file_and_line(hub, practice, connection, said):
    write(hub, practice, **connection)
    _, message = hub.refusal("config", "check")
    assert "practice.yaml:4: locations[0].authority" in message
    assert said in message


def test_a_vendor_without_an_agreement_owns_no_calendar(hub):
    write(hub)
    (hub.practice / "agreements.yaml").write_text("agreements: []", encoding="utf-8")
    _, message = hub.refusal("config", "check")
    assert "practice.yaml:4: locations[0].authority.vendor: 'ehr' has no agreement" in message


def test_a_practice_whose_vendor_is_connected_is_right(hub):
    write(hub)
    assert hub.run("config", "check").returncode == 0


def test_what_is_undecided_says_so_and_reconcile_settles_it(hub, store, database):
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("pat-1"))])
    vendor = VendorServer(writes="lost")
    with scripted(vendor.script) as server:
        write(hub, base_url=server.url)
        at = {"HUB_DATABASE_URL": database.text_url}
        asked = ("book", "--service", "talk", "--patient", "pat-1", "--location", "main", "--arrives")
        booked = hub.run(*asked, "2098-03-03T09:00", **at)
        assert (booked.returncode, booked.stdout) == (75, "")
        assert "not known yet (confirming: broken_off): the time stays taken." in booked.stderr
        vendor.writes = "yes"
        with database.owner.begin() as connection:
            connection.exec_driver_sql("UPDATE pending_change SET next_try_at = now()")
        settled = hub.run("reconcile", "--json", **at)
        again = hub.run("reconcile", **at)
    assert settled.returncode == again.returncode == 0
    assert json.loads(settled.stdout) == {"done": 1, "released": 0, "waiting": 0, "unsettled": []}
    assert again.stdout == "0 came about, 0 did not, 0 are not known yet.\n"


@pytest.mark.slow
def test_reconcile_shows_what_is_still_not_known(hub, store, database):
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("pat-1"))])
    with scripted(VendorServer(writes="down", reads="down").script) as server:
        write(hub, base_url=server.url)
        at = {"HUB_DATABASE_URL": database.text_url}
        asked = ("book", "--service", "talk", "--patient", "pat-1", "--location", "main", "--arrives")
        assert hub.run(*asked, "2098-03-03T09:00", **at).returncode == 75
        waiting = hub.run("reconcile", **at)
        listed = hub.run("settle", "--json", **at)
        [one] = json.loads(listed.stdout)["undecided"]
        told = (one["asked"], one["of"], one["stage"], one["code"])
        assert told == (["confirm"], "ehr", "confirming", "http_503")
        visit = one["visits"][0]
        refused = hub.run("settle", visit, "stands", "--role", "owner", "--reason", "rang", **at)
        assert (refused.returncode, refused.stderr.splitlines()[0]) == (1, "refused: may_not_settle")
        assert "what became of it?" in hub.refusal("settle", visit, **at)[1]
    first, line = waiting.stdout.splitlines()
    assert (waiting.returncode, first) == (75, "0 came about, 0 did not, 1 are not known yet.")
    assert " confirming with ehr since " in line
    assert line.endswith(": http_503")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "booked"), [("begin_booking:after_commit", 0), ("confirm:before_ask", 0), ("confirm:after_ask", 1)]
)
def test_a_booking_that_is_killed_is_settled_by_reconcile(hub, store, database, point, booked):
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("pat-1"))])
    vendor = VendorServer()
    with scripted(vendor.script) as server:
        write(hub, base_url=server.url)
        at = {"HUB_DATABASE_URL": database.text_url}
        asked = ("book", "--service", "talk", "--patient", "pat-1", "--location", "main", "--arrives")
        killed = hub.run(*asked, "2098-03-03T09:00", HUB_KILL_AT=point, **at)
        assert (killed.returncode, killed.stdout) == (-9, "")
        assert len(vendor.standing()) == booked
        assert hub.run("reconcile", **at).returncode == 75  # whoever began it may still be asking
        with database.owner.begin() as connection:
            past = "begun_at = begun_at - interval '5 min', asked_at = asked_at - interval '5 min'"
            connection.exec_driver_sql(f"UPDATE pending_change SET next_try_at = now(), {past}")
        settled = hub.run("reconcile", "--json", **at)
    assert json.loads(settled.stdout) == {"done": booked, "released": 1 - booked, "waiting": 0, "unsettled": []}
    with database.owner.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM visit").scalar_one() == booked
    assert len(vendor.standing()) == booked
