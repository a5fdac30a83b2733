"""A date at the ends of the calendar is refused before anything is opened."""

import pytest
from typer.testing import CliRunner

from hub.cli import app

TRIP = ["--service", "peel", "--patient", "ann"]
FAR = "9999-12-31"
ASKED = [
    ["find", *TRIP, "--from", FAR],
    ["find", *TRIP, "--from", "2026-11-25", "--until", FAR],
    ["gaps", "--from", "2026-11-25", "--until", FAR],
    ["hold", *TRIP, "--arrives", f"{FAR}T23:00"],
    ["book", *TRIP, "--arrives", f"{FAR}T23:00"],
    ["move", "v", "--arrives", "0001-01-01T00:00"],
    ["series", *TRIP, "--from", "2026-11-25", "--until", FAR],
    ["waitlist", "join", *TRIP, "--from", "2026-11-25", "--until", FAR],
    ["repair", "propose", "--date", FAR],
    ["away", "laser", "--from", "2026-11-25T09:00", "--to", f"{FAR}T23:00"],
    ["block", "room", "--from", "2026-11-25T09:00", "--to", f"{FAR}T23:00"],
    ["over", "v", "--until", f"{FAR}T23:00"],
    ["finish", "v", "--at", f"{FAR}T23:00"],
]


@pytest.mark.parametrize("words", ASKED, ids=lambda words: " ".join(words[:2]))
def test_a_date_at_the_ends_of_the_calendar_is_no_argument(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "the year is from 1900 to 2199" in done.output
