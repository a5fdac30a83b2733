"""Services whose names are nearly one: for a person, for a likeness is no proof."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from hub.canonical.ids import ServiceId
from hub.canonical.records import Service
from hub.sync.names import plain, service_key
from hub.sync.people.slips import is_one_edit

SHORTEST = 8
"""Shorter names differ by one letter too easily."""
_WORD = re.compile(r"[a-z]+|[0-9]+(?:[.,][0-9]+)?")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


class Alikeness(StrEnum):
    """How two names are nearly one."""

    ONE_LETTER = "one_letter"
    OTHER_ORDER = "other_order"
    SHORTENED = "shortened"
    """Some words stand by their first letters: LHR, laser hair removal."""
    ONE_WORD_MORE = "one_word_more"


@dataclass(frozen=True, slots=True)
class AlikeServices:
    """Two services that may be one SKU."""

    first: ServiceId
    second: ServiceId
    how: Alikeness


def find_alike(services: Sequence[Service]) -> Iterator[AlikeServices]:
    """Pairs of services that are kept, in the order given; another figure or category is another service."""
    kept = {one.id: one for one in services if not one.archived}
    for one, other in combinations(kept.values(), 2):
        if one.category and other.category and plain(one.category) != plain(other.category):
            continue
        how = how_alike(one.name, other.name)
        if how is not None:
            yield AlikeServices(one.id, other.id, how)


def how_alike(one: str, other: str) -> Alikeness | None:
    """None: the same, or plainly two. A dose, a size or a number of areas is never a slip."""
    a, b = plain(one), plain(other)
    if service_key(one) == service_key(other) or sorted(_NUMBER.findall(a)) != sorted(_NUMBER.findall(b)):
        return None
    words, others = _WORD.findall(a), _WORD.findall(b)
    if sorted(words) == sorted(others):
        return Alikeness.OTHER_ORDER
    if _is_shortened(words, others) or _is_shortened(others, words):
        return Alikeness.SHORTENED
    keys = service_key(one), service_key(other)
    if min(map(len, keys)) >= SHORTEST and is_one_edit(*keys):
        return Alikeness.ONE_LETTER
    few, many = sorted((words, others), key=len)
    is_more = len(many) == len(few) + 1 and len(few) > 1 and not set(few) - set(many)
    return Alikeness.ONE_WORD_MORE if is_more else None


def _is_shortened(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether one word of the short name is the first letters of several of the long one, and the rest is the same."""
    for place, word in enumerate(short):
        end = place + len(word)
        initials = "".join(one[0] for one in long[place:end])
        if len(word) > 1 and word == initials and [*short[:place], *short[place + 1 :]] == [*long[:place], *long[end:]]:
            return True
    return False
