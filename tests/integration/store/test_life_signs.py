"""A process that dies, however it does, shows no sign of life any more."""

import os
from signal import SIGKILL
from threading import Event

from sqlalchemy import Engine

from hub.store.engine import application_engine
from hub.store.life_signs import is_alive, sign_of_life
from tests.database import Database
from tests.processes import start

POLLS = 1800


def _die_while_at_it(url: str, what: str) -> None:
    with sign_of_life(application_engine(url), what):
        assert is_alive(application_engine(url), what)
        os.kill(os.getpid(), SIGKILL)


def test_who_is_at_it_is_seen_by_others_until_the_end_and_for_this_alone(engine: Engine) -> None:
    with sign_of_life(engine, "run 1"):
        assert is_alive(engine, "run 1")
        assert not is_alive(engine, "run 2")
    assert not is_alive(engine, "run 1")


def test_who_was_killed_at_it_is_missed_at_once(database: Database, engine: Engine) -> None:
    process = start(_die_while_at_it, database.text_url, "run 1")
    process.join()
    assert process.exitcode == -SIGKILL
    assert any(not is_alive(engine, "run 1") or Event().wait(0.1) for _ in range(POLLS))
