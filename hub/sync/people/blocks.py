"""Which pairs are worth a look: those who share a phone, a mailbox, a birth date with part of a name, or a whole name
with part of a birth date or an address. Everybody with everybody would be billions.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations

from hub.sync.people.normal import Person
from hub.sync.people.population import Population

MOST = 200
"""A key that more share says nothing; their pairs are found by others."""


def block_keys(person: Person, population: Population) -> Iterator[Hashable]:
    """What the person is found by."""
    given, family, born = person.given_name, person.family_name, person.born_on
    for contact in (person.phone, person.email):
        if contact and contact not in population.contacts:
            yield contact
    if born is not None and born not in population.births:
        yield from (("born", born, name[:3]) for name in {given, family} if name)
    if given and family:
        full = "|".join(sorted((given, family)))
        if person.street:
            yield "home", full, person.street
        if born is not None:
            yield from (("slip", full, part) for part in (born.year, (born.month, born.day)))


def find_pairs(
    people: Sequence[Person], population: Population, new: frozenset[str] | None = None
) -> Iterator[tuple[Person, Person]]:
    """Every pair once, in the order of `people`.

    Args:
        people: those who are compared.
        population: what is usual among them.
        new: only pairs of which one is among these; None: all.
    """
    blocks: dict[Hashable, list[int]] = defaultdict(list)
    for n, person in enumerate(people):
        for key in block_keys(person, population):
            blocks[key].append(n)
    seen: set[tuple[int, int]] = set()
    for block in blocks.values():
        if 1 < len(block) <= MOST:
            seen.update(_pairs(block))
    for one, other in sorted(seen):
        if new is None or people[one].id in new or people[other].id in new:
            yield people[one], people[other]


def _pairs(block: Iterable[int]) -> Iterator[tuple[int, int]]:
    return ((one, other) for one, other in combinations(block, 2) if one != other)
