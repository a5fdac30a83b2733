"""Code tables: the hub's word and every word of the vendor's that means it."""

import unicodedata
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Word = Annotated[str, StringConstraints(strict=True, strip_whitespace=True)]


class CodeTable(BaseModel):
    """A file of `mappings/codes/`. The first word of each list is the one that is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    about: str = ""
    """What the codes say, and where their list stands."""
    exact: bool = False
    """True: words are told apart by case, spaces and dashes too (`checked-in` and `Checked In` differ)."""
    codes: dict[str, tuple[Word, ...]]
    """The hub's word → the vendor's words for it."""

    @model_validator(mode="after")
    def _one_meaning_a_word(self) -> Self:
        seen: dict[str, str] = {}
        for code, words in self.codes.items():
            for word in words:
                if seen.setdefault(self.key_of(word), code) != code:
                    raise ValueError(f"{word!r} means both {seen[self.key_of(word)]!r} and {code!r}")
        return self

    def key_of(self, word: str) -> str:
        """The form in which words are compared."""
        return word if self.exact else loose(word)

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """The compared form of a vendor's word → the hub's."""
        return {self.key_of(word): code for code, words in self.codes.items() for word in words}

    @cached_property
    def words(self) -> Mapping[str, str]:
        """The hub's word → the vendor's that is written; a code without words cannot be written."""
        return {code: words[0] for code, words in self.codes.items() if words}


@lru_cache(maxsize=4096)
def loose(word: str) -> str:
    """Without case, accents, spaces, dashes and points: `No-Show`, `no show` and `NOSHOW` are one."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
