"""`python -m tests.legacy.cut --visits 300 EXPORT FOLDER`: a small export with its truth.json, cut from a large one.

Whole visits (all their rows), with the clients, payments and packages that they need; every kind of dirt that the large
one knows, and at least a tenth of visits to come, where it has them.
"""

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from tests.legacy.generate import ENCODINGS, HEADERS, Rows, write

OF_EACH_KIND = 4
Truth = dict[str, dict[str, Any]]


def cut(export: Path, folder: Path, visits: int, seed: int = 1) -> dict[str, Any]:
    """Write the cut; the same seed cuts the same."""
    rng = Random(seed)
    files = {name: _read(export, name) for name in HEADERS}
    truth = json.loads((export / "truth.json").read_text(encoding="utf-8"))
    rows_of = _grouped(files["appointments.csv"])
    chosen = _choose_visits(truth["appointments"], rows_of, visits, rng)
    clients = _choose_clients(truth["clients"], {row[1] for id_ in chosen for row in rows_of[id_]}, rng)
    payments = _choose_payments(files["payments.csv"], truth["payments"], chosen)
    kept = {
        **files,
        "appointments.csv": [row for row in files["appointments.csv"] if row[0] in chosen],
        "clients.csv": [row for row in files["clients.csv"] if row[0] in clients],
        "payments.csv": [row for row in files["payments.csv"] if row[0] in payments],
        "packages.csv": [row for row in files["packages.csv"] if row[1] in clients],
    }
    told = _truth(truth, kept)
    write(folder, {name: (HEADERS[name].split(","), rows) for name, rows in kept.items()}, told)
    return told


def _read(export: Path, name: str) -> Rows:
    with (export / name).open(encoding=ENCODINGS.get(name, "utf-8"), newline="") as file:
        return list(csv.reader(file))[1:]


def _grouped(rows: Rows) -> dict[str, Rows]:
    grouped: dict[str, Rows] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return grouped


def _choose_visits(truth: Truth, rows_of: Mapping[str, Rows], visits: int, rng: Random) -> set[str]:
    """Some of every kind, then any."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for id_, told in truth.items():
        kinds[_kind(told, rows_of[id_])].append(id_)
    to_come = [id_ for id_, told in truth.items() if told.get("status") == "booked"]
    chosen = {id_ for kind in kinds.values() for id_ in rng.sample(kind, k=min(OF_EACH_KIND, len(kind)))}
    chosen |= set(rng.sample(to_come, k=min(visits // 8, len(to_come))))
    for id_ in [one for one in sorted(chosen) if truth[one].get("history_conflict")]:
        chosen |= _others_in_conflict(id_, truth, rows_of)
    rest = [id_ for id_ in truth if id_ not in chosen]
    return chosen | set(rng.sample(rest, k=max(0, min(visits - len(chosen), len(rest)))))


def _kind(told: dict[str, Any], rows: Rows) -> str:
    if len(rows) > 1:
        return "repeated" if rows[0] == rows[1] else "superseded"
    return str(told.get("reason") or ("conflict" if told.get("history_conflict") else told["status"]))


def _others_in_conflict(id_: str, truth: Truth, rows_of: Mapping[str, Rows]) -> set[str]:
    return {other for other in truth if other != id_ and _clash(id_, other, truth, rows_of)}


def _clash(one: str, other: str, truth: Truth, rows_of: Mapping[str, Rows]) -> bool:
    a, b = truth[one], truth[other]
    if not {a.get("status"), b.get("status")} <= {"fulfilled", "booked"}:
        return False
    x, y = _current(rows_of[one]), _current(rows_of[other])
    same = x[1] == y[1] or x[3] == y[3] or x[4] == y[4]
    return same and bool(a["start"] < b["end"] and b["start"] < a["end"])


def _current(rows: Rows) -> list[str]:
    return max(rows, key=lambda row: row[12])


def _choose_clients(truth: Truth, needed: set[str], rng: Random) -> set[str]:
    """Those the visits need, some of every kind, and whoever those are compared with."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for id_, told in truth.items():
        kinds[told["verdict"].split(":")[0]].append(id_)
    chosen = needed & truth.keys()
    chosen |= {id_ for kind in kinds.values() for id_ in rng.sample(kind, k=min(OF_EACH_KIND, len(kind)))}
    people = {truth[id_]["person"] for id_ in chosen}
    people |= {told["verdict"].removeprefix("review:") for id_, told in truth.items() if id_ in chosen}
    return chosen | {id_ for id_, told in truth.items() if told["person"] in people}


def _choose_payments(rows: Rows, truth: Truth, visits: Iterable[str]) -> set[str]:
    paid = {row[0] for row in rows if row[1] in visits}
    orphans = [id_ for id_, told in truth.items() if told["verdict"] == "quarantined"]
    return paid | set(orphans[:OF_EACH_KIND])


def _truth(whole: dict[str, Any], kept: dict[str, Rows]) -> dict[str, Any]:
    """The truth about what was kept; an overlap counts where both sides were."""
    parts: dict[str, Truth] = {
        part: {id_: dict(whole[part][id_]) for id_ in whole[part] if id_ in {row[0] for row in kept[f"{part}.csv"]}}
        for part in ("clients", "appointments", "services", "payments")
    }
    rows_of, visits = _grouped(kept["appointments.csv"]), parts["appointments"]
    for id_, told in visits.items():
        told.pop("history_conflict", None)
        if any(_clash(id_, other, visits, rows_of) for other in visits if other != id_):
            told["history_conflict"] = True
    return {**{key: whole[key] for key in ("seed", "today", "zone")}, **parts, "totals": _totals(parts, kept)}


def _totals(parts: dict[str, Truth], kept: dict[str, Rows]) -> dict[str, Any]:
    visits = parts["appointments"].values()
    older = sum("old version" in row for row in kept["appointments.csv"])
    return {
        "rows": {name.removesuffix(".csv"): len(rows) for name, rows in kept.items()},
        "appointments_by_status": dict(Counter(told["status"] for told in visits if "status" in told)),
        "quarantined_by_reason": dict(Counter(told["reason"] for told in visits if "reason" in told)),
        "people": len({told["person"] for told in parts["clients"].values()}),
        "repeated_rows": len(kept["appointments.csv"]) - len(visits) - older,
        "superseded_rows": older,
        "history_conflicts": sum("history_conflict" in told for told in visits),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("export", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    print(json.dumps(cut(given.export, given.folder, given.visits, given.seed)["totals"], indent=1))


if __name__ == "__main__":
    main()
