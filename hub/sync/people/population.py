"""What is usual among all the people of a practice: by it a slip of the pen is told from another name."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from hub.sync.people.births import is_only_called, is_slip
from hub.sync.people.nicknames import is_known
from hub.sync.people.normal import Person
from hub.sync.people.slips import is_doubling

Words = tuple[str, ...]
"""A given name."""
MANY = 4
"""A name that fewer have was not counted: that nobody has one like it says nothing."""
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

    def are_two_names(self, one: Words, other: Words, *, own_mailbox: bool = False) -> bool:
        """Whether two given names that differ by a slip of the pen are more likely two names than two writings.

        A writing that nobody else has, beside a name that many have, is a slip (Laylla, Layla); names that many have
        are two (Layla, Ayla), and so is one that the table of short forms knows (Lena, Elena). Where too few have
        either to count, it is told by how many people have each anywhere, and what that cannot tell counts as two
        (Philip, Phillip). A mailbox that they share and that bears one of the names is a reason to call it a slip.
        """
        if self.size == 0:
            return True
        a, b = "".join(one), "".join(other)
        rare, others, many = self._counted(a, b)
        if others * 8 > many:
            return True
        if many >= 2 * MANY:  # both may be names, so one that nobody else has by chance is not rare yet
            return is_known(rare) and not is_doubling(a, b)
        is_writing = is_slip(_without(other, one), _without(one, other), own_mailbox=own_mailbox)
        return a[:1] != b[:1] or others > 0 or not is_writing

    def are_both_given(self, one: str, other: str, *, same_mailbox: bool) -> bool:
        """Whether a name and its short form are both names that people are given: then two may well have them.

        Where too few have either to count, the birth register decides, unless they share a mailbox.
        """
        if self.size == 0:
            return True
        _, others, many = self._counted(one, other)
        if many < 2 * MANY:  # both are names, so one that nobody else has by chance is not rare yet
            return others > 0 or not (same_mailbox or is_only_called(one, other))
        return others * 8 > many

    def _counted(self, one: str, other: str) -> tuple[str, int, int]:
        """The rarer of two names, and how many others have it and the other one."""
        rare, usual = sorted((one, other), key=lambda name: (self.given.get(name, 0), name))
        return rare, self.given.get(rare, 1) - 1, self.given.get(usual, 1) - 1


def _without(those: Words, words: Words) -> str:
    """Of a name of several words the one that differs: Mary-Kate, Mry-Kate."""
    return "".join(word for word in words if word not in those)


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
