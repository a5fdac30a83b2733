"""Which pairs are worth a look: those who share a phone, a mailbox, a birth date with part of a name, or a whole name
with part of a birth date or an address. Everybody with everybody would be billions.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations

from hub.sync.people.normal import Person
from hub.sync.people.population import Population

BEGINNING = 3
"""So many letters of a name go with a birth date."""
MOST = 200
"""A key that more share says nothing; their pairs are found by others."""


def block_keys(person: Person, population: Population) -> Iterator[Hashable]:
    """What the person is found by."""
    given, family, born = person.given_name, person.family_name, person.born_on
    for contact in (person.phone, person.email):
        if contact and contact not in population.contacts:
            yield contact
    if born is not None and born not in population.births:
        yield from (("born", born, beginning) for beginning in name_beginnings(person))
    if given and family:
        full = "|".join(sorted((given, family)))
        if person.street:
            yield "home", full, person.street
        if born is not None:
            yield from (("slip", full, part) for part in (born.year, (born.month, born.day)))


def name_beginnings(person: Person) -> set[str]:
    """The part of a name that goes with a birth date."""
    return {name[:BEGINNING] for name in (person.given_name, person.family_name) if name}


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
    looked_at = [new is None or person.id in new for person in people]
    seen: set[tuple[int, int]] = set()
    for block in blocks.values():
        if 1 < len(block) <= MOST:
            seen.update(_pairs(block, looked_at))
    for one, other in sorted(seen):
        yield people[one], people[other]


def _pairs(block: Sequence[int], looked_at: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Those of which one is looked at: among a few who are new and many who are known, few."""
    wanted = [n for n in block if looked_at[n]]
    if len(wanted) == len(block):
        yield from ((one, other) for one, other in combinations(block, 2) if one != other)
        return
    for one in wanted:
        yield from ((min(one, other), max(one, other)) for other in block if other != one)
