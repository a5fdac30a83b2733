"""What is usual among all the people of a practice: by it a slip of the pen is told from another name."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from hub.sync.people.nicknames import is_known
from hub.sync.people.normal import Person
from hub.sync.people.slips import is_doubling

FEW = 200
"""Below so many people counting says nothing about a name."""
HOUSEHOLD = 6
"""More people than this do not share a phone or a mailbox: it is the practice's own, or made up."""


@dataclass(frozen=True, slots=True)
class Population:
    """Counts over people, each counted once however often they were written down."""

    size: int = 0
    given: Mapping[str, int] = field(default_factory=dict)
    births: frozenset[Hashable] = frozenset()
    """Birth dates that far too many have: made up."""
    contacts: frozenset[str] = frozenset()
    """Phones and mailboxes that too many have."""

    @property
    def is_small(self) -> bool:
        """Whether counting says nothing."""
        return self.size < FEW

    def are_two_names(self, one: str, other: str) -> bool:
        """Whether two given names that differ by a slip of the pen are more likely two names than two writings.

        A writing that nobody else has, beside a name that many have, is a slip (Laylla, Layla); names that many have
        are two (Layla, Ayla), and so is one that the table of names knows (Lena, Elena). Among few people that table
        decides alone, and what it does not know counts as two; where nobody was counted every slip does.
        """
        if self.size == 0:
            return True
        if is_doubling(one, other):  # nobody names two children so
            return False
        if self.is_small:
            return one[:1] != other[:1] or is_known(one) == is_known(other)
        rare, others, many = self._counted(one, other)
        return is_known(rare) or (others > 0 and others * 8 > many)

    def are_both_usual(self, one: str, other: str) -> bool:
        """Whether a name and its short form both are names that many have: then two people may well have them."""
        if self.is_small:
            return self.size == 0  # the table says that they are one name
        _, others, many = self._counted(one, other)
        return others > 1 and others * 8 > many

    def _counted(self, one: str, other: str) -> tuple[str, int, int]:
        """The rarer of two names, and how many others have it and the other one."""
        rare, usual = sorted((one, other), key=lambda name: (self.given.get(name, 0), name))
        return rare, self.given.get(rare, 1) - 1, self.given.get(usual, 1) - 1


def count_population(people: Iterable[Person]) -> Population:
    """Count; a person who was written down several times with the same name and birth date counts once."""
    given: Counter[str] = Counter()
    births: Counter[Hashable] = Counter()
    holders: dict[str, set[Hashable]] = defaultdict(set)
    seen: set[Hashable] = set()
    for person in people:
        who = person.given_name, person.family_name, person.born_on
        for contact in (person.phone, person.email):
            if contact:
                holders[contact].add(who)
        if who not in seen:
            seen.add(who)
            given[person.given_name] += 1
            births[person.born_on] += 1
    made_up = max(10, len(seen) // 200)
    return Population(
        size=len(seen),
        given=given,
        births=frozenset(born for born, count in births.items() if count > made_up),
        contacts=frozenset(contact for contact, who in holders.items() if len(who) > HOUSEHOLD),
    )
