"""What other hands make of a person: the same one again, a relative, a namesake; each kind with the truth about it.

A kind says how the second row differs from the first, and what must become of it: `merge` (the same person), `review`
(a person must decide), or somebody else however alike (`twin`, `junior`, `spouse`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.legacy.names import FAMILY, GIVEN, NICKNAMES, STREETS


@dataclass(frozen=True)
class Client:
    """One row of clients.csv in plain values, and the truth about it."""

    id: str
    given: str
    family: str
    born_on: date | None
    phone: str
    email: str
    street: str
    postal_code: str
    created_on: date
    person: str
    verdict: str
    kind: str = ""
    """Of dirt; empty: none."""


Double = Callable[[Client, int, Random], Client]
"""The row that is made of another; the number makes it unlike all others."""


def _less(one: Client, rng: Random) -> Client:
    """One contact is missing, or the mailbox is written large."""
    if not one.email:
        return one
    match rng.randrange(3):
        case 0:
            return replace(one, phone="")
        case 1:
            return replace(one, email="")
        case _:
            return replace(one, email=one.email.upper())


def _slip(name: str, rng: Random) -> str:
    """A letter dropped or doubled, not the first; of short names only doubled."""
    at = rng.randrange(1, len(name))
    return name[:at] + name[at:][0] + name[at:] if len(name) < 5 or rng.random() < 0.5 else name[:at] + name[at + 1 :]


def _other(names: list[str], than: str, rng: Random) -> str:
    return rng.choice([name for name in names if name != than])


def _again(one: Client, _: int, rng: Random) -> Client:
    return _less(one, rng)


def _given_slip(one: Client, _: int, rng: Random) -> Client:
    return replace(_less(one, rng), given=_slip(one.given, rng))


def _family_slip(one: Client, _: int, rng: Random) -> Client:
    return replace(_less(one, rng), family=_slip(one.family, rng))


def _nickname(one: Client, _: int, rng: Random) -> Client:
    short = NICKNAMES.get(one.given)
    return replace(_less(one, rng), given=short) if short else _again(one, 0, rng)


def _swapped(one: Client, _: int, rng: Random) -> Client:
    return replace(_less(one, rng), given=one.family, family=one.given)


def _maiden(one: Client, _: int, rng: Random) -> Client:
    return replace(one, family=_other(FAMILY, one.family, rng))


def _double_barrelled(one: Client, _: int, rng: Random) -> Client:
    return replace(_less(one, rng), family=f"{one.family}-{_other(FAMILY, one.family, rng)}")


def _moved(one: Client, _: int, rng: Random) -> Client:
    return replace(one, street=f"{rng.randint(1, 9999)} {rng.choice(STREETS)}", postal_code="78799")


def _new_phone(one: Client, number: int, rng: Random) -> Client:
    return replace(one, phone=f"737555{number % 10000:04d}") if one.email else _again(one, number, rng)


def _plain_letters(one: Client, _: int, rng: Random) -> Client:
    letters = str.maketrans("áéíóúñüžřëÉøß", "aeiounuzreEos")
    return replace(_less(one, rng), given=one.given.translate(letters), family=one.family.translate(letters))


def _tagged(one: Client, _: int, rng: Random) -> Client:
    return replace(one, email=one.email.replace("@", "+spa@"), phone="") if one.email else _again(one, 0, rng)


def _day_for_month(one: Client, _: int, rng: Random) -> Client:
    born = one.born_on
    if born is None or born.day > 12 or born.day == born.month:
        return _again(one, 0, rng)
    return replace(one, born_on=born.replace(month=born.day, day=born.month))


def _birth_slip(one: Client, _: int, rng: Random) -> Client:
    """One figure of the year."""
    born = one.born_on
    if born is None or (born.month, born.day) == (2, 29):
        return _again(one, 0, rng)
    return replace(one, born_on=born.replace(year=born.year + (1 if born.year % 10 < 9 else -1)))


def _two_slips(one: Client, _: int, rng: Random) -> Client:
    return replace(_less(one, rng), given=_slip(one.given, rng), family=_slip(one.family, rng))


def _slip_and_day(one: Client, number: int, rng: Random) -> Client:
    return replace(_day_for_month(one, number, rng), family=_slip(one.family, rng))


def _twin(one: Client, _: int, rng: Random) -> Client:
    return replace(one, given=_other(GIVEN, one.given, rng), email="")


def _twin_mailbox(one: Client, _: int, rng: Random) -> Client:
    return replace(one, given=_other(GIVEN, one.given, rng))


def _junior(one: Client, number: int, rng: Random) -> Client:
    return replace(one, born_on=_later(one.born_on, rng), phone=f"512777{number % 10000:04d}", email="")


def _junior_at_home(one: Client, _: int, rng: Random) -> Client:
    return replace(one, born_on=_later(one.born_on, rng))


def _junior_by_suffix(one: Client, _: int, rng: Random) -> Client:
    return replace(one, family=f"{one.family} Jr.", born_on=_later(one.born_on, rng), email="")


def _later(born: date | None, rng: Random) -> date | None:
    return born and born + timedelta(days=rng.randint(6500, 12000))


def _spouse(one: Client, _: int, rng: Random) -> Client:
    other = one.born_on and one.born_on + timedelta(days=rng.randint(-3000, 3000))
    return replace(one, given=_other(GIVEN, one.given, rng), born_on=other, email=rng.choice([one.email, ""]))


def _spouse_of_other_name(one: Client, number: int, rng: Random) -> Client:
    return replace(_spouse(one, number, rng), family=_other(FAMILY, one.family, rng))


def _namesake(one: Client, number: int, _: Random) -> Client:
    phone, email = f"737666{number % 10000:04d}", f"other{number}@example.net"
    return replace(one, phone=phone, email=email, street="1 Nowhere Ln", postal_code="10001")


def _without_birth(one: Client, _: int, __: Random) -> Client:
    return replace(one, born_on=None)


HARD: dict[str, Double] = {"two_slips": _two_slips, "slip_and_day": _slip_and_day}
"""The same person, so badly written that the rules leave it open: for scores, or for a person."""
MERGED: dict[str, tuple[Double, int]] = {
    "again": (_again, 6), "given_slip": (_given_slip, 4), "family_slip": (_family_slip, 4), "nickname": (_nickname, 2),
    "swapped": (_swapped, 2), "maiden": (_maiden, 6), "double_barrelled": (_double_barrelled, 1), "moved": (_moved, 2),
    "new_phone": (_new_phone, 2), "plain_letters": (_plain_letters, 1), "tagged": (_tagged, 1),
    "day_for_month": (_day_for_month, 1), "birth_slip": (_birth_slip, 1),
}  # fmt: skip
"""How the same person is written again, and how often among the others."""
TWO: dict[str, tuple[str, Double, int]] = {
    "twin": ("twin", _twin, 6), "twin_mailbox": ("twin", _twin_mailbox, 2), "junior": ("junior", _junior, 6),
    "junior_at_home": ("junior", _junior_at_home, 2), "junior_by_suffix": ("junior", _junior_by_suffix, 1),
    "spouse": ("spouse", _spouse, 3), "spouse_of_other_name": ("spouse", _spouse_of_other_name, 1),
}  # fmt: skip
"""Who is somebody else: verdict, how, how often."""
UNSURE: dict[str, tuple[Double, int]] = {"namesake": (_namesake, 4), "without_birth": (_without_birth, 1)}
"""What nobody can tell from the rows."""


def merged(one: Client, number: int, rng: Random) -> Client:
    """The same person again."""
    kind = _pick({name: often for name, (_, often) in MERGED.items()}, rng)
    return replace(MERGED[kind][0](one, number, rng), verdict="merge", kind=kind)


def hardly(one: Client, number: int, rng: Random) -> Client:
    """The same person, badly written."""
    kind = rng.choice(list(HARD))
    return replace(HARD[kind](one, number, rng), verdict="merge", kind=kind)


def relative(one: Client, number: int, rng: Random) -> Client:
    """Somebody else."""
    kind = _pick({name: often for name, (_, _, often) in TWO.items()}, rng)
    verdict, make, _ = TWO[kind]
    return replace(make(one, number, rng), person=f"{verdict[0].upper()}{number}", verdict=verdict, kind=kind)


def unsure(one: Client, number: int, rng: Random) -> Client:
    """Somebody who may be the same."""
    kind = _pick({name: often for name, (_, often) in UNSURE.items()}, rng)
    made = UNSURE[kind][0](one, number, rng)
    return replace(made, person=f"R{number}", verdict=f"review:{one.person}", kind=kind)


def _pick(weights: dict[str, int], rng: Random) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]
