"""Short forms of given names, by a table that others keep (the package `nicknames`, English)."""

from functools import cache, lru_cache

from nicknames import NickNamer


@cache
def _table() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=65536)
def are_nicknames(one: str, other: str) -> bool:
    """Whether one is a short form of the other (Bob, Robert), or both of a third (Bob, Rob)."""
    table = _table()
    long_forms, others = table.canonicals_of(one), table.canonicals_of(other)
    return other in long_forms or one in others or not long_forms.isdisjoint(others)


@lru_cache(maxsize=65536)
def is_known(name: str) -> bool:
    """Whether the table has it at all: then it is a name, not a slip of the pen."""
    return bool(_table().canonicals_of(name) or _table().nicknames_of(name))
