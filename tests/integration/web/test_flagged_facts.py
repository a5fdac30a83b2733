"""What broke a rule when it came in stands on its day's board and among what waits for a person, with its reasons."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from hub.canonical.board import BoardLocation
from hub.store.board_query import BoardQuery
from hub.store.unit_of_work import SqlStore
from hub.web.words import issue_words
from tests.integration.operations.outside_practice import NINE, arrive, fact, open_practice

MAIN = BoardLocation("main", "main", ZoneInfo("America/Chicago"))


def test_a_fact_that_breaks_a_rule_shows_its_reasons(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    arrive(store, fact("v1", 165, provider_id="dr-ray"))
    board = BoardQuery(engine)
    (visit,) = board.load_day(MAIN, NINE.date()).visits
    (issue,) = board.load_issues(10)
    assert (issue.kind, issue.codes, issue.location_id) == ("breaks_rules", visit.issues, "main")
    assert issue.at == NINE + timedelta(minutes=165)
    assert visit.issues == ("closed",)
    assert [claim.resource_id for claim in visit.claims] == ["dr-ray", "room-1"]
    assert all(claim.firm for claim in visit.claims)
    assert issue_words(issue.kind) == "It stands in the book and breaks a rule of the practice"
