"""Money and stock of an export, with their dirt and the truth about each row; amounts, sessions and units are plain."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.legacy import forms
from tests.legacy.catalog import ServiceRow
from tests.legacy.doubles import Client

Row = list[str]
Truth = dict[str, dict[str, Any]]
ID, VISIT, DATE, AMOUNT, TYPE, METHOD = range(6)


def quarantined(reason: str) -> dict[str, Any]:
    """The truth about a row that must not be taken."""
    return {"verdict": "quarantined", "reason": reason}


def amount(minor: int, rng: Random) -> str:
    """As `forms.price`, and with a comma for the point, points or commas between thousands, and other spaces."""
    dollars, cents = divmod(minor, 100)
    pointed = f"{dollars:,}".replace(",", ".")
    commas = [f"{dollars},{cents:02d}", f"{pointed},{cents:02d}"]
    return rng.choice([*commas, f"${dollars:,}.{cents:02d}", f"USD {dollars}.{cents:02d} ", forms.price(minor, rng)])


def back(minor: int, rng: Random) -> str:
    """An amount that goes back: with a minus, in brackets, or with nothing but its type to say so."""
    text = f"{minor // 100}.{minor % 100:02d}"
    return rng.choice([f"-{text}", f"({text})", f"-${text}", f"(${text})", text])


def a_day(on: date, rng: Random) -> str:
    """Three forms."""
    named = f"{on.day:02d}-{forms.MONTHS[on.month - 1]}-{on.year}"
    return rng.choice([on.isoformat(), forms.us_date(on), named])


SPOILS: tuple[tuple[int, tuple[str, ...], str], ...] = (
    (DATE, ("soon", "2024-02-30", "13/45/2024", ""), "bad_date"),
    (DATE, ("1900-01-01", "01/01/1900"), "bad_date"),
    (TYPE, ("???", "gift?", ""), "unknown_code"),
    (AMOUNT, ("TBD", "1,2,3", "12.345", "", "(25.00", "12,5"), "bad_money"),
    (VISIT, ("A1", "", "C10000"), "orphan_visit"),
)


def spoil_payments(rows: list[Row], truth: Truth, rng: Random) -> list[Row]:
    """Other forms for every row, dirt in some, refunds of some, and some twice to the letter; in any order."""
    made: list[Row] = []
    for plain in rows:
        told = truth[plain[ID]]
        row = [*plain[:DATE], a_day(date.fromisoformat(plain[DATE]), rng), *plain[AMOUNT:]]
        if told["verdict"] == "loaded":
            row[AMOUNT] = amount(told["amount_minor"], rng)
            row[TYPE] = rng.choice([row[TYPE], row[TYPE].title(), row[TYPE].upper()])
            made += _refund(row, told, truth, rng)
            if rng.random() < 0.05:
                column, texts, reason = rng.choice(SPOILS)
                row[column], truth[row[ID]] = rng.choice(texts), quarantined(reason)
        made += [row, list(row)] if rng.random() < 0.02 else [row]
    return rng.sample(made, k=len(made))


def _refund(row: Row, told: dict[str, Any], truth: Truth, rng: Random) -> list[Row]:
    if rng.random() > 0.05 or not told["amount_minor"]:
        return []
    number, minor = f"R{row[ID]}", rng.randint(1, told["amount_minor"])
    truth[number] = {"verdict": "loaded", "amount_minor": -minor}
    return [[number, row[VISIT], row[DATE], back(minor, rng), rng.choice(["refund", "Refunded"]), row[METHOD]]]


def deposits(visits: list[tuple[str, date, int]], truth: Truth, rng: Random) -> list[Row]:
    """A deposit for some visits to come: id, date, price."""
    rows: list[Row] = []
    for visit, on, price in visits:
        if price and rng.random() < 0.3:
            number, minor = f"D{visit}", max(1, price // 4)
            truth[number] = {"verdict": "loaded", "amount_minor": minor}
            rows.append([number, visit, (on - timedelta(days=9)).isoformat(), amount(minor, rng), "Deposit", "Visa"])
    return rows


PACKAGE_DIRT: tuple[tuple[int, tuple[str, ...], str], ...] = (
    (1, ("C9999999", ""), "orphan_patient"),
    (2, ("???", "", "Ten of anything"), "unknown_service"),
    (3, ("six", "", "-6", "5.5"), "bad_count"),
    (4, ("99", "-1", "none"), "bad_count"),
)


def make_packages(
    clients: list[Client], services: list[ServiceRow], today: date, rng: Random
) -> tuple[list[Row], Truth]:
    """Packages of some clients, under any writing of a service; with what must be left of each."""
    rows: list[Row] = []
    truth: Truth = {}
    for number, client in enumerate(rng.sample(clients, k=max(6, len(clients) // 10))):
        service, bought = rng.choice(services), rng.randint(1, 12)
        used = rng.randint(0, bought)
        sold, until = today - timedelta(days=rng.randint(1, 300)), today + timedelta(days=rng.randint(-30, 400))
        expires = rng.choice([a_day(until, rng), a_day(until, rng), ""])
        row = [f"K{number}", client.id, service.name, str(bought), str(used), a_day(sold, rng), expires]
        told: dict[str, Any] = {"verdict": "loaded", "left": bought - used, "sku": service.sku, "person": client.person}
        told["expires_on"] = until.isoformat() if expires else None
        if number % 6 == 5:
            column, texts, reason = PACKAGE_DIRT[number // 6 % len(PACKAGE_DIRT)]
            row[column], told = rng.choice(texts), quarantined(reason)
        truth[row[0]] = told
        rows += [row, list(row)] if rng.random() < 0.1 else [row]
    return rng.sample(rows, k=len(rows)), truth


PRODUCTS = {
    "botox": (["Botox", "botox ", "BOTOX", "Bötox"], "unit", ["unit", "units", "U"]),
    "juvederm": (["Juvederm", "Juvéderm"], "syringe", ["syringe", "Syringes"]),
    "lidocaine-cream": (["Lidocaine cream", "lidocaine  Cream"], "tube", ["tube"]),
}
"""Product → how it is written, its unit, and how that is."""
LOT_DIRT: tuple[Callable[[Row, Random], str], ...] = (
    lambda row, rng: _put(row, 2, rng.choice(["2026-13-01", "never", ""]), "bad_date"),
    lambda row, rng: _put(row, 3, rng.choice(["-3", "some", ""]), "bad_count"),
    lambda row, rng: _put(row, 4, rng.choice(["pallet", ""]), "unknown_code"),
)


def make_lots(today: date, rng: Random) -> tuple[list[Row], Truth]:
    """Lots on hand."""
    rows: list[Row] = []
    truth: Truth = {}
    for number in range(20):
        product, (names, unit, units) = rng.choice(list(PRODUCTS.items()))
        expires, on_hand = today + timedelta(days=rng.randint(-60, 700)), rng.choice(["0", "3", "40", "1,200", "12.5"])
        site = rng.choice(["Main", "MAIN "])
        row = [rng.choice(names), f"L{number}", a_day(expires, rng), on_hand, rng.choice(units), site]
        told: dict[str, Any] = {"verdict": "loaded", "product": product, "unit": unit}
        told |= {"expires_on": expires.isoformat(), "on_hand": float(on_hand.replace(",", ""))}
        if number % 5 == 4:
            told = quarantined(LOT_DIRT[number // 5 % len(LOT_DIRT)](row, rng))
        truth[row[1]] = told
        rows.append(row)
    return rows, truth


def _put(row: Row, column: int, text: str, reason: str) -> str:
    row[column] = text
    return reason
