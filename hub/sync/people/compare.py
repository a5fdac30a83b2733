"""Two people side by side: how each field agrees. Words, never values: this is the evidence that is kept."""

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from hub.sync.people.nicknames import are_nicknames, are_short_forms_of_one
from hub.sync.people.normal import Person
from hub.sync.people.population import Population
from hub.sync.people.slips import is_date_slip, is_one_edit, is_two_edits

GENERATION_YEARS = 12
"""So far apart two of one name are parent and child, not one person with a slip in the birth date."""


class Alike(StrEnum):
    """How two values agree."""

    SAME = "same"
    NICKNAME = "nickname"
    SLIP = "slip"
    PART = "part"
    """One of several words."""
    INITIAL = "initial"
    """It alone; twins may share it."""
    RIVAL = "rival"
    """Alike, but more likely two names."""
    GENERATION = "generation"
    """Birth dates of a parent and a child."""
    DECADE_SLIP = "decade_slip"
    """The same, but one wrong figure would explain it."""
    OTHER = "other"
    COMMON = "common"
    """The same, and that of too many."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """How two people agree, field by field."""

    given: Alike
    family: Alike
    born: Alike
    phone: Alike
    email: Alike
    address: Alike
    swapped: bool = False
    """Given and family name changed places."""
    suffixes_differ: bool = False

    @property
    def contacts(self) -> int:
        """How many of phone and mailbox they share."""
        return (self.phone is Alike.SAME) + (self.email is Alike.SAME)

    @property
    def ties(self) -> int:
        """The same, and the address."""
        return self.contacts + (self.address is Alike.SAME)

    @property
    def codes(self) -> tuple[str, ...]:
        """`given_same`, `born_slip`, `email_unknown` …"""
        said = [f"{name}_{getattr(self, name)}" for name in ("given", "family", "born", "phone", "email", "address")]
        return (*said, *["names_swapped"] * self.swapped, *["suffix_other"] * self.suffixes_differ)


def compare(one: Person, other: Person, population: Population) -> Compared:
    """Compare two people; the order does not matter."""
    a, b = _straighten(one, other)
    email = _compare_contacts(one.email, other.email, population)
    swapped = (a, b) != (one, other)
    mailbox = one.email.partition("@")[0] if email is Alike.SAME else ""
    is_own = not swapped and bool(mailbox) and (a.given_name in mailbox or b.given_name in mailbox)
    return Compared(
        given=_compare_given(a, b, population, same_mailbox=bool(mailbox), own_mailbox=is_own),
        family=_compare_family(a.family, b.family),
        born=_compare_births(one, other, population),
        phone=_compare_contacts(one.phone, other.phone, population),
        email=email,
        address=_compare_addresses(one, other),
        swapped=swapped,
        suffixes_differ=bool(one.suffix and other.suffix and one.suffix != other.suffix),
    )


def _straighten(one: Person, other: Person) -> tuple[Person, Person]:
    """Names that changed places, put back; where one of them is badly written besides, it counts as the given name."""
    if not (one.given and one.family) or one.given_name == other.given_name:
        return one, other
    if one.given_name == other.family_name and _are_near(one.family_name, other.given_name):
        return _swap_names(one), other
    if one.family_name == other.given_name and _are_near(one.given_name, other.family_name):
        return one, _swap_names(other)
    return one, other


def _are_near(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) > 2 and is_one_edit(one, other))


def _swap_names(one: Person) -> Person:
    return replace(one, given=one.family, family=one.given)


def _compare_given(
    first: Person, second: Person, population: Population, *, same_mailbox: bool, own_mailbox: bool
) -> Alike:
    """Names whose middle initials say otherwise are two names, as twins may be told apart by them alone."""
    alike = _compare_words(first.given, second.given, population, same_mailbox=same_mailbox, own_mailbox=own_mailbox)
    short, long = sorted((Counter(first.middle), Counter(second.middle)), key=Counter.total)
    is_other = bool(short) and not short <= long
    return Alike.RIVAL if is_other and alike not in (Alike.OTHER, Alike.UNKNOWN) else alike


def _compare_words(
    one: tuple[str, ...], other: tuple[str, ...], population: Population, *, same_mailbox: bool, own_mailbox: bool
) -> Alike:
    a, b = "".join(one), "".join(other)
    if not a or not b:
        return Alike.UNKNOWN
    if a == b:
        return Alike.SAME
    rest_is_same = len(one) == len(other) == 1 or one[1:] == other[1:]
    if rest_is_same and are_nicknames(one[0], other[0]):
        is_rival = population.are_both_given(a, b, same_mailbox=same_mailbox)  # twins may be called so
        return Alike.RIVAL if is_rival else Alike.NICKNAME
    if max(len(a), len(b)) > (2 if len(a) != len(b) else 3) and is_one_edit(a, b):
        return Alike.RIVAL if population.are_two_names(one, other, own_mailbox=own_mailbox) else Alike.SLIP
    if is_two_edits(a, b) or (rest_is_same and are_short_forms_of_one(one[0], other[0])):
        return Alike.RIVAL
    return _compare_parts(*sorted((one, other), key=lambda words: (len(words), len(words[0]))))


def _compare_parts(short: tuple[str, ...], long: tuple[str, ...]) -> Alike:
    if len(short) == 1 and len(short[0]) == 1 and long[0].startswith(short[0]):
        return Alike.INITIAL
    return Alike.PART if len(short) < len(long) and set(short) <= set(long) else Alike.OTHER


def _compare_family(one: tuple[str, ...], other: tuple[str, ...]) -> Alike:
    a, b = "".join(one), "".join(other)
    if not a or not b:
        return Alike.UNKNOWN
    if a == b:
        return Alike.SAME
    if max(len(a), len(b)) > 2 and is_one_edit(a, b):
        return Alike.SLIP
    long_words = {word for word in one if len(word) > 2} & {word for word in other if len(word) > 2}
    return Alike.PART if long_words else Alike.OTHER


def _compare_births(one: Person, other: Person, population: Population) -> Alike:
    a, b = one.born_on, other.born_on
    if a is None or b is None or a in population.births or b in population.births:
        return Alike.UNKNOWN
    if a == b:
        return Alike.SAME
    is_slip = is_date_slip(a, b)
    if abs(a.year - b.year) >= GENERATION_YEARS:
        return Alike.DECADE_SLIP if is_slip else Alike.GENERATION
    return Alike.SLIP if is_slip else Alike.OTHER


def _compare_contacts(one: str, other: str, population: Population) -> Alike:
    if not one or not other:
        return Alike.UNKNOWN
    if one != other:
        return Alike.OTHER
    return Alike.COMMON if one in population.contacts else Alike.SAME


def _compare_addresses(one: Person, other: Person) -> Alike:
    if not one.street or not other.street:
        return Alike.UNKNOWN
    places = {one.postal_code, other.postal_code} - {""}
    return Alike.SAME if one.street == other.street and len(places) < 2 else Alike.OTHER
