"""Stock on the tables: what a scenario gives in memory, the operations give, and the ledger adds up."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from hub.documents import parse
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import judged
from tests.integration.operations.stored_stock import PLAYED_IN_STOCK, STOCK, StoredStock

ROOT = Path(__file__).parents[3]


def _kinds(path: Path) -> set[str]:
    return {kind for action in parse(path.read_text("utf-8"), path.name).value["actions"] for kind in action} - {
        "expect"
    }


FOUND = [
    path
    for path in sorted((ROOT / "examples/scenarios").glob("*.yaml"))
    if _kinds(path) & STOCK and _kinds(path) <= PLAYED_IN_STOCK
]


def test_the_scenarios_are_there() -> None:
    assert len(FOUND) >= 4


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_stock_goes_on_postgresql_as_in_memory(path: Path, engine: Engine, owner: Engine) -> None:
    play_both(path.read_text(encoding="utf-8"), path.name, engine)
    assert_the_ledger_adds_up(owner)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_to_stock_both_say_the_same(seed: int, engine: Engine, owner: Engine) -> None:
    play_both(json.dumps(made_up(Random(seed))), f"seed-{seed}", engine)
    assert_the_ledger_adds_up(owner)


def play_both(document: str, name: str, engine: Engine) -> None:
    scenario, _ = read_scenario(document, name)
    stored, player = StoredStock(scenario, document, engine), Player(scenario)
    for number, entry in enumerate(scenario.actions, 1):
        expected, got = play(player, entry), stored.play(entry)
        if entry.expect is not None:
            assert judged(number, entry, got, f"{name}#{number}").error is None
        if entry.kind in STOCK or entry.kind == "complete":
            assert got == expected, f"{name}#{number} {entry.kind}"
        assert got["ok"] == expected["ok"], f"{name}#{number} {entry.kind}"


def assert_the_ledger_adds_up(owner: Engine) -> None:
    """What a lot holds is the sum of its movements, and what a vial holds of those that name it."""
    wrong = text("""
        SELECT count(*) FROM lot l WHERE l.on_hand <> (SELECT sum(m.change) FROM lot_movement m WHERE m.lot_id = l.id)
        OR l.on_hand < (SELECT coalesce(sum(v.remaining), 0) FROM open_vial v WHERE v.lot_id = l.id)
        OR EXISTS (SELECT FROM open_vial v WHERE v.lot_id = l.id AND v.remaining <> (
            SELECT sum(m.change + CASE m.kind WHEN 'opened' THEN m.level ELSE 0 END)
            FROM lot_movement m WHERE m.vial_id = v.id))""")
    with owner.connect() as connection:
        assert connection.execute(wrong).scalar_one() == 0


def made_up(dice: Random) -> dict[str, Any]:
    """A few days of one room, in actions that are often refused."""
    days = [f"2026-10-{day}" for day in (30, 31)] + [f"2026-11-0{day}" for day in (1, 2, 3)]
    actions: list[dict[str, Any]] = []
    for number in range(10):
        day, hour = dice.choice(days), dice.randrange(9, 18)
        book = {"service": dice.choice(["tox", "gel"]), "patient": f"p{number}", "arrives": f"{day}T{hour:02}:00"}
        actions.append({"book": book | {"as": f"v{number}"}})
    who, lots = ["dana", "kim", "nobody"], ["A", "B", "C"]
    for day in days:
        for hour in sorted(dice.sample(range(9, 24), 5)):
            actions.append({"clock": f"{day}T{hour:02}:00"})
            lot = {"product": dice.choice(["tox", "tox", "gel"]), "lot": dice.choice(lots)}
            by = {"by": dice.choice(who[:2] if dice.random() < 0.9 else who)}
            number = dice.randrange(10)
            actions += dice.sample(
                [
                    {"complete": {"visit": f"v{number}"}},
                    {
                        "complete": {
                            "visit": f"v{number}",
                            "used": [{"product": "tox", "quantity": dice.randrange(1, 9)}],
                        }
                    },
                    {"cancel": {"visit": f"v{number}"}},
                    {"open": {"product": "tox"} | by | ({"lot": dice.choice(lots)} if dice.random() < 0.5 else {})},
                    {
                        "waste": lot
                        | by
                        | {"quantity": dice.randrange(1, 7), "witness": dice.choice(who), "reason": "r"}
                        | {"sealed": dice.random() < 0.5}
                    },
                    {"count": lot | by | {"counted": dice.randrange(0, 12)}},
                    {"explain": lot | by | {"reason": "spilled"}},
                    {"receive": lot | by | {"quantity": 3, "expires": dice.choice(["2026-11-02", "2027-01-01"])}},
                ],
                2,
            )
            actions += [{"ledger": {"product": "tox"}}, {"reorders": {}}]
    step = {"name": "s", "minutes": 30, "needs": [{"kind": "provider"}]}
    return {
        "zone": "America/Chicago",
        "now": "2026-10-30T08:00",
        "resources": [{"id": "dana", "kind": "provider"}, {"id": "kim", "kind": "provider"}],
        "products": [
            {
                "id": "tox",
                "unit": "unit",
                "strict_days": 2,
                "vial": {"units": 5, "open_hours": dice.choice([8, 24, 48])},
            },
            {"id": "gel", "unit": "tube", "strict_days": 1},
        ],
        "stock": [
            {"product": "tox", "lot": "A", "on_hand": 12, "expires": "2026-11-02"},
            {"product": "tox", "lot": "B", "on_hand": 10, "expires": "2027-01-01"},
            {"product": "gel", "lot": "A", "on_hand": 2, "expires": "2027-01-01"},
        ],
        "services": [
            {"id": "tox", "steps": [step], "uses": [{"product": "tox", "quantity": 4}]},
            {"id": "gel", "steps": [step], "uses": [{"product": "gel", "quantity": 1}]},
        ],
        "patients": [{"id": f"p{number}"} for number in range(10)],
        "actions": actions,
    }
