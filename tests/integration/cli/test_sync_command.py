"""`hub sync`, `issues`, `decide`, `explain`, `replay` as a team uses them, on a server that a test scripts."""

import json

import pytest

from tests.peers.scripted import answer, bundle, scripted

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2026-03-01T10:00:07.000Z", "versionId": "1"},
    "name": [{"use": "official", "family": "Ames", "given": ["Ann"]}],
    "telecom": [{"system": "phone", "value": "+15125550100"}],
}
CHANGED = PATIENT | {"meta": {"lastUpdated": "2026-03-02T10:00:07.000Z", "versionId": "2"}, "gender": "female"}
CHANGED |= {"telecom": [{"system": "phone", "value": "+15125550199"}]}
AGREEMENTS = """
agreements:
  - {vendor: EHR, systems: [ehr], signed_on: 2026-02-02, document: page 4}
"""
CONNECTION = {"system": "ehr", "connector": "fhir_r4", "mappings": "fhir-r4", "streams": {"patient": {}}}


def write(hub, url: str, **more: object) -> None:
    for file in (hub.practice / "connections").iterdir():
        file.unlink()
    (hub.practice / "connections" / "ehr.yaml").write_text(
        json.dumps(CONNECTION | {"base_url": url} | more), encoding="utf-8"
    )
    (hub.practice / "agreements.yaml").write_text(AGREEMENTS, encoding="utf-8")


def test_a_mistake_in_the_rules_is_found_by_config_check(hub):
    write(hub, "http://127.0.0.1:9")
    (hub.practice / "records.yaml").write_text("patient:\n  system_of_record: emr\n", encoding="utf-8")
    _, said = hub.refusal("config", "check")
    assert "records.yaml:2: patient.system_of_record: there is no system 'emr'. A connection (ehr)" in said


@pytest.mark.slow
def test_a_team_rehearses_synchronizes_and_asks_where_values_come_from(hub, database):
    def run(*arguments):
        return hub.run(*arguments, HUB_DATABASE_URL=database.text_url)

    with scripted(lambda _asked: answer(bundle(PATIENT))) as server:
        write(hub, server.url)
        rehearsed = run("sync", "ehr", "--dry-run", "--json")
        assert rehearsed.returncode == 0, rehearsed.stderr
        plan = json.loads(rehearsed.stdout)
        assert plan["counts"] == {"here": {"patient new": 1}, "there": {}}
        done = run("sync", "ehr", "--json")
        assert (done.returncode, json.loads(done.stdout)["pulled"]["patient"]["inserted"]) == (0, 1)
        again = json.loads(run("sync", "ehr", "--dry-run", "--json").stdout)
        assert again["counts"] == {"here": {}, "there": {}}
    [one] = plan["here"]
    assert one["source"] == "ehr/p1"
    assert run("explain", "patient", "ehr/p1").stdout == run("explain", "patient", one["id"]).stdout
    explained = json.loads(run("explain", "patient", "ehr/p1", "--json").stdout)
    assert explained["id"] == one["id"], "as other commands want it"
    phone = next(field for field in explained["fields"] if field["field"] == "phone")
    assert (phone["value"], phone["system"], phone["rule"]) == ("***", "ehr", "only")
    assert phone["at"].startswith("2026-03-01T10:00:07")
    shown = run("explain", "patient", one["id"], "--show-personal").stdout
    assert '"+15125550100"' in shown
    assert run("issues").returncode == 0
    assert json.loads(run("replay", "dead", "ehr", "--dry-run", "--json").stdout)["count"] == 0
    span = ("--kind", "patient", "--from", "2026-01-01", "--until", "2099-01-01", "--json")
    replayed = json.loads(run("replay", "landed", "ehr", *span).stdout)
    assert (replayed["count"], replayed["unchanged"]) == (1, 1)
    with scripted(lambda _asked: answer(bundle(CHANGED))) as server:
        write(hub, server.url, mass_change={"share": 0.1, "at_least": 1})
        for asked in (("--dry-run", "--json"), ()):
            stopped = run("sync", "ehr", *asked)
            assert stopped.returncode == 1, "a rehearsal ends as the synchronization would"
        assert json.loads(run("sync", "ehr", "--dry-run", "--json").stdout)["mass_change"] == ["patient"]
