"""Every action in every order, on PostgreSQL and on the pure state: the same answers, and the book stays sound."""

import json
import os
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import plain
from tests.database import fresh_database
from tests.integration.operations.random_actions import Script
from tests.integration.operations.sound_book import unsound
from tests.integration.operations.stored_whole import StoredWhole

NUMBERS = st.integers(0, 2**32)
QUICK = 15
EXAMPLES = int(os.environ.get("HUB_MACHINE_RUNS", QUICK))


class Machine(RuleBasedStateMachine):
    """Both books, asked the same."""

    new_database = None

    def __init__(self):
        super().__init__()
        self.clones = None

    @initialize(seed=st.integers(0, 100_000))
    def open_the_practice(self, seed):
        self.script = Script(seed)
        document = json.dumps(self.script.document)
        scenario, _ = read_scenario(document, "random.json")
        self.player = Player(scenario)
        self.clones = self.new_database()
        self.database = self.clones.__enter__()
        self.stored = StoredWhole(scenario, document, self.database.engine)

        self.script.openings = self.openings

    def openings(self, trip):
        day = self.script.first_day
        entry = ActionEntry.model_validate({"find": trip | {"from": day, "until": day + timedelta(days=1)}})
        found = play(self.player, entry).get("openings", [])
        return [arrival.isoformat(timespec="minutes") for arrival in found[:40]]

    def ask(self, kind, number):
        action = self.script.action(kind, number)
        entry = ActionEntry.model_validate(action)
        in_memory, on_tables = plain(play(self.player, entry)), plain(self.stored.play(entry))
        shared = in_memory.keys() & on_tables.keys() - ({"deposit"} if kind == "move" else set())
        assert "ok" in shared
        assert {key: in_memory[key] for key in shared} == {key: on_tables[key] for key in shared}, action

    @rule(number=NUMBERS)
    def find(self, number):
        self.ask("find", number)

    @rule(number=NUMBERS)
    def book(self, number):
        self.ask("book", number)

    @rule(number=NUMBERS)
    def book_beside(self, number):
        self.ask("book", number)

    @rule(number=NUMBERS)
    def book_again_under_the_same_key(self, number):
        self.ask("book_again", number)

    @rule(number=NUMBERS)
    def hold(self, number):
        self.ask("hold", number)

    @precondition(lambda self: self.script._holds)
    @rule(number=NUMBERS)
    def confirm(self, number):
        self.ask("confirm", number)

    @rule(number=NUMBERS)
    def book_a_series(self, number):
        self.ask("series", number)

    @precondition(lambda self: EXAMPLES > QUICK)  # to say why takes a second
    @rule(number=NUMBERS)
    def book_a_series_or_hear_why_not(self, number):
        self.ask("series_why", number)

    @rule(number=NUMBERS)
    def move(self, number):
        self.ask("move", number)

    @rule(number=NUMBERS)
    def cancel(self, number):
        self.ask("cancel", number)

    @rule(number=NUMBERS)
    def no_show(self, number):
        self.ask("no_show", number)

    @rule(number=NUMBERS)
    def complete(self, number):
        self.ask("complete", number)

    @rule(number=NUMBERS)
    def away(self, number):
        self.ask("away", number)

    @rule(number=NUMBERS)
    def join_the_waitlist(self, number):
        self.ask("waitlist", number)

    @rule(number=NUMBERS)
    def look_at_offers(self, number):
        self.ask("offers", number)

    @rule(number=NUMBERS)
    def waive(self, number):
        self.ask("waive", number)

    @rule(number=NUMBERS)
    def come_late(self, number):
        self.ask("late", number)

    @rule(number=NUMBERS)
    def run_over(self, number):
        self.ask("over", number)

    @rule(number=NUMBERS)
    def finish_early(self, number):
        self.ask("finish", number)

    @rule(number=NUMBERS)
    def sign(self, number):
        self.ask("sign", number)

    @rule(number=NUMBERS)
    def withdraw(self, number):
        self.ask("withdraw", number)

    @rule(number=NUMBERS)
    def check_in(self, number):
        self.ask("check_in", number)

    @rule(number=NUMBERS)
    def look_at_gaps(self, number):
        self.ask("gaps", number)

    @rule(number=NUMBERS, in_parts=st.booleans())
    def repair_a_day(self, number, in_parts):
        self.stored.repairs_in_parts = in_parts
        self.ask("repair", number)

    @rule(number=NUMBERS, in_parts=st.booleans())
    def somebody_calls_out(self, number, in_parts):
        """Whoever is booked is gone for the day, which is repaired."""
        booked = [entry for entry in self.player.book.entries.values() if entry.state.is_to_come and entry.resources]
        if not booked:
            return
        entry = booked[number % len(booked)]
        zone = self.player.scenario.zone_of(entry.visit.location_id)
        day = entry.visit.arrives_at.astimezone(zone).date()
        self.script.calls_out(entry.resources[number % len(entry.resources)][1], day)
        self.ask("call_out", number)
        self.stored.repairs_in_parts = in_parts
        self.ask("repair_then", number)

    @precondition(lambda self: self.script.has_vials)
    @rule(number=NUMBERS)
    def open_a_vial(self, number):
        self.ask("open", number)

    @rule(number=NUMBERS)
    def receive_a_lot(self, number):
        self.ask("receive", number)

    @rule(number=NUMBERS)
    def waste(self, number):
        self.ask("waste", number)

    @rule(number=NUMBERS)
    def count_a_lot(self, number):
        self.ask("count", number)

    @rule(number=NUMBERS)
    def explain_a_variance(self, number):
        self.ask("explain", number)

    @rule(number=NUMBERS)
    def look_at_the_ledger(self, number):
        self.ask("ledger", number)

    @rule(number=NUMBERS)
    def change_the_practice_file(self, number):
        self.script.change_practice(number)
        document = self.script.document
        changed, _ = read_scenario(json.dumps(document), "random.json")
        away = {resource.id: resource.away for resource in self.player.scenario.resources}
        resources = tuple(one.model_copy(update={"away": away[one.id]}) for one in changed.resources)
        self.player.change_practice(resources=resources, services=changed.services, policies=changed.policies)
        self.stored.apply(document)

    @rule(number=NUMBERS)
    def time_passes(self, number):
        self.ask("clock", number)

    @invariant()
    def the_book_is_sound(self):
        if self.clones is not None:
            assert unsound(self.database.owner) == []

    def teardown(self):
        if self.clones is not None:
            self.clones.__exit__(None, None, None)


@pytest.fixture
def new_database(database_server):
    return partial(fresh_database, database_server)


def test_both_books_give_the_same_answers_to_every_action(new_database):
    class Here(Machine):
        pass

    Here.new_database = staticmethod(new_database)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    Here.TestCase.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        derandomize="HUB_MACHINE_RUNS" not in os.environ,
    )
    Here.TestCase().runTest()


def test_the_watch_on_the_book_sees_what_is_wrong(new_database):
    with new_database() as database:
        assert unsound(database.owner) == []
        with database.owner.begin() as connection:
            connection.execute(text("INSERT INTO location (id, name, zone) VALUES ('main', 'main', 'UTC')"))
            connection.execute(text("INSERT INTO patient (id) VALUES ('pat')"))
            connection.execute(text("INSERT INTO service (id, sku, name) VALUES ('svc', 'svc', 'svc')"))
            connection.execute(
                text("INSERT INTO package (id, patient_id, service_id, credits) VALUES ('pk', 'pat', 'svc', 0)")
            )
            connection.execute(
                text(
                    'INSERT INTO visit (id, patient_id, service_id, location_id, start, "end", state)'
                    " VALUES ('v', 'pat', 'svc', 'main', now(), now() + interval '1 hour', 'booked')"
                )
            )
            connection.execute(text("INSERT INTO package_use (package_id, visit_id) VALUES ('pk', 'v')"))
        assert unsound(database.owner) == ["a package is below zero"]
