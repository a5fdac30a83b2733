"""Clients: people, and the rows that stand for them in the file."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from tests.legacy import forms
from tests.legacy.doubles import Client, hardly, merged, relative, unsure
from tests.legacy.names import FAMILY, GIVEN, STREETS

NOTES = ["", "", "prefers mornings", 'says "no latex"', "line one\nline two", "allergic: lidocaine, penicillin"]
FRONT_DESK = "5125550000"
"""What is written where nobody knows a number."""


def make_clients(count: int, today: date, rng: Random, *, hard: bool = False) -> list[Client]:
    """People of their own, then every tenth again as what `doubles` makes of them; in any order.

    `hard`: also some whom only a score or a person can tell.
    """
    own = [_person(number, today, rng) for number in range(count)]
    odd = max(4, count // 10)
    makers = (merged, merged, relative, unsure, *[hardly] * hard)
    rows = list(own)
    reachable = [one for one in own if one.phone != FRONT_DESK]
    for number, original in enumerate(rng.sample(reachable, k=min(odd, len(reachable)))):
        rows.append(makers[number % len(makers)](original, number, rng))
    rng.shuffle(rows)
    return [replace(row, id=f"C{10000 + 3 * place}") for place, row in enumerate(rows)]


def row_of(client: Client, rng: Random) -> list[str]:
    """As it stands in the file."""
    postal = rng.choice([client.postal_code, f"{client.postal_code}1234", f"{client.postal_code}-1234"])
    return [
        client.id,
        client.given,
        client.family,
        forms.birth_date(client.born_on, rng) if client.born_on else "",
        forms.phone(client.phone, rng) if client.phone else "",
        client.email,
        client.street,
        "Austin",
        forms.state(rng),
        postal,
        forms.us_date(client.created_on),
        rng.choice(NOTES),
        forms.yes(rng, answer=rng.random() < 0.7),
        rng.choice("YN"),
    ]


def _person(number: int, today: date, rng: Random) -> Client:
    given, family = rng.choice(GIVEN), rng.choice(FAMILY)
    phone = f"{rng.choice([512, 737, 214, 830])}{rng.randint(200, 999)}{number % 10000:04d}"
    return Client(
        id="",
        given=given,
        family=family,
        born_on=date(1950, 1, 1) + timedelta(days=rng.randrange(19000)),
        phone=phone if rng.random() < 0.98 else FRONT_DESK,
        email=rng.choice(["", *3 * [f"{given}.{family}{number}@example.com".lower()]]),
        street=f"{rng.randint(1, 9999)} {rng.choice(STREETS)}",
        postal_code=f"787{rng.randint(1, 59):02d}",
        created_on=today - timedelta(days=rng.randint(30, 2000)),
        person=f"P{number}",
        verdict="own",
    )
