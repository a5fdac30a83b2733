"""The rules: whether two who were compared are one person. The first rule that applies decides.

What they must never do is merge two people: twins (same family name, birth date, home and phone; another given name),
parent and child of one name (another generation, another suffix), spouses who share a phone or a mailbox. So a merge
takes the same person by name and birth date, *and* something of their own that a stranger of that name would not have.
An address alone is no such thing: households share it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hub.sync.people.compare import Alike, Compared


class Outcome(StrEnum):
    """What a pair is."""

    MERGE = "merge"
    REVIEW = "review"
    """A person decides."""
    OPEN = "open"
    """Neither: a score may decide, and without one a person does."""
    SEPARATE = "separate"
    """Not enough in common."""
    VETO = "veto"
    """Something says that they are two: no score, and no third record that is like both, merges them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    name: str
    applies: Callable[[Compared], bool]
    outcome: Outcome


NEAR = (Alike.NICKNAME, Alike.SLIP)
PARTLY = (Alike.PART, Alike.INITIAL)


def _full_name(c: Compared) -> bool:
    return c.given is Alike.SAME and c.family is Alike.SAME


def _like_name(c: Compared) -> bool:
    return c.given in (Alike.SAME, *NEAR) and c.family in (Alike.SAME, Alike.SLIP, Alike.PART)


def _tied(c: Compared) -> bool:
    """Both contacts, or one and the address."""
    return c.contacts > 0 and c.ties > 1


def _born(c: Compared) -> bool:
    return c.born is Alike.SAME


def _one_slip(c: Compared) -> bool:
    return (c.given in NEAR) + (c.family in (Alike.SLIP, Alike.PART)) <= 1


RULES = (
    # What says that they are two.
    Rule("other_suffix_same_birth_date", lambda c: c.suffixes_differ and _born(c) and c.contacts > 0, Outcome.REVIEW),
    Rule("other_suffix", lambda c: c.suffixes_differ, Outcome.VETO),
    Rule(
        "generation_or_slip", lambda c: c.born is Alike.DECADE_SLIP and _full_name(c) and c.contacts > 1, Outcome.REVIEW
    ),
    Rule("other_generation", lambda c: c.born in (Alike.GENERATION, Alike.DECADE_SLIP), Outcome.VETO),
    Rule("twin", lambda c: c.given is Alike.OTHER and _born(c), Outcome.VETO),
    Rule("other_given_name", lambda c: c.given is Alike.OTHER, Outcome.VETO),
    Rule(
        "twin_or_slip",
        lambda c: c.given is Alike.RIVAL and _born(c) and c.family in (Alike.SAME, Alike.SLIP) and c.ties > 0,
        Outcome.REVIEW,
    ),
    Rule("rival_given_name", lambda c: c.given is Alike.RIVAL, Outcome.VETO),
    Rule(
        "other_birth_date_same_contact",
        lambda c: c.born is Alike.OTHER and _full_name(c) and c.contacts > 0,
        Outcome.REVIEW,
    ),
    Rule("other_birth_date", lambda c: c.born is Alike.OTHER, Outcome.VETO),
    # What is missing.
    Rule("no_birth_date", lambda c: c.born is Alike.UNKNOWN and _like_name(c) and c.ties > 0, Outcome.REVIEW),
    Rule("no_birth_date_nor_tie", lambda c: c.born is Alike.UNKNOWN, Outcome.SEPARATE),
    Rule("no_name", lambda c: Alike.UNKNOWN in (c.given, c.family) and _born(c) and c.contacts > 0, Outcome.REVIEW),
    Rule("no_name_nor_tie", lambda c: Alike.UNKNOWN in (c.given, c.family), Outcome.SEPARATE),
    # The same birth date.
    Rule("name_birth_contact", lambda c: _born(c) and _full_name(c) and c.contacts > 0, Outcome.MERGE),
    Rule("name_birth", lambda c: _born(c) and _full_name(c), Outcome.REVIEW),
    Rule(
        "family_slip_birth_contact",
        lambda c: _born(c) and c.given is Alike.SAME and c.family in (Alike.SLIP, Alike.PART) and c.contacts > 0,
        Outcome.MERGE,
    ),
    Rule(
        "given_slip_birth_contact",
        lambda c: _born(c) and c.given in NEAR and c.family is Alike.SAME and _tied(c),
        Outcome.MERGE,
    ),
    Rule(
        "given_part_birth_contact",
        lambda c: _born(c) and c.given is Alike.PART and c.family is Alike.SAME and c.email is Alike.SAME and _tied(c),
        Outcome.MERGE,
    ),
    Rule("two_slips_birth_contacts", lambda c: _born(c) and _like_name(c) and c.contacts > 1, Outcome.MERGE),
    Rule(
        "another_family_name",
        lambda c: _born(c) and c.given is Alike.SAME and c.family is Alike.OTHER and _tied(c),
        Outcome.MERGE,
    ),
    Rule("like_name_birth", lambda c: _born(c) and _like_name(c) and _one_slip(c) and c.ties > 0, Outcome.REVIEW),
    Rule(
        "given_part_birth",
        lambda c: _born(c) and c.given in PARTLY and c.family is Alike.SAME and c.ties > 0,
        Outcome.REVIEW,
    ),
    # A slip in the birth date.
    Rule("name_birth_slip_contact", lambda c: c.born is Alike.SLIP and _full_name(c) and _tied(c), Outcome.MERGE),
    Rule("name_birth_slip", lambda c: c.born is Alike.SLIP and _full_name(c) and c.ties > 0, Outcome.REVIEW),
    # Neither.
    Rule("like_name", _like_name, Outcome.OPEN),
    Rule("same_contact", lambda c: _born(c) and c.ties > 0, Outcome.OPEN),
    Rule("little_in_common", lambda _: True, Outcome.SEPARATE),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a pair is, and why."""

    outcome: Outcome
    rule: str
    compared: Compared


def judge(compared: Compared) -> Judgement:
    """The first rule that applies."""
    rule = next(rule for rule in RULES if rule.applies(compared))
    return Judgement(rule.outcome, rule.name, compared)
