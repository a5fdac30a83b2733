"""What one of many clients does with its visits, for tests that kill it: the same again each time it is started."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Any

from hub.canonical.records import Visit
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.end_visits import Ended
from hub.operations.hold_visit import hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE

LIVES = 12
PATIENTS = 60
PACKAGES = 20
SERVICES = ("laser", "consult", "drip", "gel-mask")


@dataclass(frozen=True)
class Life:
    """A visit that is booked, perhaps held before, perhaps moved, perhaps ended."""

    name: str
    request: BookingRequest
    is_held: bool
    elsewhere: BookingRequest | None
    """Where it moves."""
    end: str | None


def life(client: int, number: int) -> Life:
    """The same for the same client and number."""
    dice = random.Random(f"{client}-{number}")
    service, patient = dice.choice(SERVICES), dice.randrange(PATIENTS)
    has_package = service == "gel-mask" and patient < PACKAGES
    part = Part(service, f"pat-{patient}", package_id=f"pack-{patient}" if has_package else None)

    def at_some_time() -> BookingRequest:
        minutes = 1440 * dice.randrange(4) + 10 * dice.randrange(18)
        return BookingRequest(Trip((part,), "main"), NINE + timedelta(minutes=minutes))

    return Life(
        name=f"life-{client}-{number}",
        request=at_some_time(),
        is_held=dice.random() < 0.3,
        elsewhere=at_some_time() if dice.random() < 0.4 else None,
        end=dice.choice([None, "cancel", "cancel", "complete"]),
    )


def live_on(url: str, client: int, told: Path) -> None:
    """Live what is left of this client's lives, and write down each answer when it is there."""
    store = SqlStore(application_engine(url, connections=1))
    later = SqlStore(application_engine(url, connections=1), clock=lambda _: NINE + timedelta(days=9))
    with told.open("ab", buffering=0) as file:
        for number in range(len(finished(told)), LIVES):
            _live(store, later, life(client, number), _teller(file, number))
            file.write(b"\n" + json.dumps({"life": number, "step": "done"}).encode() + b"\n")


def finished(told: Path) -> list[dict[str, Any]]:
    """Lives that need not be lived again."""
    return [line for line in answers(told) if line["step"] == "done"]


def answers(told: Path) -> list[dict[str, Any]]:
    """What a client was told; a line that its death cut off is none."""
    lines = told.read_bytes().split(b"\n")[:-1] if told.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"}")]


_Tell = Callable[..., Any]


def _teller(file: Any, number: int) -> _Tell:
    def tell(step: str, act: Callable[[], Any], of: str | None = None) -> Any:
        began = time()
        outcome = act()
        reasons = list(outcome.reasons) if isinstance(outcome, Refusal) else None
        line = {"life": number, "step": step, "of": of, "from": began, "to": time(), "refused": reasons}
        # A line of its own also after one that a death cut off.
        file.write(b"\n" + json.dumps(line | {"visit": _visit_id(outcome)}).encode() + b"\n")
        return outcome

    return tell


def _live(store: SqlStore, later: SqlStore, one: Life, tell: _Tell) -> None:
    if one.is_held:
        held = tell("hold_visit", lambda: hold_visit(store, one.request, actor=one.name))
        if isinstance(held, Refusal):
            return
        booked = tell("confirm", lambda: book_hold(store, held.hold_id, actor=one.name, push_to=["ehr"]))
    else:
        booked = tell(
            "book_visit", lambda: book_visit(store, one.request, actor=one.name, key=one.name, push_to=["ehr"])
        )
    if not isinstance(booked, Booked):
        return
    visit_id = booked.visits[0].id
    if one.elsewhere is not None:
        move = MoveRequest([visit_id], one.elsewhere.arrives_at)
        tell("move_visit", lambda: move_visit(store, move, actor=one.name), visit_id)
    if one.end == "cancel":
        tell("cancel_visit", lambda: cancel_visit(store, visit_id, actor=one.name))
    elif one.end == "complete":
        tell("complete_visit", lambda: complete_visit(later, visit_id, actor=one.name))


def _visit_id(outcome: object) -> str | None:
    if isinstance(outcome, (Booked, Moved, Ended)):
        return outcome.visits[0].id
    if isinstance(outcome, tuple) and isinstance(outcome[0], Visit):
        return outcome[0].id
    return getattr(outcome, "hold_id", None)
