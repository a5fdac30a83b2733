"""`hub series`, `hub waitlist`, `hub offers` and `hub repair`, as a tired front desk meets them."""

import json
import sys

import pytest
from sqlalchemy import text

import hub.cli
from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice

PRACTICE = """
zone: UTC
grid_minutes: 60
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}]
resources: [{id: lee, kind: provider}, {id: kim, kind: provider}]
services:
  - {id: peel, steps: [{name: peel, minutes: 60, needs: [{kind: provider}]}], series: {sessions: 2, min_days: 7}}
"""
DAY = "2098-03-03"


class Desk:
    """Runs `hub` in this process: a database is asked many times here."""

    def __init__(self, hub, url: str) -> None:
        self._hub = hub
        for name, value in hub.environment({"HUB_DATABASE_URL": url}).items():
            hub.monkeypatch.setenv(name, value)

    def plain(self, *words: str) -> tuple[int, str, str]:
        """Exit code, what is printed, and what is said of errors."""
        self._hub.monkeypatch.setattr(sys, "argv", ["hub", *words])
        with pytest.raises(SystemExit) as ended:
            hub.cli.main()
        printed = self._hub.capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def __call__(self, *words: str, ok: bool = True):
        """The JSON object that it answers."""
        code, out, err = self.plain(*words, "--json")
        assert (code == 0) == ok, err
        return json.loads(out)


@pytest.fixture
def desk(hub, store, database):
    (hub.practice / "practice.yaml").write_text(PRACTICE, encoding="utf-8")
    apply_practice(store, PRACTICE, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(5)])
    return Desk(hub, database.text_url)


def test_a_series_is_booked_whole_or_refused(desk):
    asked = ("series", "--service", "peel", "--patient", "pat-1", "--from", DAY)
    booked = desk(*asked, "--until", "2098-03-10", "--key", "k")
    assert [visit["arrives"][:16] for visit in booked["visits"]] == ["2098-03-03T09:00", "2098-03-10T09:00"]
    assert desk(*asked, "--until", "2098-03-10", "--key", "k")["visits"] == booked["visits"]
    couple = ("series", "--service", "peel", "--patient", "pat-2", "--also", "pat-3", "--from", DAY)
    refused = desk(*couple, "--until", "2098-03-08", ok=False)["why"]
    assert (refused["patient"], refused["session"], refused["reasons"]) == ("pat-2", 2, ["until"])
    together = desk(*couple, "--until", "2098-03-12")
    first, second, third, fourth = (visit["arrives"][:10] for visit in together["visits"])
    assert (first < second, third < fourth) == (True, True), "hers, then his"


def test_a_cancelled_hour_is_offered_to_who_waits_longest(desk):
    visits = []
    for patient, at in ((1, "09:00"), (2, "09:00"), (3, "10:00"), (4, "10:00")):
        words = ("--service", "peel", "--patient", f"pat-{patient}", "--arrives", f"{DAY}T{at}")
        visits.append(desk("book", *words)["visits"][0]["id"])
    waiting = ("--service", "peel", "--patient", "pat-0", "--from", DAY, "--until", DAY)
    entry = desk("waitlist", "join", *waiting)["entry"]
    assert [one["entry"] for one in desk("waitlist", "list")["waiting"]] == [entry]
    assert desk.plain("offers")[1] == "No time is offered.\n"
    desk("cancel", visits[2])
    (offer,) = desk("offers")["offers"]
    assert (offer["patients"], offer["arrives"]) == ("pat-0", f"{DAY}T10:00+00:00")
    assert desk("book", "--hold", offer["hold"])["visits"][0]["arrives"] == f"{DAY}T10:00+00:00"
    assert desk("waitlist", "serve")["offers"] == []
    code, _, said = desk.plain("waitlist", "leave", entry)
    assert code == 1
    assert "nobody waits under" in said


def test_holds_that_run_out_are_offered_or_go_when_the_book_is_tended(desk, owner):
    def run_out():
        with owner.begin() as connection:
            connection.execute(text("UPDATE hold SET expires_at = now() - interval '1 second'"))

    hold = ("hold", "--service", "peel", "--arrives", f"{DAY}T09:00", "--patient")
    desk(*hold, "pat-1")
    run_out()
    assert desk("tend")["expired_holds"] == 1
    assert desk.plain("tend")[1] == "Nothing was due.\n"
    desk(*hold, "pat-1")
    for patient, at in ((2, "09:00"), (3, "10:00"), (4, "10:00")):
        desk("book", "--service", "peel", "--patient", f"pat-{patient}", "--arrives", f"{DAY}T{at}")
    desk("waitlist", "join", "--service", "peel", "--patient", "pat-0", "--from", DAY, "--until", DAY)
    run_out()
    assert desk("tend")["offers"] == 1
    assert [one["patients"] for one in desk("offers")["offers"]] == ["pat-0"]


def test_a_day_is_proposed_shown_and_approved(desk):
    words = ("--service", "peel", "--patient", "pat-1", "--with", "provider=lee", "--arrives", f"{DAY}T09:00")
    visit = desk("book", *words)["visits"][0]["id"]
    desk("away", "lee", "--from", f"{DAY}T09:00", "--to", f"{DAY}T11:00")
    proposed = desk("repair", "propose", "--date", DAY)
    (change,) = proposed["changes"]
    assert (change["visit"], change["with"], change["why"]) == (visit, {"provider": ["lee", "kim"]}, ["no_provider"])
    assert proposed["proven"]
    shown = desk.plain("repair", "show", proposed["proposal"])[1].splitlines()
    assert shown[1] == f"  {visit}: 09:00 stays, provider lee -> kim, because no_provider"
    approved = desk("repair", "approve", proposed["proposal"], "--visit", visit)
    assert [one["id"] for one in approved["visits"]] == [visit]
    code, _, said = desk.plain("repair", "approve", "rep_nothing")
    assert code == 1
    assert "no proposal 'rep_nothing'" in said


@pytest.mark.parametrize(
    ("better", "said"),
    [
        ({"aim": "unplaced", "at_most": 2}, "the best found in the time; another one may place at most 2 more visits"),
        ({"aim": "moved", "at_most": 3}, "the best found in the time; another one may move at most 3 visits less"),
        ({"aim": "minutes", "at_most": 45}, "another one may move visits by at most 45 minutes less in all"),
        ({"aim": "resources", "at_most": 1}, "another one may change at most 1 resources less"),
        (None, "the best found in the time; a better one may exist"),  # proposed before it was kept
    ],
)
def test_what_is_not_proven_says_how_much_better_another_one_could_be(desk, owner, better, said):
    proposal = desk("repair", "propose", "--date", DAY)["proposal"]
    with owner.begin() as connection:
        values = {"better": None if better is None else json.dumps(better)}
        connection.execute(text("UPDATE repair_proposal SET proven = false, better = CAST(:better AS jsonb)"), values)
    assert desk("repair", "show", proposal)["better"] == better
    assert f"{said})" in desk.plain("repair", "show", proposal)[1]


def test_a_proposal_that_no_longer_fits_says_what_to_do(desk):
    words = ("--service", "peel", "--patient", "pat-1", "--with", "provider=lee", "--arrives", f"{DAY}T09:00")
    visit = desk("book", *words)["visits"][0]["id"]
    desk("away", "lee", "--from", f"{DAY}T09:00", "--to", f"{DAY}T11:00")
    proposal = desk("repair", "propose", "--date", DAY)["proposal"]
    desk("cancel", visit)
    code, _, said = desk.plain("repair", "approve", proposal)
    assert code == 1
    assert said.splitlines() == [
        "refused: nothing was changed",
        f"  {visit}: changed_since",
        "The day has changed since this was proposed: `hub repair propose` looks at it anew",
    ]
