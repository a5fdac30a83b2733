"""`python -m tests.legacy.generate --seed 3 --visits 500 FOLDER`: an export with its truth.json."""

import argparse
import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.legacy import forms
from tests.legacy.catalog import ServiceRow, make_catalog
from tests.legacy.clients import make_clients, row_of
from tests.legacy.doubles import Client
from tests.legacy.money import deposits, make_lots, make_packages, spoil_payments
from tests.legacy.visits import ROOMS, Practice, VisitRow, make_visits, rows_of, truth_of

TODAY = date(2026, 3, 2)
ZONE = ZoneInfo("America/Chicago")
HEADERS = {
    "clients.csv": (
        "ClientID,First Name,Last Name,DOB,Mobile,Email,Address,City,State,Zip,Created,Notes,SMS OK,Marketing OK"
    ),
    "services.csv": "Service ID,Name,Category,Duration (min),Price,Active",
    "staff.csv": "StaffID,Name,Title,License,License Exp,Active",
    "appointments.csv": (
        "ApptID,ClientID,Service,Staff,Room,Date,Start,End,Status,Price,Booked By,Booked On,Modified,Notes,Location"
    ),
    "payments.csv": "PaymentID,ApptID,Date,Amount,Type,Method",
    "packages.csv": "PackageID,ClientID,Service,Sessions,Used,Purchased,Expires",
    "inventory.csv": "Product,Lot,Expiry,On Hand,Unit,Location",
}
ENCODINGS = {"clients.csv": "utf-8-sig", "staff.csv": "cp1252"}
STAFF = [
    ["E1", "Dr. Renée Okafor", "MD", "TX-M7001", "2027-08-31", "Y"],
    ["E2", "Ana Müller, NP", "NP", "TX-N7002", "2026-04-30", "Y"],
    ["E3", "Bo Tan RN", "RN", "TX-R7003", "2028-01-31", "Y"],
    ["E4", "Zoë Quinn", "Aesthetician", "TX-A7004", "2026-12-31", "Y"],
    ["E5", "Cy O'Hara (left 2024)", "RN", "TX-R7005", "2024-06-30", "N"],
]
FILLS_FIVE = 20_000
"""How many visits five people in four rooms have time for, and some more; a larger practice has more of both."""
Rows = list[list[str]]


def generate(seed: int, visits: int, folder: Path) -> dict[str, Any]:
    """Write an export of about so many visits and its truth.json; the same seed writes the same bytes."""
    rng = Random(seed)
    clients = make_clients(max(30, visits // 8), TODAY, rng)
    services = make_catalog(rng)
    staff, rooms = _staff(visits), _rooms(visits)
    booked = make_visits(visits, Practice(clients, services, [row[0] for row in staff], rooms, TODAY), rng)
    payments, paid = _payments(booked, rng)
    money = Random(f"money {seed}")
    to_come = [(one.id, one.start.date(), one.service.price_minor) for one in booked if _is_to_come(one)]
    payments = [*spoil_payments(payments, paid, money), *deposits(to_come, paid, money)]
    packages, sold = make_packages(clients, services, TODAY, money)
    lots, counted = make_lots(TODAY, money)
    files: dict[str, Rows] = {
        "clients.csv": [row_of(client, rng) for client in clients],
        "services.csv": _shuffled([_service_row(service) for service in services], rng),
        "staff.csv": staff,
        "appointments.csv": _shuffled([row for visit in booked for row in rows_of(visit, rng)], rng),
        "payments.csv": payments,
        "packages.csv": packages,
        "inventory.csv": lots,
    }
    truth = _truth(seed, clients, services, visits=booked, payments=paid, files=files)
    truth |= {"packages": sold, "lots": counted}
    write(folder, {name: (HEADERS[name].split(","), rows) for name, rows in files.items()}, truth)
    return truth


def write(folder: Path, files: dict[str, tuple[list[str], Rows]], truth: dict[str, Any]) -> None:
    """The files in their encodings, lines ended as the old system did."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in files.items():
        with (folder / name).open("w", encoding=ENCODINGS.get(name, "utf-8"), newline="") as file:
            csv.writer(file).writerows([header, *rows])
    text = json.dumps(truth, indent=0, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _staff(visits: int) -> Rows:
    more = range(len(STAFF) + 1, len(STAFF) * (1 + visits // FILLS_FIVE) + 1)
    return [*STAFF, *([f"E{n}", f"Provider {n}", "RN", f"TX-R{7000 + n}", "2028-01-31", "Y"] for n in more)]


def _rooms(visits: int) -> list[str]:
    more = range(len(ROOMS), len(ROOMS) * (1 + visits // FILLS_FIVE))
    return [*ROOMS, *(f"Room {n}" for n in more)]


def _is_to_come(visit: VisitRow) -> bool:
    return visit.status == "booked" and visit.reason is None


def _shuffled(rows: Rows, rng: Random) -> Rows:
    return rng.sample(rows, k=len(rows))


def _service_row(service: ServiceRow) -> list[str]:
    price = f"{service.price_minor // 100}.{service.price_minor % 100:02d}"
    active = "Y" if service.active else "N"
    return [service.id, service.name, service.category, str(service.minutes), price, active]


def _payments(visits: list[VisitRow], rng: Random) -> tuple[Rows, dict[str, dict[str, Any]]]:
    rows: Rows = []
    truth: dict[str, dict[str, Any]] = {}
    for visit in visits:
        if visit.reason is not None or visit.status not in {"fulfilled", "no_show"}:
            continue
        number = f"X{900000 + len(rows)}"
        minor = visit.service.price_minor if visit.status == "fulfilled" else 5000
        orphan = rng.random() < 0.01
        kind = "payment" if visit.status == "fulfilled" else "no-show fee"
        visit_id = "A1" if orphan else visit.id
        on = visit.start.date().isoformat()
        rows.append([number, visit_id, on, forms.price(minor, rng), kind, rng.choice(["Visa", "Amex", "Cash", "HSA"])])
        orphaned = {"verdict": "quarantined", "reason": "orphan_visit"}
        truth[number] = orphaned if orphan else {"verdict": "loaded", "amount_minor": minor}
    return rows, truth


def _truth(
    seed: int,
    clients: list[Client],
    services: list[ServiceRow],
    *,
    visits: list[VisitRow],
    payments: dict[str, dict[str, Any]],
    files: dict[str, Rows],
) -> dict[str, Any]:
    told = {visit.id: truth_of(visit, ZONE) for visit in visits}
    appointments = files["appointments.csv"]
    older = sum("old version" in row for row in appointments)
    return {
        "seed": seed,
        "today": TODAY.isoformat(),
        "zone": ZONE.key,
        "clients": {
            client.id: {"person": client.person, "verdict": client.verdict, "kind": client.kind} for client in clients
        },
        "appointments": told,
        "services": {service.id: {"sku": service.sku, "archive": service.archive} for service in services},
        "payments": payments,
        "totals": {
            "rows": {name.removesuffix(".csv"): len(rows) for name, rows in files.items()},
            "appointments_by_status": dict(Counter(str(t["status"]) for t in told.values() if "status" in t)),
            "quarantined_by_reason": dict(Counter(str(t["reason"]) for t in told.values() if "reason" in t)),
            "people": len({client.person for client in clients}),
            "repeated_rows": sum(len(rows) - len({tuple(row) for row in rows}) for rows in files.values()),
            "superseded_rows": older,
            "history_conflicts": sum(visit.conflict for visit in visits),
        },
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    truth = generate(given.seed, given.visits, given.folder)
    print(json.dumps(truth["totals"], indent=1))


if __name__ == "__main__":
    main()
