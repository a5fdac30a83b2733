"""Clients: people, and the rows that somebody else's hands made of them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.legacy import forms

# fmt: off
GIVEN = [
    "Ada", "Beatriz", "Chloé", "Dana", "Esmé", "Fatima", "Grace", "Hana",
    "Inés", "Jade", "Kira", "Lucía", "Maya", "Noémie", "Olga", "Paula",
    "Quinn", "Rosa", "Sofía", "Tara", "Una", "Vera", "Wanda", "Xenia",
    "Yara", "Zoë", "Anna-Marie", "Bo", "Cleo", "Dee",
]
FAMILY = [
    "Adler", "Baker", "Castañeda", "Dvořák", "Evans", "Fischer", "García", "Hughes",
    "Ito", "Jones", "Keller", "López", "Müller", "Novak", "O'Brien", "Perez",
    "Quigley", "Rossi", "Sørensen", "Tan", "Underwood", "Vargas", "Weiß", "Xu",
    "Young", "Zhang", "Smith-Lee", "D'Angelo", "Nuñez", "Okafor",
]
# fmt: on
STREETS = ["Cedar St", "Elm Ave", "Lamar Blvd", "Pecan Rd", "Rio Grande", "2nd St"]
NOTES = ["", "", "prefers mornings", 'says "no latex"', "line one\nline two", "allergic: lidocaine, penicillin"]


@dataclass(frozen=True)
class Client:
    """One row of clients.csv in plain values, and the truth about it."""

    id: str
    given: str
    family: str
    born_on: date
    phone: str
    email: str
    street: str
    postal_code: str
    created_on: date
    person: str
    verdict: str


def make_clients(count: int, today: date, rng: Random) -> list[Client]:
    """People of their own, then duplicates, twins, juniors and pairs for a person to decide; in any order."""
    own = [_person(number, today, rng) for number in range(count)]
    odd = max(1, count // 40)
    rows = list(own)
    for number, original in enumerate(rng.sample(own, k=min(4 * odd, count))):
        rows.append(_ODD[number % 4](original, number, rng))
    rng.shuffle(rows)
    return [replace(row, id=f"C{10000 + 3 * place}") for place, row in enumerate(rows)]


def row_of(client: Client, rng: Random) -> list[str]:
    """As it stands in the file."""
    postal = rng.choice([client.postal_code, f"{client.postal_code}1234", f"{client.postal_code}-1234"])
    return [
        client.id,
        client.given,
        client.family,
        forms.birth_date(client.born_on, rng),
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
    return Client(
        id="",
        given=given,
        family=family,
        born_on=date(1950, 1, 1) + timedelta(days=rng.randrange(19000)),
        phone=f"{rng.choice([512, 737, 214, 830])}{rng.randint(200, 999)}{number % 10000:04d}",
        email=rng.choice(["", f"{given}.{family}{number}@example.com".lower()]),
        street=f"{rng.randint(1, 9999)} {rng.choice(STREETS)}",
        postal_code=f"787{rng.randint(1, 59):02d}",
        created_on=today - timedelta(days=rng.randint(30, 2000)),
        person=f"P{number}",
        verdict="own",
    )


def _merge(one: Client, _number: int, rng: Random) -> Client:
    slip = rng.choice([one.family, one.family[:2] + one.family[1:], rng.choice(FAMILY)])
    return replace(one, family=slip, email=rng.choice([one.email.upper(), ""]), verdict="merge")


def _twin(one: Client, number: int, rng: Random) -> Client:
    other = rng.choice([name for name in GIVEN if name != one.given])
    return replace(one, given=other, email="", person=f"T{number}", verdict="twin")


def _junior(one: Client, number: int, rng: Random) -> Client:
    later = one.born_on + timedelta(days=rng.randint(8000, 12000))
    return replace(
        one, born_on=later, phone=f"512777{number % 10000:04d}", email="", person=f"J{number}", verdict="junior"
    )


def _review(one: Client, number: int, _rng: Random) -> Client:
    elsewhere = replace(
        one, phone=f"737666{number % 10000:04d}", email=f"other{number}@example.net", street="1 Nowhere Ln"
    )
    return replace(elsewhere, person=f"R{number}", verdict=f"review:{one.person}")


_ODD = (_merge, _twin, _junior, _review)
