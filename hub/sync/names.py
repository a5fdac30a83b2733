"""When two names mean one thing. General rules of writing; no word of any practice's own."""

import re
import unicodedata
from functools import lru_cache

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_KEPT_APART = re.compile(r"(?<=[0-9])\s*([.,\-/\s])\s*(?=[0-9])")
_NO_DECIMAL = re.compile(r"\.(?![0-9])")
_BARE_DECIMAL = re.compile(r"(?<![0-9])\.")
_DOSE = re.compile(r"(?<![.0-9])([0-9]+)(\.[0-9]{1,2})(?=ml|mg|mcg|g|iu|u|%)")
_MARKS = str.maketrans("", "", "\u00ae\u2122\u2120\u00a9")
"""Of registration and trade; as compatible letters they would read TM and SM."""
_UNITS = {"unit": "u", "units": "u", "cc": "ml", "mls": "ml"}
_UNIT = re.compile(r"(?<=[0-9])\s*(units?|cc|mls)\b")
_LIGATURES = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Case, accents, kinds of dash and runs of spaces do not count."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold().translate(_LIGATURES)
    unmarked = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(_DASHES.sub("-", unmarked).split())


@lru_cache(maxsize=4096)
def service_key(name: str) -> str:
    """The same for all ways to write one service.

    Beyond `plain`, spaces, dashes and points do not count (`20 u` is `20u`, `Micro-needling` is `Microneedling`, a
    missing ` - ` is no difference), except between two figures: `1-2 areas` is not `12 areas`, `0.5ml` not `5ml`.
    A unit has one name (`20 units` is `20u`, `1cc` is `1ml`), a dose one number (`.5ml` is `0.5ml`, `1.0ml` is `1ml`).
    Trade marks do not count. A percent sign, a plus and a hash stay; `&` is `and`.
    """
    text = plain(name.translate(_MARKS)).replace("&", " and ")
    text = _UNIT.sub(lambda found: _UNITS[found[1]], text)
    text = _KEPT_APART.sub(lambda found: "." if found[1] in ".," else "_", text)
    key = "".join(letter for letter in text if letter.isalnum() or letter in "._%+#")
    key = _BARE_DECIMAL.sub("0.", _NO_DECIMAL.sub("", key))
    return _DOSE.sub(lambda found: found[1] + found[2].rstrip("0").rstrip("."), key)


_PATTERN = re.compile(r"[^\s-](?:[^\s]| (?![-\s]))* - [^\s-](?:[^\s]| (?![-\s]|$))*")
_LOOSE_DOSE = re.compile(r"(?i)[0-9] +(?:u|units?|ml|cc|mg|mcg|g|iu|%)\b")


def follows_pattern(name: str) -> bool:
    """Whether a name is written `[Product or modality] [Dose/area] - [Modifier]`.

    One plain ` - ` between the two halves, single spaces, nothing at the ends, the unit of a dose at its figure
    (`20u`), a capital first, and not all in capitals.
    """
    return (
        _PATTERN.fullmatch(name) is not None
        and name.count(" - ") == 1
        and not _LOOSE_DOSE.search(name)
        and name[0] == name[0].upper()
        and name != name.upper()
    )
