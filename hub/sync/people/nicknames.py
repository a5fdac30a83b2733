"""Short forms of given names, by a table that others keep (the package `nicknames`, English), and some it lacks."""

from functools import cache, lru_cache

from nicknames import NickNamer

LACKING = {
    "alejandra": "ale", "alejandro": "ale", "andre": "drew", "ariana": "ari", "aubrey": "bree", "barbara": "barb",
    "brooklyn": "brook brooke", "camila": "cami", "charlotte": "charlie charley", "concepcion": "concha",
    "dolores": "lola", "eduardo": "lalo", "emilia": "emmy millie", "enrique": "kike", "evelyn": "evie",
    "everleigh": "evie", "everly": "evie", "fernando": "nando", "francisco": "cisco paco pancho", "gianna": "gia",
    "graciela": "chela", "guadalupe": "lupe lupita", "guillermo": "memo", "ignacio": "nacho", "isabel": "izzy",
    "isabela": "bela izzy", "isabella": "izzy", "jesus": "chuy", "jose": "pepe", "josefa": "pepa", "lillian": "lily",
    "liliana": "lily", "luis": "lucho", "madelyn": "maddie maddy", "madison": "maddie maddy", "manuel": "manolo",
    "maria": "mari", "mercedes": "meche", "miguel": "mike", "natalia": "nat nati", "natalie": "nat", "natasha": "nat",
    "olivia": "liv livi", "rafael": "rafa", "raelynn": "rae", "roberto": "beto", "rosario": "charo",
    "samira": "sami", "savannah": "savvy", "serenity": "ren", "sofia": "sofi", "valentina": "val", "valeria": "val",
}  # fmt: skip
"""Long form → short forms that the table does not have, of names that are usual now, and Spanish ones."""


@cache
def _table() -> NickNamer:
    known = NickNamer.default_lookup()
    more = {long: known.get(long, set()).union(short.split()) for long, short in LACKING.items()}
    return NickNamer(nickname_lookup={**known, **more})


@lru_cache(maxsize=65536)
def are_nicknames(one: str, other: str) -> bool:
    """Whether one is a short form of the other: Bob, Robert."""
    table = _table()
    return other in table.canonicals_of(one) or one in table.canonicals_of(other)


@lru_cache(maxsize=65536)
def are_short_forms_of_one(one: str, other: str) -> bool:
    """Whether both are short forms of a third: Bob, Rob; but Emily and Emma, too."""
    table = _table()
    return not table.canonicals_of(one).isdisjoint(table.canonicals_of(other))


@lru_cache(maxsize=65536)
def is_known(name: str) -> bool:
    """Whether the table has it at all: then it is a name, not a slip of the pen."""
    return bool(_table().canonicals_of(name) or _table().nicknames_of(name))
