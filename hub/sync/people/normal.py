"""A patient as the matching sees them: each field in a form in which equal means equal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from hub.canonical.records import Patient
from hub.sync.names import plain

SUFFIXES = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr",
    "ii": "2", "2nd": "2", "iii": "3", "3rd": "3", "iv": "4", "4th": "4",
}  # fmt: skip
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "mx"})
STREET_WORDS = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "drive": "dr", "lane": "ln",
    "court": "ct", "place": "pl", "circle": "cir", "highway": "hwy", "parkway": "pkwy", "square": "sq", "trail": "trl",
    "terrace": "ter", "apartment": "apt", "suite": "ste", "unit": "apt", "north": "n", "south": "s", "east": "e",
    "west": "w", "first": "1st", "second": "2nd", "third": "3rd",
}  # fmt: skip
NO_MAILBOX = frozenset({"none", "noemail", "no", "na", "unknown", "noreply", "no-reply", "declined", "nomail"})
DOTLESS = frozenset({"gmail.com", "googlemail.com"})
"""Mail services to which a dot in a mailbox's name means nothing."""

_BREAKS = re.compile(r"[^a-z0-9]+")
_JOINS = re.compile("['\u2019`\u00b4.]")


@dataclass(frozen=True, slots=True)
class Person:
    """Normal forms; an empty text is an unknown. Personal as a whole: never in a log, an error or evidence."""

    id: str
    given: tuple[str, ...]
    """Words of the given name, without titles and middle initials."""
    middle: tuple[str, ...]
    """First letters of all words of it but the first."""
    family: tuple[str, ...]
    """Words of the family name, without a suffix."""
    suffix: str
    """`jr`, `sr`, `2`, `3`, `4`."""
    born_on: date | None
    phone: str
    email: str
    street: str
    postal_code: str

    @property
    def given_name(self) -> str:
        """In one word."""
        return "".join(self.given)

    @property
    def family_name(self) -> str:
        """In one word."""
        return "".join(self.family)


def normal_person(patient: Patient) -> Person:
    """How the matching sees a patient."""
    names, family, suffix = _names(patient.given_name or "", patient.family_name or "")
    return Person(
        id=patient.id,
        given=_without_initials(names),
        middle=tuple(word[0] for word in names[1:]),
        family=family,
        suffix=suffix,
        born_on=patient.born_on,
        phone=_phone(patient.phone or ""),
        email=_email(patient.email or ""),
        street=_street(patient.street or ""),
        postal_code=(patient.postal_code or "")[:5],
    )


@lru_cache(maxsize=8192)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in _BREAKS.split(_JOINS.sub("", _small(name))) if word)


def _small(text: str) -> str:
    """As `plain`, but for spaces; most names need no more."""
    return text.lower() if text.isascii() else plain(text)


def _names(given: str, family: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    first, last = list(_words(given)), list(_words(family))
    if not last and "," in given:  # "Doe, Jane"
        last, first = (list(_words(part)) for part in given.split(",", 1))
    suffix = _take_suffix(last) or _take_suffix(first)
    while len(first) > 1 and first[0] in TITLES:
        first.pop(0)
    return tuple(first), tuple(last), suffix


def _take_suffix(words: list[str]) -> str:
    """Remove it from the end."""
    return SUFFIXES[words.pop()] if len(words) > 1 and words[-1] in SUFFIXES else ""


def _without_initials(words: Sequence[str]) -> tuple[str, ...]:
    return (*words[:1], *(word for word in words[1:] if len(word) > 1))


def _phone(number: str) -> str:
    """A number of one figure alone is nobody's."""
    return number if len(set(number[-7:])) > 1 else ""


def _email(address: str) -> str:
    mailbox, at, host = _small(address.strip()).partition("@")
    mailbox = mailbox.partition("+")[0]
    if not at or mailbox in NO_MAILBOX:
        return ""
    return f"{mailbox.replace('.', '') if host in DOTLESS else mailbox}@{host}"


@lru_cache(maxsize=8192)
def _street(street: str) -> str:
    return " ".join(STREET_WORDS.get(word, word) for word in _words(street))
