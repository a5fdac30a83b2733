"""`hub people`, as the desk uses it."""

from datetime import date

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from tests.integration.operations.small_practice import PRACTICE, open_practice

ANN = Patient(
    id=PatientId("pat_1"),
    given_name="Ann",
    family_name="Lee",
    born_on=date(1980, 1, 2),
    phone="+15125550101",
    registered_on=date(2020, 1, 1),
)
AGAIN = ANN.model_copy(update={"id": "pat_2", "email": "ann@example.com", "registered_on": None})
NAMESAKE = ANN.model_copy(update={"id": "pat_3", "phone": "+15125550999"})


@pytest.mark.slow
def test_patients_are_matched_reviewed_merged_and_parted_at_the_desk(hub, store, database):
    (hub.practice / "practice.yaml").write_text(PRACTICE, encoding="utf-8")
    open_practice(store, patients=0)
    with store.begin("test") as work:
        work.records.save([ANN, AGAIN, NAMESAKE])

    def desk(*said: str):
        return hub.run("people", *said, HUB_DATABASE_URL=database.text_url)

    assert desk("match").stdout == "3 looked at: 1 merged, 1 more for `hub people review`\n"
    assert desk("merges", "pat_1").stdout == "1 pat_2 into pat_1 (name_birth_contact)\n"
    listed = desk("review").stdout.splitlines()
    assert listed[1:] == ["1 pairs wait"]
    number = listed[0].split()[0]
    masked = desk("review", number).stdout
    assert "A***" in masked
    assert not any(word in masked for word in ("Ann", "1980", "5550101", "ann@"))
    assert "Ann" in desk("review", number, "--show-personal", "--by", "mia").stdout
    assert desk("review", number, "--decide", "separate", "--reason", "asked both").stdout == "separate pat_1 pat_3\n"
    assert desk("match").stdout == "2 looked at: 0 merged, 0 more for `hub people review`\n"
    assert desk("unmerge", "1", "--reason", "wrong").stdout == "restored pat_2, with 0 visits\n"
    refused = desk("unmerge", "1")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (1, "refused: unknown_merge")
    assert desk("match").stdout == "3 looked at: 0 merged, 1 more for `hub people review`\n"
