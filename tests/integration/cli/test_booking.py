"""`hub book` says every reason of a refusal, and what would work instead."""

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from tests.integration.operations.small_practice import PRACTICE

ARRIVES = "2098-03-03T09:00"


def test_a_refusal_comes_with_the_nearest_times_that_would_work(hub, store, database):
    (hub.practice / "practice.yaml").write_text(PRACTICE, encoding="utf-8")
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("pat-1"))])
    asked = ("book", "--service", "consult", "--patient", "pat-1", "--arrives")
    assert hub.run(*asked, ARRIVES, HUB_DATABASE_URL=database.text_url).returncode == 0
    refused = hub.run(*asked, ARRIVES, HUB_DATABASE_URL=database.text_url)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "refused: patient_busy",
        "  patient_busy: the patient is in another visit",
        "nearest before: 2098-03-02T11:30-06:00",
        "nearest after: 2098-03-03T09:30-06:00",
    ]


@pytest.mark.slow
def test_a_refusal_that_no_time_mends_comes_without_times(hub, store, database):
    (hub.practice / "practice.yaml").write_text(PRACTICE, encoding="utf-8")
    apply_practice(store, PRACTICE, "practice.yaml")
    asked = ("book", "--service", "consult", "--patient", "nobody", "--arrives", ARRIVES)
    refused = hub.run(*asked, HUB_DATABASE_URL=database.text_url)
    assert (refused.returncode, refused.stderr) == (
        1,
        "refused: unknown_patient\n  unknown_patient: there is no such patient\n",
    )
