"""Sixty-four processes change the book, some are killed at any moment: what stands is whole, at every instant.

What is checked: no instant shows a unit taken twice, more promised than there is, a credit below zero, or half of a
change; every answer that was given is in the log, exactly once; and all answers, refusals too, fit one serial order.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import time
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from hub.canonical.practice import Practice, read_practice
from hub.scheduling.diary import Diary
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.lives import LIVES, PACKAGES, PATIENTS, answers, finished, life, live_on
from tests.integration.operations.serial_book import Change, SerialBook, Told, with_resources
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice
from tests.processes import start

CLIENTS = 64
BYTES_A_DEATH = 2500
"""Of the 160,000 or so that all write down: as many deaths on a slow machine as on a fast one."""
DAY, ONE_DAY = NINE.date(), timedelta(days=1)
BIGGER = PRACTICE.replace("on_hand: 3", "on_hand: 40") + "policy: {hold_minutes: 600}\n"

# One statement, so one snapshot.
_FAULTS = text("""
    SELECT 'a unit twice' AS fault FROM claim a JOIN claim b
        ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during
    UNION ALL SELECT 'beyond capacity' FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        JOIN resource r ON r.id = u.owner_id WHERE u.number > r.capacity
    UNION ALL SELECT 'stock promised beyond what is there' WHERE
        (SELECT coalesce(sum(quantity), 0) FROM stock_promise) > (SELECT sum(on_hand) FROM lot)
    UNION ALL SELECT 'stock lost' WHERE (SELECT sum(on_hand) FROM lot) <>
        40 - (SELECT count(*) FROM visit WHERE state = 'fulfilled' AND service_id = 'gel-mask')
    UNION ALL SELECT 'a credit below zero' FROM package p
        WHERE p.credits < (SELECT count(*) FROM package_use u WHERE u.package_id = p.id)
    UNION ALL SELECT 'half of a visit' FROM visit v WHERE (v.state IN ('booked', 'fulfilled')) <>
        EXISTS (SELECT FROM claim c WHERE c.visit_id = v.id AND c.need = 'patient'
            AND c.during = tstzrange(v.start, v."end"))
    UNION ALL SELECT 'a promise that is over' FROM stock_promise p JOIN visit v ON v.id = p.visit_id
        WHERE v.state <> 'booked'
    UNION ALL SELECT 'half of a hold' FROM hold h
        WHERE NOT EXISTS (SELECT FROM claim c WHERE c.hold_id = h.id AND c.need = 'patient')
    UNION ALL SELECT 'nobody was told' FROM visit v WHERE NOT EXISTS (SELECT FROM outbox_delivery o
        WHERE o.canonical_id = v.id) OR NOT EXISTS (SELECT FROM domain_event e
        WHERE e.subject_id = v.id AND e.name = 'visit_booked')""")
_TAKEN = text("""
    SELECT u.owner_id, lower(c.during), upper(c.during) FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE u.owner_kind = 'resource'""")
# Which resources a visit or hold got, each time that it got some: the book itself keeps only the last ones.
_WATCH = """
    CREATE TABLE got (id BIGINT GENERATED ALWAYS AS IDENTITY, subject TEXT, provider TEXT, room TEXT);
    CREATE FUNCTION note_got() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
    BEGIN
        INSERT INTO public.got (subject, provider, room) VALUES (NEW.id, NEW.provider_id, NEW.room_id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER got AFTER INSERT OR UPDATE OF start ON visit FOR EACH ROW EXECUTE FUNCTION note_got();
    CREATE TRIGGER got AFTER INSERT ON hold FOR EACH ROW EXECUTE FUNCTION note_got()"""


class Clients:
    """Processes that are started again as long as they have something left to live."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self._url = url
        self.told = [folder / f"client-{n}" for n in range(CLIENTS)]
        self._running: dict[int, BaseProcess] = {n: self._start(n) for n in range(CLIENTS)}
        self._dice = random.Random(seed)
        self.deaths = 0

    def _start(self, client: int) -> BaseProcess:
        return start(live_on, self._url, client, self.told[client])

    def is_alive(self) -> bool:
        """Whether somebody has something left; whoever ended without it fails the test."""
        for client, process in list(self._running.items()):
            if not process.is_alive():
                assert process.exitcode == 0, f"client {client} failed"
                del self._running[client]
        return bool(self._running)

    def answered(self) -> int:
        """How much they wrote down, in bytes."""
        return sum(one.stat().st_size for one in self.told if one.exists())

    def kill_one(self) -> None:
        """Wherever it then is."""
        client = self._dice.choice(sorted(self._running))
        process = self._running[client]
        process.kill()
        process.join()
        self.deaths += 1
        self._running[client] = self._start(client)

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.join()


@pytest.fixture
def empty(database: Database) -> Diary:
    """The book before anybody came."""
    store = SqlStore(database.engine)
    open_practice(store, PATIENTS, BIGGER)
    with database.owner.begin() as connection:
        connection.execute(text(_WATCH))
        for n in range(PACKAGES):
            values = {"id": f"pack-{n}", "patient": f"pat-{n}"}
            query = "INSERT INTO package (id, patient_id, service_id, credits) VALUES (:id, :patient, 'gel-mask', 1)"
            connection.execute(text(query), values)
    with store.begin("test") as work:
        patients = [f"pat-{n}" for n in range(PATIENTS)]
        diary = work.diaries.load(first_on=DAY, last_on=DAY + 3 * ONE_DAY, patient_ids=patients, location_id="main")
        return Diary(patients=diary.patients, lots=diary.lots, packages=diary.packages)


@pytest.fixture
def clients(database: Database, empty: Diary, tmp_path: Path) -> Iterator[Clients]:
    assert not list(empty.claims)
    made = Clients(database.text_url, tmp_path, seed=1)
    yield made
    made.stop()


@pytest.mark.slow
def test_sixty_four_clients_of_whom_many_are_killed_never_break_the_book(
    clients: Clients, empty: Diary, owner: Engine
) -> None:
    next_death = 0
    seen: dict[int, float] = {}
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while clients.is_alive():
            assert connection.execute(_FAULTS).all() == []
            _note_changes(connection, seen)
            while clients.is_alive() and clients.answered() >= next_death:
                clients.kill_one()
                next_death += BYTES_A_DEATH
                assert connection.execute(_FAULTS).all() == []
        assert connection.execute(_FAULTS).all() == []
        _note_changes(connection, seen)
        assert clients.deaths > CLIENTS // 2
        told = [line | {"client": n} for n, file in enumerate(clients.told) for line in answers(file)]
        assert all(len(finished(file)) == LIVES for file in clients.told)
        changes = _changes(connection, told, seen)
        stands = Counter(tuple(row) for row in connection.execute(_TAKEN))
        deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert connection.execute(deadlocks).scalar_one() == 0
    _assert_each_answer_once(changes, told)
    book = SerialBook(_practice(), empty, [change for _, change in changes])
    assert book.faults == []
    assert Counter((one.resource_id, one.start_at, one.end_at) for one in book.last.claims) == stands
    refused = [_refusal(line) for line in told if line["step"] in _DECIDED and line["refused"]]
    assert len(refused) > CLIENTS
    assert [one for one in refused if not book.fits(one)] == []


_DECIDED = ("book_visit", "hold_visit", "move_visit")


def _name(line: dict[str, Any]) -> str:
    return life(line["client"], line["life"]).name


def _note_changes(connection: Connection, seen: dict[int, float]) -> None:
    """Note when each change of the log was seen first: what a killed client sent may be done long after its death."""
    ids = connection.execute(text("SELECT id FROM audit_entry WHERE actor ~ '^life-'")).scalars().all()
    seen.update(dict.fromkeys(set(ids) - set(seen), time()))


def _changes(
    connection: Connection, told: list[dict[str, Any]], seen: dict[int, float]
) -> list[tuple[tuple[str, str], Change]]:
    """((who, step), change) in the order of the log; one whose answer was lost was done before it was seen."""
    got: dict[str, list[dict[str, str]]] = {}
    for row in connection.execute(text("SELECT * FROM got ORDER BY id")).mappings():
        got.setdefault(row["subject"], []).append({"provider": row["provider"], "room": row["room"]})
    log = connection.execute(
        text("SELECT id, actor, action, subject_id, at FROM audit_entry WHERE actor ~ '^life-' ORDER BY id")
    )
    given: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for line in told:
        given.setdefault((_name(line), line["step"], line.get("visit") or ""), []).append(line)
    changes: list[tuple[tuple[str, str], Change]] = []
    for number, actor, action, subject, at in log:
        step = "confirm" if action == "book_visit" and any(one.subject == subject for _, one in changes) else action
        resources = got[subject].pop(0) if step in (*_DECIDED, "confirm") else {}
        one = life(*map(int, actor.split("-")[1:]))
        asked = {"book_visit": one.request, "hold_visit": one.request, "move_visit": one.elsewhere}.get(step)
        began = at.timestamp()
        change = Change(subject, step, None, began, seen[number])
        if asked is not None:
            names = _practice().find_service(asked.trip.parts[0].service_id).names
            chosen = [(name, resources[name]) for name in names if name in resources]
            change = replace(change, request=with_resources(asked, chosen))
        for line in given.get((actor, step, subject), ()):  # whoever asks again under a key is told again
            if line["from"] <= began <= line["to"]:
                change = replace(change, answered_at=line["to"])
        changes.append(((actor, step), change))
    return changes


def _assert_each_answer_once(changes: list[tuple[tuple[str, str], Change]], told: list[dict[str, Any]]) -> None:
    written = Counter((who, step, change.subject) for (who, step), change in changes)
    given = {(_name(line), line["step"], line["visit"]) for line in told if line.get("visit")}
    assert given <= set(written)
    # Moving again what has moved already is another move; a hold whose answer was lost stays until it is over.
    assert {key for key, number in written.items() if number > 1 and key[1] != "move_visit"} == set()
    booked = Counter(who for (who, step), _ in changes if step == "book_visit")
    assert set(booked.values()) == {1}  # one booking for a key, however often it was asked for


def _refusal(line: dict[str, Any]) -> Told:
    one = life(line["client"], line["life"])
    is_move = line["step"] == "move_visit"
    request = one.elsewhere if is_move else one.request
    assert request is not None
    without = line["of"] if is_move else None
    return Told(request, without, tuple(line["refused"]), line["from"], line["to"])


@cache
def _practice() -> Practice:
    return read_practice(BIGGER, "practice.yaml")
